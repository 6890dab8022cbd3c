"""The keys of plan files: what kind of value each has, and in which techniques it says something."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from maskstyle.plans.checking import (
    COUNT,
    NUMBER,
    POSITIVE,
    TABLE,
    TABLES,
    TEXT,
    TEXT_TABLE,
    TEXTS,
    YES_NO,
    Source,
    check_keys,
    nearest,
)
from maskstyle.recipes import WITHOUT_EFFECT

TOP_KEYS = {
    "technique": TEXT,
    "content": TEXT,
    "doodle": TEXT,
    "content_map": TEXT,
    "output": TEXT,
    "recipe": TEXT,
    "weights": TEXT,
    "feather": NUMBER,
    "feather_mode": TEXT,
    "transparent": YES_NO,
    "denoise_regions": TEXTS,
    "matching": TEXT,
    "mapping": TEXT_TABLE,
    "unmatched": TEXT,
    "palette": TEXTS,
    "least_region": COUNT,
    "soft_maps": YES_NO,
    "settings": TABLE,
    "patches": TABLE,
    "styles": TABLE,
    "region": TABLES,
}

STYLE_KEYS = {"image": TEXT, "map": TEXT, "share": POSITIVE}

REGION_KEYS = {
    "region": TEXT,
    "mask": TEXT,
    "complement": YES_NO,
    "style": TEXT,
    "style_region": TEXT,
    "style_mask": TEXT,
    "strength": POSITIVE,
    "color": TEXT,
    "keep": YES_NO,
}

_EVERYWHERE = ("technique", "output", "recipe", "weights", "settings", "styles")
_OF_PAIRS = ("mapping", "unmatched", "patches", "palette", "least_region")

KEYS_OF: Mapping[str, tuple[str, ...]] = {
    "basic": (*_EVERYWHERE, "content"),
    "region": (
        *(*_EVERYWHERE, "content", "content_map", "feather", "feather_mode", "transparent", "denoise_regions"),
        *("palette", "least_region", "soft_maps", "region"),
    ),
    "patch": (*_EVERYWHERE, "content", "content_map", *_OF_PAIRS),
    "doodle": (*_EVERYWHERE, "doodle", "matching", *_OF_PAIRS),
}
"""The keys at the top of a plan that say something, by technique."""

WITH_ONE_STYLE = ("patch", "doodle")
"""The techniques that take one style, with its map."""

WITHOUT_EFFECT_IN: Mapping[str, tuple[str, ...]] = {
    # A region of a plan may be a mask.
    technique: () if technique == "region" else WITHOUT_EFFECT[technique]
    for technique in KEYS_OF
}
"""Settings that say nothing, by technique."""


def technique_of(source: Source, table: Mapping[str, Any]) -> str:
    """Return a plan's technique, having checked the keys at its top."""
    check_keys(source, (), table, TOP_KEYS, "a plan")
    guess = "region" if "region" in table else "doodle" if "doodle" in table else "basic"
    technique: str = table.get("technique", guess)
    if technique not in KEYS_OF:
        raise source.error(("technique",), f"technique is {technique!r}; {nearest(technique, KEYS_OF)}")
    for key in table:
        if key not in KEYS_OF[technique]:
            others = " or ".join(repr(other) for other, keys in KEYS_OF.items() if key in keys)
            raise source.error(
                (key,), f"{key} does nothing in technique {technique!r}; leave it out, or choose {others}"
            )
    for key in table.get("settings", {}):
        if key in WITHOUT_EFFECT_IN[technique]:
            raise source.error(("settings", key), f"{key} does nothing in technique {technique!r}; leave it out")
    needed = {"content": '"photo.jpg"', "doodle": '"drawing.png"'}
    if technique == "patch":
        needed["content_map"] = '"photo_map.png"'
    for key, example in needed.items():
        if key in KEYS_OF[technique] and key not in table:
            raise source.error((), f"the plan has no {key}; add {key} = {example}")
    return technique
