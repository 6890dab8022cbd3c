"""What training compares: the convolution stacks of student and teacher on batches, their errors, and the start."""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from maskstyle.networks.architectures import starts_block
from maskstyle.networks.vgg import IMAGENET_MEAN_RGB, PIXEL_MAXIMUM

INPUT_SCALE = 64.0
"""Standard deviation of 8-bit pixels, roughly: the student sees values around one while it trains."""


def centered(images):
    """Return RGB in [0, 1] as the published weights expect it: BGR in 0..255 with the mean subtracted."""
    return tf.reverse(images * PIXEL_MAXIMUM - tf.constant(IMAGENET_MEAN_RGB), axis=[-1])


def stack(inputs, layers, *, compute_type=tf.bfloat16):
    """Return features by layer of a stack of rectified 3x3 convolutions, padded as maskstyle does by default.

    Parameters
    ----------
    inputs : (N, H, W, 3) tensor
        Images, centered.
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


def moments(teacher, student):
    """Return per-image second moments: of the teacher, between teacher and student, of the student.

    Everything that training compares follows from them, so that nothing of the teacher's width is ever made
    from the student's features at full resolution.
    """
    count = tf.cast(teacher.shape[1] * teacher.shape[2], tf.float32)
    left = tf.cast(tf.reshape(teacher, (teacher.shape[0], -1, teacher.shape[3])), tf.float32)
    right = tf.cast(tf.reshape(student, (student.shape[0], -1, student.shape[3])), tf.float32)
    return (
        tf.matmul(left, left, transpose_a=True) / count,
        tf.matmul(left, right, transpose_a=True) / count,
        tf.matmul(right, right, transpose_a=True) / count,
    )


def errors(teacher_moment, cross_moment, student_moment, prediction):
    """Return how far predicted features are from the teacher's, and how far their Gram matrices are.

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
        Relative squared error of the features of each image.
    gram_error : (N,) tensor
        Relative error (Frobenius norms) of each image's Gram matrix.
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


def selected_start(teacher, widths, samples):
    """Return a student made of chosen channels of the teacher, with its predictions.

    Layer by layer, the channels whose linear combinations explain most of the layer (a pivoted QR
    decomposition chooses them) are kept; the teacher's kernels for them act on the features that are
    predicted from the student's layer before. Every channel is scaled to a mean square of one.

    Parameters
    ----------
    teacher : list of (name, kernel, bias)
        The teacher's layers.
    widths : list of int
        The student's channels by layer.
    samples : (N, H, W, 3) array
        Pictures in [0, 1].

    Returns
    -------
    kernels, biases, predictions, scales : lists of arrays, and the teacher's root mean square by layer
    """
    from scipy.linalg import lstsq, qr

    inputs = centered(tf.constant(samples))
    generator = np.random.default_rng(0)
    kernels, biases, predictions, scales = [], [], [], []
    features = stack(inputs, teacher, compute_type=tf.float32)
    before = np.eye(3) * INPUT_SCALE
    for (name, kernel, bias), width in zip(teacher, widths, strict=True):
        rows = features[name].numpy().reshape(-1, kernel.shape[3])
        chosen = generator.choice(len(rows), min(len(rows), 16384), replace=False)
        target = rows[chosen].astype(np.float64)
        scale = np.sqrt(np.mean(target**2))
        # Channels chosen on normalized columns: by what they explain, not by their size.
        _, order = qr(target / (target.std(axis=0) + 0.1 * scale), mode="r", pivoting=True)
        kept = np.sort(order[:width])
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
        solution = lstsq(mine, target)[0]
        error = np.sum((target - mine @ solution) ** 2) / np.sum(target**2)
        # How much an offset of the prediction would gain.
        with_one = np.concatenate([mine, np.ones((len(mine), 1))], axis=1)
        error_one = np.sum((target - with_one @ lstsq(with_one, target)[0]) ** 2) / np.sum(target**2)
        print(
            f"start {name}: {width} of {kernel.shape[3]} channels, relative squared error {error:.4f} "
            f"(with an offset {error_one:.4f})",
            flush=True,
        )
        before = solution.T
        predictions.append(solution.T / scale)
        scales.append(scale)
    return kernels, biases, predictions, scales
