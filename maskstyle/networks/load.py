"""Choose a network, its weights and its compute type, and load it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from maskstyle.errors import SettingsError
from maskstyle.networks.architectures import ARCHITECTURES, LITE, VGG19, Architecture
from maskstyle.networks.weights import (
    EMBEDDED_FILE,
    candidate_files,
    check_weights_path,
    fetch_command,
    find_weights,
    read_weights,
)
from maskstyle.settings import CHOICES

if TYPE_CHECKING:
    from maskstyle.networks.vgg import FeatureNetwork

NETWORKS = CHOICES["network"]
COMPUTE_TYPES = CHOICES["compute_type"]

CPU_DESCRIPTION = Path("/proc/cpuinfo")
_BFLOAT16_FLAGS = frozenset({"avx512_bf16", "amx_bf16"})


@dataclass(frozen=True)
class NetworkChoice:
    """A network to load: architecture, weights file, layers and compute type.

    Parameters
    ----------
    architecture : Architecture
        The network.
    weights : Path
        The weights file.
    layers : tuple of str
        The layers to compute.
    compute_type : {"float32", "bfloat16"}
        Type of the convolutions.
    reason : str
        Description of the choice for people: the network, the source of the weights, and the type.
    """

    architecture: Architecture
    weights: Path
    layers: tuple[str, ...]
    compute_type: str
    reason: str


def choose_network(
    network: str, layers: Iterable[str], *, compute_type: str = "auto", weights: Path | None = None
) -> NetworkChoice:
    """Choose a network, its weights file and its compute type, without loading TensorFlow.

    Parameters
    ----------
    network : {"auto", "lite", "vgg16", "vgg19"}
        The network. ``auto`` is vgg19 if its weights are found, else lite, which is part of the package.
    layers : iterable of str
        The layers to compute.
    compute_type : {"auto", "float32", "bfloat16"}
        ``auto`` is bfloat16 if the processor has instructions for it, else float32.
    weights : Path, optional
        The weights file. By default the first suitable file in ``MASKSTYLE_WEIGHTS_DIR`` and Keras' cache.

    Raises
    ------
    SettingsError
        If the network, a layer or the compute type is unknown.
    WeightsError
        If no suitable weights are found.

    Examples
    --------
    >>> choose_network("lite", ["block3_conv1"], compute_type="float32").reason
    'lite, float32'
    """
    if network not in NETWORKS:
        raise SettingsError(f"network is {network!r}; expected one of {', '.join(NETWORKS)}")
    wanted = tuple(dict.fromkeys(layers))
    chosen_type, why = choose_compute_type(compute_type)
    if network == "auto" and weights is None:
        architecture, file, hint = _vgg19_or_lite(wanted)
    else:
        architecture = ARCHITECTURES.get(network, VGG19)
        architecture.check_layers(wanted)
        if weights is not None:
            check_weights_path(weights)
        file = weights if weights is not None else find_weights(architecture, wanted)
        hint = ""
    origin = "" if file == EMBEDDED_FILE else f" from {file.name}"
    return NetworkChoice(
        architecture,
        file,
        wanted,
        chosen_type,
        f"{architecture.name}{origin}, {chosen_type}{why}{hint}",
    )


def _vgg19_or_lite(layers: tuple[str, ...]) -> tuple[Architecture, Path, str]:
    """Return vgg19 if its weights are found, else lite; the weights file; and a hint on how to get vgg19."""
    VGG19.check_layers(layers)
    if candidate_files(VGG19):
        # Unusable weights are an error: falling back to lite would silently ignore the file.
        file = find_weights(VGG19, layers)
        return VGG19, file, ""
    return LITE, find_weights(LITE, layers), f" (for vgg19: {fetch_command(VGG19)})"


def choose_compute_type(compute_type: str, *, has_bfloat16: bool | None = None) -> tuple[str, str]:
    """Return the compute type to use, and a warning about it or an empty string.

    Parameters
    ----------
    compute_type : {"auto", "float32", "bfloat16"}
        The setting.
    has_bfloat16 : bool, optional
        Whether the processor has bfloat16 instructions. By default detected by `processor_has_bfloat16`.

    Examples
    --------
    >>> choose_compute_type("auto", has_bfloat16=True)
    ('bfloat16', '')
    """
    if compute_type not in COMPUTE_TYPES:
        raise SettingsError(f"compute type is {compute_type!r}; expected one of {', '.join(COMPUTE_TYPES)}")
    fast = processor_has_bfloat16() if has_bfloat16 is None else has_bfloat16
    if compute_type == "auto":
        return ("bfloat16" if fast else "float32"), ""
    if compute_type == "bfloat16" and not fast:
        return "bfloat16", " (may be slow: no bfloat16 instructions found in this processor)"
    return compute_type, ""


def processor_has_bfloat16(description: Path = CPU_DESCRIPTION) -> bool:
    """Return whether the processor has bfloat16 instructions, from Linux' description of it; False elsewhere."""
    try:
        lines = description.read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return False
    return any(line.startswith("flags") and _BFLOAT16_FLAGS & set(line.split()) for line in lines)


def load_network(choice: NetworkChoice, *, pooling: str, padding: str) -> FeatureNetwork:
    """Read the weights of a chosen network and build it with TensorFlow.

    Parameters
    ----------
    choice : NetworkChoice
        The result of `choose_network`.
    pooling : {"max", "average"}
        Pooling between blocks.
    padding : {"edge", "zero"}
        Padding of the image at the first convolution; see `maskstyle.Settings`.

    Raises
    ------
    WeightsError
        If the weights file is damaged or belongs to another network.
    """
    weights = read_weights(choice.weights, choice.architecture, choice.layers)
    from maskstyle.networks.vgg import FeatureNetwork

    return FeatureNetwork(
        choice.architecture,
        weights,
        layers=choice.layers,
        pooling=pooling,
        padding=padding,
        compute_type=choice.compute_type,
    )
