"""The options that commands share, and the parsing of their values."""

from __future__ import annotations

import dataclasses
import inspect
import os
import re
from collections.abc import Container, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal, Optional, TypeAlias

import typer

from maskstyle.errors import SettingsError
from maskstyle.images.paths import problem, shown
from maskstyle.images.streams import is_stream
from maskstyle.settings import (
    AT_LEAST_ZERO,
    DEFAULT_LONGER_SIDE,
    DRAFT,
    NAMED_INITS,
    NETWORK,
    OUTPUT,
    SPEED,
    STYLE,
    WHERE,
    LayerMix,
    Limits,
    PatchSettings,
    Settings,
    SizeSettings,
)
from maskstyle.synthesis.schedule import COARSEST_DOODLE, COARSEST_SIDE, result_size

OutputOption: TypeAlias = Annotated[
    Path, typer.Option("--output", "-o", help="Result to write.", show_default=False, rich_help_panel=OUTPUT)
]
WeightsOption: TypeAlias = Annotated[
    Path | None, typer.Option("--weights", help="Weights of the network: .h5 or .npz.", rich_help_panel=NETWORK)
]
RecordOption: TypeAlias = Annotated[
    Path | None, typer.Option("--json", help="Write a full record of the run.", rich_help_panel=OUTPUT)
]
PlotOption: TypeAlias = Annotated[
    Path | None, typer.Option("--plot", help="Plot the loss curves: .png, .svg or .pdf.", rich_help_panel=OUTPUT)
]
SnapshotsOption: TypeAlias = Annotated[
    Path | None,
    typer.Option("--snapshot-dir", help="Folder for snapshots; default: OUTPUT_snapshots.", rich_help_panel=OUTPUT),
]
LayersOption: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "--layers", help="Also write a layer per region: FILE.ora, or a folder of PNGs.", rich_help_panel=OUTPUT
    ),
]
NoMetadataOption: TypeAlias = Annotated[
    bool,
    typer.Option("--no-metadata", help="Write no record, paths or hashes into the result.", rich_help_panel=OUTPUT),
]
DryRunOption: TypeAlias = Annotated[
    bool,
    typer.Option(
        "--dry-run", help="Check everything, print sizes, time and memory; paint nothing.", rich_help_panel=OUTPUT
    ),
]
DraftOption: TypeAlias = Annotated[
    bool,
    typer.Option(
        "--draft",
        help=f"Fast draft: {DRAFT['network']}, up to {DRAFT['size']} pixels, {DRAFT['steps']} steps; "
        "other options override it.",
        rich_help_panel=SPEED,
    ),
]
ResumeOption: TypeAlias = Annotated[
    bool,
    typer.Option("--resume", help="Continue an interrupted run from OUTPUT.checkpoint.", rich_help_panel=SPEED),
]
CheckpointEveryOption: TypeAlias = Annotated[
    float,
    typer.Option(
        "--checkpoint-every", help="Seconds between checkpoints of a long run; 0: none.", rich_help_panel=SPEED
    ),
]
TilesSchedulerOption: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--scheduler",
        help="Paint the tiles of a large picture on workers: local:N or tcp://HOST:PORT.",
        show_default=False,
        rich_help_panel=SPEED,
    ),
]
QuietOption: TypeAlias = Annotated[
    bool, typer.Option("--quiet", "-q", help="Print nothing but errors.", rich_help_panel=OUTPUT)
]
SetOption: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        help="Change a setting or another key of the plan, as NAME=VALUE; repeatable.",
        show_default=False,
        rich_help_panel=STYLE,
    ),
]

TryOption: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--try",
        help="Values to try on one contact sheet, as OPTION=VALUE,...; twice: rows and columns.",
        show_default=False,
        rich_help_panel=OUTPUT,
    ),
]
PlannedSizeOption: TypeAlias = Annotated[
    str | None,
    typer.Option("--size", help="Size of the planned result: longer side, WIDTHxHEIGHT, or original."),
]
PaletteOption: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--palette", help="Colors of the maps' regions: red,'#0000ff',...; default: detected.", rich_help_panel=WHERE
    ),
]
LeastRegionOption: TypeAlias = Annotated[
    int | None,
    typer.Option(
        "--least-region", help="Minimum pixels of a region; default: 0.5 % with soft edges.", rich_help_panel=WHERE
    ),
]
IgnoreOption: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--ignore", help="Colors or ids of void or outlines, which join regions beside them.", rich_help_panel=WHERE
    ),
]
StretchMapsOption: TypeAlias = Annotated[
    bool,
    typer.Option("--stretch-maps", help="Stretch maps and masks of another aspect ratio.", rich_help_panel=WHERE),
]
MapOrientationOption: TypeAlias = Annotated[
    Literal["shown", "stored"] | None,
    typer.Option(
        "--map-orientation",
        help="Maps are drawn on rotated photos as shown, or as stored.  (default: shown)",
        show_default=False,
        rich_help_panel=WHERE,
    ),
]
SoftMapsOption: TypeAlias = Annotated[
    bool,
    typer.Option("--soft-maps", help="Divide the blended pixels of soft edges among regions.", rich_help_panel=WHERE),
]

READING_OPTIONS: Mapping[str, tuple[Any, Any]] = {
    "palette": (PaletteOption, None),
    "least_region": (LeastRegionOption, None),
    "ignore": (IgnoreOption, None),
    "soft_maps": (SoftMapsOption, False),
    "stretch_maps": (StretchMapsOption, False),
    "map_orientation": (MapOrientationOption, None),
}
"""The options that say how maps and masks are read, with their defaults."""

DEFAULT_SIZE = f"the content image's, at most {DEFAULT_LONGER_SIDE}"
"""The default of ``--size`` in words."""

_TYPES: Mapping[str, Any] = {
    "int": int,
    "int | None": int,
    "int | str | None": str,
    "bool": bool,
    "float": float,
    "float | None": float,
    "str": str,
    "LayerMix": str,
    "tuple[int, int]": str,
}


_PARAMETER = re.compile(r"(?<![\w'\"`/\\.-])[a-z]+(?:_[a-z0-9]+)+(?![\w'\"`/\\-]|\.\w)")
"""A word with an underscore that is no part of a file name or of a quoted text."""


def parameters_of(options: Mapping[str, tuple[Any, Any]]) -> list[inspect.Parameter]:
    """Return the parameters of a command for options, given by name with their annotation and default."""
    return [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)
        for name, (annotation, default) in options.items()
    ]


def flag_of(name: str) -> str:
    """Return the option of a setting or an input.

    >>> flag_of("style_weight")
    '--style-weight'
    """
    return "--" + name.replace("_", "-")


def option_type(field: dataclasses.Field[Any]) -> Any:
    """Return the type of the option of a declared setting; None if it is not given."""
    choices = field.metadata["choices"]
    if field.name == "memory":
        return Optional[str]  # noqa: UP045 - an amount with its unit
    if choices and field.name != "init":
        return Optional[Literal[choices]]  # noqa: UP045 - the choices are known at run time only
    return Optional[_TYPES[str(field.type)]]  # noqa: UP045


def setting_help(field: dataclasses.Field[Any], default: Any, main: str = "content image") -> str:
    """Return the help of the option of a declared setting, with its default."""
    shown, text = default, field.metadata["help"]
    if default is False:
        return str(text)
    if default is None:
        shown = unset_text(field, main)
    elif str(field.type) == "LayerMix":
        shown = layer_mix_text(default, separator=", ")
    elif isinstance(default, tuple):
        shown = ",".join(map(str, default))
    return f"{text}  (default: {shown})"


def unset_text(field: dataclasses.Field[Any], main: str = "content image") -> str:
    """Return what a setting means that is None, where the main input is the content image or the doodle."""
    side, smaller = (COARSEST_SIDE, "") if main == "content image" else (COARSEST_DOODLE, ", or half if smaller")
    coarsest = f"{side} to {2 * side - 1} pixels{smaller}"
    return str(field.metadata["unset"].format(input=main, coarsest=coarsest))


def changed(settings: Settings, changes: Mapping[str, Any]) -> Settings:
    """Return settings with some of them changed; an error names the option instead of the setting."""
    try:
        return settings.changed(**changes)
    except SettingsError as error:
        raise SettingsError(as_options(str(error))) from None


def draft_changes(weights: Path | None, picture: Path) -> dict[str, Any]:
    """Return the settings of ``--draft``, which enlarges no picture; given weights decide the network themselves."""
    from maskstyle.images.headers import size_if_known

    known = size_if_known(picture)
    size = DRAFT["size"] if known is None else min(DRAFT["size"], max(known))
    changes = {**DRAFT, "size": size}
    return {name: value for name, value in changes.items() if name != "network" or weights is None}


def same_result_size(picture: Path, one: int | str | None, other: int | str | None) -> bool:
    """Return whether two values of the setting ``size`` give results of the same size."""
    from maskstyle.images.headers import size_if_known

    known = None if one == other else size_if_known(picture)
    if known is None:
        return one == other
    return result_size(known, SizeSettings(size=one)) == result_size(known, SizeSettings(size=other))


def without_draft(drafted: Mapping[str, Any], given: Container[str], picture: Path) -> str | None:
    """Return a note that ``--draft`` changes nothing, as its settings are given or the picture is small, or None."""
    beside = [name for name in drafted if name in given]
    if any(name not in given and name != "size" for name in drafted):
        return None
    small = ""
    if "size" not in given:
        if not same_result_size(picture, drafted["size"], None):
            return None
        small = f", as {shown(picture)} is no larger than a draft"
    *most, last = map(flag_of, beside)
    return f"--draft has no effect beside {' and '.join([*filter(None, [', '.join(most)]), last])}{small}"


def as_options(message: str) -> str:
    """Return a message with parameters named as options: the first word, and words that have an underscore.

    >>> as_options("style_weight is -1; expected a number of at least 0")
    '--style-weight is -1; expected a number of at least 0'
    >>> as_options("content_map.png is too small; choose a larger size or style_scale")
    'content_map.png is too small; choose a larger size or --style-scale'
    """
    flags = _flags()

    def flag(match: re.Match[str]) -> str:
        return flags.get(match[0], match[0])

    first, space, rest = message.partition(" ")
    return flags.get(first, _PARAMETER.sub(flag, first)) + space + _PARAMETER.sub(flag, rest)


@cache
def _flags() -> dict[str, str]:
    """Return the options of all settings and inputs of the painting commands, by name."""
    from maskstyle.techniques.inputs import declared_inputs
    from maskstyle.techniques.registry import TECHNIQUES

    declared = [each for group in (Settings, Limits, PatchSettings) for each in dataclasses.fields(group)]
    flags = {each.name: flag_of(each.name) for each in declared}
    flags |= {name: flag_of(name) for name in (*READING_OPTIONS, "snapshot_every", "style_region")}
    for inputs in TECHNIQUES.values():
        for name, each in declared_inputs(inputs).items():
            if each.kind not in ("image", "style", "styles", "masked styles", "plan regions"):
                flags[name] = each.flag or flag_of(name)
    return flags


def parse_layers(text: str, flag: str) -> LayerMix:
    """Read ``NAME[:WEIGHT],...``.

    >>> parse_layers("block1_conv1,block2_conv1:0.5", "--style-layers")
    (('block1_conv1', 1.0), ('block2_conv1', 0.5))
    """
    mix: list[tuple[str, float]] = []
    for part in text.split(","):
        name, colon, weight = part.strip().partition(":")
        if not name:
            raise SettingsError(
                f"{flag} is {text!r}; expected NAME[:WEIGHT],... such as block1_conv1,block2_conv1:0.5"
            )
        if name in (layer for layer, _ in mix):
            raise SettingsError(f"{flag} names {name} twice; name each layer once")
        mix.append((name, number(weight, f"the weight of {name} in {flag}") if colon else 1.0))
    return tuple(mix)


def layer_mix_text(mix: LayerMix, *, separator: str = ",") -> str:
    """Write a layer mix as ``NAME[:WEIGHT],...``."""
    return separator.join(name if weight == 1 else f"{name}:{weight:g}" for name, weight in mix)


def parse_memory(text: str, flag: str = "--memory") -> float:
    """Read an amount of memory in GB, or with the unit GB or MB.

    >>> parse_memory("4GB"), parse_memory("1500 MB"), parse_memory("2.5"), parse_memory("4G")
    (4.0, 1.5, 2.5, 4.0)
    """
    found = re.fullmatch(r"\s*(.*?)\s*(?:([GM])i?B?)?\s*", text, re.IGNORECASE | re.DOTALL)
    assert found is not None
    try:
        return float(found[1]) * (1e-3 if (found[2] or "G").upper() == "M" else 1.0)
    except ValueError:
        raise SettingsError(f"{flag} is {text!r}; expected an amount such as 4GB or 1500MB") from None


def parse_offset(text: str, flag: str) -> tuple[int, int]:
    """Read ``DOWN,RIGHT``.

    >>> parse_offset("8, 0", "--patch-offset")
    (8, 0)
    """
    try:
        down, right = (int(part) for part in text.split(","))
    except ValueError:
        raise SettingsError(f"{flag} is {text!r}; expected DOWN,RIGHT in pixels, such as 8,8") from None
    return down, right


def check_init(init: str, flag: str) -> None:
    """Raise SettingsError if ``--init`` names neither a kind of initial image nor a file."""
    what = None if is_stream(Path(init)) else problem(Path(init))
    if what is not None:
        kinds = ", ".join(NAMED_INITS)
        raise SettingsError(f"{flag} is {shown(init)!r}, which {what}; expected {kinds} or an image FILE")


def parse_style(text: str) -> tuple[Path, float]:
    """Read ``FILE[:SHARE]``; a file of that whole name comes first.

    >>> path, share = parse_style("wave.jpg:0.5")
    >>> path.name, share
    ('wave.jpg', 0.5)
    """
    file, colon, share = text.rpartition(":")
    if not colon or os.path.exists(text) or not (_looks_like_number(share) or os.path.isfile(file)):
        return Path(text), 1.0
    return Path(file), number(share, f"the share of {file}")


def parse_strength(text: str, of: str) -> float:
    """Read the strength of a file or region; whether it is too large depends on the settings."""
    strength = number(text, f"the strength of {of}")
    AT_LEAST_ZERO.check(f"the strength of {of}", strength)
    return strength


def _looks_like_number(text: str) -> bool:
    return bool(text) and all(character in "+-.0123456789eE" for character in text)


def check_named_once(texts: Sequence[str], flag: str) -> None:
    """Raise SettingsError if an option lists a text twice."""
    twice = next((text for text in texts if texts.count(text) > 1), None)
    if twice is not None:
        raise SettingsError(f"{flag} lists {twice} twice; list it once")


def number(text: str, what: str) -> float:
    """Read a number; an error names what it is."""
    try:
        return float(text)
    except ValueError:
        raise SettingsError(f"{what} is {text!r}; expected a number{number_advice(text)}") from None


def whole_number(text: str, what: str) -> int:
    """Read a whole number; an error names what it is."""
    try:
        return int(text)
    except ValueError:
        advice = number_advice(text, whole=True)
        raise SettingsError(f"{what} is {text!r}; expected a whole number{advice}") from None


def number_advice(text: str, *, whole: bool = False) -> str:
    """Return how to write a text that is no number, as the end of a sentence; empty if that cannot be told.

    >>> number_advice("50%"), number_advice("0,5"), number_advice("512px", whole=True), number_advice("ten")
    (', such as 0.5 for 50 %', ', such as 0.5', ', such as 512', '')
    """
    found = re.fullmatch(r"\s*([+-]?\d+|[+-]?\d*[.,]\d+|[+-]?\d{1,3}(?:,\d{3})+)\s*(%|px|pixels?)?\s*", text, re.I)
    if found is None:
        return ""
    thousands = re.fullmatch(r"[+-]?\d{1,3}(,\d{3})+", found[1]) is not None
    value = float(found[1].replace(",", "" if whole and thousands else "."))
    if found[2] == "%":
        return "" if whole else f", such as {value / 100:g} for {value:g} %"
    return f", such as {round(value) if whole else format(value, 'g')}"
