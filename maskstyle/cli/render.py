"""What every command that makes a picture does around its technique: checks, progress, files, interruption."""

from __future__ import annotations

import dataclasses
import importlib.util
import json
import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from rich.markup import escape

from maskstyle.cli.checkpointing import checkpoint_beside
from maskstyle.cli.console import messages
from maskstyle.cli.exit_codes import EXIT_INTERRUPTED
from maskstyle.cli.interrupt import Interrupt
from maskstyle.cli.output_files import check_distinct
from maskstyle.errors import ImageError, MaskstyleError, NumericalError, OutputError, SettingsError
from maskstyle.images.files import check_replaceable, check_writable, write_text_atomically
from maskstyle.images.io import Picture, load_image, save_image
from maskstyle.images.pixels import Image, Mask, Size, resize_image
from maskstyle.networks.load import NetworkChoice, choose_network
from maskstyle.networks.weights import read_weights
from maskstyle.settings import Settings
from maskstyle.techniques.plan import wanted_layers

if TYPE_CHECKING:
    from maskstyle.synthesis.checkpoints import Checkpoints
    from maskstyle.synthesis.result import Result
    from maskstyle.synthesis.scales import Step

ENDINGS = {
    "steps": "all steps taken",
    "converged": "stopped as the loss hardly fell any more",
    "stalled": "stopped as no lower loss was found",
    "interrupted": "interrupted",
}
"""How a run ended, in words for people."""

PLOT_SUFFIXES = (".png", ".svg", ".pdf")

SUFFIXES_WITHOUT_ALPHA = (".jpg", ".jpeg", ".bmp")


@dataclass(frozen=True)
class Files:
    """Where a command writes.

    Parameters
    ----------
    output : Path
        The picture.
    record : Path or None
        The JSON record.
    plot : Path or None
        The plot of the losses.
    snapshots : Path or None
        The folder of the snapshots; beside the output where it is None.
    match_map : Path or None
        The picture of what patches were matched to.
    resume : bool
        Whether to go on from the checkpoint beside the picture.
    checkpoint_every : float
        Least seconds between two checkpoints; 0 writes none.
    dry_run : bool
        Whether nothing is written at all, and only said what would be done.
    """

    output: Path
    record: Path | None = None
    plot: Path | None = None
    snapshots: Path | None = None
    match_map: Path | None = None
    resume: bool = False
    checkpoint_every: float = 0.0
    dry_run: bool = False

    def check(self, inputs: Sequence[Path], *, snapshot_every: int = 0) -> None:
        """Raise where something could not be written, or would replace another file of the run."""
        check_writable(self.output)
        for path in (self.record, self.plot):
            if path is not None:
                check_replaceable(path)
        if self.match_map is not None:
            check_writable(self.match_map)
        if self.plot is not None:
            _check_plot(self.plot)
        if snapshot_every:
            _check_folder(self._snapshot_folder())
        elif self.snapshots is not None:
            raise SettingsError("--snapshot-dir does nothing without --snapshot-every; give both, or neither")
        every = self.checkpoint_every
        if not (math.isfinite(every) and every >= 0):
            raise SettingsError(f"--checkpoint-every is {every:g}; expected a number of seconds of at least 0")
        written = {
            "--output": self.output,
            "--json": self.record,
            "--plot": self.plot,
            "--match-map": self.match_map,
            "the checkpoint": checkpoint_beside(self.output) if every > 0 or self.resume else None,
        }
        check_distinct(written, inputs)

    def _snapshot_folder(self) -> Path:
        return self.snapshots or self.output.with_name(f"{self.output.stem}_snapshots")

    def snapshot(self, step: Step) -> Path:
        """Return where the snapshot of a step goes."""
        return (
            self._snapshot_folder()
            / f"{self.output.stem}_{step.scale}_{step.size[1]}x{step.size[0]}_{step.step:05d}.png"
        )


def _check_plot(path: Path) -> None:
    if path.suffix.lower() not in PLOT_SUFFIXES:
        raise SettingsError(f"--plot is {path}; expected a name that ends in {', '.join(PLOT_SUFFIXES)}")
    if importlib.util.find_spec("matplotlib") is None:
        raise SettingsError("--plot needs Matplotlib; install it with: pip install matplotlib")


def _check_folder(folder: Path) -> None:
    """Check that snapshots can be written to a folder, which is made where only its parent is there."""
    if folder.exists() and not folder.is_dir():
        raise ImageError(f"expected a folder for the snapshots, but {folder} is a file; pass another --snapshot-dir")
    check_replaceable(folder / "snapshot.png" if folder.exists() else folder)


def load_checked(path: Path, output: Path) -> Picture:
    """Load a content image whose transparency must fit into the output."""
    picture = load_image(path)
    if picture.alpha is not None and output.suffix.lower() in SUFFIXES_WITHOUT_ALPHA:
        raise ImageError(
            f"{path} has transparency, which {output.suffix} cannot keep; choose an output that ends in .png"
        )
    return picture


def check_transparent(output: Path, asked_by: str = "--transparent") -> None:
    """Raise ImageError where an output could not keep the transparency that something asks for."""
    if output.suffix.lower() in SUFFIXES_WITHOUT_ALPHA:
        raise ImageError(
            f"{asked_by} needs an output that keeps transparency, but {output.suffix} cannot; choose one that "
            "ends in .png"
        )


def chosen_network(settings: Settings, weights: Path | None) -> NetworkChoice:
    """Choose the network, and read its weights once so that a damaged file is found before TensorFlow loads."""
    layers = wanted_layers(settings)
    choice = choose_network(settings.network, layers, compute_type=settings.compute_type, weights=weights)
    read_weights(choice.weights, choice.architecture, choice.layers)
    return choice


def announce(reason: str, *, quiet: bool, name: str = "network") -> None:
    """Say which network is used and why."""
    if not quiet:
        messages().print(f"{escape(name)}: {escape(reason)}")


def render(
    transfer: Callable[..., Result],
    sizes: Sequence[Size],
    settings: Settings,
    files: Files,
    interrupt: Interrupt,
    *,
    inputs: dict[str, Any],
    hashes: dict[str, str],
    checkpoints: Checkpoints | None,
    alpha: Mask | None,
    quiet: bool,
) -> None:
    """Run a technique with a progress bar, and write what was asked for.

    Parameters
    ----------
    transfer : callable
        Takes ``on_step``, ``should_stop`` and ``checkpoints`` and returns a Result.
    sizes : sequence of (height, width)
        The sizes that it will go through.
    settings : Settings
        Its settings.
    files : Files
        Where to write.
    interrupt : Interrupt
        Knows whether to stop.
    inputs : dict
        What the record says of the files that went in.
    hashes : dict of str to str
        Their SHA-256 by their paths from the result's folder.
    checkpoints : Checkpoints or None
        Where the state goes now and then; removed once the picture is written.
    alpha : (H, W) float32 array or None
        The content's transparency, for a picture that is kept after an error.
    quiet : bool
        Print nothing but errors.
    """
    from maskstyle.cli.progress import StepBar

    bar = StepBar(sizes, settings, console=interrupt.console, quiet=quiet)

    def on_step(step: Step) -> None:
        interrupt.began = True
        bar.update(step)
        if settings.snapshot_every and step.step % settings.snapshot_every == 0:
            _write_snapshot(files.snapshot(step), step, settings)

    try:
        with bar:
            result = transfer(on_step=on_step, should_stop=interrupt.asked, checkpoints=checkpoints)
            if result.stopped_because != "interrupted":
                bar.finish()
    except NumericalError as error:
        if interrupt.began and error.image is not None:
            _keep_last_image(error.image, alpha, files.output, settings)
        raise
    interrupt.finishing = True
    _write(result, files, {"inputs": inputs, "sha256": hashes})
    for remark in () if quiet else result.remarks:
        messages().print(f"note: {escape(remark)}")
    if interrupt.asked():
        size = f"{result.image.shape[1]}x{result.image.shape[0]}"
        if result.image.shape[:2] != tuple(sizes[-1]):
            size += f", not yet {sizes[-1][1]}x{sizes[-1][0]}"
        later = "; the same command with --resume goes on" if checkpoints is not None and checkpoints.current else ""
        messages().print(f"interrupted; the picture so far ({size}) is in {escape(str(files.output))}{later}")
        raise typer.Exit(EXIT_INTERRUPTED)
    if checkpoints is not None:
        with suppress(OSError):  # the picture is there, and the next run says that the checkpoint is too
            checkpoints.remove()
    if not quiet:
        messages().print(escape(summary(result, files.output)))


def _write_snapshot(path: Path, step: Step, settings: Settings) -> None:
    """Write a snapshot; where that fails the work goes on, as the picture matters more."""
    try:
        path.parent.mkdir(exist_ok=True)
        metadata = {"step": step.step, "losses": step.losses, "settings": dataclasses.asdict(settings)}
        save_image(path, step.image, metadata=metadata)
    except (MaskstyleError, OSError) as error:
        messages().print(f"[yellow]no snapshot:[/] {escape(str(error))}")


def _keep_last_image(image: Image, alpha: Mask | None, output: Path, settings: Settings) -> None:
    fitted = None if alpha is None else resize_image(alpha, image.shape[:2])
    save_image(output, image, fitted, {"settings": dataclasses.asdict(settings), "stopped_because": "not finite"})
    messages().print(f"the last good picture is in {escape(str(output))}")


def _write(result: Result, files: Files, recorded: dict[str, Any]) -> None:
    """Write the picture first, then what goes with it."""
    with writing(files.output):
        save_image(files.output, result.image, result.alpha, {**result.metadata(), **recorded})
    if files.record is not None:
        with writing(files.record):
            write_json(files.record, {**result.record(), **recorded})
    if files.match_map is not None:
        assert result.match_map is not None
        with writing(files.match_map):
            save_image(files.match_map, result.match_map, metadata=result.metadata())
    if files.plot is not None:
        from maskstyle.cli.plot import save_loss_plot

        with writing(files.plot):
            save_loss_plot(files.plot, result)


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn errors into an OutputError: the path was fine when the work began."""
    try:
        yield
    except (ImageError, OSError) as error:
        raise OutputError(f"the work is done, but {path} could not be written ({error})") from error


def write_json(path: Path, record: dict[str, Any]) -> None:
    """Write a record as JSON."""
    write_text_atomically(path, json.dumps(record, indent=1) + "\n")


def summary(result: Result, output: Path) -> str:
    """Return one sentence about a finished picture."""
    height, width = result.image.shape[:2]
    steps = " + ".join(str(scale.evaluations) for scale in result.scales)
    return (
        f"wrote {output}: {width}x{height}, {steps} steps in {result.seconds:.0f} s, "
        f"loss {sum(result.losses.values()):.3g}, {ENDINGS[result.stopped_because]}"
    )
