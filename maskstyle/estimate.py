"""What time and memory a run is expected to take: lines fitted to measurements by benchmarks/estimate.py."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from maskstyle.images import Size
from maskstyle.networks.architectures import ARCHITECTURES
from maskstyle.settings import Settings
from maskstyle.techniques.plan import wanted_layers

MACHINE = "2 cores with AVX512_BF16"
"""What the constants were measured on."""


class Constants(NamedTuple):
    """The lines of one network and compute type.

    Parameters
    ----------
    seconds, seconds_per_giga : float
        An evaluation of loss and gradient: its least time, and what each 10^9 multiplications and additions of a
        forward pass add.
    memory_mb, memory_per_mega : float
        Peak memory in MiB: its least, and what each 10^6 numbers of all features of an image add.
    begin_seconds, begin_per_giga : float
        What comes before a size's second evaluation: targets, tracing and compiling.
    """

    seconds: float
    seconds_per_giga: float
    memory_mb: float
    memory_per_mega: float
    begin_seconds: float
    begin_per_giga: float


CONSTANTS = {
    ("lite", "bfloat16"): Constants(0.002, 0.0146, 669.0, 12.6, 0.84, 0.069),
    ("lite", "float32"): Constants(0.0, 0.0224, 663.0, 16.1, 0.84, 0.069),
    ("vgg19", "bfloat16"): Constants(0.0097, 0.0067, 675.0, 7.15, 1.2, 0.030),
    ("vgg19", "float32"): Constants(0.0105, 0.0122, 659.0, 9.91, 1.0, 0.041),
}
"""By network and compute type. An operation of lite takes longer, as more of its time goes elsewhere."""

LOADING_SECONDS = 5.0
"""Loading TensorFlow, the network and the pictures."""

MASK_SHARE = 0.06
"""About what each soft mask adds to an evaluation, as a share of it."""

PATCH_SHARE = {"lite": 0.3, "vgg16": 0.12, "vgg19": 0.12}
"""What patches that do not overlap add to an evaluation, as a share of it: see docs/patches.md."""

STYLE_SHARE = 0.3
"""About what each further style image adds to the beginning of a size, as a share of it."""


class Work(NamedTuple):
    """What a network does for one image.

    Parameters
    ----------
    giga_operations : float
        10^9 multiplications and additions of the convolutions of a forward pass.
    mega_values : float
        10^6 numbers of all features.
    """

    giga_operations: float
    mega_values: float


class Expected(NamedTuple):
    """What a run is expected to take.

    Parameters
    ----------
    seconds_per_evaluation : tuple of float
        At each size.
    seconds : float
        The whole run, if every size takes all its steps.
    memory_mb : float
        Its peak, in MiB.
    """

    seconds_per_evaluation: tuple[float, ...]
    seconds: float
    memory_mb: float


def work_of(network: str, layers: Iterable[str], pixels: float) -> Work:
    """Return what a network does for an image up to the deepest of some layers.

    Examples
    --------
    >>> work_of("vgg19", ["block1_conv1"], 1_000_000)
    Work(giga_operations=1.728, mega_values=64.0)
    """
    architecture = ARCHITECTURES[network]
    operations, values = 0.0, 0.0
    for layer in architecture.up_to_deepest(layers):
        side, _ = architecture.grid((1 << 20, 1 << 20), layer)
        share = (side / (1 << 20)) ** 2
        height, width, inputs, outputs = architecture.kernel_shape(layer)
        operations += share * height * width * inputs * outputs
        values += share * outputs
    return Work(operations * pixels / 1e9, values * pixels / 1e6)


def expected(
    network: str,
    compute_type: str,
    sizes: Sequence[Size],
    settings: Settings,
    *,
    masks: int = 0,
    patch_cover: float = 0.0,
    styles: int = 1,
    constants: Constants | None = None,
) -> Expected:
    """Return what a run is expected to take.

    Parameters
    ----------
    network : {"lite", "vgg16", "vgg19"}
        The network; VGG16 is as fast as VGG19 for the same work.
    compute_type : {"float32", "bfloat16"}
        The type of its convolutions.
    sizes : sequence of (height, width)
        From coarse to fine.
    settings : Settings
        For the layers and the steps.
    masks : int
        Number of soft masks.
    patch_cover : float
        How many patches each cell is in; 0 where styles are not matched by patch.
    styles : int
        Number of style images.
    constants : Constants, optional
        Others than those that were measured.
    """
    used = constants or CONSTANTS["lite" if network == "lite" else "vgg19", compute_type]
    layers = wanted_layers(settings)
    works = [work_of(network, layers, height * width) for height, width in sizes]
    guided = 1 + MASK_SHARE * masks + PATCH_SHARE[network] * patch_cover
    each = tuple((used.seconds + used.seconds_per_giga * work.giga_operations) * guided for work in works)
    begins = [
        (used.begin_seconds + used.begin_per_giga * work.giga_operations) * (1 + STYLE_SHARE * (styles - 1))
        for work in works
    ]
    return Expected(
        each,
        LOADING_SECONDS + sum(begins) + sum(settings.steps * seconds for seconds in each),
        used.memory_mb + used.memory_per_mega * max(work.mega_values for work in works),
    )
