"""What techniques do around their guides: the loaded network before, pixels put back and the result after."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from maskstyle.denoise import denoise_image
from maskstyle.errors import SettingsError
from maskstyle.images import Image, Mask, resize_image
from maskstyle.networks.load import NetworkChoice, choose_network, load_network
from maskstyle.result import Result
from maskstyle.settings import PatchSettings, Settings
from maskstyle.techniques.plan import wanted_layers

if TYPE_CHECKING:
    from maskstyle.networks.vgg import FeatureNetwork
    from maskstyle.synthesis import Synthesis


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


def finished(
    synthesis: Synthesis,
    *,
    technique: str,
    alpha: Mask | None,
    network: FeatureNetwork,
    settings: Settings,
    compose: Callable[[Image], Image] | None = None,
    remarks: tuple[str, ...] = (),
    patches: PatchSettings | None = None,
    match_map: Image | None = None,
) -> Result:
    """Return the result of a synthesis, with the alpha at its size and what was really done.

    The image is denoised if asked, then composed: `compose` puts back pixels that must not change.
    """
    image = denoise_image(synthesis.image, settings.denoise)
    image = image if compose is None else compose(image)
    return Result(
        image=image,
        alpha=None if alpha is None else resize_image(alpha, image.shape[:2]),
        technique=technique,
        # A network that was given loaded keeps its own ways, and the record says so.
        settings=settings.changed(pooling=network.pooling, padding=network.padding),
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


def blended(content: Image, painted: Image, inside: NDArray[np.bool_], feather: float = 0.0) -> Image:
    """Return the painted image inside a mask and the content outside, bit for bit.

    Parameters
    ----------
    content, painted : (H, W, 3) float32 array
        In [0, 1].
    inside : (H, W) bool array
        Where the painted image goes.
    feather : float
        Pixels over which it fades in from the mask's edge towards its inside; the image's own edge is none.
    """
    if feather == 0 or inside.all():
        return np.where(inside[..., np.newaxis], painted, content)
    depth = ndimage.distance_transform_edt(inside)
    share = np.clip(depth / (feather + 1), 0.0, 1.0).astype(np.float32)[..., np.newaxis]
    mixed = content + share * (painted - content)
    return np.where(inside[..., np.newaxis], np.clip(mixed, 0.0, 1.0), content)
