"""Run a plan and write its files: shared by the painting commands and ``maskstyle run``."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from rich.markup import escape

from maskstyle.batch.scheduler import check_scheduler, client_of
from maskstyle.cli.console import Interrupt, announce, interruptible, messages, print_wide, tables
from maskstyle.cli.forecast import forecast, styles_table
from maskstyle.cli.outputs import Files, resuming_text, write_all, write_json
from maskstyle.errors import MaskstyleError, NumericalError, OutputError
from maskstyle.images.files import check_sides, check_transparency
from maskstyle.images.headers import read_dpi
from maskstyle.images.io import save_image
from maskstyle.images.layers import Layer, save_layers
from maskstyle.images.pixels import Image, resize_image
from maskstyle.images.streams import described
from maskstyle.images.writing import check_temporary_folder, make_folder
from maskstyle.networks.load import NetworkChoice, choose_network
from maskstyle.networks.speed import machine_speed
from maskstyle.networks.weights import check_weights_path, read_weights
from maskstyle.objective.tiling.cuts import needs_tiles
from maskstyle.plans.load import LoadedPlan, load_plan, plan_files, unmentioned_regions
from maskstyle.plans.plan import Plan
from maskstyle.plans.records import note_weights, run_record
from maskstyle.settings import Limits, Settings, wanted_layers
from maskstyle.synthesis.checkpoints import resolved_choice
from maskstyle.synthesis.scene import Scene

if TYPE_CHECKING:
    from maskstyle.synthesis.checkpoint_file import Checkpoint
    from maskstyle.synthesis.checkpoints import Checkpoints
    from maskstyle.synthesis.paint import Run
    from maskstyle.synthesis.result import Result
    from maskstyle.synthesis.scales import Step

ENDINGS = {
    "steps": "all steps taken",
    "converged": "converged",
    "stalled": "stopped, as no lower loss was found",
    "interrupted": "interrupted",
    "unpainted": "the content image, as the strength is 0",
}
"""The end of a run in words."""


@dataclass(frozen=True)
class Asked:
    """How a command runs a plan: its outputs and what it prints."""

    files: Files
    notes: Sequence[str] = ()  # notes about the plan, to print before the run
    dry_run: bool = False  # print what would be painted, and paint nothing
    quiet: bool = False  # print nothing but errors
    protected: Sequence[Path] = ()  # further files that must not be replaced, such as the plan file
    named_output: bool = True  # whether the output was named; a dry run of a plan works without
    scheduler: str | None = None  # the Dask scheduler whose workers paint the tiles; None: this process does


def paint_plan(plan: Plan, asked: Asked) -> None:
    """Paint a plan and write its outputs; bad input is refused before TensorFlow loads."""
    files, checkpoints = plan_files(plan), None
    if asked.scheduler is not None:
        check_scheduler(asked.scheduler)
    if asked.named_output:
        asked.files.check([*asked.protected, *files.values()], snapshot_every=plan.snapshot_every)
        for note in asked.files.notes():
            announce(note, quiet=asked.quiet, name="note")
        checkpoints = asked.files.checkpoints(quiet=asked.quiet or asked.dry_run)
    loaded, scene = prepared(plan, asked)
    weights = files.get(("weights",))
    # After every other input: reading weights takes longest, and what is wrong with an image is said first.
    choice = chosen_network(plan.settings, weights, unused=not scene.layout.placements)
    for note in choice.notes:
        announce(note, quiet=asked.quiet, name="note")
    check_memory(scene, choice, plan.limits)
    if asked.dry_run:
        final = resolved(choice, scene, checkpoints)
        resumed = _resumed_from(scene, final, plan.limits, checkpoints)
        _print_dry(loaded, scene, asked, final, resumed)
        return
    if not (asked.quiet or scene.layout.everywhere):
        print_wide(messages(), styles_table(loaded, scene, whole=False))
    with interruptible() as interrupt:
        choice = resolved(choice, scene, checkpoints)
        limits = _limits(scene, choice, plan, asked)
        if not asked.quiet:
            lines = forecast(scene, choice, limits, machine_speed(again_if_busy=True), asked.scheduler)
            for name, text in lines[2:]:
                announce(text, quiet=False, name=name)
        from maskstyle.networks.tensorflow_import import import_tensorflow

        import_tensorflow()
        from maskstyle.synthesis.paint import Run

        with nullcontext() if asked.scheduler is None else client_of(asked.scheduler) as client:
            run = Run(
                network=choice,
                limits=limits,
                should_stop=interrupt.asked,
                checkpoints=checkpoints,
                layers=asked.files.layers is not None,
                client=client,
            )
            record = run_record(loaded, scene, asked.files.output, choice)
            _Session(plan, scene, run, asked, interrupt, record).paint()


def _limits(scene: Scene, choice: NetworkChoice, plan: Plan, asked: Asked) -> Limits:
    """Return the memory and tiles of a run; raise SettingsError if there are no tiles for its workers."""
    limits = scene.limits(choice.architecture, choice.compute_type, plan.limits)
    if asked.scheduler is not None:
        scene.check_tiles(limits)
    return limits


def _resumed_from(
    scene: Scene, choice: NetworkChoice, limits: Limits, checkpoints: Checkpoints | None
) -> Checkpoint | None:
    """Return the checkpoint that a run would resume from, compared with the run; None if nothing is resumed."""
    if checkpoints is None or not checkpoints.resume or not scene.layout.placements:
        return None
    from maskstyle.networks.tensorflow_import import import_tensorflow

    import_tensorflow()
    from maskstyle.synthesis.paint import Run, resumed_from

    return resumed_from(scene, Run(network=choice, limits=limits, checkpoints=checkpoints))


def _print_dry(
    loaded: LoadedPlan, scene: Scene, asked: Asked, choice: NetworkChoice, resumed: Checkpoint | None
) -> None:
    """Print what would be painted: styles by region and mask, sizes, network, time, memory and checkpoint."""
    plan = loaded.plan
    limits = _limits(scene, choice, plan, asked)
    console = tables()
    console.print(styles_table(loaded, scene))
    (height, width), result = scene.size, scene.result_size
    output = asked.files.output if asked.named_output else "none"
    resuming = [] if resumed is None else [f"resumes: {resuming_text(asked.files.checkpoint, resumed)}"]
    for line in (
        f"{plan.inputs.main}: {plan.file(plan.main)}, {width}x{height}",
        f"output: {output}, {result[1]}x{result[0]}",
        *(f"{name}: {text}" for name, text in asked.files.others(plan.snapshot_every)),
        *(f"{name}: {text}" for name, text in forecast(scene, choice, limits, machine_speed(), asked.scheduler)),
        *resuming,
    ):
        console.print(line, markup=False, soft_wrap=True)


def prepared(plan: Plan, asked: Asked, said: set[str] | None = None) -> tuple[LoadedPlan, Scene]:
    """Return a plan with its files read and its scene, both checked; prints the notes that were not `said` yet."""
    loaded = load_plan(plan)
    output = asked.files.output
    with plan.source.locating(plan.inputs.main):
        if loaded.picture.alpha is not None:
            check_transparency(output, f"{plan.file(plan.main)} has transparency")
    if plan.values.get("transparent"):
        with plan.source.locating("transparent"):
            check_transparency(output, "`transparent` makes a transparent result")
    scene = loaded.scene()
    if asked.named_output:
        check_sides(output, scene.result_size)
    idle = map(plan.source.naming, loaded.without_effect(scene))
    loaded = dataclasses.replace(loaded, notes=(*loaded.notes, *idle))
    left = unmentioned_regions(plan, scene)
    bare = [] if asked.files.metadata else ["without metadata, maskstyle plan from cannot repeat the result"]
    left_out = [] if left is None else [left]
    notes = (*asked.notes, *loaded.notes, *loaded.advice, *left_out, *bare, *scene.notes)
    said = set() if said is None else said
    for note in notes:
        if note not in said:
            announce(plan.source.naming(note), quiet=asked.quiet, name="note")
        said.add(note)
    return loaded, scene


def check_memory(scene: Scene, choice: NetworkChoice, limits: Limits) -> None:
    """Raise SettingsError if a run cannot fit into its memory, before its compute type is measured.

    Large images also need a folder for temporary files.
    """
    frugal = "bfloat16" if choice.compute_type == "auto" else choice.compute_type
    fitted = scene.limits(choice.architecture, frugal, limits)
    if fitted.tile_size is not None and needs_tiles(scene.sizes[-1], fitted.tile_size):
        check_temporary_folder()


def resolved(choice: NetworkChoice, scene: Scene, checkpoints: Checkpoints | None = None) -> NetworkChoice:
    """Return a network with its compute type, which is not measured where nothing is painted."""
    return resolved_choice(choice, checkpoints) if scene.layout.placements else choice


def chosen_network(settings: Settings, weights: Path | None, *, unused: bool = False) -> NetworkChoice:
    """Choose the network, and read a file of weights once so that a damaged one is found before TensorFlow loads.

    Where it is `unused`, as every strength is 0, its weights are not read.
    """
    layers = wanted_layers(settings)
    if weights is not None:
        check_weights_path(weights)
        note_weights(weights)
    choice = choose_network(settings.network, layers, compute_type=settings.compute_type, weights=weights)
    if not unused and not choice.embedded:
        read_weights(choice.weights, choice.architecture, choice.layers)
    return choice


class _Session:
    """A run that is under way: its progress bar, its snapshots, and what happens when it is interrupted."""

    def __init__(
        self, plan: Plan, scene: Scene, run: Run, asked: Asked, interrupt: Interrupt, record: dict[str, Any]
    ) -> None:
        from maskstyle.synthesis.progress import StepBar

        self._plan, self._scene, self._run = plan, scene, run
        self._files, self._quiet = asked.files, asked.quiet
        self._interrupt = interrupt
        self._record = record
        self._dpi = read_dpi(plan.file(plan.main))
        self._network_notes = run.network.notes if run.network is not None else ()
        self._best: tuple[int, float, Image | None] = (0, math.inf, None)
        self._bar = StepBar(scene.sizes, plan.settings, console=interrupt.console, quiet=asked.quiet)

    def paint(self) -> None:
        """Paint with a progress bar, and write the result."""
        from maskstyle.synthesis.paint import paint

        try:
            with self._bar:
                result = paint(self._scene, dataclasses.replace(self._run, on_step=self._on_step))
                if result.stopped_because != "interrupted":
                    self._bar.finish()
        except Exception as error:
            self._keep_best(error)
            raise
        self._interrupt.finishing = True
        files, is_whole = self._files, result.stopped_because != "interrupted"
        if not is_whole:
            files = files.for_unfinished(resumed=self._resumed())
        write_all(_writers(result, files, self._record, self._dpi))
        # Those of the inputs and of the network have been printed.
        for note in result.notes[len(self._scene.notes) + len(self._network_notes) :]:
            announce(note, quiet=self._quiet, name="note")
        if not is_whole:
            self._end_early(result, files.output)
        if self._run.checkpoints is not None:
            self._run.checkpoints.remove()
        if not self._quiet:
            messages().print(escape(summary(result, self._files.output)))

    def _on_step(self, step: Step) -> None:
        self._interrupt.began = True
        if step.scale != self._best[0] or step.total <= self._best[1]:
            self._best = step.scale, step.total, step.image
        self._bar.update(step)
        if self._plan.snapshot_every and step.step % self._plan.snapshot_every == 0:
            settings = self._plan.settings if self._files.metadata else None
            _write_snapshot(self._files.snapshot(step), step, settings)

    def _resumed(self) -> bool:
        checkpoints = self._run.checkpoints
        return checkpoints is not None and checkpoints.resume

    def _keep_best(self, error: Exception) -> None:
        """Write the best picture up to an error, which is more than nothing."""
        image = self._best[2]
        if image is None:
            return
        if isinstance(error, NumericalError) and error.image is not None:
            image = error.image
        self._interrupt.finishing = True
        output = self._files.for_unfinished(resumed=self._resumed()).output
        alpha = self._scene.alpha
        fitted = None if alpha is None else resize_image(alpha, image.shape[:2])
        why = "not finite" if isinstance(error, NumericalError) else "failed"
        metadata = {"settings": dataclasses.asdict(self._plan.settings), "stopped_because": why}
        signed = metadata if self._files.metadata else None
        try:
            write_all([(output, lambda path: save_image(path, image, fitted, signed))])
            messages().print(f"the last good image is in {escape(described(output, writing=True))}")
        except OutputError as failure:  # the error that ended the run matters more
            messages().print(escape(str(failure)))

    def _end_early(self, result: Result, written: Path) -> None:
        from maskstyle.cli.console import EXIT_INTERRUPTED

        height, width = result.image.shape[:2]
        size, finest = f"{width}x{height}", self._scene.sizes[-1]
        reached = result.scales[-1].size if result.scales else finest
        if tuple(reached) != tuple(finest):
            size += f", not yet {finest[1]}x{finest[0]}"
        later = ""
        if self._run.checkpoints is not None and self._run.checkpoints.current:
            later = "; repeat the command with --resume to continue"
        output = escape(described(written, writing=True))
        kept = "" if written == self._files.output else escape(f"; {described(self._files.output)} stays as it was")
        messages().print(f"interrupted; the result so far ({size}) is in {output}{kept}{later}")
        raise typer.Exit(EXIT_INTERRUPTED)


def _write_snapshot(path: Path, step: Step, settings: Settings | None) -> None:
    """Write a snapshot; if that fails, the run continues, as the result matters more."""
    try:
        make_folder(path.parent)
        metadata = None
        if settings is not None:
            metadata = {"step": step.step, "losses": step.losses, "settings": dataclasses.asdict(settings)}
        save_image(path, step.image, metadata=metadata)
    except (MaskstyleError, OSError) as error:
        messages().print(f"[yellow]no snapshot:[/] {escape(str(error))}")


def _writers(
    result: Result, files: Files, recorded: dict[str, Any], dpi: tuple[float, float] | None
) -> list[tuple[Path, Callable[[Path], None]]]:
    """Return the outputs of a run with what writes them, the picture first."""
    metadata = {**result.metadata(), **recorded} if files.metadata else None
    own = result.metadata() if files.metadata else None
    writers: list[tuple[Path, Callable[[Path], None]]] = [
        (files.output, lambda path: save_image(path, result.image, result.alpha, metadata, dpi=dpi))
    ]
    if files.record is not None:
        writers.append((files.record, lambda path: write_json(path, {**result.record(), **recorded})))
    if files.match_map is not None and result.match_map is not None:
        match_map = result.match_map
        writers.append((files.match_map, lambda path: save_image(path, match_map, metadata=own)))
    if files.layers is not None and result.layers is not None:
        layers, merged = result.layers, Layer("merged", result.image, result.alpha)
        writers.append((files.layers, lambda path: save_layers(path, layers, merged, signed=files.metadata)))
    if files.plot is not None:
        from maskstyle.cli.outputs import save_loss_plot

        writers.append((files.plot, lambda path: save_loss_plot(path, result)))
    return writers


def summary(result: Result, output: Path) -> str:
    """Return one sentence about a finished result."""
    height, width = result.image.shape[:2]
    name = described(output, writing=True)
    if not result.scales:
        return f"wrote {name}: {width}x{height}, {ENDINGS[result.stopped_because]}"
    steps = " + ".join(str(scale.evaluations) for scale in result.scales)
    return (
        f"wrote {name}: {width}x{height}, {steps} steps in {result.seconds:.0f} s, "
        f"loss {sum(result.losses.values()):.3g}, {ENDINGS[result.stopped_because]}"
    )
