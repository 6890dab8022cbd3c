"""Image files to arrays and back; color, compositing and filters."""
