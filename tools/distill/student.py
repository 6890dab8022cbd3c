"""The convolution stack of student and teacher, the errors between them, and the student's starting weights."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
from lite_file import Array

from maskstyle.networks.architectures import starts_block
from maskstyle.networks.tensorflow import Tensor, tf
from maskstyle.networks.vgg import IMAGENET_MEAN_RGB, PIXEL_MAXIMUM

INPUT_SCALE = 64.0
"""Approximate standard deviation of 8-bit pixels; divided by it, the student's inputs are around 1 in training."""

Layer: TypeAlias = tuple[str, Any, Any]
"""Name, kernel and bias."""


def centered(images: Tensor) -> Tensor:
    """Convert RGB in [0, 1] to the input of the published weights: BGR in 0..255 minus the mean."""
    return tf.reverse(images * PIXEL_MAXIMUM - tf.constant(IMAGENET_MEAN_RGB), axis=[-1])


def stack(inputs: Tensor, layers: Sequence[Layer], *, compute_type: Any = tf.bfloat16) -> dict[str, Tensor]:
    """Return features by layer of a stack of rectified 3x3 convolutions, padded like maskstyle's default.

    Parameters
    ----------
    inputs : (N, H, W, 3) tensor
        Centered images.
    layers : list of (name, kernel, bias)
        In order.
    """
    current = tf.pad(tf.cast(inputs, compute_type), [[0, 0], [1, 1], [1, 1], [0, 0]], "SYMMETRIC")
    padding = "VALID"
    features = {}
    for name, kernel, bias in layers:
        if starts_block(name):
            current = tf.nn.max_pool2d(current, 2, 2, "VALID")
        current = tf.nn.conv2d(current, tf.cast(kernel, compute_type), 1, padding)
        padding = "SAME"
        current = tf.nn.relu(tf.nn.bias_add(current, tf.cast(bias, compute_type)))
        features[name] = current
    return features


def moments(teacher: Tensor, student: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return per-image second moments: of the teacher, between teacher and student, of the student.

    The errors follow from these moments alone, so that the student's features are never expanded to the teacher's
    width at full resolution.
    """
    count = tf.cast(teacher.shape[1] * teacher.shape[2], tf.float32)
    left = tf.cast(tf.reshape(teacher, (teacher.shape[0], -1, teacher.shape[3])), tf.float32)
    right = tf.cast(tf.reshape(student, (student.shape[0], -1, student.shape[3])), tf.float32)
    return (
        tf.matmul(left, left, transpose_a=True) / count,
        tf.matmul(left, right, transpose_a=True) / count,
        tf.matmul(right, right, transpose_a=True) / count,
    )


def errors(
    teacher_moment: Tensor, cross_moment: Tensor, student_moment: Tensor, prediction: Tensor
) -> tuple[Tensor, Tensor]:
    """Return the relative errors of predicted features and of their Gram matrices.

    Parameters
    ----------
    teacher_moment : (N, C, C) tensor
    cross_moment : (N, C, c) tensor
    student_moment : (N, c, c) tensor
    prediction : (C, c) tensor
        The linear map P from the student's features to the teacher's.

    Returns
    -------
    feature_error : (N,) tensor
        Relative squared error of each image's features.
    gram_error : (N,) tensor
        Relative error (Frobenius norm) of each image's Gram matrix.
    """
    predicted = tf.matmul(prediction[None], tf.matmul(student_moment, prediction[None], transpose_b=True))
    energy = tf.linalg.trace(teacher_moment)
    cross = tf.reduce_sum(cross_moment * prediction[None], axis=(1, 2))
    floor = 1e-4 * tf.reduce_mean(energy) + 1e-12
    feature_error = (energy - 2 * cross + tf.linalg.trace(predicted)) / (energy + floor)
    gap = tf.reduce_sum(tf.square(teacher_moment - predicted), axis=(1, 2))
    size = tf.reduce_sum(tf.square(teacher_moment), axis=(1, 2))
    gram_error = tf.sqrt(gap / (size + tf.square(floor)) + 1e-8)
    return feature_error, gram_error


def selected_start(
    teacher: Sequence[Layer], widths: Sequence[int], samples: Array
) -> tuple[list[Array], list[Array], list[Array], list[float]]:
    """Return a student made of selected channels of the teacher, with its predictions.

    In each layer a pivoted QR decomposition selects the channels that best explain the layer linearly. The teacher's
    kernels for these channels are applied to the features predicted from the student's previous layer. Each channel
    is scaled to a mean square of 1.

    Parameters
    ----------
    teacher : list of (name, kernel, bias)
        The teacher's layers.
    widths : list of int
        The student's number of channels by layer.
    samples : (N, H, W, 3) array
        Pictures in [0, 1].

    Returns
    -------
    kernels, biases, predictions, scales : lists of arrays, and the teacher's root mean square by layer
    """
    inputs = centered(tf.constant(samples))
    generator = np.random.default_rng(0)
    kernels: list[Array] = []
    biases: list[Array] = []
    predictions: list[Array] = []
    scales: list[float] = []
    features = stack(inputs, teacher, compute_type=tf.float32)
    before = np.eye(3) * INPUT_SCALE
    for (name, kernel, bias), width in zip(teacher, widths, strict=True):
        rows = features[name].numpy().reshape(-1, kernel.shape[3])
        chosen = generator.choice(len(rows), min(len(rows), 16384), replace=False)
        target = rows[chosen].astype(np.float64)
        scale = float(np.sqrt(np.mean(target**2)))
        kept = _selected_channels(target, width, scale)
        kernels.append(np.einsum("hwio,ij->hwjo", kernel[..., kept], before))
        biases.append(bias[kept].copy())
        size = np.sqrt(np.mean(target[:, kept] ** 2, axis=0)) + 1e-6
        kernels[-1] /= size
        biases[-1] /= size
        own = stack(
            inputs / INPUT_SCALE,
            [
                (n, k.astype(np.float32), b.astype(np.float32))
                for (n, _, _), k, b in zip(teacher, kernels, biases, strict=False)
            ],
            compute_type=tf.float32,
        )
        mine = own[name].numpy().reshape(-1, width)[chosen].astype(np.float64)
        solution, error = _fitted(mine, target)
        # Print how much an offset of the prediction would gain.
        _, error_with_offset = _fitted(np.concatenate([mine, np.ones((len(mine), 1))], axis=1), target)
        print(
            f"start {name}: {width} of {kernel.shape[3]} channels, relative squared error {error:.4f} "
            f"(with an offset {error_with_offset:.4f})",
            flush=True,
        )
        before = solution.T
        predictions.append(solution.T / scale)
        scales.append(scale)
    return kernels, biases, predictions, scales


def _selected_channels(target: Array, width: int, scale: float) -> Array:
    """Return the channels that explain most, regardless of their size: the columns are normalized."""
    from scipy.linalg import qr

    _, order = qr(target / (target.std(axis=0) + 0.1 * scale), mode="r", pivoting=True)
    selected: Array = np.sort(order[:width])
    return selected


def _fitted(features: Array, target: Array) -> tuple[Array, float]:
    """Return the least squares prediction and its relative squared error."""
    from scipy.linalg import lstsq

    solution = lstsq(features, target)[0]
    return solution, float(np.sum((target - features @ solution) ** 2) / np.sum(target**2))
