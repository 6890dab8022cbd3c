"""Evaluation: style distances by region, content distance and unwanted changes; and checks of semantic maps."""

from maskstyle.schemas.arguments import attach

__getattr__, __dir__, __all__ = attach(__name__, __file__)
