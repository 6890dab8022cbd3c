"""Find, read, check and fetch the weights of the networks."""

from __future__ import annotations

import os
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
from maskstyle.networks.architectures import LITE, Architecture

EMBEDDED_FILE = Path(__file__).with_name("lite.npz")
"""The weights of ``lite``, part of the package; ``lite.md`` next to the file describes their origin."""

EMBEDDED_OPTION = "--network lite, which needs no download"

WEIGHTS_FOLDER_VARIABLE = "MASKSTYLE_WEIGHTS_DIR"
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


def search_folders() -> list[Path]:
    """Return the folders to search for weights, in order: MASKSTYLE_WEIGHTS_DIR, then the cache of Keras."""
    named = os.environ.get(WEIGHTS_FOLDER_VARIABLE)
    keras_home = Path(os.environ.get("KERAS_HOME") or Path.home() / ".keras")
    return [*([Path(named)] if named else []), keras_home / "models"]


def candidate_files(architecture: Architecture) -> list[Path]:
    """Return the files in the search folders with the name of the network, in order of search.

    Within a folder, files without the classifier ("notop") come first; the rest is alphabetical. The only candidate
    for ``lite`` is the file in the package.

    Raises
    ------
    WeightsError
        If a search folder cannot be read.
    """
    if architecture == LITE:
        return [EMBEDDED_FILE]
    name = re.compile(rf"{re.escape(architecture.name)}(?![0-9a-z]).*", re.IGNORECASE)
    found = []
    for folder in search_folders():
        try:
            here = [path for path in folder.iterdir() if path.suffix in SUFFIXES and name.match(path.name)]
        except (FileNotFoundError, NotADirectoryError):
            continue
        except PermissionError as error:
            raise WeightsError(
                f"the folder {folder} is not readable; allow access, pass --weights FILE, or use {EMBEDDED_OPTION}"
            ) from error
        found += sorted(here, key=lambda path: ("notop" not in path.name, path.name))
    return found


def find_weights(architecture: Architecture, layers: Iterable[str]) -> Path:
    """Return the first candidate file that contains every layer up to the deepest of `layers`.

    Parameters
    ----------
    architecture : Architecture
        The network.
    layers : iterable of str
        The layers to compute.

    Raises
    ------
    WeightsError
        If there is no such file; the message lists the missing layers of each candidate.
    """
    needed = architecture.up_to_deepest(layers)
    if architecture == LITE:
        return EMBEDDED_FILE
    problems = []
    for path in candidate_files(architecture):
        try:
            missing = missing_layers(path, needed)
        except WeightsError as error:
            problems.append(str(error))
            continue
        if not missing:
            return path
        lack = f"lacks {_span(missing)}" if len(missing) < len(needed) else "has none of its layers"
        problems.append(f"{path} {lack}")
    if problems:
        extent = f" up to {needed[-1]}" if needed else ""
        raise WeightsError(
            f"no weights of {architecture.name}{extent} were found: {'; '.join(problems)}; "
            f"run: {fetch_command(architecture)}, pass --weights FILE, choose other layers, or use {EMBEDDED_OPTION}"
        )
    folders = [f"{folder}{'' if folder.is_dir() else ' (no such folder)'}" for folder in search_folders()]
    raise WeightsError(
        f"no weights of {architecture.name} were found in {', '.join(folders)}; "
        f"run: {fetch_command(architecture)}, pass --weights FILE, set {WEIGHTS_FOLDER_VARIABLE}, "
        f"or use {EMBEDDED_OPTION}"
    )


def _remedy(path: Path, architecture: Architecture) -> str:
    """Return what to do about an unusable weights file."""
    if path == EMBEDDED_FILE:
        return "reinstall maskstyle"
    if architecture == LITE:
        return "omit --weights to use the embedded weights"
    return f"run: {fetch_command(architecture)}"


def _span(layers: Sequence[str]) -> str:
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
        and ``blockB_convI/bias`` and, optionally, ``blockB_convI/metric`` and ``blockB_convI/content_gain``.
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
            f"{path} lacks {_span(missing)} of {architecture.name}; it has {_span(sorted(names))}; "
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
                extra = {part: f"{layer}/{part}" for part in ("metric", "content_gain")}
                available = {part: archive[key] for part, key in extra.items() if key in archive}
                return _as_weights(archive[f"{layer}/kernel"], archive[f"{layer}/bias"], **available)

            return read

        names = {key.partition("/")[0] for key in archive.files if key.endswith("/kernel")}
        yield {name: reader(name) for name in names if _LAYER_NAME.fullmatch(name)}


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


def fetch_weights(architecture: Architecture) -> Path:
    """Download the ImageNet weights of a network with Keras, which verifies their hash, and return the file.

    Raises
    ------
    WeightsError
        If the download fails.
    """
    import keras

    models = {"vgg16": keras.applications.VGG16, "vgg19": keras.applications.VGG19}
    try:
        models[architecture.name](include_top=False, weights="imagenet")
    except Exception as error:  # Keras raises a bare Exception if the download fails
        reason = " ".join(str(error).split())
        raise WeightsError(
            f"Keras could not fetch the weights of {architecture.name} ({reason}); check the connection, or "
            "copy the file from another machine and pass --weights FILE"
        ) from error
    return find_weights(architecture, architecture.layers)
