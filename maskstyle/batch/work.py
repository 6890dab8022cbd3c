"""Paint the pictures of a batch: one at a time, with networks that stay loaded."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias

from maskstyle.errors import ImageError, MaskstyleError
from maskstyle.images import read_dpi, read_metadata, save_image
from maskstyle.images.files import check_sides, check_transparency
from maskstyle.images.hashes import begin_noting, hash_of
from maskstyle.images.writing import check_writable
from maskstyle.networks import NetworkChoice, choose_network
from maskstyle.networks.load import Networks
from maskstyle.plans import Plan, load_plan, run_record
from maskstyle.plans.records import request_digest
from maskstyle.settings import CHECKPOINT_SECONDS, wanted_layers

if TYPE_CHECKING:
    from maskstyle.objective.shared import SharedGraphs
    from maskstyle.plans.load import LoadedPlan
    from maskstyle.synthesis.checkpoints import Checkpoints
    from maskstyle.synthesis.result import Result
    from maskstyle.synthesis.scales import Step
    from maskstyle.synthesis.scene import Scene

State: TypeAlias = Literal["painted", "done before", "failed", "interrupted", "to paint"]


@dataclass(frozen=True)
class Task:
    """A picture of a batch."""

    plan: Plan
    output: Path

    @property
    def name(self) -> str:
        """The picture, for messages: the content image, or the doodle."""
        return str(self.plan.file(self.plan.main))


@dataclass(frozen=True)
class Outcome:
    """What became of a picture."""

    name: str  # the picture
    output: Path  # its result
    state: State  # "painted", "done before", "failed" or "interrupted"; in a dry run, "to paint" or "failed"
    detail: str = ""  # why it failed, in one sentence
    seconds: float = 0.0  # time that painting took
    notes: tuple[str, ...] = ()

    def record(self) -> dict[str, Any]:
        """Return what became of it, ready for JSON."""
        return {**vars(self), "output": self.output.as_posix(), "notes": list(self.notes)}


class Prepared(NamedTuple):
    """A picture with its files read: its scene and network, the record of its inputs, and notes."""

    scene: Scene
    choice: NetworkChoice
    record: dict[str, Any]
    notes: tuple[str, ...]

    def is_of(self, output: Path) -> bool:
        """Return whether a file is the finished result of this picture; see `is_result_of`."""
        patches = self.scene.patches
        own = {"settings": asdict(self.scene.settings), "patches": None if patches is None else asdict(patches)}
        return is_result_of(output, {**self.record, **own})


def foreseen(task: Task) -> Outcome:
    """Return what will become of a picture, as far as its files tell, with the notes about it."""
    try:
        return Outcome(task.name, task.output, "to paint", notes=read_task(task).notes)
    except (MaskstyleError, MemoryError, OSError) as error:
        return Outcome(task.name, task.output, "failed", _sentence(error))


class Read(NamedTuple):
    """A picture with its files read: its inputs, its scene, and notes."""

    loaded: LoadedPlan
    scene: Scene
    notes: tuple[str, ...]


def read_task(task: Task) -> Read:
    """Read the files of a picture, and check that they fit together and to the result."""
    plan, output = task.plan, task.output
    loaded = load_plan(plan)
    if loaded.picture.alpha is not None:
        check_transparency(output, f"{task.name} has transparency")
    if plan.values.get("transparent"):
        check_transparency(output, "`transparent` makes a transparent result")
    scene = loaded.scene()
    check_sides(output, scene.result_size)
    notes = (*loaded.notes, *loaded.without_effect(scene), *loaded.advice, *scene.notes)
    return Read(loaded, scene, tuple(map(plan.source.naming, notes)))


class Painter:
    """Paints one picture after another; each network is loaded once.

    With `force`, paint again what is done, and replace files that are no results of this picture. An interrupted
    picture continues from its checkpoint beside the result; ``checkpoint_every`` 0 seconds writes none. If the
    pictures are frames, `of_clip`, their regions and masks share a graph, and each result has the image that the next
    one goes on from.
    """

    def __init__(
        self, *, force: bool = False, checkpoint_every: float = CHECKPOINT_SECONDS, of_clip: bool = False
    ) -> None:
        self._force, self._every, self._of_clip = force, checkpoint_every, of_clip
        self._graphs: SharedGraphs | None = None
        self._choices: dict[Any, NetworkChoice] = {}
        self._networks = Networks()

    def paint(
        self,
        task: Task,
        *,
        on_step: Callable[[Step], None] | None = None,
        should_stop: Callable[[], bool] | None = None,
    ) -> Outcome:
        """Paint a picture, unless it is done; an error becomes its outcome.

        When `should_stop` returns True, the picture continues from its checkpoint the next time.
        """
        try:
            return self._paint(task, on_step, should_stop)
        except (MaskstyleError, MemoryError, OSError) as error:
            return Outcome(task.name, task.output, "failed", _sentence(error))

    def is_done(self, task: Task) -> bool:
        """Return whether the result of a picture is there, finished, and made from the same plan and files.

        A file there that is no result of maskstyle is an error.
        """
        return self._holds_request(task) or self.prepared(task).is_of(task.output)

    def _holds_request(self, task: Task) -> bool:
        """Return whether a finished result was asked for in the same way; False also where decoding must tell."""
        begin_noting()
        with suppress(MaskstyleError, OSError):  # `prepared` says what is wrong
            held = read_metadata(task.output) if task.output.exists() else None
            if held and "request" in held and "frame" not in held and held.get("stopped_because") != "interrupted":
                return bool(held["request"] == request_digest(task.plan, task.output, self.choice(task.plan)))
        return False

    def prepared(self, task: Task) -> Prepared:
        """Read the files of a picture and check them."""
        begin_noting()
        check_writable(task.output)
        loaded, scene, notes = read_task(task)
        choice = self.choice(task.plan)
        record = run_record(loaded, scene, task.output, choice)
        return Prepared(scene, choice, record, notes)

    def _paint(
        self, task: Task, on_step: Callable[[Step], None] | None, should_stop: Callable[[], bool] | None
    ) -> Outcome:
        done = Outcome(task.name, task.output, "done before")
        if not self._force and self._holds_request(task):
            return done
        ready = self.prepared(task)
        if not self._force and ready.is_of(task.output):
            return done
        return self.finish(task, ready, on_step=on_step, should_stop=should_stop)[0]

    def finish(
        self,
        task: Task,
        ready: Prepared,
        *,
        on_step: Callable[[Step], None] | None = None,
        should_stop: Callable[[], bool] | None = None,
    ) -> tuple[Outcome, Result]:
        """Paint a picture that is prepared, and write it unless it was interrupted; see `paint`."""
        name, output = task.name, task.output
        result, checkpoints = self._result(task, ready, on_step, should_stop)
        if result.stopped_because == "interrupted":
            return Outcome(name, output, "interrupted", seconds=result.seconds, notes=ready.notes), result
        metadata = {**result.metadata(), **ready.record}
        save_image(output, result.image, result.alpha, metadata, dpi=read_dpi(task.plan.file(task.plan.main)))
        with suppress(OSError):  # the result is written
            checkpoints.remove()
        return Outcome(name, output, "painted", seconds=result.seconds, notes=ready.notes), result

    def _result(
        self,
        task: Task,
        ready: Prepared,
        on_step: Callable[[Step], None] | None,
        should_stop: Callable[[], bool] | None,
    ) -> tuple[Result, Checkpoints]:
        """Paint a scene, from its checkpoint where there is one."""
        from maskstyle.objective.shared import LARGE_SIDE, SharedGraphs
        from maskstyle.synthesis.checkpoints import check_no_other_file, painted_from
        from maskstyle.synthesis.paint import Run, paint

        plan = task.plan
        # Weights that are sent to a worker lie at another path each time.
        weights = None if plan.weights is None else hash_of(plan.file(plan.weights))
        if self._graphs is None:
            self._graphs = SharedGraphs(LARGE_SIDE, general="else" if self._of_clip else "never")
        file = task.output.with_name(f"{task.output.name}.checkpoint")
        if self._every > 0:
            check_no_other_file(file)
        run = Run(
            network=self._networks.loaded(ready.choice, plan.settings, weights=weights),
            limits=plan.limits,
            on_step=on_step,
            should_stop=should_stop,
            seen=self._of_clip,
            graphs=self._graphs,
        )
        return painted_from(file, self._every, lambda each: paint(ready.scene, replace(run, checkpoints=each)))

    def choice(self, plan: Plan) -> NetworkChoice:
        """Choose the network of a plan; weights that the plan does not name are looked for once."""
        settings, weights = plan.settings, plan.weights
        layers = wanted_layers(settings)
        if weights is not None:
            file = plan.file(weights)
            return choose_network(settings.network, layers, compute_type=settings.compute_type, weights=file)
        key = settings.network, tuple(layers), settings.compute_type
        if key not in self._choices:
            self._choices[key] = choose_network(settings.network, layers, compute_type=settings.compute_type)
        return self._choices[key]


def is_result_of(output: Path, record: dict[str, Any]) -> bool:
    """Return whether a file is the finished result of a record: of the same plan, settings, files and weights.

    A file that is no result of maskstyle is an error: it must not be replaced unasked.
    """
    if not output.exists():
        return False
    metadata = None
    with suppress(ImageError):
        metadata = read_metadata(output)
    if metadata is None:
        raise ImageError(
            f"{output} exists and is no result of maskstyle; move it away, or pass --force to replace it"
        )
    if metadata.get("stopped_because") == "interrupted":
        return False
    wanted = json.loads(json.dumps(record))
    held = metadata.get("inputs")
    return (
        isinstance(held, dict)
        and all(held.get(key) == wanted["inputs"][key] for key in ("plan", "initial", "weights", "weights_sha256"))
        and all(metadata.get(key) == wanted[key] for key in ("settings", "patches", "sha256"))
        and metadata.get("frame") == wanted.get("frame")
    )


def _sentence(error: Exception) -> str:
    if isinstance(error, MemoryError):
        return "there is not enough memory; use a smaller --size"
    return " ".join(str(error).split())
