"""Read and check files with the weights of a network; `maskstyle.networks.search` finds them."""

from __future__ import annotations

import os
import re
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from maskstyle.errors import WeightsError
from maskstyle.images.paths import opened, problem, shown
from maskstyle.networks.architectures import LITE, VGG19, Architecture
from maskstyle.schemas.values import FLOATS, StoredArray, Unfit, stored_in_archive, stored_in_hdf5

EMBEDDED_FILES: Mapping[Architecture, Path] = {
    LITE: Path(__file__).with_name("lite.npz"),
    VGG19: Path(__file__).with_name("vgg19.npz"),
}
"""The weights that are part of the package; ``lite.md`` and ``vgg19.md`` next to the files describe their origin."""

SUFFIXES = (".npz", ".h5")

_LAYER_NAME = re.compile(r"block\d+_conv\d+")


class LayerWeights(NamedTuple):
    """Weights of one convolution, in float32."""

    # (3, 3, in, out): the convolution, or its 3x3 factor; see `Architecture.factor_shapes`.
    kernel: NDArray[np.float32]
    bias: NDArray[np.float32]  # (out,)
    # (rows, out): linear map from the layer's features to the space in which distances are measured. By default the
    # identity. ``lite`` has one for each layer of blocks 1 to 3, so that its distances are those of the VGG19
    # features that it predicts.
    metric: NDArray[np.float32] | None = None
    # Factor on the layer's content distances. It is above 1 for some layers of ``lite``, to make up for content
    # differences that its features miss.
    content_gain: float = 1.0
    reduction: NDArray[np.float32] | None = None  # (in, r)
    expansion: NDArray[np.float32] | None = None  # (r, out): the other factors of a convolution of low rank


def _remedy(path: Path, architecture: Architecture) -> str:
    """Return what to do about an unusable weights file."""
    if path == EMBEDDED_FILES.get(architecture):
        return "reinstall maskstyle"
    if architecture == LITE:
        return "omit --weights to use the embedded weights"
    return f"run: {fetch_command(architecture)}"


def span(layers: Sequence[str]) -> str:
    """Return layer names as text: all of up to two, else the first and the last."""
    return ", ".join(layers) if len(layers) <= 2 else f"{layers[0]} to {layers[-1]}"


def fetch_command(architecture: Architecture) -> str:
    """Return the command that fetches the weights of a network."""
    return f"maskstyle weights fetch {architecture.name}"


def missing_layers(path: Path, layers: Iterable[str]) -> list[str]:
    """Return those of `layers` that a weights file lacks, from its table of contents."""
    available = set(layer_names(path))
    return [layer for layer in layers if layer not in available]


def layer_names(path: Path) -> list[str]:
    """Return the names of the convolution layers in a weights file, sorted."""
    with _opened(path) as arrays:
        return sorted(arrays)


def read_weights(path: Path, architecture: Architecture, layers: Iterable[str]) -> dict[str, LayerWeights]:
    """Read and check the weights of all layers up to the deepest of `layers`.

    The file is a Keras ``.h5`` file (weights or a whole model), or an ``.npz`` file with the arrays
    ``blockB_convI/kernel`` and ``blockB_convI/bias`` and, optionally, ``blockB_convI/metric`` and
    ``blockB_convI/content_gain``. An int8 kernel holds whole steps; the array ``blockB_convI/scale`` (out,) holds
    their sizes. Layers of low rank have ``blockB_convI/reduction`` and ``blockB_convI/expansion``, too. WeightsError
    says what is wrong with any other file, or with an array of the wrong shape or with values that are not finite.
    """
    needed = architecture.up_to_deepest(layers)
    with _opened(path) as arrays:
        _check_layers(path, architecture, needed, arrays)
        return {layer: _read(path, architecture, layer, arrays[layer]()) for layer in needed}


def _check_layers(path: Path, architecture: Architecture, needed: Iterable[str], available: Iterable[str]) -> None:
    names = set(available)
    if not names:
        raise WeightsError(
            f"{path} has no layer with a name like block1_conv1; expected the weights of {architecture.name} "
            "from Keras Applications (.h5), or .npz arrays with names like block1_conv1/kernel"
        )
    foreign = sorted(names - set(architecture.layers))
    if foreign:
        raise WeightsError(
            f"{path} has a layer {foreign[0]}, but {architecture.name} does not; "
            "pass a weights file of this network, or choose the other network with --network"
        )
    missing = [layer for layer in needed if layer not in names]
    if missing:
        raise WeightsError(
            f"{path} lacks {span(missing)} of {architecture.name}; it has {span(sorted(names))}; "
            f"choose among its layers, or {_remedy(path, architecture)}"
        )


PARTS: Mapping[str, tuple[Any, ...]] = {
    "kernel": (*FLOATS, np.int8),
    "bias": FLOATS,
    "scale": FLOATS,
    "metric": FLOATS,
    "content_gain": FLOATS,
    "reduction": FLOATS,
    "expansion": FLOATS,
}
"""The parts of a layer with the types that they may have."""

MOST_METRIC_ROWS = 4096
"""Rows of a metric, far more than any network has channels."""

Parts: TypeAlias = Mapping[str, StoredArray]
"""The parts of a layer by name, with their values still in the file."""

_Opener: TypeAlias = Callable[[], Parts]


def _read(path: Path, architecture: Architecture, layer: str, parts: Parts) -> LayerWeights:
    """Read a layer after checking that every part has the right shape and type."""
    _check_shapes(path, architecture, layer, parts)
    with np.errstate(over="ignore"):  # what float32 cannot hold is not finite, and refused
        values = {part: np.asarray(stored.read(), np.float32) for part, stored in parts.items() if part != "kernel"}
        kernel = np.asarray(parts["kernel"].read(), np.float32)
    for part, array in {"kernel": kernel, **values}.items():
        positive = part in ("scale", "content_gain")
        if not np.isfinite(array).all() or (positive and not (array > 0).all()):
            raise WeightsError(
                f"{path}: the {part} of {layer} has values that are not finite{' or not above 0' * positive}, so the "
                f"file is damaged; {_remedy(path, architecture)}"
            )
    if "scale" in values:
        kernel *= values["scale"]
    return LayerWeights(
        kernel,
        values["bias"],
        values.get("metric"),
        float(values.get("content_gain", 1.0)),
        values.get("reduction"),
        values.get("expansion"),
    )


def _check_shapes(path: Path, architecture: Architecture, layer: str, parts: Parts) -> None:
    """Raise WeightsError if a part has the wrong shape or type, before its values are read."""
    factors = architecture.factor_shapes(layer)
    for part in (*factors, "bias"):
        if part not in parts:
            raise Unfit(f"{layer} has no {part}")
    channels = architecture.kernel_shape(layer)[-1:]
    shapes: dict[str, tuple[int, ...]] = {
        **factors,
        "bias": channels,
        "scale": factors["kernel"][-1:],
        "content_gain": (),
    }
    if "metric" in parts:
        rows = parts["metric"].shape[:1] or (1,)  # any number of rows
        shapes["metric"] = (*(min(each, MOST_METRIC_ROWS) for each in rows), *channels)
    for part, stored in parts.items():
        if part not in shapes:
            article = "an" if part == "expansion" else "a"
            raise Unfit(f"{layer} has {article} {part}, which {architecture.name} does not use")
        stored.check_type(PARTS[part])
        if stored.shape != shapes[part]:
            raise WeightsError(
                f"{path}: the {part} of {layer} has shape {stored.shape}, but {architecture.name} "
                f"needs {shapes[part]}; pass a weights file of this network"
            )
    if (parts["kernel"].dtype == np.int8) != ("scale" in parts):
        has, lacks = ("no scale", "add") if "scale" not in parts else ("a scale", "leave out")
        raise WeightsError(
            f"{path}: the kernel of {layer} is {parts['kernel'].dtype} and there is {has}; expected an int8 kernel "
            "with a scale, the size of a step for each output channel, or one of floats without; "
            f"{lacks} {layer}/scale"
        )


def check_weights_path(path: Path) -> None:
    """Raise WeightsError if `path` is not a file, or does not have the suffix of a weights file."""
    if os.path.isdir(path):
        raise WeightsError(f"expected a weights file, but {path} is a folder; pass a file in it")
    if not os.path.isfile(path):
        what = problem(path) or "is no plain file"
        if what == "does not exist":
            raise WeightsError(f"there is no weights file {path}; check the path, or run: maskstyle weights list")
        raise WeightsError(f"expected a weights file, but {shown(path)} {what}; name a file")
    if path.suffix not in SUFFIXES:
        raise WeightsError(
            f"{path} is not a weights file: expected the suffix {' or '.join(SUFFIXES)}; for those found, run: "
            "maskstyle weights list"
        )


# Errors of NumPy, zipfile, zlib and h5py for files with flipped, missing or foreign bytes.
_SIGNS_OF_DAMAGE = (
    OSError,
    EOFError,
    KeyError,
    TypeError,
    ValueError,
    RuntimeError,
    zipfile.BadZipFile,
    zlib.error,
)


@contextmanager
def _opened(path: Path) -> Iterator[Mapping[str, _Opener]]:
    """Open a weights file as a mapping from the names of layers to functions that return their parts, unread."""
    check_weights_path(path)
    archive = _opened_npz if path.suffix == ".npz" else _opened_h5
    try:
        with archive(path) as layers:
            yield layers
    except _SIGNS_OF_DAMAGE as error:
        reason = " ".join(str(error).split())
        raise WeightsError(
            f"{path} cannot be read as {path.suffix} weights: it seems damaged ({reason}); fetch or copy it again"
        ) from error


@contextmanager
def _opened_npz(path: Path) -> Iterator[Mapping[str, _Opener]]:
    with opened(path, "a weights file", WeightsError) as file, zipfile.ZipFile(file) as archive:
        found: dict[str, list[str]] = {}
        for name in archive.namelist():
            layer, _, part = name.removesuffix(".npy").partition("/")
            if part in PARTS and _LAYER_NAME.fullmatch(layer):
                found.setdefault(layer, []).append(part)

        def parts_of(layer: str) -> Parts:
            return {part: stored_in_archive(archive, f"{layer}/{part}.npy") for part in found[layer]}

        yield {layer: partial(parts_of, layer) for layer, parts in found.items() if "kernel" in parts}


@contextmanager
def _opened_h5(path: Path) -> Iterator[Mapping[str, _Opener]]:
    import h5py

    with opened(path, "a weights file", WeightsError) as stored, h5py.File(stored, "r") as file:
        groups: dict[str, Any] = {}

        def note(name: str, item: Any) -> None:
            layer = name.rpartition("/")[2]
            if isinstance(item, h5py.Group) and _LAYER_NAME.fullmatch(layer):
                groups.setdefault(layer, item)

        file.visititems(note)
        yield {layer: partial(_parts_of_group, group) for layer, group in groups.items()}


def _parts_of_group(group: Any) -> Parts:
    """Return the parts of a layer of a Keras file. Their names differ between Keras versions; their ranks do not."""
    arrays: list[StoredArray] = []
    group.visititems(lambda _, item: arrays.append(stored_in_hdf5(item)) if hasattr(item, "shape") else None)
    kernels = [array for array in arrays if len(array.shape) == 4]
    biases = [array for array in arrays if len(array.shape) == 1]
    if (len(kernels), len(biases), len(arrays)) != (1, 1, 2):
        raise Unfit(f"{group.name} has arrays of shapes {[array.shape for array in arrays]}")
    return {"kernel": kernels[0], "bias": biases[0]}
