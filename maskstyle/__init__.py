"""Region- and mask-guided neural style transfer.

Importing this package is fast: each public name is imported on first use, and TensorFlow with the first name that
needs it. ``__init__.pyi`` lists the public names. More are in `maskstyle.maps`, `maskstyle.masks`,
`maskstyle.images`, `maskstyle.drafting`, `maskstyle.evaluation`, `maskstyle.techniques` and `maskstyle.networks`.
"""

import lazy_loader

__version__ = "0.5.0.dev0"

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
