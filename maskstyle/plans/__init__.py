"""Plan files: TOML files that describe a run completely, so that it can be repeated."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
