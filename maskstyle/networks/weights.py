"""Read and check files with the weights of a network; `maskstyle.networks.search` finds them."""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from maskstyle.errors import WeightsError
from maskstyle.networks.architectures import LITE, VGG19, Architecture

EMBEDDED_FILES: Mapping[Architecture, Path] = {
    LITE: Path(__file__).with_name("lite.npz"),
    VGG19: Path(__file__).with_name("vgg19.npz"),
}
"""The weights that are part of the package; ``lite.md`` and ``vgg19.md`` next to the files describe their origin."""

SUFFIXES = (".npz", ".h5")

_LAYER_NAME = re.compile(r"block\d+_conv\d+")


class LayerWeights(NamedTuple):
    """Weights of one convolution, in float32.

    Parameters
    ----------
    kernel : (3, 3, in, out) array
    bias : (out,) array
    metric : (rows, out) array, optional
        Linear map from the layer's features to the space in which distances are measured. By default the identity.
        ``lite`` has one for each layer, so that its distances are those of the VGG19 features that it predicts.
    content_gain : float
        Factor on the layer's content distances. It is above 1 for some layers of ``lite``, to make up for content
        differences that its features miss.
    """

    kernel: NDArray[np.float32]
    bias: NDArray[np.float32]
    metric: NDArray[np.float32] | None = None
    content_gain: float = 1.0


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

    Parameters
    ----------
    path : Path
        A Keras ``.h5`` file (weights or a whole model), or an ``.npz`` file with the arrays ``blockB_convI/kernel``
        and ``blockB_convI/bias`` and, optionally, ``blockB_convI/metric`` and ``blockB_convI/content_gain``. An int8
        kernel holds whole steps; the array ``blockB_convI/scale`` (out,) holds their sizes.
    architecture : Architecture
        The network, which determines the expected shapes.
    layers : iterable of str
        The layers to compute.

    Raises
    ------
    WeightsError
        If the file is missing, damaged or of another network, lacks a layer, or contains an array with the wrong
        shape or with values that are not finite.
    """
    needed = architecture.up_to_deepest(layers)
    with _opened(path) as arrays:
        _check_layers(path, architecture, needed, arrays)
        return {layer: _checked(path, architecture, layer, arrays[layer]()) for layer in needed}


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


def _checked(path: Path, architecture: Architecture, layer: str, weights: LayerWeights) -> LayerWeights:
    kernel_shape = architecture.kernel_shape(layer)
    expected: list[tuple[str, NDArray[np.float32], tuple[int, ...]]] = [
        ("kernel", weights.kernel, kernel_shape),
        ("bias", weights.bias, kernel_shape[-1:]),
    ]
    if weights.metric is not None:
        rows = weights.metric.shape[:1] or (1,)  # any number of rows
        expected.append(("metric", weights.metric, (*rows, *kernel_shape[-1:])))
    if not (np.isfinite(weights.content_gain) and weights.content_gain > 0):
        raise WeightsError(
            f"{path}: the content_gain of {layer} is {weights.content_gain}; expected a finite number above 0"
        )
    for what, array, shape in expected:
        if array.shape != shape:
            raise WeightsError(
                f"{path}: the {what} of {layer} has shape {array.shape}, but {architecture.name} "
                f"needs {shape}; pass a weights file of this network"
            )
        if not np.isfinite(array).all():
            raise WeightsError(
                f"{path}: the {what} of {layer} has values that are not finite, so the file is damaged; "
                f"{_remedy(path, architecture)}"
            )
    return weights


def check_weights_path(path: Path) -> None:
    """Raise WeightsError if `path` is not a file, or does not have the suffix of a weights file."""
    if path.is_dir():
        raise WeightsError(f"expected a weights file, but {path} is a folder; pass a file in it")
    if not path.is_file():
        raise WeightsError(f"there is no weights file {path}; check the path, or run: maskstyle weights list")
    if path.suffix not in SUFFIXES:
        raise WeightsError(f"{path} is not a weights file: expected the suffix {' or '.join(SUFFIXES)}")


_Reader = Callable[[], LayerWeights]

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
def _opened(path: Path) -> Iterator[Mapping[str, _Reader]]:
    """Open a weights file as a mapping from layer names to functions that read the layer."""
    check_weights_path(path)
    opened = _opened_npz if path.suffix == ".npz" else _opened_h5
    try:
        with opened(path) as readers:
            yield readers
    except _SIGNS_OF_DAMAGE as error:
        reason = " ".join(str(error).split())
        raise WeightsError(
            f"{path} cannot be read as {path.suffix} weights: it seems damaged ({reason}); fetch or copy it again"
        ) from error


@contextmanager
def _opened_npz(path: Path) -> Iterator[Mapping[str, _Reader]]:
    with open(path, "rb") as file:  # NumPy does not close a damaged file that it opened itself
        if not zipfile.is_zipfile(file):
            raise ValueError("not an archive of arrays")
        file.seek(0)  # is_zipfile leaves the position near the end
        archive = np.load(file, allow_pickle=False)

        def reader(layer: str) -> _Reader:
            def read() -> LayerWeights:
                extra = {part: f"{layer}/{part}" for part in ("scale", "metric", "content_gain")}
                available = {part: archive[key] for part, key in extra.items() if key in archive}
                kernel = _in_floats(path, layer, archive[f"{layer}/kernel"], available.pop("scale", None))
                return _as_weights(kernel, archive[f"{layer}/bias"], **available)

            return read

        names = {key.partition("/")[0] for key in archive.files if key.endswith("/kernel")}
        yield {name: reader(name) for name in names if _LAYER_NAME.fullmatch(name)}


def _in_floats(path: Path, layer: str, kernel: NDArray[Any], scale: NDArray[Any] | None) -> NDArray[Any]:
    """Return a kernel as floats: an int8 kernel times the size of a step of each output channel."""
    if kernel.dtype != np.int8:
        if scale is not None:
            raise WeightsError(
                f"{path} has {layer}/scale, but the kernel of {layer} is {kernel.dtype}; expected int8, or no scale"
            )
        return kernel
    if scale is None:
        raise WeightsError(
            f"{path}: the kernel of {layer} is int8, and there is no {layer}/scale; add the size of a step for each "
            "output channel, or write the kernel in floats"
        )
    if scale.shape != kernel.shape[-1:]:
        raise WeightsError(
            f"{path}: the scale of {layer} has shape {scale.shape}, but its kernel needs {kernel.shape[-1:]}"
        )
    sizes = np.asarray(scale, dtype=np.float32)
    if not (np.isfinite(sizes) & (sizes > 0)).all():
        raise WeightsError(
            f"{path}: the scale of {layer} has values that are not finite or not above 0, so the file is damaged; "
            "fetch or copy it again"
        )
    return kernel * sizes


@contextmanager
def _opened_h5(path: Path) -> Iterator[Mapping[str, _Reader]]:
    import h5py

    with h5py.File(path, "r") as file:
        groups: dict[str, Any] = {}

        def note(name: str, item: Any) -> None:
            layer = name.rpartition("/")[2]
            if isinstance(item, h5py.Group) and _LAYER_NAME.fullmatch(layer):
                groups.setdefault(layer, item)

        file.visititems(note)
        yield {layer: partial(_from_group, group) for layer, group in groups.items()}


def _from_group(group: Any) -> LayerWeights:
    """Read the layer group of a Keras file. Names of arrays differ between Keras versions; their ranks do not."""
    arrays: list[Any] = []
    group.visititems(lambda _, item: arrays.append(item[()]) if hasattr(item, "shape") else None)
    kernels = [array for array in arrays if array.ndim == 4]
    biases = [array for array in arrays if array.ndim == 1]
    if len(kernels) != 1 or len(biases) != 1:
        raise ValueError(f"{group.name} has arrays of shapes {[array.shape for array in arrays]}")
    return _as_weights(kernels[0], biases[0])


def _as_weights(
    kernel: NDArray[Any], bias: NDArray[Any], metric: NDArray[Any] | None = None, content_gain: Any = 1.0
) -> LayerWeights:
    return LayerWeights(
        np.asarray(kernel, dtype=np.float32),
        np.asarray(bias, dtype=np.float32),
        None if metric is None else np.asarray(metric, dtype=np.float32),
        float(content_gain),
    )
