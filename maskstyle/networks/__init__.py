"""Feature networks: architectures, weights and evaluation."""
