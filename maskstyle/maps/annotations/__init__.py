"""Annotations: read polygons, boxes, masks and layers of other programs, and make semantic maps of them."""
