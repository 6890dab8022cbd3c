"""The loss in TensorFlow: Gram matrices, terms, targets, their sum, and tiles of large images."""
