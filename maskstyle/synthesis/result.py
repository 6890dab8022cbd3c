"""The result of a run: the image, its losses, its layers, and the record of the run."""

from __future__ import annotations

import dataclasses
import io
import sys
from dataclasses import dataclass
from typing import Annotated, Any, TypeAlias

import numpy as np
from msgspec import Meta

from maskstyle import __version__
from maskstyle.images.layers import Layer
from maskstyle.images.pixels import Image, Mask, size_of, to_uint8
from maskstyle.networks.architectures import LITE
from maskstyle.schemas.values import AtLeastZero, Count, Losses, Size, Text, Whole
from maskstyle.settings import Limits, PatchSettings, Settings
from maskstyle.synthesis.scene import Scene

OptimizerName: TypeAlias = Annotated[str, Meta(pattern=r"\A(lbfgs|adam)\Z")]


@dataclass(frozen=True)
class Result:
    """The result of a style transfer; a notebook shows its image.

    Parameters
    ----------
    image : (H, W, 3) float32 array
        RGB in [0, 1]; it may be read-only, so copy it to change it.
    alpha : (H, W) float32 array or None
        Opacity in [0, 1]; None if the image is opaque.
    technique : str
        Name of the technique.
    settings : Settings
        Every setting, the seed included.
    network : str
        Name of the network.
    compute_type : {"float32", "bfloat16"}
        Type of its convolutions.
    weights : str
        Where its weights come from: the name of a file, or "embedded, 8-bit"; empty if unknown.
    limits : Limits
        Memory limit and size of tiles.
    losses : dict of str to float
        Weighted losses of the image by term, before any denoising.
    steps : tuple of StepRecord
        Losses of every step.
    scales : tuple of ScaleReport
        What happened at each size.
    seconds : float
        Wall time of the synthesis, without loading.
    type_reason : str
        Why this compute type: what was measured. Empty where the user chose.
    notes : tuple of str
        Notes for the user, such as a region too small for some layers.
    patches : PatchSettings or None
        How patches were cut and matched; None for other techniques.
    match_map : (H, W, 3) float32 array or None
        Picture assembled from the matched style patches; None if no patches were matched.
    layers : tuple of Layer or None
        The layers of the image from the bottom to the top, for `maskstyle.images.save_layers`, if the run asked for
        them.
    seen : (H, W, 3) float32 array or None
        The painted image as the network saw it last, in [0, 1], if the run asked for it: before it is denoised, gets
        its colors back and is laid over the content image.
    """

    image: Image
    alpha: Mask | None
    technique: str
    settings: Settings
    network: str
    compute_type: str
    weights: str
    limits: Limits
    losses: dict[str, float]
    steps: tuple[StepRecord, ...]
    scales: tuple[ScaleReport, ...]
    seconds: float
    type_reason: str = ""
    notes: tuple[str, ...] = ()
    patches: PatchSettings | None = None
    match_map: Image | None = None
    layers: tuple[Layer, ...] | None = None
    seen: Image | None = None

    @property
    def stopped_because(self) -> str:
        """Why the last size ended, "steps", "converged", "stalled" or "interrupted"."""
        return self.scales[-1].stopped_because if self.scales else "unpainted"

    def metadata(self) -> dict[str, Any]:
        """Return the metadata of the image file: version, technique, network, settings, seed and losses."""
        own = {} if self.patches is None else {"patches": dataclasses.asdict(self.patches)}
        return {
            "version": __version__,
            "command": self.technique,
            "network": self.network,
            "compute_type": self.compute_type,
            "compute_type_reason": self.type_reason,
            "weights": self.weights,
            "settings": dataclasses.asdict(self.settings),
            "run": dataclasses.asdict(self.limits),
            **own,
            "seed": self.settings.seed,
            "losses": self.losses,
            "stopped_because": self.stopped_because,
            "notes": list(self.notes),
        }

    def record(self) -> dict[str, Any]:
        """Return the whole record, ready for JSON: the metadata, times, memory and the losses of every step."""
        return {
            **self.metadata(),
            "sizes": [list(scale.size) for scale in self.scales],
            "networks": self._networks(),
            "evaluations": sum(scale.evaluations for scale in self.scales),
            "optimizers": [scale.optimizer for scale in self.scales],
            "histories": [scale.history if scale.optimizer == "lbfgs" else None for scale in self.scales],
            "seconds_total": self.seconds,
            "seconds_per_evaluation": [scale.seconds_per_evaluation for scale in self.scales],
            "resumed_after": [list(scale.resumed_after) for scale in self.scales],
            "peak_memory_mb": peak_memory_mb(),
            "final_losses": self.losses,
            "losses": [
                {"size": list(step.size), "step": step.step, "seconds": step.seconds, **step.losses}
                for step in self.steps
            ],
        }

    def _networks(self) -> list[str]:
        """Return the name of the network that painted each size."""
        first = LITE.name if self.settings.underpainted else self.network
        return [first if scale.network == LITE.name else self.network for scale in self.scales]

    def _repr_png_(self) -> bytes:
        from PIL import Image as PillowImage

        stream = io.BytesIO()
        PillowImage.fromarray(to_uint8(self.image)).save(stream, format="PNG")
        return stream.getvalue()


def peak_memory_mb() -> float | None:
    """Return this process's peak resident memory in MiB (2^20 bytes); None if the system hides it (Windows)."""
    try:
        import resource
    except ImportError:
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1024.0**2 if sys.platform == "darwin" else 1024.0)


@dataclass(frozen=True)
class StepRecord:
    """One evaluation of loss and gradient."""

    size: Size
    step: Count  # number of the evaluation at this size, from 1
    seconds: AtLeastZero  # since the synthesis began
    losses: Losses  # weighted, by term


@dataclass(frozen=True)
class ScaleReport:
    """What happened at one size."""

    size: Size
    evaluations: Whole  # number of evaluations of loss and gradient
    # Mean time, including the optimizer. The first evaluation, which compiles, counts only if it is the only one.
    seconds_per_evaluation: AtLeastZero
    stopped_because: Text  # see `maskstyle.synthesis.minimize.Outcome`
    optimizer: OptimizerName  # "lbfgs" or "adam"
    history: Count  # vector pairs that L-BFGS kept
    # Numbers of the evaluations after which this size was resumed from a checkpoint.
    resumed_after: tuple[Count, ...] = ()
    network: Text = "auto"  # as the settings of this size name it


def picture_layers(scene: Scene, image: Image) -> tuple[Layer, ...]:
    """Return the layers of the picture that ``scene.finished`` makes of a painted image, from the bottom to the top.

    Where regions or masks overlap, a pixel that they cover by c1, c2, ... has the alpha c1 in the first layer, c2 /
    (1 - c1) in the second, and so on: laid over each other, the layers then cover it by the sum.
    """
    finished = scene.laid_over(image)
    size = size_of(finished.painted)
    covered = np.ones(size, np.float32) if finished.coverage is None else finished.coverage
    layers = []
    if scene.transparent:
        covered = covered if finished.alpha is None else covered * finished.alpha
    elif scene.content is not None:
        layers.append(Layer("content", finished.beneath, finished.alpha))
    total = np.zeros(size, np.float32)
    for placement in scene.layout.placements:
        total += scene.layout.share(placement, size)
    left = np.ones(size, np.float32)
    for placement in scene.layout.placements:
        share = covered * scene.layout.share(placement, size) / np.where(total > 0, total, 1)
        alpha = np.divide(share, left, out=np.zeros(size, np.float32), where=left > 1e-6)
        layers.append(Layer(placement.name, finished.painted, np.clip(alpha, 0, 1)))
        left = np.maximum(left - share, 0)
    return tuple(layers)
