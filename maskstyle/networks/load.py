"""Choose a network, its weights and its compute type, and load it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from maskstyle.errors import SettingsError
from maskstyle.networks.architectures import ARCHITECTURES, LITE, VGG19, Architecture
from maskstyle.networks.compute_type import ComputeType, choose_compute_type, measured_type
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
    compute_type : {"float32", "bfloat16", "auto"}
        Type of the convolutions; ``auto`` until `resolve_compute_type` measures it.
    reason : str
        Description of the choice for people: the network and the source of the weights.
    type_reason : str
        Why this compute type: what was measured.
    """

    architecture: Architecture
    weights: Path
    layers: tuple[str, ...]
    compute_type: str
    reason: str
    type_reason: str = ""

    def __str__(self) -> str:
        return f"{self.reason}, {ComputeType(self.compute_type, self.type_reason)}"


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
        ``auto`` stays where the processor has bfloat16 instructions, until `resolve_compute_type` measures.
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
    >>> str(choose_network("lite", ["block3_conv1"], compute_type="float32"))
    'lite, float32'
    """
    if network not in NETWORKS:
        raise SettingsError(f"network is {network!r}; expected one of {', '.join(NETWORKS)}")
    wanted = tuple(dict.fromkeys(layers))
    chosen_type = choose_compute_type(compute_type)
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
        chosen_type.name,
        f"{architecture.name}{origin}{hint}",
        chosen_type.reason,
    )


def _vgg19_or_lite(layers: tuple[str, ...]) -> tuple[Architecture, Path, str]:
    """Return vgg19 if its weights are found, else lite; the weights file; and a hint on how to get vgg19."""
    VGG19.check_layers(layers)
    if candidate_files(VGG19):
        # Unusable weights are an error: falling back to lite would silently ignore the file.
        file = find_weights(VGG19, layers)
        return VGG19, file, ""
    return LITE, find_weights(LITE, layers), f" (for vgg19: {fetch_command(VGG19)})"


def resolve_compute_type(choice: NetworkChoice) -> NetworkChoice:
    """Return a choice with its compute type; measures an ``auto`` type once for each machine, with TensorFlow."""
    if choice.compute_type != "auto":
        return choice
    measured = measured_type()
    return replace(choice, compute_type=measured.name, type_reason=measured.reason)


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

    choice = resolve_compute_type(choice)
    return FeatureNetwork(
        choice.architecture,
        weights,
        layers=choice.layers,
        pooling=pooling,
        padding=padding,
        compute_type=choice.compute_type,
        type_reason=choice.type_reason,
    )
