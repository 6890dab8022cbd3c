"""Step time and peak memory of each technique, relative to basic and to the bare network.

Decides how guides are computed, and whether the objective and the optimizers are lean enough. A technique should cost
little more than basic, and a step of basic at most 1.25 times the bare network at a depth that recipes of the
literature use: --layer block4_conv2.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import bench
import numpy as np
from scipy import ndimage

from maskstyle.images.pixels import Image, Mask
from maskstyle.maps.semantic_map import SemanticMap
from maskstyle.settings import PatchSettings
from maskstyle.techniques.basic import BasicInputs
from maskstyle.techniques.doodle import DoodleInputs
from maskstyle.techniques.mask import MaskInputs
from maskstyle.techniques.patch import PatchInputs
from maskstyle.techniques.region import RegionInputs


def main(arguments: Sequence[str] | None = None) -> None:
    parser = bench.options(__doc__, steps=12)
    parser.add_argument("--side", type=int, default=512, help="side of the picture (default: %(default)s)")
    parser.add_argument("--number", type=int, default=32, help="regions and masks (default: %(default)s)")
    parser.add_argument("--patch", type=int, default=32, help="side of the patches (default: %(default)s)")
    parser.add_argument("--layer", help="content layer, for a deeper network; default: those of the settings")
    given = parser.parse_args(arguments)
    cases = [
        replace(
            case, network=network, compute_type=kind, content_layer=given.layer, side=given.side, steps=given.steps
        )
        for network in given.networks
        for kind in given.types
        for case in techniques(given.number, given.patch)
    ]
    found = bench.measure(cases, rounds=given.rounds)
    rows = []
    for case in cases:
        alike = {each.name: found.get(each) for each in cases if _combination(each) == _combination(case)}
        own = found.get(case)
        row: dict[str, object] = {"network": case.network, "type": case.compute_type, "technique": case.name}
        row |= {"seconds": own and own.seconds, "/ basic": bench.ratio(own, alike["basic"])}
        rows.append(row | {"/ bare": bench.ratio(own, alike["bare network"]), "MiB": own and own.memory_mb})
    bench.report(rows, given.json)


def _combination(case: bench.Case) -> tuple[str, str]:
    return case.network, case.compute_type


def techniques(number: int, patch: int) -> list[bench.Case]:
    """Return the bare network, and a case for each technique."""
    return [
        bench.Case("bare network", None),
        bench.Case("basic", BasicInputs),
        bench.Case("basic, Adam", BasicInputs, optimizer="adam"),
        bench.Case(f"region: {number}", partial(regions, number)),
        bench.Case(f"mask: {number} bands", partial(bands, number)),
        bench.Case(f"mask: {number // 4 or 1}, each everywhere", partial(covering, number // 4 or 1)),
        bench.Case(f"patch: {patch} px", partial(patches, patch, patch)),
        bench.Case(f"patch: {patch} px, half overlapping", partial(patches, patch, patch // 2)),
        bench.Case("doodle: 4 regions", doodle),
    ]


def regions(number: int, content: Image, style: Image) -> RegionInputs:
    striped = stripes(number, content.shape[0])
    return RegionInputs(content, style, content_map=striped, style_map=striped)


def bands(number: int, content: Image, style: Image) -> MaskInputs:
    """Return masks that share the picture out: upright bands that fade into their neighbors."""
    side = content.shape[0]
    across = (np.arange(side, dtype=np.float32) + 0.5) / side * number
    rows = [np.clip(1 - np.abs(across - band - 0.5), 0, 1) for band in range(number)]
    return MaskInputs(content, [style] * number, masks=[np.tile(row, (side, 1)) for row in rows])


def covering(number: int, content: Image, style: Image) -> MaskInputs:
    """Return smooth random masks that are above 0 everywhere."""
    noise = np.random.default_rng(1).normal(size=(number, *content.shape[:2]))
    return MaskInputs(content, [style] * number, masks=[_smooth(each) for each in noise])


def _smooth(noise: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> Mask:
    blurred = ndimage.gaussian_filter(noise, noise.shape[0] / 8, mode="wrap")
    scaled: Mask = np.interp(blurred, (blurred.min(), blurred.max()), (0.02, 1)).astype(np.float32)
    return scaled


def patches(side: int, stride: int, content: Image, style: Image) -> PatchInputs:
    striped = stripes(4, content.shape[0])
    turned = SemanticMap(np.ascontiguousarray(striped.labels.T[::-1]), striped.colors)
    cut = PatchSettings(patch_size=side, patch_stride=stride)
    return PatchInputs(content, style, content_map=striped, style_map=turned, patches=cut)


def doodle(content: Image, style: Image) -> DoodleInputs:
    striped = stripes(4, content.shape[0])
    return DoodleInputs(style, doodle=striped, style_map=striped)


def stripes(number: int, side: int) -> SemanticMap:
    """Return a map of diagonal stripes."""
    labels = np.indices((side, side)).sum(axis=0) * number // (2 * side)
    reds = [255 * index // number for index in range(number)]
    return SemanticMap(labels.astype(np.int32), tuple((red, 255 - red, 90) for red in reds))


if __name__ == "__main__":
    main()
