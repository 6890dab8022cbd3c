"""What commands that make one picture share: what is read and checked before the long work, and the run itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import maskstyle
from maskstyle.cli.checkpointing import wanted_checkpoints
from maskstyle.cli.console import tables
from maskstyle.cli.forecast import forecast
from maskstyle.cli.interrupt import interruptible
from maskstyle.cli.render import Files, announce, chosen_network, load_checked, render
from maskstyle.images.io import Picture, load_image
from maskstyle.images.pixels import Image, Size
from maskstyle.networks import tensorflow_import
from maskstyle.plans.recording import file_hashes, recorded_path
from maskstyle.settings import Settings
from maskstyle.synthesis.estimate import Demand
from maskstyle.techniques.plan import transfer_sizes
from maskstyle.techniques.setup import fitted

if TYPE_CHECKING:
    from maskstyle.synthesis.checkpoints import Checkpoints


@dataclass(frozen=True)
class Job:
    """A picture to make, with its files read and checked.

    Parameters
    ----------
    content : Path
        The content's file, or that of the doodle where there is none.
    picture : Picture
        What it holds.
    first : Path or None
        The first image's file, where one is given.
    initial : (H, W, 3) float32 array or None
        The first image.
    weights : Path or None
        The network's weights, where they are given.
    settings : Settings
        All settings.
    files : Files
        Where to write.
    quiet : bool
        Print nothing but errors.
    others : sequence of Path
        The technique's own inputs, for the record.
    checkpoints : Checkpoints or None
        Where the state goes now and then, and whether to go on from it.
    """

    content: Path
    picture: Picture
    first: Path | None
    initial: Image | None
    weights: Path | None
    settings: Settings
    files: Files
    quiet: bool
    others: Sequence[Path] = ()
    checkpoints: Checkpoints | None = None

    def recorded(self, path: Path) -> str:
        """Return what the record calls a file: its path from the result's folder."""
        return recorded_path(path, self.files.output)

    def run(
        self,
        technique: str,
        styles: Sequence[Size],
        *arguments: Any,
        inputs: dict[str, Any],
        guides: dict[str, Any] | None = None,
        **options: Any,
    ) -> None:
        """Run a technique on the content and write what was asked for.

        Parameters
        ----------
        technique : str
            Its name.
        styles : sequence of (height, width)
            The sizes of the style images.
        *arguments, **options
            What it takes beside the content and what all techniques take.
        inputs : dict
            What the record says of them.
        guides : dict, optional
            What its time and memory depend on beside sizes and settings; see `maskstyle.synthesis.estimate.Demand`.
        """
        inputs = {"content": self.recorded(self.content), **inputs}
        self.run_without_content(
            technique, styles, self.picture.pixels, *arguments, inputs=inputs, guides=guides, **options
        )

    def run_without_content(
        self,
        technique: str,
        styles: Sequence[Size],
        *arguments: Any,
        inputs: dict[str, Any],
        guides: dict[str, Any] | None = None,
        **options: Any,
    ) -> None:
        """Run a technique that takes nothing of the picture but its size and its transparency; see `run`."""
        # After every other input: reading weights takes longest, and what is wrong with a picture is said first.
        choice = chosen_network(self.settings, self.weights)
        height, width = self.picture.pixels.shape[:2]
        sizes = transfer_sizes((height, width), self.settings, styles=styles)
        originals = height * width + sum(style[0] * style[1] for style in styles)
        demanded = {**(guides or {}), "original_pixels": originals}
        settings = fitted(self.settings, sizes, choice, **demanded)
        lines = forecast(Demand(choice.architecture, choice.compute_type, sizes, settings, **demanded), choice)
        if self.files.dry_run:
            for name, text in lines:
                tables().print(f"{name}: {text}", markup=False, soft_wrap=True)
            return
        for name, text in lines[2:]:
            announce(text, quiet=self.quiet, name=name)
        with interruptible() as interrupt:
            tensorflow_import.import_tensorflow()
            transfer = partial(
                getattr(maskstyle, f"transfer_{technique}"),
                *arguments,
                alpha=self.picture.alpha,
                initial=self.initial,
                settings=settings,
                network=choice,
                **options,
            )
            recorded = {
                **inputs,
                "initial": None if self.first is None else self.recorded(self.first),
                # Where weights were found is nobody's business.
                "weights": choice.weights.name if self.weights is None else self.recorded(self.weights),
            }
            given = [path for path in (self.first, self.weights) if path is not None]
            render(
                transfer,
                sizes,
                settings,
                self.files,
                interrupt,
                inputs=recorded,
                hashes=file_hashes([self.content, *self.others, *given], self.files.output),
                checkpoints=self.checkpoints,
                alpha=self.picture.alpha,
                quiet=self.quiet,
            )


def prepared(
    content: Path,
    others: Sequence[Path],
    files: Files,
    settings: Settings,
    *,
    initial: Path | None,
    weights: Path | None,
    quiet: bool,
) -> Job:
    """Read and check what every technique needs, before TensorFlow loads.

    Parameters
    ----------
    content : Path
        The picture to paint, or the doodle.
    others : sequence of Path
        The technique's own inputs, which must not be replaced.
    files : Files
        Where to write.
    settings : Settings
        All settings.
    initial, weights : Path or None
        The first image and the network's weights, where they are given.
    quiet : bool
        Print nothing but errors.
    """
    given = [path for path in (initial, weights) if path is not None]
    files.check([content, *others, *given], snapshot_every=settings.snapshot_every)
    every = 0.0 if files.dry_run else files.checkpoint_every
    checkpoints = wanted_checkpoints(files.output, every=every, resume=files.resume, quiet=quiet)
    picture = load_checked(content, files.output)
    first = None if initial is None else load_image(initial).pixels
    return Job(content, picture, initial, first, weights, settings, files, quiet, others, checkpoints)
