"""Soft masks: load, make, feather and combine them."""

from maskstyle.schemas.arguments import attach

__getattr__, __dir__, __all__ = attach(__name__, __file__)
