"""Semantic maps: painted colors to labels, and the matching of regions across maps."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
