"""From an objective to a finished image: sizes, optimizers, memory, checkpoints and the result."""
