"""The temporal term: a frame of a clip stays like the frame before, moved along with the content.

M. Ruder, A. Dosovitskiy and T. Brox, "Artistic Style Transfer for Videos", GCPR 2016, equation 7: the squared
difference to the previous result, warped by the optical flow, where the flow can be trusted.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from maskstyle.images.pixels import Image, Mask, Size, resize_image, resize_mask, row_strips
from maskstyle.networks.tensorflow import Tensor, tf
from maskstyle.objective.terms import Features, Observed


@dataclass(frozen=True)
class TemporalTerm:
    """Mean squared difference to the warped previous result: ``sum_k c_k (x_k - w_k)^2 / D``."""

    weight: float  # factor on the term in the objective
    target: Image  # the previous result, warped onto this frame, in [0, 1]: the w_k
    # The c_k: 1 where the warped pixel is the same point of the scene, 0 where it is not, or is not known. D counts
    # all values, so that a frame of which little is trusted is held less.
    trusted: Mask
    name: str = "temporal"

    def __call__(self, image: Tensor, features: Features, observed: Observed) -> Tensor:
        """Return the unweighted term for an image."""
        return temporal_difference(image, tf.constant(self.target), tf.constant(self.trusted))

    def add_gradient(self, image: Image, gradient: Image) -> float:
        """Add the weighted gradient for an image (H, W, 3) to `gradient`, and return the weighted value."""
        factor, value = self.weight / self.target.size, 0.0
        for rows in row_strips(image.shape):
            difference = image[rows] - self.target[rows]
            pull = self.trusted[rows, :, np.newaxis] * difference
            value += factor * float(np.vdot(pull, difference))
            gradient[rows] += np.float32(2 * factor) * pull
        return value


def temporal_difference(image: Tensor, target: Tensor, trusted: Tensor) -> Tensor:
    """Return the mean squared difference of images (H, W, 3), weighted by `trusted` (H, W)."""
    return tf.reduce_mean(trusted[..., tf.newaxis] * tf.square(image - target))


def temporal_term(target: Image, trusted: Mask, weight: float, size: Size) -> TemporalTerm:
    """Return the temporal term at a (height, width), from a target and trust of any size."""
    return TemporalTerm(weight, resize_image(target, size), resize_mask(trusted, size))
