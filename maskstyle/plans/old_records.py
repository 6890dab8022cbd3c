"""Read the records of version 0.4, which differ from command to command."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from maskstyle.errors import SettingsError
from maskstyle.plans.plan import style_names
from maskstyle.schemas.values import Count, Number, Text, Unfit, fitting
from maskstyle.techniques.plan import WHOLE

Table = dict[str, Any]

_OF_EVERY_COMMAND = ("content", "initial", "weights")
_OF_MAPS = ("mapping", "unmatched", "palette", "least_region", "map_remarks")


@dataclass(frozen=True)
class BasicInputs:
    """The inputs of ``basic``, as its records have them."""

    content: Text
    styles: tuple[tuple[Text, Number], ...]


@dataclass(frozen=True)
class MaskedStyle:
    """A style of ``gradient-mask`` with its mask."""

    style: Text
    mask: Text
    complement: bool
    weight: Number


@dataclass(frozen=True)
class MaskInputs:
    """The inputs of ``gradient-mask``."""

    content: Text
    styles: tuple[MaskedStyle, ...]
    transparent: bool | None = None


@dataclass(frozen=True, kw_only=True)
class MapInputs:
    """The inputs of commands with two maps."""

    style: Text
    style_map: Text
    palette: tuple[Text, ...] | None = None
    least_region: Count | None = None


@dataclass(frozen=True, kw_only=True)
class RegionInputs(MapInputs):
    """The inputs of ``region``."""

    content: Text
    content_map: Text
    pairs: tuple[tuple[Text, Text | None], ...]
    feather_mode: Text
    feather: Number | None = None
    transparent: bool | None = None
    denoise_regions: tuple[Text, ...] | None = None
    soft_maps: bool | None = None


@dataclass(frozen=True, kw_only=True)
class PatchInputs(MapInputs):
    """The inputs of ``patch`` and ``doodle``."""

    unmatched: Text
    mapping: tuple[tuple[Text, Text], ...] | None = None
    content: Text | None = None
    content_map: Text | None = None
    doodle: Text | None = None
    matching: Text | None = None


def old_table(metadata: Mapping[str, Any], result: Path) -> Table:
    """Return the plan of a result, without its settings; raises Unfit if the record is not enough."""
    command, inputs = str(metadata.get("command")), metadata["inputs"]
    if command not in READERS or "sha256" not in metadata:
        raise Unfit("its inputs are missing")
    read, known = READERS[command]
    known = (*_OF_EVERY_COMMAND, *known)
    strange = [name for name, value in inputs.items() if name not in known and value not in (None, False, [])]
    if strange:
        raise SettingsError(
            f"{result} was made with {', '.join(strange)}, which plans do not support; make it again without "
            "them, or write a plan by hand"
        )
    return read(inputs) | _patches(metadata)


def _of_basic(record: Mapping[str, Any]) -> Table:
    inputs = fitting(record, BasicInputs)
    names = style_names([file for file, _ in inputs.styles])
    styles = {name: {"image": file, "share": share} for name, (file, share) in zip(names, inputs.styles, strict=True)}
    return {"technique": "basic", "content": inputs.content, "styles": styles}


def _of_region(record: Mapping[str, Any]) -> Table:
    inputs = fitting(record, RegionInputs)
    (name,) = style_names([inputs.style])
    table: Table = {
        "technique": "plan",
        "content": inputs.content,
        "content_map": inputs.content_map,
        "styles": {name: {"image": inputs.style, "map": inputs.style_map}},
        "region": [
            {"region": region, "style": name, "style_region": style_region or WHOLE}
            for region, style_region in inputs.pairs
        ],
    }
    if inputs.feather_mode != "distance":
        table["feather_mode"] = inputs.feather_mode
    return table | _given(inputs, "feather", "transparent", "denoise_regions", "palette", "least_region", "soft_maps")


def _of_mask(record: Mapping[str, Any]) -> Table:
    inputs = fitting(record, MaskInputs)
    files = list(dict.fromkeys(each.style for each in inputs.styles))
    names = dict(zip(files, style_names(files), strict=True))
    return {
        "technique": "mask",
        "content": inputs.content,
        "styles": {name: {"image": file} for file, name in names.items()},
        "region": [
            {
                "mask": each.mask,
                **({"complement": True} if each.complement else {}),
                "style": names[each.style],
                "strength": each.weight,
            }
            for each in inputs.styles
        ],
        **_given(inputs, "transparent"),
    }


def _of_patch(record: Mapping[str, Any]) -> Table:
    return {"technique": "patch", **_of_two_maps(record, "content", "content_map")}


def _of_doodle(record: Mapping[str, Any]) -> Table:
    return {"technique": "doodle", **_of_two_maps(record, "doodle", "matching")}


def _of_two_maps(record: Mapping[str, Any], *own: str) -> Table:
    """Return the keys of patches and doodles: one style with its map, the matching of regions, and `own` keys."""
    inputs = fitting(record, PatchInputs)
    (name,) = style_names([inputs.style])
    return {
        "styles": {name: {"image": inputs.style, "map": inputs.style_map}},
        "unmatched": inputs.unmatched,
        **({"mapping": dict(inputs.mapping)} if inputs.mapping else {}),
        **_given(inputs, *own, "palette", "least_region"),
    }


def _patches(metadata: Mapping[str, Any]) -> Table:
    given = fitting(metadata.get("patches", {}), dict[Text, Any])
    patches = {name: value for name, value in given.items() if value is not None}
    return {"patches": patches} if patches else {}


def _given(inputs: Any, *keys: str) -> Table:
    """Return the inputs of some keys that were given, as TOML's types."""
    given = {key: getattr(inputs, key) for key in keys}
    return {key: list(value) if isinstance(value, tuple) else value for key, value in given.items() if value}


READERS: dict[str, tuple[Callable[[Mapping[str, Any]], Table], tuple[str, ...]]] = {
    "basic": (_of_basic, ("styles",)),
    "region": (
        _of_region,
        (
            *("style", "content_map", "style_map", "pairs", "feather", "feather_mode", "transparent"),
            *("denoise_regions", "palette", "least_region", "soft_maps"),
            *("regions", "mapping", "unmatched", "map_remarks"),  # the pairs imply them, or they do not matter
        ),
    ),
    "gradient_mask": (_of_mask, ("styles", "transparent")),
    "patch": (_of_patch, ("style", "content_map", "style_map", *_OF_MAPS)),
    "doodle": (_of_doodle, ("style", "doodle", "style_map", "matching", *_OF_MAPS)),
}
"""The reader of the record of each command, and the inputs that it understands."""
