"""Evaluation: style distances by region, content distance and unwanted changes; and checks of semantic maps."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
