"""Run a plan and write its files: shared by the painting commands and ``maskstyle run``."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from rich.markup import escape

from maskstyle.cli.console import Interrupt, announce, interruptible, messages, print_wide, tables
from maskstyle.cli.outputs import Files, check_transparency, write_json, writing
from maskstyle.cli.placements import styles_table
from maskstyle.errors import MaskstyleError, NumericalError
from maskstyle.images.headers import read_dpi
from maskstyle.images.io import save_image
from maskstyle.images.layers import Layer, save_layers
from maskstyle.images.pixels import Image, Mask, resize_image
from maskstyle.images.streams import described
from maskstyle.networks.load import NetworkChoice, choose_network
from maskstyle.networks.speed import Speed, machine_speed
from maskstyle.networks.weights import read_weights
from maskstyle.plans.load import LoadedPlan, load_plan, plan_files, unmentioned_regions
from maskstyle.plans.plan import Plan
from maskstyle.plans.recording import run_record
from maskstyle.plans.without_effect import without_effect
from maskstyle.settings import Limits, Settings, wanted_layers
from maskstyle.synthesis.checkpoints import resolved_choice
from maskstyle.synthesis.scene import Scene

if TYPE_CHECKING:
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
    """How a command runs a plan: its outputs and what it prints.

    Parameters
    ----------
    files : Files
        The files to write.
    notes : sequence of str
        Notes about the plan, to print before the run.
    dry_run : bool
        Print what would be painted, and paint nothing.
    quiet : bool
        Print nothing but errors.
    protected : sequence of Path
        Further files that must not be replaced, such as the plan file.
    named_output : bool
        Whether the output was named; a dry run of a plan works without.
    """

    files: Files
    notes: Sequence[str] = ()
    dry_run: bool = False
    quiet: bool = False
    protected: Sequence[Path] = ()
    named_output: bool = True


def paint_plan(plan: Plan, asked: Asked) -> None:
    """Paint a plan and write its outputs; bad input is refused before TensorFlow loads."""
    files, checkpoints = plan_files(plan), None
    if asked.named_output:
        asked.files.check([*asked.protected, *files.values()], snapshot_every=plan.snapshot_every)
        checkpoints = asked.files.checkpoints(quiet=asked.quiet or asked.dry_run)
    loaded, scene = prepared(plan, asked)
    weights = files.get(("weights",))
    # After every other input: reading weights takes longest, and what is wrong with an image is said first.
    choice = chosen_network(plan.settings, weights)
    for note in choice.notes:
        announce(note, quiet=asked.quiet, name="note")
    check_memory(scene, choice, plan.limits)
    if asked.dry_run:
        _print_dry(loaded, scene, asked, resolved_choice(choice, checkpoints))
        return
    if not (asked.quiet or scene.layout.everywhere):
        print_wide(messages(), styles_table(loaded, scene, whole=False))
    with interruptible() as interrupt:
        choice = resolved_choice(choice, checkpoints)
        limits = scene.limits(choice.architecture, choice.compute_type, plan.limits)
        if not asked.quiet:
            for name, text in forecast_lines(scene, choice, limits, machine_speed(again_if_busy=True))[2:]:
                announce(text, quiet=False, name=name)
        from maskstyle.networks.tensorflow_import import import_tensorflow

        import_tensorflow()
        from maskstyle.synthesis.paint import Run

        run = Run(
            network=choice,
            limits=limits,
            should_stop=interrupt.asked,
            checkpoints=checkpoints,
            layers=asked.files.layers is not None,
        )
        record = run_record(loaded, scene, asked.files.output, choice)
        _Session(plan, scene, run, asked, interrupt, record).paint()


def _print_dry(loaded: LoadedPlan, scene: Scene, asked: Asked, choice: NetworkChoice) -> None:
    """Print what would be painted: the styles by region and mask, sizes, network, expected time and memory."""
    console = tables()
    plan = loaded.plan
    console.print(styles_table(loaded, scene))
    limits = scene.limits(choice.architecture, choice.compute_type, plan.limits)
    (height, width), finest = scene.size, scene.sizes[-1]
    output = asked.files.output if asked.named_output else "none"
    for line in (
        f"{plan.inputs.main}: {plan.file(plan.main)}, {width}x{height}",
        f"output: {output}, {finest[1]}x{finest[0]}",
        *(f"{name}: {text}" for name, text in forecast_lines(scene, choice, limits, machine_speed())),
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
    idle = map(plan.source.naming, without_effect(plan.given, scene))
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
    """Raise SettingsError if a run cannot fit into its memory, before its compute type is measured."""
    frugal = "bfloat16" if choice.compute_type == "auto" else choice.compute_type
    scene.limits(choice.architecture, frugal, limits)


def forecast_lines(scene: Scene, choice: NetworkChoice, limits: Limits, speed: Speed) -> list[tuple[str, str]]:
    """Return the lines to print before a run, as names and texts."""
    from maskstyle.cli.forecast import forecast

    return forecast(scene.demand(choice.architecture, choice.compute_type, limits), choice, speed)


def chosen_network(settings: Settings, weights: Path | None) -> NetworkChoice:
    """Choose the network, and read its weights once so that a damaged file is found before TensorFlow loads."""
    layers = wanted_layers(settings)
    choice = choose_network(settings.network, layers, compute_type=settings.compute_type, weights=weights)
    read_weights(choice.weights, choice.architecture, choice.layers)
    return choice


class _Session:
    """A run that is under way: its progress bar, its snapshots, and what happens when it is interrupted."""

    def __init__(
        self, plan: Plan, scene: Scene, run: Run, asked: Asked, interrupt: Interrupt, record: dict[str, Any]
    ) -> None:
        from maskstyle.cli.progress import StepBar

        self._plan, self._scene, self._run = plan, scene, run
        self._files, self._quiet = asked.files, asked.quiet
        self._interrupt = interrupt
        self._record = record
        self._dpi = read_dpi(plan.file(plan.main))
        self._network_notes = run.network.notes if run.network is not None else ()
        self._bar = StepBar(scene.sizes, plan.settings, console=interrupt.console, quiet=asked.quiet)

    def paint(self) -> None:
        """Paint with a progress bar, and write the result."""
        from maskstyle.synthesis.paint import paint

        try:
            with self._bar:
                result = paint(self._scene, dataclasses.replace(self._run, on_step=self._on_step))
                if result.stopped_because != "interrupted":
                    self._bar.finish()
        except NumericalError as error:
            if self._interrupt.began and error.image is not None:
                _keep_last_image(error.image, self._scene.alpha, self._files.output, self._plan.settings)
            raise
        self._interrupt.finishing = True
        _write(result, self._files, self._record, self._dpi)
        # Those of the inputs and of the network have been printed.
        for note in result.notes[len(self._scene.notes) + len(self._network_notes) :]:
            announce(note, quiet=self._quiet, name="note")
        if self._interrupt.asked():
            self._end_early(result, self._run.checkpoints)
        if self._run.checkpoints is not None:
            with suppress(OSError):  # the result is written, and the next run notes the checkpoint
                self._run.checkpoints.remove()
        if not self._quiet:
            messages().print(escape(summary(result, self._files.output)))

    def _on_step(self, step: Step) -> None:
        self._interrupt.began = True
        self._bar.update(step)
        if self._plan.snapshot_every and step.step % self._plan.snapshot_every == 0:
            settings = self._plan.settings if self._files.metadata else None
            _write_snapshot(self._files.snapshot(step), step, settings)

    def _end_early(self, result: Result, checkpoints: Checkpoints | None) -> None:
        from maskstyle.cli.console import EXIT_INTERRUPTED

        height, width = result.image.shape[:2]
        size, finest = f"{width}x{height}", self._scene.sizes[-1]
        reached = result.scales[-1].size if result.scales else finest
        if tuple(reached) != tuple(finest):
            size += f", not yet {finest[1]}x{finest[0]}"
        later = ""
        if checkpoints is not None and checkpoints.current:
            later = "; repeat the command with --resume to continue"
        output = escape(described(self._files.output, writing=True))
        messages().print(f"interrupted; the result so far ({size}) is in {output}{later}")
        raise typer.Exit(EXIT_INTERRUPTED)


def _write_snapshot(path: Path, step: Step, settings: Settings | None) -> None:
    """Write a snapshot; if that fails, the run continues, as the result matters more."""
    try:
        path.parent.mkdir(exist_ok=True)
        metadata = None
        if settings is not None:
            metadata = {"step": step.step, "losses": step.losses, "settings": dataclasses.asdict(settings)}
        save_image(path, step.image, metadata=metadata)
    except (MaskstyleError, OSError) as error:
        messages().print(f"[yellow]no snapshot:[/] {escape(str(error))}")


def _keep_last_image(image: Image, alpha: Mask | None, output: Path, settings: Settings) -> None:
    fitted = None if alpha is None else resize_image(alpha, image.shape[:2])
    save_image(output, image, fitted, {"settings": dataclasses.asdict(settings), "stopped_because": "not finite"})
    messages().print(f"the last good image is in {escape(described(output, writing=True))}")


def _write(result: Result, files: Files, recorded: dict[str, Any], dpi: tuple[float, float] | None = None) -> None:
    """Write the result first, then the other outputs."""
    with writing(files.output):
        metadata = {**result.metadata(), **recorded} if files.metadata else None
        save_image(files.output, result.image, result.alpha, metadata, dpi=dpi)
    if files.record is not None:
        with writing(files.record):
            write_json(files.record, {**result.record(), **recorded})
    if files.match_map is not None:
        assert result.match_map is not None
        with writing(files.match_map):
            save_image(files.match_map, result.match_map, metadata=result.metadata() if files.metadata else None)
    if files.layers is not None and result.layers is not None:
        with writing(files.layers):
            save_layers(files.layers, result.layers, Layer("merged", result.image, result.alpha))
    if files.plot is not None:
        from maskstyle.cli.progress import save_loss_plot

        with writing(files.plot):
            save_loss_plot(files.plot, result)


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
