"""The convolution stack of student and teacher, the errors between them, and the student's starting weights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from lite_file import Array

from maskstyle.networks.architectures import KERNEL_SIZE, starts_block
from maskstyle.networks.tensorflow import Tensor, tf
from maskstyle.networks.vgg import IMAGENET_MEAN_RGB, PIXEL_MAXIMUM

INPUT_SCALE = 64.0
"""Approximate standard deviation of 8-bit pixels; divided by it, the student's inputs are around 1 in training."""

GRAM_SHARE = 2.0
"""Weight of the Gram errors relative to the feature errors."""

FIT_ROWS = 30_000
FIT_ROUNDS = 6
RIDGE = 1e-4
DAMPING = 1e-3

Layer: TypeAlias = tuple[str, Any, Any]
"""Name, kernel and bias."""


class Student(NamedTuple):
    """Variables by layer, and constants by layer.

    A kernel is a whitening times its variable, a prediction its variable times a whitening. Features are correlated
    and never negative: without whitening, the first steps of Adam undo what least squares found.
    """

    kernels: dict[str, Any]
    biases: dict[str, Any]
    predictions: dict[str, Any]
    scales: dict[str, float]
    """The teacher's root mean square."""
    inputs: dict[str, Any]
    """Whitening of what the layer convolves (c, c)."""
    outputs: dict[str, Any]
    """Whitening of the layer's features (c, c)."""

    @property
    def layers(self) -> list[Layer]:
        """The layers as a stack."""
        return [
            (name, tf.einsum("ij,hwjo->hwio", self.inputs[name], kernel), self.biases[name])
            for name, kernel in self.kernels.items()
        ]

    def prediction(self, name: str) -> Tensor:
        """Return the linear map from a layer's features to the teacher's, divided by its scale."""
        return tf.matmul(self.predictions[name], self.outputs[name])

    @property
    def variables(self) -> list[Any]:
        """All variables in one list."""
        return [*self.kernels.values(), *self.biases.values(), *self.predictions.values()]


def centered(images: Tensor) -> Tensor:
    """Convert RGB in [0, 1] to the input of the published weights: BGR in 0..255 minus the mean."""
    return tf.reverse(images * PIXEL_MAXIMUM - tf.constant(IMAGENET_MEAN_RGB), axis=[-1])


def stack(inputs: Tensor, layers: Sequence[Layer], *, compute_type: Any = tf.bfloat16) -> dict[str, Tensor]:
    """Return features by layer of a stack of rectified 3x3 convolutions, padded like maskstyle's default.

    Parameters
    ----------
    inputs : (N, H, W, 3) tensor
        Centered images; for a stack that starts at a deeper block, the features of the layer before.
    layers : list of (name, kernel, bias)
        In order.
    """
    current = tf.cast(inputs, compute_type)
    features = {}
    for name, kernel, bias in layers:
        current, padding = _input_of(name, current)
        current = tf.nn.conv2d(current, tf.cast(kernel, compute_type), 1, padding)
        current = tf.nn.relu(tf.nn.bias_add(current, tf.cast(bias, compute_type)))
        features[name] = current
    return features


def _input_of(name: str, before: Tensor) -> tuple[Tensor, str]:
    """Return what a layer convolves, given the features of the layer before, and how it is padded."""
    if name == "block1_conv1":
        return tf.pad(before, [[0, 0], [1, 1], [1, 1], [0, 0]], "SYMMETRIC"), "VALID"
    return tf.nn.max_pool2d(before, 2, 2, "VALID") if starts_block(name) else before, "SAME"


class Measures(NamedTuple):
    """What the errors of a layer need of the teacher besides its features, by picture: (N,) each."""

    energy: Any
    """Mean over cells of the sum of squares."""
    gram: Any
    """Squared Frobenius norm of the Gram matrix."""


def measures(teacher: Tensor) -> Measures:
    """Return the measures of the teacher's features (N, H, W, C)."""
    gram = _gram(_rows(teacher))
    return Measures(tf.linalg.trace(gram), tf.reduce_sum(tf.square(gram), axis=(1, 2)))


def errors(teacher: Tensor, of_teacher: Measures, student: Tensor, prediction: Tensor) -> tuple[Tensor, Tensor]:
    """Return the relative errors of predicted features and of their Gram matrices.

    The student's features are never expanded to the teacher's width: all Gram matrices here have the student's.

    Parameters
    ----------
    teacher : (N, H, W, C) tensor
    of_teacher : Measures
        Those of `teacher`.
    student : (N, H, W, c) tensor
    prediction : (C, c) tensor
        The linear map P from the student's features to the teacher's.

    Returns
    -------
    feature_error : (N,) tensor
        Relative squared error of each image's features.
    gram_error : (N,) tensor
        Relative error (Frobenius norm) of each image's Gram matrix.
    """
    rows = _rows(student)
    projected = tf.matmul(_rows(teacher), prediction[None])
    own = _gram(rows)
    predicted = tf.matmul(tf.matmul(prediction, prediction, transpose_a=True)[None], own)
    cross = tf.reduce_sum(projected * rows, axis=(1, 2)) / rows.shape[1]
    floor = 1e-4 * tf.reduce_mean(of_teacher.energy) + 1e-12
    feature_error = (of_teacher.energy - 2 * cross + tf.linalg.trace(predicted)) / (of_teacher.energy + floor)
    # ||T - P S P^T||^2 = ||T||^2 - 2 tr(P^T T P S) + tr(P^T P S P^T P S) for the Gram matrices T and S
    shared = tf.reduce_sum(_gram(projected) * own, axis=(1, 2))
    square = tf.reduce_sum(predicted * tf.transpose(predicted, (0, 2, 1)), axis=(1, 2))
    gap = tf.nn.relu(of_teacher.gram - 2 * shared + square)
    return feature_error, tf.sqrt(gap / (of_teacher.gram + tf.square(floor)) + 1e-8)


def layer_errors(
    teacher: Mapping[str, Tensor], of_teacher: Mapping[str, Measures], own: Mapping[str, Tensor], student: Student
) -> Tensor:
    """Return the mean errors of features and Gram matrix of each layer (layers, 2)."""
    found = []
    for name in student.kernels:
        pair = errors(teacher[name], of_teacher[name], own[name], student.prediction(name))
        found.append([tf.reduce_mean(error) for error in pair])
    return tf.stack(found)


def _rows(features: Tensor) -> Tensor:
    return tf.cast(tf.reshape(features, (features.shape[0], -1, features.shape[3])), tf.float32)


def _gram(rows: Tensor) -> Tensor:
    return tf.matmul(rows, rows, transpose_a=True) / rows.shape[1]


def fitted_start(inputs: Array, targets: Mapping[str, Array], widths: Mapping[str, int]) -> Student:
    """Return a student whose kernels are fitted, layer by layer, to channels of the teacher.

    In each layer a pivoted QR decomposition chooses the teacher's channels that best explain the layer linearly.
    Least squares fit the kernel to them, from the features of the student's own layer before, so that no layer
    passes its error on unseen. A cell that the teacher's ReLU cuts off may have any negative value: it is the target
    only where the last fit is positive. Each channel is scaled to a mean square of 1.

    Parameters
    ----------
    inputs : (N, H, W, c) array
        What the first layer starts from: centered images, or the student's features of the layer before.
    targets : mapping of str to (N, H_l, W_l, C_l) array
        The teacher's features, in the order of the layers.
    widths : mapping of str to int
        The student's number of channels.
    """
    generator = np.random.default_rng(0)
    student = Student({}, {}, {}, {}, {}, {})
    before = tf.constant(inputs, tf.float32)
    for name, features in targets.items():
        rows = features.reshape(-1, features.shape[3])
        chosen = np.sort(generator.choice(len(rows), min(len(rows), FIT_ROWS), replace=False))
        target = rows[chosen].astype(np.float32)
        scale = float(np.sqrt(np.mean(np.square(target))))
        target /= scale
        kept = _selected_channels(target, widths[name])
        kernel, bias = _fitted_kernel(patches(*_input_of(name, before))[chosen], target[:, kept])
        [after] = stack(before, [(name, kernel, bias)], compute_type=tf.float32).values()
        own = after.numpy().reshape(-1, widths[name])[chosen]
        prediction, error = _fitted(own, target)
        print(f"start {name}: {widths[name]} of {rows.shape[1]} channels, squared error {error:.4f}", flush=True)
        seen, unseen = whitening(_input_of(name, before)[0].numpy().reshape(-1, kernel.shape[2]))
        student.inputs[name], (student.outputs[name], back) = tf.constant(seen), whitening(own)
        student.kernels[name] = tf.Variable(np.einsum("ij,hwjo->hwio", unseen, kernel))
        student.biases[name] = tf.Variable(bias)
        student.predictions[name] = tf.Variable(prediction.T @ back)
        student.scales[name] = scale
        before = after
    return student


def _selected_channels(target: Array, width: int) -> Array:
    """Return the channels that explain most, regardless of their size: the columns are normalized."""
    from scipy.linalg import qr

    normalized = target / (target.std(axis=0) + 0.1)
    _, order = qr(normalized.T @ normalized, mode="r", pivoting=True)
    selected: Array = np.sort(order[:width])
    return selected


def patches(current: Tensor, padding: str = "SAME") -> Array:
    """Return what a kernel sees at each cell, with a 1 for the bias (cells, 9 c + 1)."""
    sizes = [1, KERNEL_SIZE, KERNEL_SIZE, 1]
    found = tf.image.extract_patches(current, sizes, [1] * 4, [1] * 4, padding).numpy()
    rows = found.reshape(-1, found.shape[3])
    return np.concatenate([rows, np.ones((len(rows), 1), np.float32)], axis=1)


def _fitted_kernel(seen: Array, target: Array) -> tuple[Array, Array]:
    """Return the kernel and bias that best predict rectified channels, each scaled to a mean square of 1."""
    from scipy.linalg import cho_factor, cho_solve

    target = target / (np.sqrt(np.mean(np.square(target), axis=0)) + 1e-3)
    normal = seen.T @ seen
    normal[np.diag_indices_from(normal)] += RIDGE * np.trace(normal) / len(normal)
    factor = cho_factor(normal)
    wanted = target
    for _ in range(FIT_ROUNDS):
        solution = cho_solve(factor, seen.T @ wanted)
        wanted = np.where(target > 0, target, np.minimum(seen @ solution, 0))
    kernel = solution[:-1].reshape(KERNEL_SIZE, KERNEL_SIZE, -1, target.shape[1])
    return kernel.astype(np.float32), solution[-1].astype(np.float32)


def whitening(rows: Array) -> tuple[Array, Array]:
    """Return the symmetric matrix that makes features uncorrelated, each with a mean square of 1, and its inverse."""
    values, vectors = np.linalg.eigh(rows.T @ rows / len(rows))
    roots = np.sqrt(np.maximum(values, 0) + DAMPING * np.mean(values))
    return (vectors / roots) @ vectors.T, (vectors * roots) @ vectors.T


def _fitted(features: Array, target: Array) -> tuple[Array, float]:
    """Return the least squares prediction and its relative squared error."""
    from scipy.linalg import solve

    normal = features.T @ features
    normal[np.diag_indices_from(normal)] += 1e-6 * np.trace(normal) / len(normal)
    solution = solve(normal, features.T @ target, assume_a="pos").astype(np.float32)
    return solution, float(np.mean(np.square(target - features @ solution)) / np.mean(np.square(target)))
