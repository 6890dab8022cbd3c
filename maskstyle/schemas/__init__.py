"""What may be read back: types, ranges and sizes of plans, records, checkpoints and weights, checked before use."""
