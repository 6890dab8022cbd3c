"""Turn masks into pixel weights on each layer's grid; NumPy only."""
