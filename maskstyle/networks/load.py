"""Choose a network, its weights and its compute type, and load it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from maskstyle.images.hashes import hash_now
from maskstyle.networks.architectures import ARCHITECTURES, VGG19, Architecture
from maskstyle.networks.search import FoundWeights, find_weights
from maskstyle.networks.speed import ComputeType, choose_compute_type, measured_type
from maskstyle.networks.weights import EMBEDDED_FILES, check_weights_path, read_weights
from maskstyle.settings import CHOICES, NetworkSettings, check_choice

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
    notes : tuple of str
        Notes for the user: weights files that were found and cannot be used.
    """

    architecture: Architecture
    weights: Path
    layers: tuple[str, ...]
    compute_type: str
    reason: str
    type_reason: str = ""
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.reason}, {ComputeType(self.compute_type, self.type_reason)}"

    @property
    def embedded(self) -> bool:
        """Whether the weights are those in the package."""
        return self.weights == EMBEDDED_FILES.get(self.architecture)

    @property
    def source(self) -> str:
        """Where the weights come from, as the name of their file, or that they are embedded."""
        if not self.embedded:
            return self.weights.name
        return "embedded, 8-bit" if self.architecture == VGG19 else "embedded"

    def digest(self) -> str:
        """Return the SHA-256 of the weights file: two files with one name may have other weights."""
        return hash_now(self.weights, "a weights file")


def choose_network(
    network: str, layers: Iterable[str], *, compute_type: str = "auto", weights: Path | None = None
) -> NetworkChoice:
    """Choose a network, its weights file and its compute type, without loading TensorFlow.

    Parameters
    ----------
    network : {"auto", "lite", "vgg16", "vgg19"}
        The network; ``auto`` is vgg19.
    layers : iterable of str
        The layers to compute.
    compute_type : {"auto", "float32", "bfloat16"}
        ``auto`` stays where the processor has bfloat16 instructions, until `resolve_compute_type` measures.
    weights : Path, optional
        The weights file. By default the first suitable file in ``MASKSTYLE_WEIGHTS_DIR`` and Keras' cache, else the
        one in the package: all of lite, and vgg19 up to block5_conv2 in 8 bits.

    Raises
    ------
    SettingsError
        If the network, a layer or the compute type is unknown.
    WeightsError
        If no suitable weights are found.

    Examples
    --------
    >>> str(choose_network("lite", ["block3_conv1"], compute_type="float32"))
    'lite (embedded), float32'
    """
    check_choice("network", network, NETWORKS)
    wanted = tuple(dict.fromkeys(layers))
    chosen_type = choose_compute_type(compute_type)
    architecture = ARCHITECTURES.get(network, VGG19)
    architecture.check_layers(wanted)
    if weights is None:
        found = find_weights(architecture, wanted)
    else:
        check_weights_path(weights)
        found = FoundWeights(weights)
    choice = NetworkChoice(architecture, found.path, wanted, chosen_type.name, "", chosen_type.reason)
    origin, used = f" from {choice.source}", found.path.name
    if choice.embedded:
        origin, used = f" ({choice.source})", "the embedded weights"
    return replace(
        choice,
        reason=f"{architecture.name}{origin}",
        notes=tuple(f"{problem}; using {used}" for problem in found.notes),
    )


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
        source=choice.source,
        notes=choice.notes,
    )


class Networks:
    """Networks that stay loaded for the next picture: the newest ones, or all."""

    def __init__(self, most: int | None = None) -> None:
        self._most = most
        self._loaded: dict[tuple[object, ...], FeatureNetwork] = {}

    def loaded(
        self,
        choice: NetworkChoice,
        settings: NetworkSettings,
        *,
        weights: object = None,
        on_load: Callable[[NetworkChoice], None] = lambda choice: None,
    ) -> FeatureNetwork:
        """Return a network, loaded at its first use, that pools and pads as the settings say.

        `weights` tells the weights from others; by default, their path. `on_load` is called with the choice, with its
        compute type, before the network is loaded.
        """
        pooling, padding = settings.pooling, settings.padding
        key = (choice.weights if weights is None else weights, choice.layers, choice.compute_type, pooling, padding)
        if key not in self._loaded:
            choice = resolve_compute_type(choice)
            on_load(choice)
            self._loaded[key] = load_network(choice, pooling=pooling, padding=padding)
            if self._most is not None and len(self._loaded) > self._most:
                del self._loaded[next(iter(self._loaded))]
        return self._loaded[key]
