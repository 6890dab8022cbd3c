"""An objective: a weighted sum of terms over the features of one network, with its gradient."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

import numpy as np

from maskstyle.images.pixels import Image, Mask
from maskstyle.networks.tensorflow import Tensor, tf
from maskstyle.networks.vgg import FeatureNetwork
from maskstyle.objective.terms import ContentTerm, ObservingTerm, Term


class ObjectiveLike(Protocol):
    """What is minimized: a weighted sum of terms for images of one size, with its gradient."""

    terms: tuple[Term, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the terms, in order."""

    def value_and_gradient(self, image: Image) -> tuple[Any, Any]:
        """Return the weighted value of each term, and the gradient of their sum: tensors or arrays."""


class Objective:
    """A weighted sum of terms for images of one size, with its gradient.

    Terms of weight 0 are left out. Where `free` (H, W) is 0 the gradient is 0. The network sees a margin of mirrored
    pixels around the image, for style terms on the grids of that larger image; content terms do not support it.
    """

    def __init__(
        self, network: FeatureNetwork, terms: Sequence[Term], free: Mask | None = None, *, margin: int = 0
    ) -> None:
        self.terms = tuple(term for term in terms if term.weight > 0)
        self.network = network
        self.margin = margin
        self._free = None if free is None else tf.constant(free[:, :, np.newaxis], tf.float32)
        self._content_layers = {
            layer for term in self.terms if isinstance(term, ContentTerm) for layer, _ in term.layers
        }
        self._observing = [(place, term) for place, term in enumerate(self.terms) if isinstance(term, ObservingTerm)]
        self._evaluate = tf.function(self._value_and_gradient, autograph=False)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the terms, in order."""
        return tuple(term.name for term in self.terms)

    def value_and_gradient(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """Return the weighted value of each term, and the gradient (H, W, 3) of their sum.

        Raises MemoryError if TensorFlow runs out of memory.
        """
        with enough_memory(image):
            return self._evaluate(tf.convert_to_tensor(image, tf.float32))  # type: ignore[no-any-return]

    def losses(self, image: Image) -> dict[str, float]:
        """Return the weighted value of each term for an image."""
        values, _ = self.value_and_gradient(image)
        return dict(zip(self.names, map(float, values.numpy()), strict=True))

    def _value_and_gradient(self, image: Tensor) -> tuple[Tensor, Tensor]:
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(image)
            observed: list[dict[str, Tensor]] = [{} for _ in self.terms]
            observing = [(term, observed[place]) for place, term in self._observing]

            def observe(layer: str, features: Tensor) -> Tensor:
                for term, seen in observing:
                    features, seen[layer] = term.observe(layer, features)
                return features

            features = self.network(_mirrored(image, self.margin), observe)
            for layer in self._content_layers:
                features[layer] = self.network.measured(layer, features[layer])
            values = [
                term.weight * term(image, features, seen) for term, seen in zip(self.terms, observed, strict=True)
            ]
            total = tf.add_n(values)
        # Where every region has vanished at a coarse size, nothing may depend on the image.
        gradient = tape.gradient(total, image, unconnected_gradients=tf.UnconnectedGradients.ZERO)
        return tf.stack(values), gradient if self._free is None else gradient * self._free


@contextmanager
def enough_memory(image: Tensor) -> Iterator[None]:
    """Raise MemoryError where TensorFlow gets no memory to evaluate an image (H, W, 3) in the block."""
    try:
        yield
    except tf.errors.ResourceExhaustedError as error:
        raise MemoryError(f"{image.shape[1]}x{image.shape[0]} pixels need more memory than there is") from error


def _mirrored(image: Tensor, margin: int) -> Tensor:
    """Return an image (H, W, 3) with `margin` more pixels on each side, mirrored as by NumPy's ``symmetric``."""
    for axis in (0, 1):
        left = margin
        while left > 0:
            step = min(left, image.shape[axis])  # an image can be mirrored once at a time
            image = tf.pad(image, [[step, step] if each == axis else [0, 0] for each in range(3)], "SYMMETRIC")
            left -= step
    return image
