"""TensorFlow, imported without its start-up log, and the type of its tensors; all modules import both from here."""

from __future__ import annotations

from typing import Any, TypeAlias

from maskstyle.networks.tensorflow_import import import_tensorflow

tf: Any = import_tensorflow()

Tensor: TypeAlias = Any
"""A ``tf.Tensor``; TensorFlow has no type annotations."""
