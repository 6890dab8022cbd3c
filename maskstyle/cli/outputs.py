"""The files that a command writes: checked before painting, written atomically, never over an input; loss plots."""

from __future__ import annotations

import importlib.util
import json
import math
import os
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from fnmatch import fnmatch
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.markup import escape

from maskstyle import __version__
from maskstyle.cli.console import announce, messages
from maskstyle.cli.replaced import check_kind, check_own, free_name, is_unfinished, notes_on_replaced, rescue
from maskstyle.errors import CheckpointError, ImageError, MaskstyleError, OutputError, SettingsError
from maskstyle.images.files import FORMAT_OF_SUFFIX
from maskstyle.images.layers import OPEN_RASTER
from maskstyle.images.paths import shown
from maskstyle.images.streams import STANDARD, described, is_stream
from maskstyle.images.writing import check_replaceable, check_writable, write_text
from maskstyle.settings import CHECKPOINT_SECONDS

if TYPE_CHECKING:
    from maskstyle.synthesis.checkpoint_file import Checkpoint
    from maskstyle.synthesis.checkpoints import Checkpoints
    from maskstyle.synthesis.result import Result
    from maskstyle.synthesis.scales import Step


PLOT_SUFFIXES = (".png", ".svg", ".pdf")

LAYERS = "[0-9][0-9]_*.png"
"""The names of layers in their folder."""


@dataclass(frozen=True)
class Files:
    """Where a command writes."""

    output: Path
    record: Path | None = None  # as JSON
    plot: Path | None = None  # of the losses
    snapshots: Path | None = None  # their folder; None is beside the output
    match_map: Path | None = None  # picture of the matched patches
    layers: Path | None = None  # a file or a folder
    metadata: bool = True  # whether the result has metadata
    resume: bool = False  # whether to resume from the checkpoint beside the output
    checkpoint_every: float = 0.0  # least seconds between two checkpoints; 0 writes none

    def check(self, inputs: Sequence[Path], *, snapshot_every: int = 0) -> None:
        """Raise where something cannot be written, or would replace a file that is not its own."""
        check_writable(self.output)
        if is_stream(self.output):
            if self.resume:
                raise CheckpointError("--resume needs a file, but --output is a stream, which has no checkpoint")
            if self.checkpoint_every not in (0.0, CHECKPOINT_SECONDS):
                raise SettingsError("--checkpoint-every has no effect on --output to a stream; leave it out")
        self._check_others(inputs, snapshot_every)
        every = self.checkpoint_every
        if not (math.isfinite(every) and every >= 0):
            raise SettingsError(f"--checkpoint-every is {every:g}; expected a number of seconds of at least 0")
        if self._has_checkpoint():
            _check_checkpoint(self.checkpoint, resume=self.resume)
        written = {
            "--output": self.output,
            "--json": self.record,
            "--plot": self.plot,
            "--match-map": self.match_map,
            "--layers": self.layers,
            "the checkpoint": self.checkpoint if self._has_checkpoint() else None,
        }
        check_distinct(written, inputs)
        check_kind("--output", self.output, "a picture")
        check_kind("--json", self.record, "a record of maskstyle")
        check_kind("--plot", self.plot, "a plot")
        check_kind("--match-map", self.match_map, "a picture")

    def _check_others(self, inputs: Sequence[Path], snapshot_every: int) -> None:
        """Check the outputs beside the picture."""
        for path in (self.record, self.plot):
            if path is not None:
                check_replaceable(path)
        if self.match_map is not None:
            check_writable(self.match_map)
        if self.plot is not None:
            _check_plot(self.plot)
        if self.layers is not None:
            _check_layers(self.layers, inputs)
            self._check_apart_from_layers()
        if snapshot_every:
            self._check_snapshots(inputs)
        elif self.snapshots is not None:
            raise SettingsError("--snapshot-dir has no effect without --snapshot-every; give both, or neither")

    def _check_apart_from_layers(self) -> None:
        """Raise ImageError if a layer, which is written last, could replace another output."""
        others = {"--output": self.output, "--json": self.record, "--plot": self.plot, "--match-map": self.match_map}
        for flag, path in others.items():
            if (
                path is not None
                and not is_stream(path)
                and fnmatch(path.name, LAYERS)
                and _lies_in(path, self.layers)
            ):
                raise ImageError(
                    f"{flag} is {shown(path)}, which a layer could replace; choose another name or folder"
                )

    def notes(self) -> list[str]:
        """Return notes on what is replaced."""
        layers = self.layers if self.layers is not None and self.layers.suffix.lower() == OPEN_RASTER else None
        return notes_on_replaced(self.output, self.plot, self.match_map, layers)

    def for_unfinished(self, *, resumed: bool) -> Files:
        """Return where an unfinished result goes: beside what is there, which may be a finished one.

        A run that continued another may replace what that one left unfinished.
        """
        if resumed and is_unfinished(self.output):
            return self
        paths = {name: getattr(self, name) for name in ("output", "record", "plot", "match_map", "layers")}
        moved: dict[str, Any] = {
            name: free_name(path, "partial")
            for name, path in paths.items()
            if path is not None and not is_stream(path) and os.path.lexists(path)
        }
        return replace(self, **moved)

    def _check_snapshots(self, inputs: Sequence[Path]) -> None:
        folder = self._snapshot_folder()
        _check_folder(folder, "--snapshot-dir")
        own = re.compile(rf"{re.escape(self.output.stem)}_\d+_\d+x\d+_\d+\.png", re.IGNORECASE)
        for source in inputs:
            real = Path(os.path.realpath(source))
            if any(own.fullmatch(path.name) and _lies_in(path, folder) for path in (source, real)):
                raise ImageError(
                    f"a snapshot could replace the input {shown(source)}; pass another --snapshot-dir than {folder}"
                )

    @property
    def checkpoint(self) -> Path:
        """Where the checkpoint of the result lies."""
        return checkpoint_beside(self.output)

    def _has_checkpoint(self) -> bool:
        return (self.checkpoint_every > 0 or self.resume) and not is_stream(self.output)

    def checkpoints(self, *, quiet: bool) -> Checkpoints | None:
        """Return the checkpoints of the run, or None if it neither writes nor needs any.

        Prints what the run resumes from, or what happens to the checkpoint of an earlier run.
        """
        from maskstyle.synthesis.checkpoint_file import read_checkpoint
        from maskstyle.synthesis.checkpoints import Checkpoints

        if is_stream(self.output):
            return None
        path = self.checkpoint
        text = None
        if self.resume:
            if not os.path.exists(path):
                raise CheckpointError(f"--resume needs the checkpoint {path}, which does not exist; drop --resume")
            held = read_checkpoint(path)
            written_by = held.identity.get("version of maskstyle")
            if written_by != __version__:
                raise CheckpointError(
                    f"the checkpoint {path} was written by maskstyle {written_by}, but this is {__version__}; resume "
                    "it with that version, or drop --resume"
                )
            text = f"resuming {resuming_text(path, held)}"
        elif os.path.exists(path):
            fate = "is kept" if self.checkpoint_every == 0 else "will be replaced"
            text = f"note: {path} from an earlier run {fate}; to continue that run, pass --resume"
        if text is not None and not quiet:
            messages().print(escape(text))
        if not self._has_checkpoint():
            return None
        return Checkpoints(path, every=self.checkpoint_every, resume=self.resume, warn=_warn)

    def others(self, snapshot_every: int) -> list[tuple[str, str]]:
        """Return what is written beside the picture, as names and texts."""
        named = {"record": self.record, "plot": self.plot, "matches": self.match_map, "layers": self.layers}
        lines = [(name, shown(path)) for name, path in named.items() if path is not None]
        if snapshot_every:
            lines.append(("snapshots", f"in {shown(self._snapshot_folder())}, every {snapshot_every} steps"))
        return lines

    def snapshot(self, step: Step) -> Path:
        """Return where the snapshot of a step goes."""
        size = f"{step.size[1]}x{step.size[0]}"
        return self._snapshot_folder() / f"{self.output.stem}_{step.scale}_{size}_{step.step:05d}.png"

    def _snapshot_folder(self) -> Path:
        return self.snapshots or self.output.with_name(f"{self.output.stem}_snapshots")


def resuming_text(path: Path, held: Checkpoint) -> str:
    """Return from where a run resumes, in words."""
    height, width = held.size
    return f"from {path}: {width}x{height}, after step {held.progress.evaluations}"


def checkpoint_beside(output: Path) -> Path:
    """Return where the checkpoint of a result lies.

    >>> checkpoint_beside(Path("pictures/out.png")).name
    'out.png.checkpoint'
    """
    return output.with_name(f"{output.name}.checkpoint")


def check_distinct(outputs: Mapping[str, Path | None], inputs: Sequence[Path]) -> None:
    """Raise ImageError if an output, by its option, would replace an input or another output."""
    written = {flag: path for flag, path in outputs.items() if path is not None}
    if list(inputs).count(STANDARD) > 1:
        raise ImageError("two inputs are -, but there is one standard input; save the other as a file")
    for flag, path in written.items():
        if not is_stream(path) and any(_same(path, source) for source in inputs):
            raise ImageError(f"{flag} is {path}, an input, which would be replaced; choose another name")
        for other, another in written.items():
            if flag < other and _same(path, another):
                raise ImageError(f"{flag} and {other} are both {path}; give each its own name")


def check_picture(flag: str, path: Path | None, inputs: Sequence[Path], *, quiet: bool = False) -> None:
    """Raise where an option's picture cannot be written, or would replace an input or a file of another kind.

    Prints a note where it will replace a picture that maskstyle did not write.
    """
    if path is None:
        return
    check_writable(path)
    check_distinct({flag: path}, inputs)
    check_kind(flag, path, "a picture")
    for note in notes_on_replaced(path):
        announce(note, quiet=quiet, name="note")


def write_all(writers: Sequence[tuple[Path, Callable[[Path], None]]]) -> None:
    """Write the files of a finished run: the picture first, and the others whatever becomes of it.

    A picture goes to another folder if its own cannot take it. OutputError says what could not be written.
    """
    failures = []
    for place, (path, write) in enumerate(writers):
        try:
            write(path)
        except (MaskstyleError, OSError, MemoryError) as error:
            rescued = rescue(path, write) if place == 0 else None
            told = "" if rescued is None else f"; it is in {shown(rescued)}"
            failure = f"{described(path, writing=True)} could not be written"
            why = str(error) if str(error).startswith(failure) else f"{failure} ({error})"
            failures.append(f"the work is done, but {why}{told}")
    if failures:
        raise OutputError("; ".join(failures))


def write_json(path: Path, record: dict[str, Any]) -> None:
    """Write a record as JSON."""
    write_text(path, json.dumps(record, indent=1) + "\n")


def _check_checkpoint(path: Path, *, resume: bool) -> None:
    """Check that a checkpoint can be written, and replaces no other file."""
    from maskstyle.synthesis.checkpoints import check_no_other_file

    if is_stream(path):
        raise CheckpointError(f"a checkpoint would go to {shown(path)}, which is a pipe or a device; move it away")
    check_replaceable(path)
    if not resume:
        check_no_other_file(path)


def _check_plot(path: Path) -> None:
    if path.suffix.lower() not in PLOT_SUFFIXES:
        raise SettingsError(f"--plot is {path}; expected a name that ends in {', '.join(PLOT_SUFFIXES)}")
    if importlib.util.find_spec("matplotlib") is None:
        raise SettingsError("--plot needs Matplotlib; install it with: pip install matplotlib")


def check_folder_name(folder: Path, flag: str) -> None:
    """Raise SettingsError if a folder that does not exist has the name of a picture, which was probably meant."""
    if folder.suffix.lower() in FORMAT_OF_SUFFIX and not os.path.exists(folder):
        raise SettingsError(
            f"{flag} is {folder}, the name of a picture; expected a folder, such as {folder.with_suffix('')}"
        )


def _check_folder(folder: Path, flag: str) -> None:
    """Check that pictures can be written to a folder, which is made where only its parent exists."""
    check_folder_name(folder, flag)
    if os.path.exists(folder) and not os.path.isdir(folder):
        raise ImageError(f"expected a folder, but {folder} is a file; pass another {flag}")
    check_replaceable(folder / "picture.png" if os.path.exists(folder) else folder)


def _check_layers(path: Path, inputs: Sequence[Path]) -> None:
    """Check that layers can be written to a file or folder, and replace no input there."""
    if path.suffix.lower() == OPEN_RASTER:
        check_replaceable(path)
        check_kind("--layers", path, "an OpenRaster file")
        return
    if path.suffix and not os.path.isdir(path):
        raise SettingsError(f"--layers is {path}; expected a name that ends in {OPEN_RASTER}, or a folder")
    _check_folder(path, "--layers")
    for source in inputs:
        if _lies_in(source, path) or _lies_in(Path(os.path.realpath(source)), path):
            raise ImageError(f"--layers is {path}, the folder of the input {source.name}; pass another folder")
    for picture in sorted(path.glob(LAYERS)):
        if picture.is_symlink():
            raise ImageError(f"--layers would write through the link {shown(picture)}; pass another folder")
        check_replaceable(picture)
        check_own("--layers", picture)


def _lies_in(path: Path, folder: Path | None) -> bool:
    """Return whether a folder holds a file."""
    return folder is not None and _same(path.parent, folder)


def _same(path: Path, other: Path) -> bool:
    """Return whether two names mean one file, whether it exists or not."""
    with suppress(OSError):
        return os.path.samefile(path, other)
    return os.path.normcase(os.path.realpath(path)) == os.path.normcase(os.path.realpath(other))


def _warn(message: str) -> None:
    messages().print(f"[yellow]no checkpoint:[/] {escape(message)}")


def save_loss_plot(path: Path, result: Result) -> None:
    """Plot the weighted losses over all steps, on a logarithmic axis, with a line where each size begins."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    from maskstyle.cli.replaced import signed
    from maskstyle.images.io import METADATA_KEY
    from maskstyle.images.writing import replacing

    key = METADATA_KEY if path.suffix.lower() == ".png" else "Creator"  # of the names that SVG and PDF have
    signature = f"{METADATA_KEY} {__version__}" if key == "Creator" else json.dumps(signed("plot"))
    figure = Figure(figsize=(7, 4), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    numbers = range(1, len(result.steps) + 1)
    axes.plot(numbers, [sum(step.losses.values()) for step in result.steps], "k", label="total")
    for name in result.losses:
        # A logarithmic axis cannot show 0, the content loss of the content image itself.
        values = [step.losses[name] or float("nan") for step in result.steps]
        axes.plot(numbers, values, label=name)
    start = 0
    for scale in result.scales:
        axes.axvline(start + 1, color="0.8", zorder=0)
        axes.text(
            start + 1, 1.0, f" {scale.size[1]}x{scale.size[0]}", transform=axes.get_xaxis_transform(), va="bottom"
        )
        start += scale.evaluations
    axes.set(yscale="log", xlabel="step", ylabel="weighted loss")
    axes.legend()
    with replacing(path) as file:
        figure.savefig(file, format=path.suffix.lstrip(".").lower() or None, dpi=120, metadata={key: signature})
