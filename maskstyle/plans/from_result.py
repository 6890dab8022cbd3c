"""A plan that makes a result again, from the metadata that the result carries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from maskstyle.errors import SettingsError
from maskstyle.guidance.planned import WHOLE
from maskstyle.plans.keys import WITHOUT_EFFECT_IN
from maskstyle.plans.settings_table import FIELDS, patches_table
from maskstyle.plans.table import Table
from maskstyle.recipes import recipe_settings

COMMANDS = ("basic", "region", "mask", "patch", "doodle", "run")
"""Whose results can be turned into plans."""

_NOT_OF_THE_PICTURE = ("snapshot_every", "tile_size")

_OF_EVERY_COMMAND = ("content", "initial", "weights")

_OF_PAIRS = ("mapping", "unmatched", "palette", "least_region", "map_remarks")

_READ = {
    "basic": ("styles",),
    "region": (
        *("style", "content_map", "style_map", "pairs", "feather", "feather_mode", "transparent"),
        *("denoise_regions", "palette", "least_region", "soft_maps"),
        *("regions", "mapping", "unmatched", "map_remarks"),  # the pairs say it, or nothing of the picture
    ),
    "gradient_mask": ("styles", "transparent"),
    "patch": ("style", "content_map", "style_map", *_OF_PAIRS),
    "doodle": ("style", "doodle", "style_map", "matching", *_OF_PAIRS),
}
"""What is understood of the inputs that each command records."""


def plan_of_result(metadata: Mapping[str, Any], result: Path) -> Table:
    """Return the plan, of a plan file's shape, that makes a result again.

    Parameters
    ----------
    metadata : mapping
        From `maskstyle.read_metadata`.
    result : Path
        The file that holds it; paths of the plan are relative to its folder.

    Raises
    ------
    SettingsError
        Where the metadata does not say enough.
    """
    try:
        inputs = metadata["inputs"]
        technique = metadata["command"]
        _check_understood(metadata, result)
        if "plan" in inputs:
            table = dict(inputs["plan"])
        elif technique in _READERS and "sha256" in metadata:
            table = _READERS[technique](inputs) | _patches(metadata)
        else:
            raise KeyError("inputs")
        table["output"] = result.name
        table["settings"] = _settings(metadata, inputs, table["technique"])
        # Weights that a run found for itself are recorded by their name alone.
        if "weights" not in table and (result.parent / inputs["weights"]).is_file():
            table["weights"] = inputs["weights"]
    except (KeyError, TypeError, ValueError) as error:
        raise SettingsError(
            f"the metadata of {result} does not say enough for a plan (there is no {error}); expected a result of "
            f"maskstyle {', '.join(COMMANDS[:-1])} or {COMMANDS[-1]}, made by this version or a later one"
        ) from None
    return table


def _check_understood(metadata: Mapping[str, Any], result: Path) -> None:
    """Raise where a result was made with something that plans do not have: the plan would make another picture."""
    inputs = metadata["inputs"]
    strange = [name for name in metadata["settings"] if name not in FIELDS]
    if "plan" not in inputs:
        known = (*_OF_EVERY_COMMAND, *_READ.get(metadata["command"], ()))
        strange += [name for name, value in inputs.items() if name not in known and value not in (None, False, [])]
    if strange and metadata["command"] in (*_READ, "planned"):
        raise SettingsError(
            f"{result} was made with {', '.join(strange)}, which plans do not have; make it without, or write a "
            "plan by hand"
        )


def _settings(metadata: Mapping[str, Any], inputs: Mapping[str, Any], technique: str) -> Table:
    """Return the settings that are not the default, with the network and the type that were really used."""
    settings = {**metadata["settings"], "network": metadata["network"], "compute_type": metadata["compute_type"]}
    defaults = recipe_settings("default", technique)
    # Recipes may set what does nothing in a technique.
    left_out = (*_NOT_OF_THE_PICTURE, *WITHOUT_EFFECT_IN[technique])
    table: Table = {}
    for name, kind in FIELDS.items():
        if name not in settings or name in left_out:
            continue
        value = settings[name]
        if kind == "LayerMix":
            if tuple((layer, float(weight)) for layer, weight in value) != getattr(defaults, name):
                table[name] = {layer: float(weight) for layer, weight in value}
        elif value != getattr(defaults, name):
            table[name] = value
    if table.get("init") == ("colors" if technique == "doodle" else "content"):
        table.pop("init")  # which is what the default stands for
    if table.get("init") == "image":
        if inputs.get("initial") is None:
            raise KeyError("initial")
        table["init"] = inputs["initial"]
    return table


def _of_basic(inputs: Mapping[str, Any]) -> Table:
    styles = {
        name: {"image": file, "share": share}
        for name, (file, share) in zip(_names([file for file, _ in inputs["styles"]]), inputs["styles"], strict=True)
    }
    return {"technique": "basic", "content": inputs["content"], "styles": styles}


def _of_region(inputs: Mapping[str, Any]) -> Table:
    (name,) = _names([inputs["style"]])
    table: Table = {
        "technique": "region",
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
    names = dict(zip(files, _names(files), strict=True))
    return {
        "technique": "region",
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
        **_of_pairs(inputs),
    }


def _of_doodle(inputs: Mapping[str, Any]) -> Table:
    return {
        "technique": "doodle",
        "doodle": inputs["doodle"],
        "matching": inputs["matching"],
        **_of_pairs(inputs),
    }


def _of_pairs(inputs: Mapping[str, Any]) -> Table:
    """Return what patches and doodles have: one style with its map, and which regions go together."""
    (name,) = _names([inputs["style"]])
    return {
        "styles": {name: {"image": inputs["style"], "map": inputs["style_map"]}},
        "unmatched": inputs["unmatched"],
        **({"mapping": dict(inputs["mapping"])} if inputs["mapping"] else {}),
        **_given(inputs, "palette", "least_region"),
    }


def _patches(metadata: Mapping[str, Any]) -> Table:
    """Return what a plan says of patches, where a result has any."""
    changed = patches_table(metadata.get("patches", {}))
    return {"patches": changed} if changed else {}


def _given(inputs: Mapping[str, Any], *keys: str) -> Table:
    """Return the inputs of some keys that were given."""
    return {key: inputs[key] for key in keys if inputs.get(key)}


_READERS = {
    "basic": _of_basic,
    "region": _of_region,
    "gradient_mask": _of_mask,
    "patch": _of_patch,
    "doodle": _of_doodle,
}


def _names(files: Sequence[str]) -> list[str]:
    """Return a name for each file: its own without its folder and extension, numbered where that is taken."""
    names: list[str] = []
    for file in files:
        stem = Path(file).stem
        number = sum(each == stem or each.startswith(f"{stem}_") for each in names)
        names.append(stem if not number else f"{stem}_{number + 1}")
    return names
