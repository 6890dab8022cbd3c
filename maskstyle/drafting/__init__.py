"""Draft a first map of an image, to correct by hand."""

from maskstyle.schemas.arguments import attach

__getattr__, __dir__, __all__ = attach(__name__, __file__)
