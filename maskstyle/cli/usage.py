"""Wrong options, arguments and commands: what Typer says about them, as one sentence that says what to do."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Iterable
from typing import Any

from maskstyle.cli.options import flag_of, number_advice
from maskstyle.maps.colors import shortlist
from maskstyle.settings import LARGEST_WHOLE, Settings
from maskstyle.techniques.registry import LISTED

PAINTING = tuple(each.name for each in LISTED if each.name != "plan")
"""The commands that paint one picture from options."""

OF_COLORS = (
    *("--regions", "--region", "--keep", "--map", "--region-strength", "--denoise-regions", "--style-region"),
    *("--palette", "--ignore"),
)
"""The options that take colors."""

ELSEWHERE = {
    **dict.fromkeys(("--iterations", "--iters", "--num-iterations", "--num-steps", "--epochs"), "--steps"),
    **dict.fromkeys(("--image-size", "--content-size", "--resolution", "--width", "--max-size"), "--size"),
    **dict.fromkeys(("--original-colors", "--preserve-colors", "--preserve-color"), "--color content"),
    **dict.fromkeys(("--style-strength", "--alpha", "--opacity"), "--strength"),
    **dict.fromkeys(("--out", "--output-image", "--output-path", "--outfile", "--save"), "--output"),
    **dict.fromkeys(("--content-mask", "--content-sem", "--semantic-map", "--segmentation"), "--content-map"),
    **dict.fromkeys(("--style-sem", "--style-segmentation"), "--style-map"),
    **dict.fromkeys(("--model", "--backbone"), "--network"),
    "--lr": "--learning-rate",
    "--random-seed": "--seed",
}
"""What options of other programs are called here."""

OTHERWISE = {
    **dict.fromkeys(("--content", "--content-image", "--input"), "name the content image without an option"),
    **dict.fromkeys(("--style-image", "--style-img"), "name the style image without an option"),
    **dict.fromkeys(("--mask", "--masks", "--style-mask"), "pass masks to maskstyle mask, as --style FILE:MASK"),
}
"""How to give what options of other programs give."""

OTHER_COMMANDS = {
    **dict.fromkeys(
        ("from-alpha", "alpha", "from-image", "from-cutout"),
        "a cut-out is a mask itself, by its alpha, such as --style STYLE:CUTOUT.png; to write that to a file: "
        "maskstyle masks feather CUTOUT.png --feather 0 -o mask.png",
    ),
    "invert": "write: maskstyle masks combine MASK --how invert -o mask.png",
    **dict.fromkeys(("blur", "soften", "smooth"), "write: maskstyle masks feather MASK --feather PIXELS -o mask.png"),
}
"""How to do what commands of these names would do."""

_CLOSE = 0.72
"""How alike a misspelled option and the one that is meant are, at least."""


def usage_sentence(error: Any) -> str:
    """Return the sentence about a wrong option or argument, from an error of Typer or, in older versions, of Click.

    It is empty where the help has been printed instead.
    """
    message = error.format_message().rstrip(".")
    kind = type(error).__name__
    if not message or kind == "NoArgsIsHelpError":
        return ""
    context = getattr(error, "ctx", None)
    sentence = _about_value(error, message)
    unknown = re.match(r"No such command '(.*?)'", message)
    if unknown is not None:
        sentence = _about_command(unknown[1], context)
    if sentence is None and kind == "NoSuchOption":
        sentence = _about_option(error.option_name, context)
    if sentence is None:
        sentence = f"{message[0].lower()}{message[1:]}{_advice(message, context)}"
    help_ = (
        ""
        if context is None or ";" in sentence or sentence.endswith("?")
        else f"; see: {context.command_path} --help"
    )
    return sentence + help_


def _about_value(error: Any, message: str) -> str | None:
    """Return the sentence about a value that is no number or no choice; None for other errors."""
    param = getattr(error, "param", None)
    flag = max(getattr(param, "opts", ()), key=len, default="")
    chosen = re.search(r"'([^']*)' is not one of (.+)$", message, re.DOTALL)
    if chosen is not None and flag:
        choices = re.findall(r"'([^']+)'", chosen[2])
        near = difflib.get_close_matches(chosen[1].lower(), choices, n=1)
        return f"{flag} is {chosen[1]!r}; expected one of {', '.join(choices)}" + (
            f"; did you mean {near[0]}?" if near else ""
        )
    number = re.search(r"valid (number|float|integer)", message)
    text = _given(error, message)
    if number is None or text is None or not flag.startswith("--"):
        return None
    whole = number[1] == "integer"
    if flag == "--style-weight" and text.strip().endswith("%"):
        return f"{flag} is {text!r}; expected a raw factor; for a share of the style, pass --strength 0.5"
    if whole and re.fullmatch(r"\s*\d+\s*", text):  # which Typer takes up to 64 bits
        return f"{flag} is {text}; expected a whole number of at most {LARGEST_WHOLE}"
    expected = "a whole number" if whole else "a number"
    return f"{flag} is {text!r}; expected {expected}{number_advice(text, whole=whole)}"


def _given(error: Any, message: str) -> str | None:
    """Return the text of a value that could not be read."""
    cause = error.__cause__
    if hasattr(cause, "errors"):
        return str(cause.errors()[0]["input"])
    found = re.search(r"'([^']*)' is not a valid", message)
    return None if found is None else found[1]


def _about_option(name: str, context: Any) -> str:
    """Return the sentence about an option that a command does not have."""
    said = f"no such option: {name}"
    own = _options(context.command)
    if not name.startswith("--"):
        if name == "-o" and "--output-dir" in own:
            said += "; did you mean --output-dir?"
        elif context.parent:
            said += "; write the name of a file that begins with - as ./-NAME"
        return said
    plain = name.replace("_", "-").lower()
    meant = ELSEWHERE.get(plain, plain)
    flag = meant.split()[0]
    if flag in own:
        return f"{said}; did you mean {meant}?"
    if context.info_name in PAINTING:
        if plain in OTHERWISE:
            return f"{said}; {OTHERWISE[plain]}"
        having = [each for each in PAINTING if flag in _options(context.parent.command.get_command(context, each))]
        if having:
            verb = "has" if len(having) == 1 else "have"
            return f"{said}; maskstyle {shortlist(having)} {verb} {meant if meant != name else 'it'}"
    if context.info_name == "run" and flag in map(flag_of, Settings.__dataclass_fields__):
        return f"{said}; pass --set {flag.removeprefix('--')}=VALUE"
    same_words = [each for each in own if sorted(each.split("-")) == sorted(plain.split("-"))]
    near = same_words or difflib.get_close_matches(plain, own, n=1, cutoff=_CLOSE)
    return f"{said}; did you mean {near[0]}?" if near else said


def _options(command: Any) -> list[str]:
    """Return the options of a command that its help lists."""
    shown = [each for each in command.params if not getattr(each, "hidden", False)]
    return [flag for each in shown for flag in each.opts if flag.startswith("--")]


def _advice(message: str, context: Any) -> str:
    """Return what to do about other errors, as the end of a sentence."""
    name = getattr(context, "info_name", None)
    if re.fullmatch(rf"option '({'|'.join(OF_COLORS)})' requires an argument", message, re.IGNORECASE):
        return "; quote colors, such as '#ff0000': the shell drops what follows an unquoted #"
    if message.startswith("Missing argument 'CONTENT...'") and any(
        each.name == "style" for each in context.command.params
    ):
        return "; name the pictures first, then STYLE"
    extra = re.search(r"unexpected extra arguments? \((.*)\)$|unexpected extra argument\(s\) \((.*)\)$", message)
    if extra is not None and name in PAINTING:
        return _about_extra((extra[1] or extra[2]).split(), name)
    return ""


def _about_extra(words: Iterable[str], command: str) -> str:
    """Return advice about arguments that a painting command does not take."""
    if not all(re.search(r"\.[^.\d]", word) for word in words):  # none is a file
        return "; separate the values of an option by commas, or repeat the option"
    hints = {
        "basic": "to blend in another style, pass --style FILE; ",
        "region": "maps go to --content-map and --style-map; ",
        "patch": "maps go to --content-map and --style-map; ",
    }
    return f"; {hints.get(command, '')}to paint many pictures, write: maskstyle batch {command}"


def _about_command(word: str, context: Any) -> str:
    """Return the sentence about a word that is no command."""
    said = f"no such command '{word}'"
    if word in ("help", "version"):
        return f"{said}; write: maskstyle --{word}"
    if word.lower().endswith(".toml"):
        return f"{said}; to paint a plan, write: maskstyle run {word}"
    if context.parent is None and os.path.splitext(word)[1]:
        return f"{said}; a command comes first, such as: maskstyle basic {word} STYLE -o out.png"
    if word in OTHER_COMMANDS:
        return f"{said}; {OTHER_COMMANDS[word]}"
    commands = context.command.list_commands(context)
    near = difflib.get_close_matches(word.lower(), commands, n=1)
    near = near or [each for each in commands if word.startswith(f"{each}-")]
    return f"{said}; did you mean {near[0]}?" if near else said
