"""The pages of settings, plan keys and recipes, made from their declarations."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any

from markdown_text import cell, table

from maskstyle.cli.options import layer_mix_text, unset_text
from maskstyle.plans import schema
from maskstyle.plans.checking import Kind
from maskstyle.plans.settings_table import RUN_FIELDS
from maskstyle.recipes import RECIPES
from maskstyle.settings import PANELS, Bounds, Limits, PatchSettings, Settings
from maskstyle.techniques.inputs import declared_inputs
from maskstyle.techniques.registry import TECHNIQUES

MEANINGS = {
    "technique": "The name of a command; `plan` for regions and masks of several styles.",
    "output": "Result to write; `-o` overrides it.",
    "recipe": "Settings to start from.",
    "weights": "File with the network's weights.",
    "settings": "The [settings](settings.md).",
    "run": "How to paint; see [below](#run).",
    "styles": "The style images, each with a name; see [below](#styles-name).",
    "palette": "Colors of the maps; default: those that are found.",
    "least_region": "Fewest pixels of a region.",
    "ignore": "Ids or colors of void and outlines; their pixels join the regions beside them.",
    "soft_maps": "Divide blended pixels of maps among regions.",
    "stretch_maps": "Stretch maps and masks of another aspect ratio to their images.",
    "map_orientation": "`stored`: maps and masks were drawn on photos as stored, before EXIF turns them.",
    "region": "What to paint, and what to keep; see [below](#region).",
}
"""What the keys mean that no technique declares."""

STYLE_MEANINGS = {
    "image": "The style image.",
    "map": "Its semantic map.",
    "share": "Its share of a blend; `basic` only.",
    "scale": "Scale factor: above 1 makes larger strokes.",
}

REGION_MEANINGS = {
    "region": 'A region of the content map; `"*"`: all that are not named.',
    "mask": "A soft mask to paint through, instead.",
    "complement": "Use 1 - mask.",
    "style": "Name of a style.",
    "style_region": 'A region of the style\'s map, or `"whole"`.',
    "style_mask": "A mask of the style image that selects what to take.",
    "strength": "Its own strength, from 0 to 1.",
    "scale": "A further factor on the scale of the style.",
    "color": "Its own color mode.",
    "keep": "Keep its pixels.",
}

RUN_MEANINGS = {
    "memory": "Memory limit in GB.",
    "tile_size": "Side of the tiles of large images, in pixels.",
    "snapshot_every": "Steps between snapshots; 0: none.",
    "layers": "Also write layers: `FILE.ora`, or a folder.",
    "metadata": "Write record, paths and hashes into the result.",
}


def settings_page() -> Iterator[str]:
    """Yield the lines of the page of all settings, as they are declared."""
    yield "# Settings\n"
    yield (
        "The settings of a picture are options of each technique (`--style-scale`), keys of `[settings]` in a plan "
        "(`style_scale`), and fields of [`maskstyle.Settings`](api/maskstyle.md) in Python."
    )
    fields = dataclasses.fields(Settings)
    for panel in PANELS:
        rows = [field_row(each) for each in fields if each.metadata["panel"] == panel]
        if rows:
            yield f"\n## {panel}"
            yield from table(("setting", "values", "default", "what it does"), rows)
    yield "\n## Patches\n\nFields of `PatchSettings`, and keys of `[patches]`."
    yield from table(
        ("setting", "values", "default", "what it does"), map(field_row, dataclasses.fields(PatchSettings))
    )
    yield "\n## Limits\n\nFields of `Limits`, and keys of `[run]`: they do not change what is painted."
    yield from table(("setting", "values", "default", "what it does"), map(field_row, dataclasses.fields(Limits)))


def field_row(field: dataclasses.Field[Any]) -> tuple[str, str, str, str]:
    """Return the row of a setting: name, values, default, help."""
    declared = field.metadata
    values = ", ".join(f"`{each}`" for each in declared["choices"]) or bounds_text(declared["bounds"])
    default = unset_text(field) if field.default is None else code_of(field.default)
    return f"`{field.name}`", values, default, cell(declared["help"])


def bounds_text(bounds: Bounds | None) -> str:
    """Return the numbers that a setting takes, in words."""
    if bounds is None:
        return ""
    kind = "whole, " if bounds.whole else ""
    zero = "0, or " if bounds.or_zero else ""
    if bounds.most != float("inf"):
        return f"{kind}{zero}{bounds.least:g} to {bounds.most:g}"
    return f"{kind}{zero}{'at least' if bounds.inclusive else 'above'} {bounds.least:g}"


def code_of(value: Any) -> str:
    """Return a value as code; each of several by itself, so that lines may break between them."""
    return ", ".join(f"`{each}`" for each in value_text(value).split(","))


def value_text(value: Any) -> str:
    """Return a value as a person writes it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple) and value and isinstance(value[0], tuple):
        return layer_mix_text(value)
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)


def plan_keys_page() -> Iterator[str]:
    """Yield the lines of the page of the keys of plans, as the schema and the techniques declare them."""
    yield "# Plan keys\n"
    yield "The keys of a plan file. [Plans](../how-to/plans.md) shows them in use."
    yield "\n## At the top"
    known = {name: schema.keys_of(inputs) for name, inputs in TECHNIQUES.items()}
    keys = {key: kind for each in known.values() for key, kind in each.items()}
    helps = {
        key: declared.help for inputs in TECHNIQUES.values() for key, declared in declared_inputs(inputs).items()
    } | MEANINGS
    rows = []
    for key, kind in keys.items():
        having = [name for name, each in known.items() if key in each]
        techniques = "all" if len(having) == len(known) else ", ".join(having)
        meaning = MEANINGS.get(key) or cell(helps.get(key, "")) or "[Patch settings](settings.md#patches)."
        rows.append((f"`{key}`", kind.words, techniques, meaning))
    yield from table(("key", "value", "techniques", "what it is"), rows)
    yield "\n## `[styles.NAME]`"
    yield from keys_table(schema.STYLE_KEYS, STYLE_MEANINGS)
    yield "\n## `[[region]]`"
    yield from keys_table(schema.REGION_KEYS, REGION_MEANINGS)
    yield "\n## `[run]`"
    words = {
        "memory": "a number above 0",
        "tile_size": "a whole number of at least 64",
        "snapshot_every": "a whole number",
    }
    words |= {key: kind.words for key, kind in schema.OUTPUT_KEYS.items()}
    rows_of_run = [(f"`{key}`", words[key], RUN_MEANINGS[key]) for key in (*RUN_FIELDS, *schema.OUTPUT_KEYS)]
    yield from table(("key", "value", "what it is"), rows_of_run)
    yield "\n## `[settings]`\n\nAny [setting](settings.md) that has an effect in the technique.\n"
    yield "## `[patches]`\n\nThe [settings of patches](settings.md#patches), in the techniques `patch` and `doodle`."


def keys_table(keys: Mapping[str, Kind], meanings: Mapping[str, str]) -> list[str]:
    """Return a table of the keys below a heading of a plan."""
    return table(
        ("key", "value", "what it is"), [(f"`{key}`", kind.words, meanings[key]) for key, kind in keys.items()]
    )


def recipes_page() -> Iterator[str]:
    """Yield the lines of the page of recipes: sources, and the settings that differ from the defaults."""
    yield "# Settings of the recipes\n"
    yield "What each [recipe](recipes.md) sets; all other settings have their [defaults](settings.md)."
    default = Settings()
    for recipe in RECIPES.values():
        yield f"\n## {recipe.name}\n\n{recipe.title[0].upper()}{recipe.title[1:]}. {cell(recipe.source)}"
        values = ((field.name, getattr(recipe.settings, field.name)) for field in dataclasses.fields(default))
        rows = [
            (f"`{name}`", "unset" if value is None else code_of(value))
            for name, value in values
            if value != getattr(default, name)
        ]
        if rows:
            yield from table(("setting", "value"), rows)
