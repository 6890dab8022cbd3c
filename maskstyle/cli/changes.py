"""Changes of a plan on the command line: ``--set NAME=VALUE``, the variants of ``--try``, and the keys they name."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from maskstyle.cli.map_options import listed_keys
from maskstyle.cli.masked_styles import parse_masked_style
from maskstyle.cli.options import check_init, number, parse_layers, parse_memory, parse_offset, whole_number
from maskstyle.errors import SettingsError
from maskstyle.images.streams import is_stream
from maskstyle.maps.colors import color_name, parse_region
from maskstyle.maps.io import find_map_beside
from maskstyle.plans.checking import (
    ANY_NUMBER,
    COUNT,
    NUMBER,
    POSITIVE,
    REGION,
    REGIONS,
    TEXTS,
    YES_NO,
    Kind,
    nearest,
)
from maskstyle.plans.lines import KeyPath
from maskstyle.plans.plan import Plan
from maskstyle.plans.read import with_keys
from maskstyle.plans.schema import COMMON_KEYS, REGION_KEYS, STYLE_KEYS, keys_of
from maskstyle.plans.settings_table import FIELDS, PATCH_FIELDS, RUN_FIELDS, Chosen, chosen_settings
from maskstyle.settings import NAMED_INITS, size_from_text
from maskstyle.techniques.inputs import declared_inputs

STYLE_FILES = Kind("FILE or FILE:MAP", str)
"""The image of a style, and its map."""

_INSTEAD = {
    "output": "pass -o FILE",
    "weights": "pass --weights FILE",
    "recipe": "change it in the plan",
    "technique": "change it in the plan",
    "layers": "pass --layers FILE",
    "metadata": "pass --no-metadata",
}
"""What to do about keys that no option changes."""

_OF_ONE_PICTURE = ("output", "layers", "metadata")
"""Those that the pictures of a batch or a clip do not have."""

_TABLES = ("styles", "region", "patches", "strengths", "mapping")


class Key(NamedTuple):
    """A key of a plan that an option changes."""

    path: KeyPath  # its key path; a setting is below "settings"
    kind: Kind | None  # the kind of its value; None for settings and those of patches, which have types of their own


def find_key(plan: Plan, name: str, flag: str, *, many: bool = False) -> Key:
    """Return the key of a plan, or of one for many pictures, that a name means: a setting or a key with dots."""
    table, dot, rest = name.partition(".")
    plain = name.replace("-", "_").removeprefix("settings.").removeprefix("run.")
    if plain in plan.inputs.without_effect:
        raise SettingsError(f"{flag} {name} has no effect in technique {plan.technique!r}; leave it out")
    if many and plain in _OF_ONE_PICTURE:
        raise SettingsError(f"{flag} {name} has no effect on many pictures; leave it out")
    if plain in _INSTEAD:
        raise SettingsError(f"{flag} does not change {plain}; {_INSTEAD[plain]}")
    if dot and table in _TABLES:
        return _in_table(plan, table, rest, name, flag)
    if plain == "style":
        return Key(("styles", _only_style(plan, name, flag)), STYLE_FILES)
    top = _top(plan)
    if plain in FIELDS or plain in RUN_FIELDS:
        return Key(("settings", plain), None)
    if plain not in top:
        raise SettingsError(f"{flag} {name}: there is no such setting or key; {nearest(plain, names_of(plan))}")
    if plain in _TABLES:
        example = next((each for each in names_of(plan) if each.startswith(f"{plain}.")), f"{plain}.red")
        raise SettingsError(f"{flag} {name}: name one of its keys, such as {example}")
    return Key((plain,), top[plain])


def names_of(plan: Plan) -> list[str]:
    """Return the names that `find_key` knows for a plan, those of its tables included."""
    names = [*FIELDS, *RUN_FIELDS, *(each for each in _top(plan) if each not in _TABLES)]
    names += ["style"] if len(plan.styles) == 1 else []
    names += [f"styles.{name}" for name in plan.styles]
    names += [f"region.{each}.strength" for each in _entries(plan) if _takes_regions(plan)]
    names += [f"patches.{each}" for each in PATCH_FIELDS if "patches" in keys_of(plan.inputs)]
    return sorted(names)


def _top(plan: Plan) -> dict[str, Kind]:
    return {name: kind for name, kind in keys_of(plan.inputs).items() if name not in COMMON_KEYS or name == "styles"}


def _takes_regions(plan: Plan) -> bool:
    return "region" in keys_of(plan.inputs)


def _in_table(plan: Plan, table: str, rest: str, name: str, flag: str) -> Key:
    """Return a key of a table: of a style, an entry of [[region]], [patches], or a table of regions."""
    if table not in keys_of(plan.inputs):
        raise SettingsError(f"{flag} {name} has no effect in technique {plan.technique!r}; leave it out")
    if table == "patches":
        return Key((table, rest.replace("-", "_")), None)
    if table in ("strengths", "mapping"):
        written = plan.values.get(table, {})
        same = next((each for each in written if _same_region(each, rest)), rest)
        return Key((table, same), NUMBER if table == "strengths" else REGION)
    if table == "styles":
        return _of_style(plan, rest, name, flag)
    entry, _, key = rest.rpartition(".")
    key = key.replace("-", "_")
    if key not in REGION_KEYS:
        raise SettingsError(f"{flag} {name}: [[region]] has no key {key!r}; {nearest(key, REGION_KEYS)}")
    return Key((table, _entry(plan, entry, name, flag), key), REGION_KEYS[key])


def _of_style(plan: Plan, rest: str, name: str, flag: str) -> Key:
    if rest in plan.styles:
        return Key(("styles", rest), STYLE_FILES)
    style, _, key = rest.rpartition(".")
    if style not in plan.styles:
        raise SettingsError(
            f"{flag} {name}: there is no style {style or rest!r}; {nearest(style or rest, plan.styles)}"
        )
    if key not in STYLE_KEYS:
        raise SettingsError(f"{flag} {name}: [styles.{style}] has no key {key!r}; {nearest(key, STYLE_KEYS)}")
    return Key(("styles", style, key), STYLE_KEYS[key])


def _only_style(plan: Plan, name: str, flag: str) -> str:
    if len(plan.styles) > 1:
        names = ", ".join(f"styles.{each}" for each in plan.styles)
        raise SettingsError(f"{flag} {name}: the plan has {len(plan.styles)} styles; name one: {names}")
    return next(iter(plan.styles))


def _entries(plan: Plan) -> Iterator[str]:
    """Yield what names each entry of [[region]]: its region, or the file of its mask."""
    for each in plan.regions:
        yield str(each.region if each.region is not None else each.mask)


def _entry(plan: Plan, text: str, name: str, flag: str) -> int:
    """Return the place of the entry of [[region]] that a text names."""
    entries = list(enumerate(_entries(plan)))
    for found in (
        [place for place, each in entries if each == text],
        [place for place, each in entries if _same_region(each, text)],
        [place for place, each in entries if plan.regions[place].region is None and _is_file(each, text)],
        [place for place, each in entries if plan.regions[place].region is not None and _is_called(each, text)],
    ):
        if len(found) == 1:
            return found[0]
        if found:
            raise SettingsError(f"{flag} {name}: {len(found)} entries of [[region]] are for {text}; change the plan")
    known = ", ".join(each for _, each in entries)
    raise SettingsError(f"{flag} {name}: there is no [[region]] for {text!r}; expected one of {known}")


def _is_file(file: str, text: str) -> bool:
    """Return whether a text is the name of a file, with or without folder and suffix."""
    name = file.replace("\\", "/").rpartition("/")[2]
    return text in (name, name.rpartition(".")[0])


def _same_region(one: str, other: str) -> bool:
    try:
        return parse_region(one) == parse_region(other)
    except SettingsError:
        return False


def _is_called(region: str, text: str) -> bool:
    """Return whether a color is one of those that a word means."""
    try:
        key = parse_region(region)
    except SettingsError:
        return False
    return isinstance(key, tuple) and color_name(key) == text.strip().lower()


_TRUTHS = {"true": True, "false": False}


def with_values(plan: Plan, texts: Sequence[str], flag: str = "--set", *, many: bool = False) -> Plan:
    """Return a plan, of one picture or of many, with the settings and keys of ``--set`` or ``--try``."""
    settings: dict[str, Any] = {}
    keys: dict[KeyPath, Any] = {}
    options: dict[KeyPath, str] = {}
    for text in texts:
        name, equals, value = (part.strip() for part in text.partition("="))
        if not equals or not name:
            raise SettingsError(f"{flag} is {text!r}; expected NAME=VALUE such as size=768")
        if not value:
            raise SettingsError(f"{flag} {name} has no value; expected {flag} {name}=VALUE, or leave it out")
        key, option = find_key(plan, name, flag, many=many), f"{flag} {name}"
        options[key.path] = option
        if key.path[0] == "settings":
            settings[str(key.path[1])] = _value({**FIELDS, **RUN_FIELDS}, str(key.path[1]), value, option)
        else:
            found = _changes_of(plan, key, value, option)
            keys |= found
            options |= dict.fromkeys(found, option)
    if settings.get("init") is not None and settings["init"] not in NAMED_INITS:
        check_init(settings["init"], options["settings", "init"])
        settings["init"] = str(Path(settings["init"]).absolute())
    return _with_settings(with_keys(plan, keys, options), settings)


def _with_settings(plan: Plan, values: Mapping[str, Any]) -> Plan:
    """Return a plan with other settings, each checked, and then all together."""
    base = Chosen(plan.settings, plan.initial, plan.limits, plan.snapshot_every)

    def report(name: str | None, text: str) -> None:
        plan.source.report(("settings", name or next(iter(values))), text)

    chosen = chosen_settings(base, values, report)
    plan.source.raise_found()
    return dataclasses.replace(
        plan,
        settings=chosen.settings,
        initial=chosen.initial,
        limits=chosen.limits,
        snapshot_every=chosen.snapshot_every,
        given=plan.given | values.keys(),
    )


def _changes_of(plan: Plan, key: Key, text: str, option: str) -> dict[KeyPath, Any]:
    """Return the values of a plan that a text changes; files are relative to the working folder."""
    path, kind = key
    if kind is STYLE_FILES:
        return _style_files(plan, path, text, option)
    value: Any = _file(text) if _names_file(plan, path) else text
    if kind is None:
        value = _value(PATCH_FIELDS, str(path[-1]), text, option)
    elif kind is YES_NO:
        value = _TRUTHS.get(text.lower(), text)
    elif kind in (NUMBER, POSITIVE, ANY_NUMBER):
        value = number(text, option)
    elif kind is COUNT:
        value = whole_number(text, option)
    elif kind in (REGIONS, TEXTS):
        value = listed_keys(text)
    return {path: value}


def _names_file(plan: Plan, path: KeyPath) -> bool:
    """Return whether the value at a key path is the name of a file."""
    if len(path) > 1:
        return path[-1] in ("image", "map", "mask", "style_mask")
    declared = declared_inputs(plan.inputs).get(str(path[0]))
    return declared is not None and declared.kind in ("image", "map")


def _file(text: str) -> str:
    """Return a file of the working folder as a plan elsewhere names it."""
    return text if is_stream(Path(text)) else str(Path(text).absolute())


def _style_files(plan: Plan, path: KeyPath, text: str, option: str) -> dict[KeyPath, Any]:
    """Return the image of a style and, if it has one, its map: ``FILE`` or ``FILE:MAP``."""
    name, old = str(path[-1]), plan.styles[str(path[-1])]
    found = parse_masked_style(text)
    if found.complement or found.strength is not None:
        raise SettingsError(f"{option} is {text!r}; expected FILE or FILE:MAP, such as wave.jpg:wave_map.png")
    image = {(*path, "image"): _file(str(found.style))}
    if found.mask is not None:
        return {**image, (*path, "map"): _file(str(found.mask))}
    if old.map is not None:
        beside = None if is_stream(found.style) else find_map_beside(found.style)
        raise SettingsError(
            f"{option} is {text!r}, but {name} has a map in the plan; pass that of the new image as well: "
            f"{text}:{beside or 'MAP'}"
        )
    return image


def _value(fields: Mapping[str, str], name: str, text: str, what: str) -> Any:
    """Return a text as a value of the type of a setting; unknown settings keep the text."""
    kind = fields.get(name, "str")
    if name in ("size", "memory"):
        return size_from_text(text) if name == "size" else parse_memory(text, what)
    if kind == "LayerMix":
        return dict(parse_layers(text, what))
    if kind == "bool":
        return _TRUTHS.get(text.lower(), text)
    if kind.startswith("tuple"):
        return list(parse_offset(text, what))
    if kind.startswith("int"):
        return whole_number(text, what)
    return number(text, what) if kind.startswith("float") else text
