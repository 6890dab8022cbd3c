"""Read the records of version 0.4, which differ from command to command."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from maskstyle.errors import SettingsError
from maskstyle.plans.plan import style_names
from maskstyle.techniques.plan import WHOLE

Table = dict[str, Any]

_OF_EVERY_COMMAND = ("content", "initial", "weights")
_OF_MAPS = ("mapping", "unmatched", "palette", "least_region", "map_remarks")


def old_table(metadata: Mapping[str, Any], result: Path) -> Table:
    """Return the plan of a result, without its settings.

    Raises
    ------
    KeyError, TypeError, ValueError
        If the record is not enough.
    SettingsError
        If it has an input that plans do not support.
    """
    command, inputs = metadata["command"], metadata["inputs"]
    if command not in READERS or "sha256" not in metadata:
        raise KeyError("inputs")
    read, known = READERS[command]
    known = (*_OF_EVERY_COMMAND, *known)
    strange = [name for name, value in inputs.items() if name not in known and value not in (None, False, [])]
    if strange:
        raise SettingsError(
            f"{result} was made with {', '.join(strange)}, which plans do not support; make it again without "
            "them, or write a plan by hand"
        )
    return read(inputs) | _patches(metadata)


def _of_basic(inputs: Mapping[str, Any]) -> Table:
    styles = {
        name: {"image": file, "share": share}
        for name, (file, share) in zip(
            style_names([file for file, _ in inputs["styles"]]), inputs["styles"], strict=True
        )
    }
    return {"technique": "basic", "content": inputs["content"], "styles": styles}


def _of_region(inputs: Mapping[str, Any]) -> Table:
    (name,) = style_names([inputs["style"]])
    table: Table = {
        "technique": "plan",
        "content": inputs["content"],
        "content_map": inputs["content_map"],
        "styles": {name: {"image": inputs["style"], "map": inputs["style_map"]}},
        "region": [
            {"region": region, "style": name, "style_region": style_region or WHOLE}
            for region, style_region in inputs["pairs"]
        ],
    }
    if inputs["feather_mode"] != "distance":
        table["feather_mode"] = inputs["feather_mode"]
    return table | _given(inputs, "feather", "transparent", "denoise_regions", "palette", "least_region", "soft_maps")


def _of_mask(inputs: Mapping[str, Any]) -> Table:
    files = list(dict.fromkeys(each["style"] for each in inputs["styles"]))
    names = dict(zip(files, style_names(files), strict=True))
    return {
        "technique": "mask",
        "content": inputs["content"],
        "styles": {name: {"image": file} for file, name in names.items()},
        "region": [
            {
                "mask": each["mask"],
                **({"complement": True} if each["complement"] else {}),
                "style": names[each["style"]],
                "strength": each["weight"],
            }
            for each in inputs["styles"]
        ],
        **_given(inputs, "transparent"),
    }


def _of_patch(inputs: Mapping[str, Any]) -> Table:
    return {
        "technique": "patch",
        "content": inputs["content"],
        "content_map": inputs["content_map"],
        **_of_two_maps(inputs),
    }


def _of_doodle(inputs: Mapping[str, Any]) -> Table:
    return {
        "technique": "doodle",
        "doodle": inputs["doodle"],
        "matching": inputs["matching"],
        **_of_two_maps(inputs),
    }


def _of_two_maps(inputs: Mapping[str, Any]) -> Table:
    """Return the keys of patches and doodles: one style with its map, and the matching of regions."""
    (name,) = style_names([inputs["style"]])
    return {
        "styles": {name: {"image": inputs["style"], "map": inputs["style_map"]}},
        "unmatched": inputs["unmatched"],
        **({"mapping": dict(inputs["mapping"])} if inputs["mapping"] else {}),
        **_given(inputs, "palette", "least_region"),
    }


def _patches(metadata: Mapping[str, Any]) -> Table:
    patches = {name: value for name, value in metadata.get("patches", {}).items() if value is not None}
    return {"patches": patches} if patches else {}


def _given(inputs: Mapping[str, Any], *keys: str) -> Table:
    """Return the inputs of some keys that were given."""
    return {key: inputs[key] for key in keys if inputs.get(key)}


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
