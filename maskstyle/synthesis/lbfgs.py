"""L-BFGS in float32, in NumPy, for images inside [0, 1].

TensorFlow's gradients are read where they are. Its operations, called one at a time, would take ten times as long as
NumPy's on arrays of this size: each allocates its result, and starts threads.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from maskstyle.synthesis.checkpoint_file import State, Strips, lbfgs_variables
from maskstyle.synthesis.monitor import Monitor, Start, joined

Vector: TypeAlias = NDArray[np.float32]
"""Values of all pixels (H, W, 3). A vector that is held here is never changed in place: checkpoints refer to it."""

EXCESS_WEIGHT = 0.02
"""Weight of the penalty that pulls variables back into [0, 1], relative to the first loss."""

SMALLEST_FIRST_LOSS = 1e-30
"""Lower bound of the first loss, which scales the others; dividing by a loss of 0 would leave float32's range."""

FIRST_MOVE = 0.05
"""Root mean square of the change of the pixels that the first step tries, before any curvature is known."""

SUFFICIENT = 1e-4
"""Share of the decrease that the slope promises which a step must bring (Armijo's condition)."""

SHORTEST, LONGEST = 0.1, 0.6
"""Least and greatest share of its length to which a step that brings too little is shortened."""

MOST_TRIES = 8
"""Lengths that are tried along one direction."""

LEAST_CURVATURE = 1e-8
"""Least cosine of the angle between a step and the change of the gradient; flatter pairs would spoil directions."""

BLOCK = 2**15
"""Values that are multiplied at a time: products of whole vectors would leave the processor's cache."""


def minimize_lbfgs(monitor: Monitor, start: Start, history: int) -> None:
    """Run L-BFGS on unbounded variables until the monitor stops it or it finds no lower point.

    `history` is the most pairs of vectors to keep.
    """
    _begun(monitor, start, history).run()


@dataclass(frozen=True)
class _Point:
    """Variables (H, W, 3) with their loss and its gradient; see `_ProjectedLoss`."""

    variables: Vector
    loss: float
    gradient: Vector


class _ProjectedLoss:
    """The loss at the projection of unbounded variables onto [0, 1], plus a small quadratic penalty outside.

    It is relative to the first loss, and multiplied by the number of variables, so that gradients are near 1 for any
    recipe and size. Outside [0, 1] the projection is flat. There a variable keeps the gradient of the nearest bound
    if that leads back inside, as with bounds; the penalty brings the others back.
    """

    def __init__(self, monitor: Monitor, first_total: float = 0.0) -> None:
        self._monitor = monitor
        self.first_total = first_total

    def __call__(self, variables: Vector) -> _Point:
        """Evaluate the projection of variables."""
        image = np.clip(variables, 0.0, 1.0)
        total, evaluated = self._monitor.evaluate(image)
        self.first_total = self.first_total or max(total, SMALLEST_FIRST_LOSS)
        scale = image.size / self.first_total
        excess = variables - image
        gradient = np.multiply(np.asarray(evaluated), scale, dtype=np.float32, order="C")
        # A variable that is driven further out has reached its bound.
        np.copyto(gradient, 0.0, where=excess * gradient < 0)
        add(gradient, 2 * EXCESS_WEIGHT, excess)
        return _Point(variables, scale * total + EXCESS_WEIGHT * dot(excess, excess), gradient)


class Pairs:
    """The last steps, at most `history`, with the changes of the gradient that they made, as the curvature."""

    def __init__(self, history: int) -> None:
        self._pairs: deque[tuple[Vector, Vector, float]] = deque(maxlen=history)

    def __len__(self) -> int:
        """Return the number of pairs."""
        return len(self._pairs)

    def __iter__(self) -> Iterator[tuple[Vector, Vector]]:
        """Yield each step with its change of the gradient, from the oldest."""
        return ((step, change) for step, change, _ in self._pairs)

    def clear(self) -> None:
        """Forget all pairs."""
        self._pairs.clear()

    def add(self, step: Vector, change: Vector) -> None:
        """Add a pair in place of the oldest, unless the loss curves downwards along the step."""
        product = dot(step, change)
        if product > LEAST_CURVATURE * math.sqrt(dot(step, step) * dot(change, change)):
            self._pairs.append((step, change, product))

    def direction(self, gradient: Vector) -> Vector:
        """Return the direction of the next step: the two-loop recursion of Nocedal (1980)."""
        left, parts = -gradient, []
        for step, change, product in reversed(self._pairs):
            parts.append(dot(step, left) / product)
            add(left, -parts[-1], change)
        if self._pairs:
            _, change, product = self._pairs[-1]
            left *= product / dot(change, change)
        for (step, change, product), part in zip(self._pairs, reversed(parts), strict=True):
            add(left, part - dot(change, left) / product, step)
        return left


class _Lbfgs:
    """L-BFGS between two evaluations: everything that the next one depends on."""

    def __init__(self, monitor: Monitor, loss: _ProjectedLoss, point: _Point, pairs: Pairs) -> None:
        self._monitor, self._loss = monitor, loss
        self._point, self._pairs = point, pairs
        self.length, self.tries = 0.0, 0  # of the search along the present direction

    def run(self) -> None:
        """Go on until the monitor stops it, or no lower point is found along the gradient itself."""
        while True:
            direction = self._pairs.direction(self._point.gradient)
            slope = dot(direction, self._point.gradient)
            if slope < 0 and self._found_lower(direction, slope):
                continue
            if not len(self._pairs):
                return
            self._pairs.clear()
            self.tries = 0

    def variables(self) -> dict[str, Strips]:
        """Return the arrays to resume from."""
        vectors = [self._point.variables, self._point.gradient, *(each for pair in self._pairs for each in pair)]
        names = lbfgs_variables(len(self._pairs))
        return {name: (vector,) for name, vector in zip(names, vectors, strict=True)}

    def numbers(self) -> dict[str, float]:
        """Return the numbers to resume from."""
        return {
            "loss": self._point.loss,
            "first_total": self._loss.first_total,
            "length": self.length,
            "tries": self.tries,
        }

    def offer(self) -> None:
        """Offer the state after an evaluation, and stop if it is time."""
        self._monitor.after_evaluation(self.variables, self.numbers)

    def _found_lower(self, direction: Vector, slope: float) -> bool:
        """Search along a direction; return whether a lower point was found. Nearly always the first one is."""
        if not self.tries:
            moved = math.sqrt(dot(direction, direction) / direction.size)
            self.length = 1.0 if len(self._pairs) else FIRST_MOVE / moved
        while self.tries < MOST_TRIES:
            before, tried = self._point, self._loss(self._point.variables + np.float32(self.length) * direction)
            lower = tried.loss <= before.loss + SUFFICIENT * self.length * slope
            if lower:
                self._pairs.add(tried.variables - before.variables, tried.gradient - before.gradient)
                self._point, self.tries = tried, 0
            else:
                rise = tried.loss - before.loss
                self.length *= shortened(self.length * slope, rise, self.length * dot(direction, tried.gradient))
                self.tries += 1
            self.offer()
            if lower:
                return True
        return False


def shortened(slope: float, rise: float, slope_there: float) -> float:
    """Return the share of a step after which the loss is expected to be lowest: a cubic through both ends.

    The slopes are those along the whole step, at its beginning, below 0, and at its end, where the loss is higher by
    `rise`.

    >>> shortened(-1.0, 1.0, 3.0)
    0.25
    """
    bend = slope + slope_there - 3 * rise
    square = bend * bend - slope * slope_there
    share = 0.5
    if square >= 0:
        root = math.sqrt(square)
        below = slope_there - slope + 2 * root
        if below:
            share = 1 - (slope_there + root - bend) / below
    return min(max(share, SHORTEST), LONGEST)


def _begun(monitor: Monitor, start: Start, history: int) -> _Lbfgs:
    """Return L-BFGS at its first point, which takes an evaluation, or at a state."""
    started = start() if callable(start) else start
    if not isinstance(started, State):
        loss = _ProjectedLoss(monitor)
        begun = _Lbfgs(monitor, loss, loss(started), Pairs(history))
        begun.offer()
        return begun
    monitor.resume(started)
    image, gradient, *vectors = (joined(strips) for strips in started.variables.values())
    pairs, numbers = Pairs(history), started.numbers
    for step, change in zip(vectors[::2], vectors[1::2], strict=True):
        pairs.add(step, change)
    point = _Point(image, numbers["loss"], gradient)
    begun = _Lbfgs(monitor, _ProjectedLoss(monitor, numbers["first_total"]), point, pairs)
    begun.length, begun.tries = numbers["length"], int(numbers["tries"])
    return begun


def dot(one: Vector, other: Vector) -> float:
    """Return the inner product of two vectors.

    BLAS would sum in another order on another number of threads, and pictures would differ in their last bits.
    """
    flat_one, flat_other = one.reshape(-1), other.reshape(-1)
    product = np.empty(min(BLOCK, one.size), np.float32)
    total = 0.0
    for start in range(0, one.size, BLOCK):
        block = flat_one[start : start + BLOCK]
        total += float(np.multiply(block, flat_other[start : start + BLOCK], out=product[: block.size]).sum())
    return total


def add(target: Vector, factor: float, other: Vector) -> None:
    """Add a multiple of another vector to a vector, in place."""
    flat_target, flat_other = target.reshape(-1), other.reshape(-1)
    product = np.empty(min(BLOCK, target.size), np.float32)
    for start in range(0, target.size, BLOCK):
        block = flat_target[start : start + BLOCK]
        block += np.multiply(flat_other[start : start + BLOCK], np.float32(factor), out=product[: block.size])
