"""Region- and mask-guided neural style transfer.

Importing this package is fast: each public name is imported on first use, and TensorFlow with the first name that
needs it. ``__init__.pyi`` lists the public names. More are in `maskstyle.maps`, `maskstyle.masks`,
`maskstyle.images`, `maskstyle.drafting`, `maskstyle.evaluation`, `maskstyle.techniques` and `maskstyle.networks`.
"""

from typing import Any

__version__ = "0.5.0.dev0"


def __getattr__(name: str) -> Any:
    """Return a public name, imported on its first use; the list of them is read only now, as that takes a while."""
    import lazy_loader

    get, names, public = lazy_loader.attach_stub(__name__, __file__)
    globals().update(__getattr__=get, __dir__=names, __all__=public)
    return public if name == "__all__" else get(name)


def __dir__() -> list[str]:
    """Return the public names."""
    return sorted(__getattr__("__all__"))
