"""Where the networks' weights come from: finding, reading, checking and fetching them."""

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
"""The weights of ``lite``, which the package ships; ``lite.md`` beside it says where they come from."""

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
        Linear map of the layer's features in whose image distances are measured; as they are where it is left
        out. ``lite`` has one for each layer, which makes its distances those of the VGG19 features it predicts.
    content_gain : float
        Factor on the layer's content distances. ``lite``, which sees less than VGG19, has some above 1.
    """

    kernel: NDArray[np.float32]
    bias: NDArray[np.float32]
    metric: NDArray[np.float32] | None = None
    content_gain: float = 1.0


def search_folders() -> list[Path]:
    """Return the folders that are searched for weights, in order: MASKSTYLE_WEIGHTS_DIR, Keras' own cache."""
    named = os.environ.get(WEIGHTS_FOLDER_VARIABLE)
    keras_home = Path(os.environ.get("KERAS_HOME") or Path.home() / ".keras")
    return [*([Path(named)] if named else []), keras_home / "models"]


def candidate_files(architecture: Architecture) -> list[Path]:
    """Return the files in the search folders that are named after the network, in order of search.

    Within a folder a file without the classifier ("notop") and then the name decide the order. The weights of
    ``lite`` are the package's own.
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
                f"the folder {folder} may not be read; allow it, pass --weights FILE, or take {EMBEDDED_OPTION}"
            ) from error
        found += sorted(here, key=lambda path: ("notop" not in path.name, path.name))
    return found


def find_weights(architecture: Architecture, layers: Iterable[str]) -> Path:
    """Return the first file in the search folders that holds every layer needed.

    Parameters
    ----------
    architecture : Architecture
        The network.
    layers : iterable of str
        The layers asked for; those below the deepest are needed too.

    Raises
    ------
    WeightsError
        Where no file is found, or none holds all the layers; the message names each file and what it lacks.
    """
    needed = architecture.up_to_deepest(layers)
    if architecture == LITE:
        return EMBEDDED_FILE
    shortcomings = []
    for path in candidate_files(architecture):
        try:
            missing = missing_layers(path, needed)
        except WeightsError as error:
            shortcomings.append(str(error))
            continue
        if not missing:
            return path
        lack = f"lacks {_span(missing)}" if len(missing) < len(needed) else "holds none of its layers"
        shortcomings.append(f"{path} {lack}")
    if shortcomings:
        extent = f" up to {needed[-1]}" if needed else ""
        raise WeightsError(
            f"no weights of {architecture.name}{extent} were found: {'; '.join(shortcomings)}; "
            f"run: {fetch_command(architecture)}, pass --weights FILE, choose other layers, or take {EMBEDDED_OPTION}"
        )
    folders = [f"{folder}{'' if folder.is_dir() else ' (no such folder)'}" for folder in search_folders()]
    raise WeightsError(
        f"no weights of {architecture.name} were found in {', '.join(folders)}; "
        f"run: {fetch_command(architecture)}, pass --weights FILE, set {WEIGHTS_FOLDER_VARIABLE}, "
        f"or take {EMBEDDED_OPTION}"
    )


def _remedy(path: Path, architecture: Architecture) -> str:
    """Say what to do about a file that does not serve."""
    if path == EMBEDDED_FILE:
        return "install maskstyle again"
    if architecture == LITE:
        return "leave --weights out to take the embedded one"
    return f"run: {fetch_command(architecture)}"


def _span(layers: Sequence[str]) -> str:
    """Name layers, in order, by the first and the last where there are many."""
    return ", ".join(layers) if len(layers) <= 2 else f"{layers[0]} to {layers[-1]}"


def fetch_command(architecture: Architecture) -> str:
    """Return the command line that fetches a network's weights."""
    return f"maskstyle weights fetch {architecture.name}"


def missing_layers(path: Path, layers: Iterable[str]) -> list[str]:
    """Return those of `layers` that the weights file does not hold, reading its table of contents only."""
    held = set(layer_names(path))
    return [layer for layer in layers if layer not in held]


def layer_names(path: Path) -> list[str]:
    """Return the names of the convolution layers in a weights file, sorted."""
    with _opened(path) as arrays:
        return sorted(arrays)


def read_weights(path: Path, architecture: Architecture, layers: Iterable[str]) -> dict[str, LayerWeights]:
    """Read and check the weights of all layers up to the deepest of `layers`.

    Parameters
    ----------
    path : Path
        A Keras ``.h5`` file (weights or whole model), or an ``.npz`` file with arrays
        ``blockB_convI/kernel`` and ``blockB_convI/bias``, with ``metric`` and ``content_gain`` where there are any.
    architecture : Architecture
        The network whose shapes are expected.
    layers : iterable of str
        The layers asked for.

    Raises
    ------
    WeightsError
        Where the file is missing, damaged or of another network, where a layer is missing, or where an
        array has another shape or holds values that are not finite.
    """
    needed = architecture.up_to_deepest(layers)
    with _opened(path) as arrays:
        _check_layers(path, architecture, needed, arrays)
        return {layer: _checked(path, architecture, layer, arrays[layer]()) for layer in needed}


def _check_layers(path: Path, architecture: Architecture, needed: Iterable[str], held: Iterable[str]) -> None:
    names = set(held)
    if not names:
        raise WeightsError(
            f"{path} holds no layer named like block1_conv1; expected the weights of {architecture.name} "
            "as Keras Applications distributes them (.h5) or .npz arrays block1_conv1/kernel and so on"
        )
    foreign = sorted(names - set(architecture.layers))
    if foreign:
        raise WeightsError(
            f"{path} holds {foreign[0]}, which {architecture.name} does not have; "
            "pass the file of the right network or choose that network with --network"
        )
    missing = [layer for layer in needed if layer not in names]
    if missing:
        raise WeightsError(
            f"{path} lacks {_span(missing)} of {architecture.name}; it holds {_span(sorted(names))}; "
            f"choose layers that it holds, or {_remedy(path, architecture)}"
        )


def _checked(path: Path, architecture: Architecture, layer: str, weights: LayerWeights) -> LayerWeights:
    kernel_shape = architecture.kernel_shape(layer)
    expected: list[tuple[str, NDArray[np.float32], tuple[int, ...]]] = [
        ("kernel", weights.kernel, kernel_shape),
        ("bias", weights.bias, kernel_shape[-1:]),
    ]
    if weights.metric is not None:
        rows = weights.metric.shape[:1] or (1,)  # as many as it has
        expected.append(("metric", weights.metric, (*rows, *kernel_shape[-1:])))
    if not (np.isfinite(weights.content_gain) and weights.content_gain > 0):
        raise WeightsError(
            f"{path}: the content_gain of {layer} is {weights.content_gain}; expected a finite number above 0"
        )
    for what, array, shape in expected:
        if array.shape != shape:
            raise WeightsError(
                f"{path}: the {what} of {layer} has shape {array.shape}, but {architecture.name} "
                f"needs {shape}; pass a file of the right network"
            )
        if not np.isfinite(array).all():
            raise WeightsError(
                f"{path}: the {what} of {layer} holds values that are not finite; "
                f"the file is damaged, {_remedy(path, architecture)}"
            )
    return weights


def check_weights_path(path: Path) -> None:
    """Raise WeightsError where `path` is no file, or not named as one of weights."""
    if path.is_dir():
        raise WeightsError(f"expected a weights file, but {path} is a folder; name a file inside it")
    if not path.is_file():
        raise WeightsError(f"there is no weights file {path}; check the path, or see: maskstyle weights list")
    if path.suffix not in SUFFIXES:
        raise WeightsError(f"{path} is not a weights file: expected a name that ends in {' or '.join(SUFFIXES)}")


_Reader = Callable[[], LayerWeights]

# What NumPy, zipfile, zlib and h5py raise on files with flipped, missing or foreign bytes.
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
            f"{path} cannot be read as {path.suffix} weights, it seems damaged ({reason}); fetch or copy it again"
        ) from error


@contextmanager
def _opened_npz(path: Path) -> Iterator[Mapping[str, _Reader]]:
    with open(path, "rb") as file:  # given a path, NumPy leaves a damaged file open
        if not zipfile.is_zipfile(file):
            raise ValueError("it is no archive of arrays")
        file.seek(0)  # is_zipfile leaves the position near the end
        archive = np.load(file, allow_pickle=False)

        def reader(layer: str) -> _Reader:
            def read() -> LayerWeights:
                extra = {part: f"{layer}/{part}" for part in ("metric", "content_gain")}
                held = {part: archive[key] for part, key in extra.items() if key in archive}
                return _as_weights(archive[f"{layer}/kernel"], archive[f"{layer}/bias"], **held)

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
    """Read a Keras layer group; its arrays' names changed over the years, their order and ranks did not."""
    arrays: list[Any] = []
    group.visititems(lambda _, item: arrays.append(item[()]) if hasattr(item, "shape") else None)
    kernels = [array for array in arrays if array.ndim == 4]
    biases = [array for array in arrays if array.ndim == 1]
    if len(kernels) != 1 or len(biases) != 1:
        raise ValueError(f"{group.name} holds arrays of shapes {[array.shape for array in arrays]}")
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
    """Download a network's ImageNet weights through Keras, which checks their hash; return the file.

    Raises
    ------
    WeightsError
        Where Keras cannot download them.
    """
    import keras

    models = {"vgg16": keras.applications.VGG16, "vgg19": keras.applications.VGG19}
    try:
        models[architecture.name](include_top=False, weights="imagenet")
    except Exception as error:  # Keras raises a bare Exception where the download fails
        reason = " ".join(str(error).split())
        raise WeightsError(
            f"Keras could not fetch the weights of {architecture.name} ({reason}); check the connection, or "
            "copy the file from a machine that has it and pass --weights FILE"
        ) from error
    return find_weights(architecture, architecture.layers)
