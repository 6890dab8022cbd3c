"""Estimate the time and memory of a run, from the measured speed of this machine.

The constants are fitted to measurements by benchmarks/estimate.py. Those of time are relative to the measured speed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from maskstyle.images.pixels import Size
from maskstyle.networks.architectures import LITE, Architecture
from maskstyle.networks.speed import Speed, uses_onednn
from maskstyle.objective.tiling.cuts import cut_tiles, halo, needs_tiles, stride
from maskstyle.settings import Limits, PatchSettings, Settings, active, wanted_layers
from maskstyle.synthesis.schedule import is_underpainting, optimizer_bytes, settings_by_size


class Constants(NamedTuple):
    """The fitted memory of one network and compute type."""

    # Peak memory in MiB, without images: its minimum, and what each 10^6 feature values evaluated at once add.
    memory_mb: float
    memory_per_mega: float
    # What each of the first `small_mega` adds beside: small arrays are not given back to the system.
    memory_per_small: float = 0.0
    small_mega: float = 30.0  # 10^6 feature values up to which their arrays are small


CONSTANTS = {
    ("lite", "bfloat16"): Constants(612.0, 2.9, 0.75),
    ("lite", "float32"): Constants(612.0, 6.52),
    ("vgg19", "bfloat16"): Constants(642.0, 2.79, 0.8),
    ("vgg19", "float32"): Constants(673.0, 4.53, 2.6),
}
"""By network and compute type, with the kernels of oneDNN."""

CONSTANTS_OF_EIGEN = {
    ("lite", "bfloat16"): Constants(705.0, 3.81, 1.2),
    ("lite", "float32"): Constants(656.0, 7.9, 3.2),
    ("vgg19", "bfloat16"): Constants(800.0, 3.66, 1.2),
    ("vgg19", "float32"): Constants(690.0, 6.7, 7.9, small_mega=50.0),
}
"""The same where TensorFlow uses its own kernels, which unfold the features."""

OPERATION = 0.92
"""Time of a multiply-add of a network, relative to one of the measured convolution in the same type."""

VALUE = 0.2
"""Time of 10^6 feature values, relative to 10^9 multiply-adds of the measured convolution in float32: narrow layers,
activations, Gram matrices and the optimizer."""

VALUE_IN_BFLOAT16 = 0.71
"""The same in bfloat16, relative to float32: Gram matrices and the optimizer stay in float32."""

EMULATED = 12.0
"""How many times slower bfloat16 is than float32 on a processor without instructions for it."""

BEGIN_SECONDS = 0.5
BEGIN_PER_LAYER = 0.06
"""Tracing and compiling of each size, and of each convolution layer in it."""

BEGIN_EVALUATIONS = 0.6
"""Time of the targets of a size, relative to an evaluation."""

REGIONS_SECONDS = 0.8
"""Further tracing of each size for the cells of regions."""

TILES_SECONDS = 1.2
"""Further tracing of each size for tiles, which are of several kinds."""

IMAGES = 3
"""Float32 images of the finest size that a run holds at its peak, without those of the optimizer."""

TILED = 1.4
"""Time per pixel of an evaluation in tiles, relative to one piece: two forward passes and one backward pass, not one
each, but tiles fit the processor's caches better."""

SCHEDULER_MB, SCHEDULER_BYTES = 100.0, 60.0
"""MiB that a scheduler of Dask takes, and bytes for each pixel of a picture whose tiles it shares among workers."""

WORKER_MB = 60.0
"""MiB that a worker of Dask takes beside TensorFlow."""

LOADING_SECONDS = 4.5
"""Loading TensorFlow, the network and the pictures."""

MASK_SHARE = 0.06
"""Fraction that each soft mask adds to an evaluation, about."""

PATCH_SHARE = {"lite": 0.3, "vgg19": 0.12}
"""Fraction that patches without overlap add to an evaluation: see docs/how-to/patches.md."""

STYLE_SHARE = 0.3
"""Fraction that each further style image adds to the beginning of a size, about."""

READING_MB = 110.0
"""Peak memory in MiB of reading the inputs, without them: TensorFlow is not loaded yet."""

IMAGE_READING_BYTES = 4
MAP_READING_BYTES = 12
MASK_READING_BYTES = 6
"""Bytes per pixel that reading an image, a map or a mask takes beside the array that it becomes."""

FULL_SIZE_BYTES = 36.0
"""Bytes per pixel of the content image of its upsampled change."""

REGION_BYTES = 230.0
"""Bytes per pixel of the labels of regions and their cells on the layers' grids."""

REGION_COPIES = 1.2
"""How many copies of the features of style layers gathering them by region adds."""

REGION_MOST_MB = {"float32": 210.0, "bfloat16": 70.0}
"""The most MiB that gathering adds, by compute type: larger arrays are given back before the peak."""

GUIDE_MB = 1.0
"""MiB of the graph of each placement of a style beyond the first, without its Gram matrices."""

GRAM_COPIES = 5.0
"""How many copies of the Gram matrices of each placement a run holds: targets, current ones and their gradients."""

MASK_BYTES = 6.0
"""Bytes per pixel of a soft mask and its weights on the layers' grids."""


@dataclass(frozen=True)
class Demand:
    """What the time and memory of a run depend on."""

    network: Architecture  # the constants of VGG19 serve all but lite
    compute_type: str  # "float32" or "bfloat16"; the type of its convolutions
    sizes: Sequence[Size]  # from coarse to fine
    settings: Settings  # layers, steps and optimizer
    limits: Limits = Limits()  # memory and tiles
    regions: bool = False  # whether there are semantic maps
    masks: int = 0  # number of soft masks
    guides: int = 1  # number of placements of styles, each with Gram matrices of its own
    patches: PatchSettings | None = None  # how patches are cut, if patches are matched
    styles: int = 1  # number of style images
    style_scale: float = 1.0  # the largest scale of a style image, beside that of the settings
    input_bytes: int = 0  # bytes of the images, maps and masks at their own sizes, which are held all the time
    input_size: Size = (0, 0)  # size of the content image or of the doodle
    reading_bytes: int = 0  # bytes beside the inputs that reading the largest of them takes


class Work(NamedTuple):
    """The work of a network for one image."""

    giga_operations: float  # 10^9 multiply-adds of the convolutions of a forward pass
    mega_values: float  # 10^6 feature values of all layers


class Expected(NamedTuple):
    """The expected time and memory of a run."""

    seconds_per_evaluation: tuple[float, ...]  # at each size
    seconds: float  # of the whole run, if every size takes all its steps
    memory_mb: float  # peak memory in MiB
    # Peak size of temporary files in MiB: the content image's features, if the largest size is in tiles.
    disk_mb: float = 0.0


def work_of(architecture: Architecture, layers: Iterable[str], pixels: float) -> Work:
    """Return the work of a network for an image, up to the deepest of some layers.

    >>> from maskstyle.networks.architectures import VGG19
    >>> work_of(VGG19, ["block1_conv1"], 1_000_000)
    Work(giga_operations=1.728, mega_values=64.0)
    """
    operations, values = 0.0, 0.0
    for layer in architecture.up_to_deepest(layers):
        share = 1 / stride(architecture, layer) ** 2
        operations += share * architecture.multiply_adds(layer)
        values += share * architecture.kernel_shape(layer)[-1]
    return Work(operations * pixels / 1e9, values * pixels / 1e6)


def expected(demand: Demand, speed: Speed) -> Expected:
    """Return the expected time and memory of a run on a machine of a speed."""
    each, seconds = [], LOADING_SECONDS
    for size, chosen in zip(demand.sizes, _chosen(demand), strict=True):
        own = _demand_at(chosen, demand)
        each.append(_evaluation_seconds(size, own, speed))
        seconds += _begin_seconds(size, each[-1], own) + chosen.steps * each[-1]
    return Expected(tuple(each), seconds, expected_memory_mb(demand), expected_disk_mb(demand))


def expected_memory_mb(demand: Demand, *, constants: Constants | None = None) -> float:
    """Return the expected peak memory of a run in MiB, by `constants` or by the measured ones."""
    layers = wanted_layers(demand.settings)
    memory = []
    for size, chosen in zip(demand.sizes, _chosen(demand), strict=True):
        own = _demand_at(chosen, demand)
        _, at_once = _seen(size, layers, own)
        features = work_of(own.network, layers, max(at_once, _style_at_once(size, own))).mega_values
        pairs = min(chosen.history, chosen.steps - 1)  # each step after the first one adds a pair
        optimizer = optimizer_bytes(size, chosen.optimizer, pairs) / 2**20
        guides = _guides_mb(own, layers, size[0] * size[1]) + _gathered_mb(own, at_once)
        memory.append(_network_mb(constants or _constants(own), features) + optimizer + guides)
    finest = demand.sizes[-1][0] * demand.sizes[-1][1]
    inputs = demand.input_bytes / 2**20
    painting = max(memory) + 12 * IMAGES * finest / 2**20 + _resizing_mb(demand)
    return inputs + max(painting, READING_MB + demand.reading_bytes / 2**20, _full_size_mb(demand))


def expected_shared_mb(demand: Demand) -> tuple[float, float]:
    """Return the expected memory in MiB of the scheduler, and of each worker, of a run whose tiles are shared."""
    used = _constants(demand)  # this processor stands for those of the workers
    layers = wanted_layers(demand.settings)
    height, width = demand.sizes[-1]
    _, at_once = _seen(demand.sizes[-1], layers, demand)
    features = work_of(demand.network, layers, at_once).mega_values
    worker = _network_mb(used, features) + WORKER_MB + _gathered_mb(demand, at_once)
    return SCHEDULER_MB + SCHEDULER_BYTES * height * width / 2**20, worker


def _network_mb(used: Constants, features: float) -> float:
    """Return the memory in MiB of a process that evaluates a network, for so many millions of feature values."""
    return used.memory_mb + used.memory_per_mega * features + used.memory_per_small * min(features, used.small_mega)


def _demand_at(chosen: Settings, demand: Demand) -> Demand:
    """Return the demand of a size, given its settings: with lite where that paints first."""
    return replace(demand, network=LITE) if is_underpainting(chosen, demand.settings) else demand


def _chosen(demand: Demand) -> list[Settings]:
    return settings_by_size(demand.sizes, demand.settings, memory=demand.limits.memory)


def expected_disk_mb(demand: Demand) -> float:
    """Return the size of the temporary files of a run in MiB: the features of the content image."""
    size, settings = demand.sizes[-1], demand.settings
    if not needs_tiles(size, demand.limits.tile_size) or settings.content_weight <= 0:
        return 0.0
    width = 2 if demand.compute_type == "bfloat16" else 4
    values = 0
    for layer, _ in active(settings.content_layers):
        rows, columns = demand.network.grid(size, layer)
        values += rows * columns * demand.network.kernel_shape(layer)[-1]
    return width * values / 2**20


def _resizing_mb(demand: Demand) -> float:
    """Return what resizing the content image takes beside it: one channel, whose rows are resized first."""
    height, width = demand.input_size
    finest = demand.sizes[-1]
    return 4 * height * finest[1] / 2**20 if height * width > finest[0] * finest[1] else 0.0


def _full_size_mb(demand: Demand) -> float:
    """Return what laying the change over the content image at its own size takes."""
    if not demand.settings.full_size:
        return 0.0
    least = _constants(demand).memory_mb
    return least + FULL_SIZE_BYTES * demand.input_size[0] * demand.input_size[1] / 2**20


def _constants(demand: Demand) -> Constants:
    """Return the constants for the kernels that TensorFlow uses on this processor."""
    return (CONSTANTS if uses_onednn() else CONSTANTS_OF_EIGEN)[_name(demand), demand.compute_type]


def _name(demand: Demand) -> str:
    return "lite" if demand.network == LITE else "vgg19"


def _evaluation_seconds(size: Size, demand: Demand, speed: Speed) -> float:
    """Return the time of an evaluation at a size, with its guides."""
    layers = wanted_layers(demand.settings)
    number, at_once = _seen(size, layers, demand)
    work = work_of(demand.network, layers, number * at_once * (TILED if number > 1 else 1.0))
    operation, value = OPERATION, VALUE
    if demand.compute_type == "bfloat16":
        operation /= speed.bfloat16_speedup or 1 / EMULATED
        value *= VALUE_IN_BFLOAT16
    cover = 0.0 if demand.patches is None else demand.patches.cover
    guided = 1 + MASK_SHARE * demand.masks + PATCH_SHARE[_name(demand)] * cover
    return speed.seconds_per_giga * (operation * work.giga_operations + value * work.mega_values) * guided


def _begin_seconds(size: Size, evaluation: float, demand: Demand) -> float:
    """Return the time before the evaluations of a size: targets, tracing and compiling."""
    layers = wanted_layers(demand.settings)
    seconds = BEGIN_SECONDS + BEGIN_PER_LAYER * len(demand.network.up_to_deepest(layers))
    seconds += BEGIN_EVALUATIONS * evaluation * (1 + STYLE_SHARE * (demand.styles - 1))
    if demand.regions:
        seconds += REGIONS_SECONDS
    if needs_tiles(size, demand.limits.tile_size):
        seconds += TILES_SECONDS
    return seconds


def _guides_mb(demand: Demand, layers: Sequence[str], pixels: int) -> float:
    """Return the memory of guides in MiB."""
    by_region = demand.regions and demand.patches is None
    each = MASK_BYTES * demand.masks + (REGION_BYTES if by_region else 0.0)
    shape, style_layers = demand.network, [layer for layer, _ in active(demand.settings.style_layers)]
    if demand.patches is not None:
        # Features of the style image, and the place of each cell among the patches.
        width = 2 if demand.compute_type == "bfloat16" else 4
        for layer in style_layers:
            cells = 1 / stride(shape, layer) ** 2
            each += cells * (width * shape.kernel_shape(layer)[-1] + 4 * (1 + demand.patches.cover))
    gram_values = sum(shape.kernel_shape(layer)[-1] ** 2 for layer in style_layers)
    grams = (demand.guides - 1) * (GUIDE_MB + 4 * GRAM_COPIES * gram_values / 2**20)
    return each * pixels / 2**20 + grams


def _gathered_mb(demand: Demand, pixels: int) -> float:
    """Return the memory in MiB of the features of regions or patches, gathered for the pixels evaluated at once."""
    if not demand.regions and demand.patches is None:
        return 0.0
    network = demand.network
    layers = [layer for layer, _ in active(demand.settings.style_layers)]
    values = sum(network.kernel_shape(layer)[-1] / stride(network, layer) ** 2 for layer in layers)
    once = 4 * REGION_COPIES * values * pixels / 2**20
    if demand.patches is not None:  # those without overlap are cut from the features themselves
        return (demand.patches.cover - 1) * once
    return min(once, REGION_MOST_MB[demand.compute_type])


def _style_at_once(size: Size, demand: Demand) -> float:
    """Return the number of pixels with the same feature memory as a style image, which needs no gradient."""
    longer = max(size) * demand.settings.style_scale * demand.style_scale
    tile_size = demand.limits.tile_size
    return 0.5 * (longer if tile_size is None else min(longer, tile_size)) ** 2


def _seen(size: Size, layers: Sequence[str], demand: Demand) -> tuple[int, int]:
    """Return the number of tiles, and the pixels of each with its surroundings."""
    architecture, tile_size = demand.network, demand.limits.tile_size
    if tile_size is None or not needs_tiles(size, tile_size):
        return 1, size[0] * size[1]
    cell = max((stride(architecture, layer) for layer in layers), default=1)
    beyond = 0 if demand.patches is None else demand.patches.patch_size
    tiles = cut_tiles(size, tile_size, around=halo(architecture, layers) + beyond, cell=cell)
    rows, columns = tiles[0].rows, tiles[0].columns
    return len(tiles), (rows.stop - rows.start) * (columns.stop - columns.start)
