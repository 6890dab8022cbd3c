"""Options of commands that match patches: one for each field of PatchSettings."""

from __future__ import annotations

import dataclasses
import functools
import inspect
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal, Optional

import typer

from maskstyle.cli.options import flag_of
from maskstyle.errors import SettingsError
from maskstyle.settings import SIMILARITIES, PatchSettings

PATCH_HELP: Mapping[str, str] = {
    "patch_size": "Side of a patch, in pixels of the result, whatever its --size.",
    "patch_stride": "Pixels from one patch to the next; below their size they overlap.  (default: their size)",
    "patch_offset": "Pixels that patches are moved down and to the right, as DOWN,RIGHT.",
    "similarity": "How patches of maps are compared: by their colors alone, or also by where borders run (ncc).",
    "repetition": "What each earlier use of a style patch counts against it; 0 lets all take the same.",
    "position_weight": "How much similar positions count, among patches of about equal maps.",
    "feature_weight": "How much similar network features count, among patches of about equal maps.",
}
"""Help of each option."""

_TYPES: Mapping[str, Any] = {
    "int": int,
    "int | None": int,
    "float": float,
    "tuple[int, int]": str,
    "str": Literal[SIMILARITIES],  # the only choice
}


def takes_patches(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command an option for every field of PatchSettings; its parameter ``patches`` receives these."""
    signature = inspect.signature(command, eval_str=True)
    own = [each for each in signature.parameters.values() if each.name != "patches"]

    @functools.wraps(command)
    def wrapper(**values: Any) -> None:
        given = {name: values.pop(name) for name in PATCH_HELP}
        command(**values, patches=_patches_from(given))

    wrapper.__signature__ = signature.replace(parameters=[*own, *_parameters()])  # type: ignore[attr-defined]
    del wrapper.__wrapped__  # as in `takes_settings`
    return wrapper


def _parameters() -> list[inspect.Parameter]:
    return [
        inspect.Parameter(
            field.name,
            inspect.Parameter.KEYWORD_ONLY,
            default=None,
            annotation=Annotated[
                Optional[_TYPES[str(field.type)]],  # noqa: UP045 - the type is known at run time only
                typer.Option(flag_of(field.name), help=_help(field), rich_help_panel="Patches", show_default=False),
            ],
        )
        for field in dataclasses.fields(PatchSettings)
    ]


def _help(field: dataclasses.Field[Any]) -> str:
    text = PATCH_HELP[field.name]
    if field.default is None:
        return text
    shown = ",".join(map(str, field.default)) if isinstance(field.default, tuple) else field.default
    return f"{text}  (default: {shown})"


def _patches_from(given: Mapping[str, Any]) -> PatchSettings:
    """Return the settings that the options ask for; an error names the option instead of the setting."""
    changes = {name: value for name, value in given.items() if value is not None}
    if "patch_offset" in changes:
        changes["patch_offset"] = parse_offset(changes["patch_offset"], "--patch-offset")
    try:
        return PatchSettings(**changes)
    except SettingsError as error:
        first, _, rest = str(error).partition(" ")
        raise SettingsError(f"{flag_of(first)} {rest}") from None


def parse_offset(text: str, flag: str) -> tuple[int, int]:
    """Read ``DOWN,RIGHT``.

    Examples
    --------
    >>> parse_offset("8, 0", "--patch-offset")
    (8, 0)
    """
    try:
        down, right = (int(part) for part in text.split(","))
    except ValueError:
        raise SettingsError(f"{flag} is {text!r}; expected DOWN,RIGHT in pixels, such as 8,8") from None
    return down, right
