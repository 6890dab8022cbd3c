"""A resumable training run, shared by the two stages of the distillation."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from lite_file import Array, Layers

from maskstyle.networks.tensorflow import Tensor, tf

REPORT_EVERY = 25


def adam(peak_rate: float, steps: int, *, warmup: int, **options: float) -> Any:
    """Return Adam with a warm-up to a peak rate and a cosine decay."""
    schedule = tf.keras.optimizers.schedules.CosineDecay(
        peak_rate * 0.05, steps - warmup, alpha=0.002, warmup_target=peak_rate, warmup_steps=warmup
    )
    return tf.keras.optimizers.Adam(schedule, beta_2=0.99, **options)


class Training:
    """Counts steps, saves checkpoints and prints mean errors; continues from the newest checkpoint in its folder.

    Parameters
    ----------
    folder : Path
        Where checkpoints are.
    variables : list of tf.Variable
        What is trained.
    optimizer : keras optimizer
        Its state is saved, too.
    """

    def __init__(self, folder: Path, variables: list[Any], optimizer: Any) -> None:
        self._done = tf.Variable(0, dtype=tf.int64)
        optimizer.build(variables)
        named = {f"v{number}": variable for number, variable in enumerate(variables)}
        checkpoint = tf.train.Checkpoint(done=self._done, optimizer=optimizer, **named)
        self._manager = tf.train.CheckpointManager(checkpoint, str(folder), max_to_keep=2)
        if self._manager.latest_checkpoint:
            checkpoint.restore(self._manager.latest_checkpoint).assert_consumed()
            print(f"resuming after step {self.done}", flush=True)

    @property
    def done(self) -> int:
        """Number of completed steps."""
        return int(self._done)

    def run(
        self,
        steps: int,
        step: Callable[[Any], Tensor],
        batches: Iterator[Any],
        *,
        save: Callable[[], None],
        save_every: int,
        before_step: Callable[[int], None] = lambda done: None,
    ) -> None:
        """Train to a number of steps; `save` is called with each checkpoint and at the end."""
        began, errors = time.perf_counter(), []
        while self.done < steps:
            before_step(self.done)
            errors.append(step(tf.nest.map_structure(tf.constant, next(batches))).numpy())
            self._done.assign_add(1)
            if self.done % REPORT_EVERY == 0:
                self._report(errors, (time.perf_counter() - began) / len(errors))
                began, errors = time.perf_counter(), []
            if self.done % save_every == 0 or self.done == steps:
                save()
                self._manager.save()

    def _report(self, errors: list[Array], pace: float) -> None:
        """Print the mean errors of features and Gram matrices by layer."""
        means = [" ".join(f"{value:.3f}" for value in values) for values in np.mean(errors, axis=0)]
        kinds = ", ".join(f"{kind} {mean}" for kind, mean in zip(("features", "Grams"), means, strict=True))
        print(f"step {self.done}, {pace:.3f} s each: {kinds}", flush=True)


def prefetched(batches: Iterator[Any], *, ahead: int = 4) -> Iterator[Any]:
    """Yield batches that a thread prepares during the previous steps."""
    ready: queue.Queue[Any] = queue.Queue(ahead)

    def prepare() -> None:
        try:
            for batch in batches:
                ready.put(batch)
        except Exception as error:  # otherwise it would go unseen, and training would wait forever
            ready.put(error)

    threading.Thread(target=prepare, daemon=True).start()
    while True:
        batch = ready.get()
        if isinstance(batch, Exception):
            raise batch
        yield batch


def save_trained(file: Path, layers: Layers) -> None:
    """Write kernels, biases and predictions."""
    parts = ("kernel", "bias", "prediction")
    save_arrays(
        file,
        {
            f"{name}/{part}": array.astype(np.float32)
            for name, arrays in layers.items()
            for part, array in zip(parts, arrays, strict=True)
        },
    )


def save_arrays(file: Path, arrays: dict[str, Any]) -> None:
    """Write an .npz atomically."""
    temporary = file.with_name("writing.npz")
    np.savez(temporary, **arrays)
    temporary.replace(file)
