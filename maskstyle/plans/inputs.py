"""The files of a plan, read and checked, and what is painted where."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from maskstyle.errors import MaskstyleError
from maskstyle.guidance.planned import WHOLE, PlannedRegion, PlannedStyle, Settled
from maskstyle.guidance.settling import settle_denoised, settle_regions
from maskstyle.images.io import load_image
from maskstyle.images.pixels import Image, Mask
from maskstyle.maps.assignment import region_name
from maskstyle.maps.io import Color, SemanticMap, describe_absorbed, find_named_region, fit_map, load_map, parse_color
from maskstyle.masks.io import read_mask
from maskstyle.plans.keys import WITH_ONE_STYLE
from maskstyle.plans.lines import KeyPath
from maskstyle.plans.pairing import Pairing, paired
from maskstyle.plans.plan import Plan


@dataclass(frozen=True, eq=False)
class LoadedPlan:
    """What a plan's files hold.

    Parameters
    ----------
    styles : dict of str to PlannedStyle
        The styles by the plan's names.
    content_map : SemanticMap or None
        The content's map.
    regions : tuple of PlannedRegion
        What is painted or kept.
    settled : Settled or None
        The same with everything found; None in techniques without entries for regions.
    pairing : Pairing or None
        Which regions go together, where patches or a doodle are painted.
    initial : (H, W, 3) float32 array or None
        The first image.
    denoised : tuple of Color or None
        The map colors of the regions that denoising is for.
    remarks : tuple of str
        What was made of maps and masks.
    """

    styles: dict[str, PlannedStyle]
    content_map: SemanticMap | None
    regions: tuple[PlannedRegion, ...]
    settled: Settled | None
    pairing: Pairing | None
    initial: Image | None
    denoised: tuple[Color, ...] | None
    remarks: tuple[str, ...]


def plan_files(plan: Plan) -> dict[KeyPath, Path]:
    """Return the files that a plan reads, by the key paths that name them."""
    named: dict[KeyPath, str | None] = {
        (plan.content_key,): plan.content,
        (plan.map_key,): plan.content_map,
        ("weights",): plan.weights,
        ("settings", "init"): plan.initial,
    }
    for name, style in plan.styles.items():
        named["styles", name, "image"] = style.image
        named["styles", name, "map"] = style.map
    for place, region in enumerate(plan.regions):
        named["region", place, "mask"] = region.mask
        named["region", place, "style_mask"] = region.style_mask
    return {path: plan.file(file) for path, file in named.items() if file is not None}


def check_files(plan: Plan) -> None:
    """Raise where a file of a plan is not there."""
    for path, file in plan_files(plan).items():
        if not file.is_file():
            what = "is a folder" if file.is_dir() else "does not exist"
            raise plan.source.error(
                path, f"{path[-1]} is {str(file)!r}, which {what}; paths are relative to the plan"
            )


def load_plan(plan: Plan, content: Image) -> LoadedPlan:
    """Read the files of a plan beside its content, and find what is painted where.

    Parameters
    ----------
    plan : Plan
        The plan.
    content : (H, W, 3) float32 array
        The content.

    Raises
    ------
    MaskstyleError
        Where a file cannot be read, or does not go with the others; with the line of the plan.
    """
    initial = None
    if plan.initial is not None:
        with plan.source.saying("settings", "init"):
            initial = load_image(plan.file(plan.initial)).pixels
    size = (content.shape[0], content.shape[1])
    content_map = None if plan.content_map is None else _map(plan, plan.content_map, (plan.map_key,))
    if content_map is not None:
        with plan.source.saying(plan.map_key):
            content_map = fit_map(
                content_map,
                size,
                name=str(plan.file(plan.content_map or "")),
                image_name=str(plan.file(plan.content)),
            )
    styles = {name: _style(plan, name) for name in plan.styles}
    held = [(content_map, plan.content_map), *((styles[name].style_map, plan.styles[name].map) for name in styles)]
    remarks = [
        remark
        for each, file in held
        if each is not None
        for remark in describe_absorbed(each, str(plan.file(file or "")))
    ]
    regions = tuple(_planned(plan, place, content_map, styles) for place in range(len(plan.regions)))
    settled = None
    if plan.technique == "region":
        settled = settle_regions(
            regions,
            content_map,
            size,
            color=plan.settings.color,
            name=str(plan.file(plan.content_map or "the content map")),
            image_name=str(plan.file(plan.content)),
            complain=lambda place, key, error: _complaint(plan, place, key, error),
        )
    denoised = None if settled is None else _denoised(plan, settled)
    pairing = None
    if plan.technique in WITH_ONE_STYLE and content_map is not None:
        pairing = paired(plan, content_map, next(iter(styles.values())), size)
    return LoadedPlan(styles, content_map, regions, settled, pairing, initial, denoised, tuple(remarks))


def unplanned(plan: Plan, settled: Settled) -> list[str]:
    """Return the regions of the content's map that a plan does not name; they are kept where no mask paints them."""
    if settled.content_map is None:
        return []
    named = {*settled.kept, *(entry.label for entry in settled.entries)}
    return [region_name(color) for label, color in enumerate(settled.content_map.colors) if label not in named]


def _denoised(plan: Plan, settled: Settled) -> tuple[Color, ...] | None:
    """Return the map colors of the regions that denoising is for."""
    if plan.denoise_regions is None:
        return None
    if settled.content_map is None:
        raise plan.source.error(("denoise_regions",), "denoise_regions needs the content's map; add content_map")
    name = str(plan.file(plan.content_map or ""))
    colors = []
    for place, text in enumerate(plan.denoise_regions):
        with plan.source.saying("denoise_regions", place):
            colors.append(settled.content_map.colors[find_named_region(text, settled.content_map, name=name)])
            settle_denoised(colors[-1:], settled, name=name)
    return tuple(colors)


def _complaint(plan: Plan, place: int, key: str, error: MaskstyleError) -> MaskstyleError:
    if key == "style" and "map" in str(error):  # what is wrong with a style is wrong with its map
        return type(error)(plan.source.message(("styles", plan.regions[place].style or "", "map"), str(error)))
    return type(error)(plan.source.message(("region", place, key), str(error)))


def _map(plan: Plan, file: str, path: KeyPath) -> SemanticMap:
    palette = None if plan.palette is None else [parse_color(text) for text in plan.palette]
    with plan.source.saying(*path):
        return load_map(plan.file(file), palette=palette, least_region=plan.least_region, soft=plan.soft_maps)


def _style(plan: Plan, name: str) -> PlannedStyle:
    style = plan.styles[name]
    with plan.source.saying("styles", name, "image"):
        image = load_image(plan.file(style.image)).pixels
    style_map = None if style.map is None else _map(plan, style.map, ("styles", name, "map"))
    return PlannedStyle(image, style_map, str(plan.file(style.image)))


def _planned(
    plan: Plan, place: int, content_map: SemanticMap | None, styles: dict[str, PlannedStyle]
) -> PlannedRegion:
    entry = plan.regions[place]
    style = None if entry.style is None else styles[entry.style]
    region: Color | None = None
    if entry.region is not None:
        assert content_map is not None
        region = _color(plan, place, "region", entry.region, content_map, str(plan.file(plan.content_map or "")))
    style_region: Color | str | None = entry.style_region
    if entry.style_region not in (None, WHOLE) and style is not None and style.style_map is not None:
        name = str(plan.file(plan.styles[entry.style or ""].map or ""))
        style_region = _color(plan, place, "style_region", entry.style_region or "", style.style_map, name)
    mask = _mask(plan, place, "mask", entry.mask)
    return PlannedRegion(
        region=region,
        mask=1 - mask if entry.complement and mask is not None else mask,
        style=style,
        style_region=style_region,
        style_mask=_mask(plan, place, "style_mask", entry.style_mask),
        strength=entry.strength,
        color=entry.color,
    )


def _color(plan: Plan, place: int, key: str, text: str, semantic_map: SemanticMap, name: str) -> Color:
    with plan.source.saying("region", place, key):
        return semantic_map.colors[find_named_region(text, semantic_map, name=name)]


def _mask(plan: Plan, place: int, key: str, file: str | None) -> Mask | None:
    if file is None:
        return None
    with plan.source.saying("region", place, key):
        return read_mask(plan.file(file)).mask
