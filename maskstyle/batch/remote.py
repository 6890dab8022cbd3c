"""Paint the pictures of a batch on several processes or machines, with Dask.

A picture is one task. Its plan and the bytes of its files are sent, so that workers need no shared folder, and the
bytes of its result are sent back, so that each result is written once, by the process that began the batch.
"""

from __future__ import annotations

import os
import tempfile
import threading
from collections import Counter, deque
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import CancelledError
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from maskstyle.batch.clip import Clip, Frame, SceneFrames, frames_of_scenes, next_frame
from maskstyle.batch.scheduler import client_of
from maskstyle.batch.work import Outcome, Painter, Task
from maskstyle.errors import MaskstyleError
from maskstyle.images.pixels import Image
from maskstyle.images.writing import check_writable, replacing
from maskstyle.objective.workers import submitted
from maskstyle.plans import Plan
from maskstyle.plans.load import plan_files, with_renamed_files

if TYPE_CHECKING:
    from distributed import Client, Future

AHEAD = 2
"""Tasks per thread of the workers that are sent ahead, so that none waits."""


@dataclass(frozen=True)
class Parcel:
    """A task to send."""

    plan: Plan  # its plan, with all files named relative to the plan
    folder: str  # the folder of the plan here, without the root of the file system
    output: str  # the result here, without the root
    # Where the weights of the network come from here, and their hash; None where the plan names their file.
    weights: tuple[str, str] | None


def paint_all(
    tasks: Sequence[Task],
    scheduler: str,
    *,
    force: bool,
    on_outcome: Callable[[Outcome], None],
    should_stop: Callable[[], bool],
) -> None:
    """Paint pictures on the workers of a scheduler.

    That is ``local:N``, N processes that share the cores of this machine, or the address of a Dask scheduler.
    `on_outcome` is called in the order in which pictures end; when `should_stop` returns True, those that are not
    done are given up.
    """
    with client_of(scheduler) as client:
        pending = iter(tasks)
        shared = _Shared(client, tasks)
        running: dict[Future[Any], Task] = {}
        while not should_stop():
            capacity = AHEAD * max(1, sum(client.nthreads().values()))  # workers may come and go
            for task in _first(pending, capacity - len(running)):
                future = _sent(client, task, shared, force=force, on_outcome=on_outcome)
                if future is not None:
                    running[future] = task
            if not running:
                return
            for future in _ended(running):
                on_outcome(_received(future, running.pop(future))[0])
        client.cancel(list(running))


def paint_scenes(
    clip: Clip,
    scheduler: str,
    *,
    force: bool,
    on_outcome: Callable[[Outcome], None],
    should_stop: Callable[[], bool],
) -> None:
    """Paint the scenes of a clip side by side on the workers of a scheduler, each frame by frame; see `paint_all`.

    An error ends it, since later frames depend on the one that failed.
    """
    with client_of(scheduler) as client:
        scenes = frames_of_scenes(
            clip, _painter(of_clip=True), force=force, on_outcome=on_outcome, should_stop=should_stop
        )
        waiting = deque(scenes)
        shared = _Shared(client, [Task(clip.files.first, output) for output in clip.outputs])
        running: dict[Future[Any], tuple[SceneFrames, Task]] = {}

        def go_on(frames: SceneFrames, answer: tuple[Outcome, Image | None] | None) -> None:
            wanted = next_frame(frames, answer)
            if wanted is not None:
                parcel, files = _parcel(wanted.task), shared.files(wanted.task.plan)
                future = submitted(client, paint_parcel, parcel, files, wanted.frame, retries=2)
                running[future] = frames, wanted.task

        while not should_stop():
            capacity = AHEAD * max(1, sum(client.nthreads().values()))
            while waiting and len(running) < capacity:
                go_on(waiting.popleft(), None)
            if not running:
                return
            for future in _ended(running):
                frames, task = running.pop(future)
                answer = _received(future, task)
                if answer[0].state == "failed":
                    raise MaskstyleError(f"{task.name} failed: {answer[0].detail}")
                go_on(frames, answer)  # at once: it keeps what the next frame goes on from, also before a stop
        client.cancel(list(running))


def _first(tasks: Iterator[Task], count: int) -> Iterator[Task]:
    for _, task in zip(range(count), tasks, strict=False):
        yield task


def _sent(
    client: Client, task: Task, shared: _Shared, *, force: bool, on_outcome: Callable[[Outcome], None]
) -> Future[Any] | None:
    """Send a task; None if it is done before, or its files cannot be read, which are outcomes already."""
    try:
        check_writable(task.output)
        if not force and task.output.exists() and _painter().is_done(task):
            on_outcome(Outcome(task.name, task.output, "done before"))
            return None
        parcel, files = _parcel(task), shared.files(task.plan)
    except (MaskstyleError, OSError) as error:
        on_outcome(Outcome(task.name, task.output, "failed", " ".join(str(error).split())))
        return None
    return submitted(client, paint_parcel, parcel, files, retries=2)


def _ended(running: Collection[Future[Any]]) -> list[Future[Any]]:
    """Return the futures that have ended; waits for the first, but no longer than a second."""
    from distributed import TimeoutError as DaskTimeoutError
    from distributed import wait

    try:
        return list(wait(list(running), timeout=1, return_when="FIRST_COMPLETED").done)
    except DaskTimeoutError:
        return []
    except CancelledError:  # the scheduler is gone
        return [each for each in running if each.done()]


def _received(future: Future[Any], task: Task) -> tuple[Outcome, Image | None]:
    """Write a result that was sent back; return what became of it, and the image that the next frame goes on from."""
    try:
        outcome: Outcome
        outcome, picture, seen = future.result()
        if picture is not None:
            with replacing(task.output) as file:
                file.write(picture)
    except Exception as error:  # whatever a worker raises is the outcome of its picture
        why = " ".join(f"{type(error).__name__}: {error}".split())
        return Outcome(task.name, task.output, "failed", why), None
    return replace(outcome, name=task.name, output=task.output), seen


class _Shared:
    """The bytes of files: those that several tasks read are sent to the workers once."""

    def __init__(self, client: Client, tasks: Sequence[Task]) -> None:
        self._client = client
        self._count = Counter(path for task in tasks for path in set(plan_files(task.plan).values()))
        self._sent: dict[Path, Any] = {}

    def files(self, plan: Plan) -> dict[str, Any]:
        """Return the files of a plan by their paths without the root: bytes, or futures of them."""
        return {_rootless(path): self._bytes(path) for path in plan_files(plan).values()}

    def _bytes(self, path: Path) -> Any:
        if self._count[path] <= 1:
            return path.read_bytes()
        if path not in self._sent:
            # A task, since a lost one is done again on another worker; bytes that are scattered are lost.
            self._sent[path] = submitted(self._client, bytes, path.read_bytes())
        return self._sent[path]


def _parcel(task: Task) -> Parcel:
    folder = os.path.realpath(task.plan.path.parent)

    def relative(file: str) -> str:
        return os.path.relpath(_real(task.plan.file(file)), folder)

    plan = with_renamed_files(task.plan, relative)
    weights = _weights_of(task.plan) if task.plan.weights is None else None
    return Parcel(plan, _rootless(Path(folder)), _rootless(task.output), weights)


def _weights_of(plan: Plan) -> tuple[str, str]:
    """Return where the weights of a plan come from on this machine, and their hash."""
    choice = _painter().choice(plan)
    return choice.source, choice.digest()


def _real(path: Path) -> Path:
    """Return a path in its real folder, from which records name files too."""
    return Path(os.path.realpath(path.parent), path.name)


def _rootless(path: Path) -> str:
    """Return a path in its real folder without the root or drive, so that it can lie in another folder."""
    return Path(*_real(path).parts[1:]).as_posix()


def paint_parcel(
    parcel: Parcel, files: dict[str, bytes], frame: Frame | None = None
) -> tuple[Outcome, bytes | None, Image | None]:
    """Paint a task on a worker; return what became of it, the bytes of its result, and what the next frame needs.

    Files lie in a temporary folder as they do where they come from, so that the record of the result is the same.
    """
    with tempfile.TemporaryDirectory(prefix="maskstyle-") as root:
        for name, content in files.items():
            path = Path(root, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        output = Path(root, parcel.output)
        for folder in (output.parent, Path(root, parcel.folder)):
            folder.mkdir(parents=True, exist_ok=True)
        plan = replace(parcel.plan, path=Path(root, parcel.folder, parcel.plan.path.name))
        task = Task(plan, output)
        if parcel.weights is not None and (found := _weights_of(plan)) != parcel.weights:
            why = f"a worker found the weights {_named(found)}, but the batch began with {_named(parcel.weights)}; "
            why += "give all the same"
            return Outcome(task.name, output, "failed", why), None, None
        outcome, seen = (_painter().paint(task), None) if frame is None else _painted(task, frame)
        notes = tuple(note.replace(root, "") for note in outcome.notes)
        outcome = replace(outcome, detail=outcome.detail.replace(root, ""), notes=notes)
        return outcome, output.read_bytes() if outcome.state == "painted" else None, seen


def _named(weights: tuple[str, str]) -> str:
    source, digest = weights
    return f"{source} (SHA-256 {digest[:8]}...)"


def _painted(task: Task, frame: Frame) -> tuple[Outcome, Image | None]:
    """Paint a frame of a clip; return what became of it, and the image that the next goes on from."""
    painter = _painter(of_clip=True)
    try:
        ready = frame.continued(frame.recorded(painter.prepared(task)))
        outcome, result = painter.finish(task, ready)
    except (MaskstyleError, MemoryError, OSError) as error:
        return Outcome(task.name, task.output, "failed", " ".join(str(error).split())), None
    return outcome, result.seen


def _painter(*, of_clip: bool = False) -> Painter:
    """Return a painter of this thread of a worker, whose network and graphs stay; graphs are for one thread."""
    return _painter_of(threading.get_ident(), of_clip=of_clip)


@cache
def _painter_of(thread: int, *, of_clip: bool) -> Painter:
    return Painter(checkpoint_every=0, of_clip=of_clip)
