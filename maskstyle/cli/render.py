"""What every command that makes a picture does around its technique: checks, progress, files, interruption."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from rich.markup import escape

from maskstyle.cli.console import messages
from maskstyle.cli.interrupt import interruptible
from maskstyle.errors import ImageError, NumericalError, SettingsError
from maskstyle.images import Picture, Size, check_writable, load_image, save_image, write_text_atomically
from maskstyle.networks.load import NetworkChoice, choose_network
from maskstyle.settings import Settings

if TYPE_CHECKING:
    from maskstyle.result import Result
    from maskstyle.synthesis import Step

EXIT_INTERRUPTED = 130

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
    """

    output: Path
    record: Path | None = None
    plot: Path | None = None
    snapshots: Path | None = None

    def check(self, inputs: Sequence[Path]) -> None:
        """Raise before the long work where something could not be written, or would replace an input."""
        check_writable(self.output)
        for path in (self.record, self.plot):
            if path is not None:
                _check_folder(path)
        if self.plot is not None and importlib.util.find_spec("matplotlib") is None:
            raise SettingsError("the plot needs matplotlib; install it with: pip install 'maskstyle[plot]'")
        for path in (self.output, self.record, self.plot):
            for source in inputs:
                if path is not None and path.exists() and source.exists() and path.samefile(source):
                    raise ImageError(f"{path} is an input and would be replaced; choose another output")

    def snapshot(self, step: Step) -> Path:
        """Return where the snapshot of a step goes."""
        folder = self.snapshots or self.output.with_name(f"{self.output.stem}_snapshots")
        return folder / f"{self.output.stem}_{step.size[1]}x{step.size[0]}_{step.step:05d}.png"


def _check_folder(path: Path) -> None:
    if path.is_dir():
        raise SettingsError(f"{path} is a folder; give the name of a file")
    if not path.parent.is_dir():
        raise SettingsError(f"there is no folder {path.parent}; make it first, or choose another")


def load_checked(path: Path, output: Path) -> Picture:
    """Load a content image whose transparency must fit into the output."""
    picture = load_image(path)
    if picture.alpha is not None and output.suffix.lower() in SUFFIXES_WITHOUT_ALPHA:
        raise ImageError(
            f"{path} has transparency, which {output.suffix} cannot keep; choose an output that ends in .png"
        )
    return picture


def announce_network(
    settings: Settings, layers: Sequence[str], weights: Path | None, *, quiet: bool
) -> NetworkChoice:
    """Choose the network and say which it is."""
    choice = choose_network(settings.network, layers, compute_type=settings.compute_type, weights=weights)
    if not quiet:
        messages().print(f"network: {escape(choice.reason)}")
    return choice


def render(
    transfer: Callable[..., Result],
    sizes: Sequence[Size],
    settings: Settings,
    files: Files,
    *,
    quiet: bool,
) -> None:
    """Run a technique with a progress bar, and write what was asked for.

    Parameters
    ----------
    transfer : callable
        Takes ``on_step`` and ``should_stop`` and returns a Result.
    sizes : sequence of (height, width)
        The sizes that it will go through.
    settings : Settings
        Its settings.
    files : Files
        Where to write.
    quiet : bool
        Print nothing but errors.
    """
    from maskstyle.cli.progress import StepBar

    with interruptible() as interrupt, StepBar(sizes, settings, quiet=quiet) as bar:

        def on_step(step: Step) -> None:
            interrupt.began = True
            bar.update(step)
            if settings.snapshot_every and step.step % settings.snapshot_every == 0:
                _write_snapshot(files.snapshot(step), step)

        try:
            result = transfer(on_step=on_step, should_stop=interrupt.asked)
        except NumericalError as error:
            _keep_last_image(error, files.output)
            raise
        if result.stopped_because != "interrupted":
            bar.finish()
        _write(result, files)
    if result.stopped_because == "interrupted":
        messages().print(f"interrupted; the picture so far is in {escape(str(files.output))}")
        raise typer.Exit(EXIT_INTERRUPTED)
    if not quiet:
        messages().print(escape(summary(result, files.output)))


def _write_snapshot(path: Path, step: Step) -> None:
    path.parent.mkdir(exist_ok=True)
    save_image(path, step.image, metadata={"step": step.step, "losses": step.losses})


def _keep_last_image(error: NumericalError, output: Path) -> None:
    if error.image is not None:
        save_image(output, error.image)
        messages().print(f"the last good picture is in {escape(str(output))}")


def _write(result: Result, files: Files) -> None:
    save_image(files.output, result.image, result.alpha, result.metadata())
    if files.record is not None:
        write_json(files.record, result.record())
    if files.plot is not None:
        from maskstyle.cli.plot import save_loss_plot

        save_loss_plot(files.plot, result)


def write_json(path: Path, record: dict[str, Any]) -> None:
    """Write a record as JSON."""
    write_text_atomically(path, json.dumps(record, indent=1) + "\n")


def summary(result: Result, output: Path) -> str:
    """Return one sentence about a finished picture."""
    height, width = result.image.shape[:2]
    steps = " + ".join(str(scale.evaluations) for scale in result.scales)
    return (
        f"wrote {output}: {width}x{height}, {steps} steps in {result.seconds:.0f} s, "
        f"loss {sum(result.losses.values()):.3g}, stopped because: {result.stopped_because}"
    )
