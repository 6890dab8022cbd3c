"""What techniques do around their guides: the loaded network before, pixels put back and the result after."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from maskstyle import __version__
from maskstyle.errors import SettingsError
from maskstyle.images.color import finished_colors
from maskstyle.images.denoise import denoise_image
from maskstyle.images.pixels import Image, Mask, Size, resize_image
from maskstyle.networks.load import NetworkChoice, choose_network, load_network
from maskstyle.settings import PatchSettings, Settings
from maskstyle.synthesis.estimate import Demand
from maskstyle.synthesis.identity import digest, plain
from maskstyle.synthesis.memory import within_memory
from maskstyle.synthesis.result import Result
from maskstyle.synthesis.schedule import settings_at
from maskstyle.techniques.plan import wanted_layers

if TYPE_CHECKING:
    from maskstyle.networks.vgg import FeatureNetwork
    from maskstyle.synthesis.checkpoints import Checkpoints
    from maskstyle.synthesis.scales import Synthesis


WITHOUT_BEARING = ("snapshot_every", "tile_size", "memory")
"""Settings that change nothing of a picture on its way; a job may be gone on with with others."""


def prepared_network(network: NetworkChoice | FeatureNetwork | None, settings: Settings) -> FeatureNetwork:
    """Return a loaded network for the settings' layers; one that is given loaded is checked for them."""
    layers = wanted_layers(settings)
    if network is None:
        network = choose_network(settings.network, layers, compute_type=settings.compute_type)
    if isinstance(network, NetworkChoice):
        network = load_network(network, pooling=settings.pooling, padding=settings.padding)
    missing = [layer for layer in layers if layer not in network.layers]
    if missing:
        raise SettingsError(
            f"the network was loaded for {', '.join(network.layers)}, but the settings need {', '.join(missing)}"
        )
    return network


def fitted(
    settings: Settings, sizes: Sequence[Size], network: NetworkChoice | FeatureNetwork, **guides: Any
) -> Settings:
    """Return settings with the tiles that let a run fit into its memory.

    Parameters
    ----------
    settings : Settings
        For the memory.
    sizes : sequence of (height, width)
        The sizes that the run will go through.
    network : NetworkChoice or FeatureNetwork
        The network.
    **guides
        What `maskstyle.synthesis.estimate.Demand` takes beside.

    Raises
    ------
    SettingsError
        Where nothing lets it fit; it says which size does.
    """
    return within_memory(Demand(network.architecture, network.compute_type, sizes, settings, **guides))


def begin_checkpoints(
    checkpoints: Checkpoints | None,
    technique: str,
    sizes: Sequence[Size],
    *,
    settings: Settings,
    network: FeatureNetwork,
    inputs: Mapping[str, Any],
) -> None:
    """Begin a job whose checkpoints are wanted, which is checked against the one that it goes on from.

    Parameters
    ----------
    checkpoints : Checkpoints or None
        Where they go; nothing is done where they are not wanted.
    technique : str
        Its name.
    sizes : sequence of (height, width)
        The sizes that it will go through.
    settings, network
        What it is made with.
    inputs : mapping from str to anything that `maskstyle.synthesis.identity.digest` takes
        All else that it depends on, by names for people.

    Raises
    ------
    CheckpointError
        Where there is nothing to go on from, or it is of another job.
    """
    if checkpoints is None:
        return
    used = dataclasses.asdict(_really(settings, network))
    checkpoints.begin(
        {
            "technique": technique,
            "version of maskstyle": __version__,
            "settings": {name: value for name, value in used.items() if name not in WITHOUT_BEARING},
            **plain(inputs),
            "network": network.architecture.name,
            "compute type": network.compute_type,
            "weights of the network": digest(network.parameters()),
            "sizes": [list(size) for size in sizes],
            "optimizers": [_optimizer(size, settings, first=size == sizes[0]) for size in sizes],
        }
    )


def _optimizer(size: Size, settings: Settings, *, first: bool) -> str:
    """Return what a size is minimized with, which the memory has a say in."""
    chosen = settings_at(size, settings, first=first)
    return f"{chosen.optimizer} {chosen.history} {chosen.learning_rate:g}"


def _really(settings: Settings, network: FeatureNetwork) -> Settings:
    """Return the settings with a network's own ways, which it keeps where it was given loaded."""
    return settings.changed(pooling=network.pooling, padding=network.padding)


def finished(
    synthesis: Synthesis,
    *,
    technique: str,
    content: Image | None,
    alpha: Mask | None,
    network: FeatureNetwork,
    settings: Settings,
    denoised_at: Callable[[Size], NDArray[np.bool_]] | None = None,
    compose: Callable[[Image], Image] | None = None,
    opacity_at: Callable[[Size], Mask] | None = None,
    remarks: tuple[str, ...] = (),
    patches: PatchSettings | None = None,
    match_map: Image | None = None,
) -> Result:
    """Return the result of a synthesis, with the alpha at its size and what was really done.

    Parameters
    ----------
    synthesis : Synthesis
        What came out.
    technique : str
        What the result says it was made by.
    content : (H, W, 3) float32 array or None
        What `settings.color` may take colors from; None where there is nothing, and the style's are kept.
    alpha : (H, W) float32 array or None
        The content's transparency.
    network, settings
        What it was made with.
    denoised_at : callable, optional
        Returns which pixels of a (height, width) are denoised; all where it is left out.
    compose : callable, optional
        Returns an image with the pixels put back that must not change. It comes after denoising and colors.
    opacity_at : callable, optional
        Returns how far paint covers a (height, width), by which the result's alpha is multiplied; where it is left
        out, everything is opaque.
    remarks : tuple of str
        What whoever looks at the picture should know.
    """
    image = synthesis.image
    size = (image.shape[0], image.shape[1])
    smooth = denoise_image(image, settings.denoise, settings.denoise_method)
    image = smooth if denoised_at is None else np.where(denoised_at(size)[..., np.newaxis], smooth, image)
    if content is not None:
        image = finished_colors(image, resize_image(content, size), settings.color)
    image = image if compose is None else compose(image)
    fitted = None if alpha is None else resize_image(alpha, size)
    if opacity_at is not None:
        fitted = opacity_at(size) * (np.float32(1) if fitted is None else fitted)
    return Result(
        image=image,
        alpha=fitted,
        technique=technique,
        settings=_really(settings, network),
        network=network.architecture.name,
        compute_type=network.compute_type,
        losses=synthesis.losses,
        steps=synthesis.steps,
        scales=synthesis.scales,
        seconds=synthesis.seconds,
        remarks=remarks,
        patches=patches,
        match_map=match_map,
    )
