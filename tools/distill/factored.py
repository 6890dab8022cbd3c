"""Blocks 4 and 5 of the student: VGG19's own channels, by convolutions of low rank.

A layer is a 1x1 convolution to a few channels, a 3x3 convolution between these and a 1x1 convolution to all of
VGG19's, before the ReLU; Kim et al. ("Compression of Deep Convolutional Neural Networks for Fast and Low Power
Mobile Applications", ICLR 2016) call it a Tucker-2 decomposition. It starts from least squares and is then trained.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from lite_file import Array
from student import DAMPING, FIT_ROUNDS, RIDGE, patches, whitening

from maskstyle.networks.architectures import KERNEL_SIZE, starts_block
from maskstyle.networks.tensorflow import Tensor, tf

FIT_ROWS = 40_000


class Factors(NamedTuple):
    """A layer; its first factor is a whitening times its variable, since features are correlated and never negative.

    Parameters
    ----------
    scale : float
        Factor on expansion and bias: the teacher's root mean square.
    whitening : (in, in) tensor
        Constant.
    reduction : (in, r) tf.Variable or None
        None where the layer has few inputs; the kernel then convolves all of them.
    kernel : (3, 3, r, s) tf.Variable
    expansion : (s, out) tf.Variable
    bias : (out,) tf.Variable
    """

    scale: Any
    whitening: Any
    reduction: Any
    kernel: Any
    expansion: Any
    bias: Any

    @property
    def variables(self) -> list[Any]:
        """What is trained."""
        return [each for each in self[2:] if each is not None]

    def folded(self) -> tuple[Tensor | None, Tensor, Tensor, Tensor]:
        """Return reduction, kernel, expansion and bias, with the whitening multiplied in."""
        expansion, bias = self.scale * self.expansion, self.scale * self.bias
        if self.reduction is None:
            return None, tf.einsum("ij,hwjo->hwio", self.whitening, self.kernel), expansion, bias
        return tf.matmul(self.whitening, self.reduction), tf.identity(self.kernel), expansion, bias


def forward(inputs: Tensor, layers: Mapping[str, Factors]) -> dict[str, Tensor]:
    """Return features (N, H_l, W_l, C_l) by layer, given what the first layer convolves."""
    current = inputs
    features: dict[str, Tensor] = {}
    for name, layer in layers.items():
        current = tf.nn.relu(before_relu(pooled(name, current) if features else current, layer))
        features[name] = current
    return features


def before_relu(current: Tensor, layer: Factors) -> Tensor:
    """Return what a layer passes to its ReLU, given what it convolves."""
    reduction, kernel, expansion, bias = layer.folded()
    if reduction is not None:
        current = tf.nn.conv2d(current, reduction[None, None], 1, "SAME")
    current = tf.nn.conv2d(current, kernel, 1, "SAME")
    return tf.nn.bias_add(tf.nn.conv2d(current, expansion[None, None], 1, "SAME"), bias)


def pooled(name: str, inputs: Tensor) -> Tensor:
    """Return what a layer convolves, given the features of the layer before."""
    return tf.nn.max_pool2d(inputs, 2, 2, "VALID") if starts_block(name) else inputs


def layer_errors(teacher: Mapping[str, Tensor], own: Mapping[str, Tensor], names: Sequence[str]) -> Tensor:
    """Return the mean relative errors of features, squared, and of Gram matrices, for each layer (layers, 2)."""
    found = []
    for name in names:
        exact, features = _rows(teacher[name]), _rows(own[name])
        energy = tf.reduce_sum(tf.square(exact), axis=(1, 2))
        # Flat pictures have next to no features; without a floor their errors would outweigh all others.
        floor = 1e-2 * tf.reduce_mean(energy) + 1e-12
        feature_error = tf.reduce_sum(tf.square(exact - features), axis=(1, 2)) / (energy + floor)
        grams = [tf.matmul(rows, rows, transpose_a=True) for rows in (exact, features)]
        size, gap = (tf.reduce_sum(tf.square(each), axis=(1, 2)) for each in (grams[0], grams[0] - grams[1]))
        gram_error = tf.sqrt(gap / (size + tf.square(floor)) + 1e-8)
        found.append([tf.reduce_mean(feature_error), tf.reduce_mean(gram_error)])
    return tf.stack(found)


def _rows(features: Tensor) -> Tensor:
    return tf.cast(tf.reshape(features, (features.shape[0], -1, features.shape[3])), tf.float32)


def fitted_factors(
    inputs: Array, kernels: Mapping[str, Array], targets: Mapping[str, Array], ranks: Mapping[str, int]
) -> dict[str, Factors]:
    """Return layers that are fitted one by one, each to the features of the one before it as they have become.

    The reduction keeps the inputs that matter most to the teacher's kernel. Least squares then fit all output
    channels, where a cell that the teacher's ReLU cuts off may have any negative value, and their principal
    components become the expansion.

    Parameters
    ----------
    inputs : (N, H, W, c) array
        What the first layer convolves.
    kernels : mapping of str to (3, 3, in, out) array
        The teacher's.
    targets : mapping of str to (N, H_l, W_l, out) array
        The teacher's features, in the order of the layers.
    ranks : mapping of str to int
        Channels of the 3x3 convolutions.
    """
    generator = np.random.default_rng(0)
    layers: dict[str, Factors] = {}
    before = tf.constant(inputs, tf.float32)
    for name, features in targets.items():
        rank = ranks[name]
        seen = pooled(name, before) if layers else before
        convolved = seen
        channels = seen.shape[-1]
        whiten, color = whitening(seen.numpy().reshape(-1, channels))
        reduction = None
        if channels > rank:
            reduction = _reduction(kernels[name], color, rank)
            seen = tf.nn.conv2d(seen, tf.constant((whiten @ reduction)[None, None], tf.float32), 1, "SAME")
        rows = features.reshape(-1, features.shape[3])
        chosen = np.sort(generator.choice(len(rows), min(len(rows), FIT_ROWS), replace=False))
        target = rows[chosen].astype(np.float32)
        scale = float(np.sqrt(np.mean(np.square(target))))
        kernel, expansion, bias = _fitted(patches(seen)[chosen], target / scale, rank)
        if reduction is None:
            kernel = np.einsum("ij,hwjo->hwio", color, kernel)
        trained = [
            None if each is None else tf.Variable(each, dtype=tf.float32)
            for each in (reduction, kernel, expansion, bias)
        ]
        layers[name] = Factors(tf.constant(scale), tf.constant(whiten, tf.float32), *trained)
        before = tf.nn.relu(before_relu(convolved, layers[name]))
        own = before.numpy().reshape(rows.shape)
        error = np.sum(np.square(own - rows, dtype=np.float32)) / np.sum(np.square(rows, dtype=np.float32))
        print(f"start {name}: squared error {error:.4f}", flush=True)
    return layers


def _reduction(kernel: Array, color: Array, rank: int) -> Array:
    """Return the directions (in, rank) of whitened inputs that contribute most to a convolution."""
    unfolded = kernel.transpose(2, 0, 1, 3).reshape(kernel.shape[2], -1).astype(np.float64)
    _, vectors = np.linalg.eigh(color @ (unfolded @ unfolded.T) @ color)
    return vectors[:, -rank:]


def _fitted(seen: Array, target: Array, rank: int) -> tuple[Array, Array, Array]:
    """Return kernel, expansion and bias of least squares, where negative predictions may replace zeros."""
    from scipy.linalg import cho_factor, cho_solve

    normal = seen.T @ seen
    normal[np.diag_indices_from(normal)] += RIDGE * np.trace(normal) / len(normal)
    factor = cho_factor(normal)
    wanted = target
    for _ in range(FIT_ROUNDS):
        solution = cho_solve(factor, seen.T @ wanted)
        predicted = seen @ solution
        mean = predicted.mean(axis=0)
        values, vectors = np.linalg.eigh(np.cov(predicted, rowvar=False))
        directions, sizes = vectors[:, -rank:], np.sqrt(np.maximum(values[-rank:], DAMPING * np.mean(values)))
        predicted = mean + (predicted - mean) @ directions @ directions.T
        wanted = np.where(target > 0, target, np.minimum(predicted, 0))
    small = solution @ directions / sizes
    expansion = (directions * sizes).T
    # The bias before the expansion goes into the one behind it.
    bias = mean + (solution[-1] - mean) @ directions @ directions.T
    return small[:-1].reshape(KERNEL_SIZE, KERNEL_SIZE, -1, rank), expansion, bias
