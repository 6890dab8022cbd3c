"""Plan files: TOML files that describe a run completely, so that it can be repeated."""

from maskstyle.schemas.arguments import attach

__getattr__, __dir__, __all__ = attach(__name__, __file__)
