"""Image files to arrays and back; color, compositing and filters."""

from maskstyle.schemas.arguments import attach

__getattr__, __dir__, __all__ = attach(__name__, __file__)
