"""From masks to pixel weights on each layer's grid; NumPy alone."""
