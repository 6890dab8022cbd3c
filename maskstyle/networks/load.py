"""From names to a loaded network: which network, which weights, which compute type, and why."""

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

_BFLOAT16_FLAGS = frozenset({"avx512_bf16", "amx_bf16"})


@dataclass(frozen=True)
class NetworkChoice:
    """Which network was chosen, before anything heavy is loaded.

    Parameters
    ----------
    architecture : Architecture
        The network.
    weights : Path
        The file with its weights.
    layers : tuple of str
        The layers whose features are wanted.
    compute_type : {"float32", "bfloat16"}
        Type of the convolutions.
    reason : str
        The network, where its weights are from, and the type, in words for people.
    """

    architecture: Architecture
    weights: Path
    layers: tuple[str, ...]
    compute_type: str
    reason: str


def choose_network(
    network: str, layers: Iterable[str], *, compute_type: str = "auto", weights: Path | None = None
) -> NetworkChoice:
    """Choose the network, its weights and its compute type; fast, and raises before the long work.

    Parameters
    ----------
    network : {"auto", "lite", "vgg16", "vgg19"}
        The network; ``auto`` is vgg19 where its weights are on the machine, else lite, which the package holds.
    layers : iterable of str
        The layers whose features are wanted.
    compute_type : {"auto", "float32", "bfloat16"}
        ``auto`` is bfloat16 where the processor has instructions for it, else float32.
    weights : Path, optional
        A weights file; found as the documentation says where it is left out.

    Raises
    ------
    SettingsError
        For an unknown network, layer or compute type.
    WeightsError
        Where no fitting weights are found.
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
    """Return vgg19 where its weights are on the machine, else lite, with the file and how to get vgg19."""
    VGG19.check_layers(layers)
    if candidate_files(VGG19):
        # Weights that are there but do not serve are an error: whoever put them there counts on them.
        file = find_weights(VGG19, layers)
        return VGG19, file, ""
    return LITE, find_weights(LITE, layers), f" (for vgg19: {fetch_command(VGG19)})"


def choose_compute_type(compute_type: str) -> tuple[str, str]:
    """Return the compute type to use, and what is to be said of it, if anything."""
    if compute_type not in COMPUTE_TYPES:
        raise SettingsError(f"compute type is {compute_type!r}; expected one of {', '.join(COMPUTE_TYPES)}")
    fast = processor_has_bfloat16()
    if compute_type == "auto":
        return ("bfloat16" if fast else "float32"), ""
    if compute_type == "bfloat16" and not fast:
        return "bfloat16", " (maybe slow, as the processor is not known to have instructions for it)"
    return compute_type, ""


def processor_has_bfloat16() -> bool:
    """Say whether the processor multiplies bfloat16 in hardware; known on Linux, else taken as no."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return False
    return any(line.startswith("flags") and _BFLOAT16_FLAGS & set(line.split()) for line in lines)


def load_network(choice: NetworkChoice, *, pooling: str, padding: str) -> FeatureNetwork:
    """Read the chosen weights and build the network; imports TensorFlow.

    Parameters
    ----------
    choice : NetworkChoice
        From `choose_network`.
    pooling : {"max", "average"}
        Pooling between blocks.
    padding : {"edge", "zero"}
        What surrounds the image at the first convolution; see `maskstyle.Settings`.

    Raises
    ------
    WeightsError
        Where the weights file is damaged or does not fit.
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
