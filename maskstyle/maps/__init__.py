"""Semantic maps: painted colors to labels, and the matching of regions across maps."""

from maskstyle.schemas.arguments import attach

__getattr__, __dir__, __all__ = attach(__name__, __file__)
