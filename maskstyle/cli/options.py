"""Options that commands share: those of every command, every setting once, made from Settings, and their values."""

from __future__ import annotations

import dataclasses
import functools
import inspect
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Optional, TypeAlias

import typer

from maskstyle.errors import SettingsError
from maskstyle.recipes import RECIPES, WITHOUT_EFFECT, find_recipe, recipe_settings
from maskstyle.settings import CHOICES, DEFAULT_LONGER_SIDE, LayerMix, Settings

ContentArgument: TypeAlias = Annotated[Path, typer.Argument(help="The picture to paint.", show_default=False)]
OutputOption: TypeAlias = Annotated[
    Path, typer.Option("--output", "-o", help="The picture to write.", show_default=False)
]
WeightsOption: TypeAlias = Annotated[
    Path | None, typer.Option("--weights", help="The network's weights: .h5 or .npz.")
]
RecordOption: TypeAlias = Annotated[Path | None, typer.Option("--json", help="Write a record of the run.")]
PlotOption: TypeAlias = Annotated[
    Path | None, typer.Option("--plot", help="Draw the loss curves: .png, .svg or .pdf.")
]
SnapshotsOption: TypeAlias = Annotated[Path | None, typer.Option("--snapshot-dir", help="Folder of the snapshots.")]
DryRunOption: TypeAlias = Annotated[
    bool, typer.Option("--dry-run", help="Check everything, say what would be done, and write nothing.")
]
ResumeOption: TypeAlias = Annotated[
    bool, typer.Option("--resume", help="Go on from OUTPUT.checkpoint, which a killed or interrupted run left.")
]
CheckpointEveryOption: TypeAlias = Annotated[
    float, typer.Option("--checkpoint-every", help="Seconds between checkpoints of a long run; 0: none.")
]
QuietOption: TypeAlias = Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors.")]
PaletteOption: TypeAlias = Annotated[
    str | None,
    typer.Option("--palette", help="The maps' colors, as red,'#0000ff',...; found in them."),
]
TransparentOption: TypeAlias = Annotated[
    bool, typer.Option("--transparent", help="Write what is painted alone: transparent where nothing is.")
]
SoftMapsOption: TypeAlias = Annotated[
    bool, typer.Option("--soft-maps", help="Share blended pixels of the maps' soft edges out among their regions.")
]
LeastRegionOption: TypeAlias = Annotated[
    int | None,
    typer.Option("--least-region", help="Pixels that make a region of a map; 0.5 % of it if edges are soft."),
]

DEFAULT_SIZE = f"the content's, at most {DEFAULT_LONGER_SIDE}"
"""The default of ``--size`` in words."""

SETTING_HELP: Mapping[str, str] = {
    "network": "Feature network; auto is vgg19 where its weights are found, else the embedded lite.",
    "compute_type": "Type of the convolutions; auto takes bfloat16 where the processor has it.",
    "pooling": "Pooling between the network's blocks.",
    "padding": "What surrounds the image at the first convolution.",
    "content_layers": "Content layers, as NAME[:WEIGHT],...",
    "style_layers": "Style layers, as NAME[:WEIGHT],...",
    "content_weight": "Weight of the content term.",
    "style_weight": "Weight of the style term: more is more style.",
    "tv_weight": "Weight of total variation: more is smoother.",
    "content_reduction": "How the content term is scaled.",
    "gram_normalization": "Divide Gram matrices by their sum of pixel weights, or not.",
    "style_reduction": "How the style term is scaled.",
    "tv_exponent": "Exponent of total variation.",
    "tv_reduction": "How total variation is reduced.",
    "pixel_range": "Greatest pixel value, 1 or 255, in whose units total variation and Adam are stated.",
    "propagation": "How semantic regions pass to deeper layers.",
    "mask_exponent": "Power of soft masks as pixel weights.",
    "intensity": "Factor on the target Gram matrices: above 1 is a stronger style.",
    "size": "Longer side of the result in pixels.",
    "scales": "Number of sizes from coarse to fine at 512 pixels, one more for each doubling; 1 is a single scale.",
    "style_fit": "Keep the style image's aspect, or stretch it to the result's shape.",
    "style_scale": "Factor on the style image's size: above 1 makes larger strokes.",
    "optimizer": "L-BFGS or Adam; auto takes Adam where L-BFGS would take too much memory.",
    "steps": "Greatest number of steps at each size.",
    "step_decay": "Power of 512 / longer side by which larger sizes take fewer steps.",
    "tolerance": "Stop a size once ten steps lower the loss by less than this share; 0: never.",
    "history": "Vector pairs that L-BFGS remembers.",
    "learning_rate": "Adam's rate.",
    "beta_1": "Adam's decay of the mean.",
    "beta_2": "Adam's decay of the variance.",
    "epsilon": "Adam's epsilon.",
    "init": "First image: content, style, noise, colors of the style, or a picture's FILE to continue from.",
    "noise_contrast": "Contrast of a start from noise, at most 1, which fills [0, 1].",
    "seed": "Seed of the noise, and of the colors drawn.",
    "snapshot_every": "Keep a snapshot every so many steps; 0: none.",
    "denoise": "Strength of the denoising of the result, such as 0.05; 0: none.",
    "denoise_method": "Non-local means, total variation or a bilateral filter.",
    "tile_size": "Side in pixels of the tiles in which larger images are evaluated.",
    "memory": "Memory that the run may take, in GB; large images are evaluated in tiles that fit.",
    "color": "Whose colors the result has: the style's, or in one of three ways the content's.",
}
"""Help of each setting's option."""

PANELS: Mapping[str, tuple[str, ...]] = {
    "What it looks like": (
        "style_weight",
        "content_weight",
        "tv_weight",
        "size",
        "style_scale",
        "style_fit",
        "color",
        "intensity",
        "denoise",
        "denoise_method",
        "init",
        "noise_contrast",
        "seed",
    ),
    "How long it takes": (
        "steps",
        "scales",
        "tolerance",
        "optimizer",
        "compute_type",
        "step_decay",
        "memory",
        "tile_size",
        "snapshot_every",
    ),
}
"""Help panels of the settings that most people touch; the others are for recipes."""

UNSET: Mapping[str, str] = {"tile_size": "as large as fits", "memory": "4, or what is free"}
"""The defaults in words of settings that have none."""

NAMED_INITS = tuple(name for name in CHOICES["init"] if name != "image")
"""The first images that have a name; any other ``--init`` is a file."""

_TYPES: Mapping[str, Any] = {
    "int": int,
    "int | None": int,
    "float": float,
    "float | None": str,  # an amount with its unit
    "str": str,
    "LayerMix": str,
}


def takes_settings(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command an option for every setting, and ``--recipe``.

    The command's parameter ``settings`` receives the recipe's Settings with the given options in place, and
    its parameter ``initial`` the path given as ``--init``, or None.
    """
    return _with_settings(command, DEFAULT_SIZE)


def takes_doodle_settings(command: Callable[..., None]) -> Callable[..., None]:
    """Do the same as `takes_settings` for a command without a content."""
    return _with_settings(command, f"the doodle's, at most {DEFAULT_LONGER_SIDE}")


def _with_settings(command: Callable[..., None], default_size: str) -> Callable[..., None]:
    """Give a command the options of settings."""
    recipes = {name: recipe_settings(name, command.__name__) for name in RECIPES}
    without_effect = WITHOUT_EFFECT.get(command.__name__, ())
    signature = inspect.signature(command, eval_str=True)
    own = [each for each in signature.parameters.values() if each.name not in ("settings", "initial")]
    offered = _parameters(recipes["default"], default_size, without_effect)
    added = [each for each in offered if each.name not in signature.parameters]

    @functools.wraps(command)
    def wrapper(**values: Any) -> None:
        given = {each.name: values.pop(each.name) for each in added}
        for name in without_effect:
            if given.get(name) is not None:
                raise SettingsError(f"{flag_of(name)} does nothing in maskstyle {command.__name__}; leave it out")
        settings, initial = _settings_from(given, recipes)
        command(**values, settings=settings, initial=initial)

    parameters = [*own, *added]
    wrapper.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
    wrapper.__annotations__ = {each.name: each.annotation for each in parameters}
    del wrapper.__wrapped__  # Typer would read the command's own signature through it
    return wrapper


def _parameters(defaults: Settings, default_size: str, hidden: Collection[str]) -> list[inspect.Parameter]:
    recipe_help = f"Settings from the literature: {', '.join(RECIPES)}."
    parameters = [_parameter("recipe", str, "default", "--recipe", recipe_help, "What it looks like")]
    for panel, names in _panels().items():
        for name in names:
            kind = _option_type(Settings.__dataclass_fields__[name])
            text = _help(name, getattr(defaults, name), default_size)
            parameters.append(_parameter(name, kind, None, flag_of(name), text, panel, hidden=name in hidden))
    return parameters


def _panels() -> dict[str, tuple[str, ...]]:
    """Return the settings of every help panel, in the order of the help."""
    chosen = {name for names in PANELS.values() for name in names}
    others = tuple(field.name for field in dataclasses.fields(Settings) if field.name not in chosen)
    return {**PANELS, "What recipes set": others}


def flag_of(setting: str) -> str:
    """Return a setting's option.

    Examples
    --------
    >>> flag_of("style_weight")
    '--style-weight'
    """
    return "--" + setting.replace("_", "-")


def _option_type(field: dataclasses.Field[Any]) -> Any:
    if field.name in CHOICES and field.name != "init":
        return Optional[Literal[CHOICES[field.name]]]  # noqa: UP045 - the choices are known at run time only
    return Optional[_TYPES[str(field.type)]]  # noqa: UP045


def _help(name: str, default: Any, default_size: str) -> str:
    shown = layer_mix_text(default, separator=", ") if isinstance(default, tuple) else default
    if default is None:
        shown = {**UNSET, "size": default_size}[name]
    return f"{SETTING_HELP[name]}  (default: {shown})"


def _parameter(
    name: str, kind: Any, default: Any, flag: str, text: str, panel: str, *, hidden: bool = False
) -> inspect.Parameter:
    option = typer.Option(flag, help=text, rich_help_panel=panel, show_default=False, hidden=hidden)
    return inspect.Parameter(
        name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=Annotated[kind, option]
    )


def _settings_from(given: Mapping[str, Any], recipes: Mapping[str, Settings]) -> tuple[Settings, Path | None]:
    """Return the settings that the options ask for, and the path given as ``--init``."""
    changes = {name: value for name, value in given.items() if value is not None and name != "recipe"}
    for name in ("content_layers", "style_layers"):
        if name in changes:
            changes[name] = parse_layers(changes[name], flag_of(name))
    if "memory" in changes:
        changes["memory"] = parse_memory(changes["memory"])
    initial = None
    if changes.get("init", "content") not in NAMED_INITS:
        initial = Path(changes["init"])
        changes["init"] = "image"
        if not initial.exists():
            raise SettingsError(f"--init is {str(initial)!r}; expected {', '.join(NAMED_INITS)} or a picture's FILE")
    return changed(recipes[find_recipe(given["recipe"]).name], changes), initial


def changed(settings: Settings, changes: Mapping[str, Any]) -> Settings:
    """Return settings with some of them changed; an error names the option instead of the setting."""
    try:
        return settings.changed(**changes)
    except SettingsError as error:
        first, _, rest = str(error).partition(" ")
        if first not in SETTING_HELP:
            raise
        raise SettingsError(f"{flag_of(first)} {rest}") from None


def parse_layers(text: str, flag: str) -> LayerMix:
    """Read ``NAME[:WEIGHT],...``.

    Examples
    --------
    >>> parse_layers("block1_conv1,block2_conv1:0.5", "--style-layers")
    (('block1_conv1', 1.0), ('block2_conv1', 0.5))
    """
    mix = []
    for part in text.split(","):
        name, colon, weight = part.strip().partition(":")
        if not name:
            raise SettingsError(
                f"{flag} is {text!r}; expected NAME[:WEIGHT],... such as block1_conv1,block2_conv1:0.5"
            )
        mix.append((name, number(weight, f"the weight of {name} in {flag}") if colon else 1.0))
    return tuple(mix)


def parse_memory(text: str) -> float:
    """Read an amount of memory in GB, or with the unit GB or MB.

    Examples
    --------
    >>> parse_memory("4GB"), parse_memory("1500 MB"), parse_memory("2.5")
    (4.0, 1.5, 2.5)
    """
    amount, unit = text.strip(), 1.0
    for name, size in (("GB", 1.0), ("MB", 1e-3)):
        if amount.upper().endswith(name):
            amount, unit = amount[: -len(name)].strip(), size
    try:
        return float(amount) * unit
    except ValueError:
        raise SettingsError(f"--memory is {text!r}; expected an amount such as 4GB or 1500MB") from None


def layer_mix_text(mix: LayerMix, *, separator: str = ",") -> str:
    """Write a layer mix as ``NAME[:WEIGHT],...``."""
    return separator.join(name if weight == 1 else f"{name}:{weight:g}" for name, weight in mix)


def parse_style(text: str) -> tuple[Path, float]:
    """Read ``FILE[:WEIGHT]``; a file of that whole name comes first.

    Examples
    --------
    >>> path, weight = parse_style("wave.jpg:0.5")
    >>> path.name, weight
    ('wave.jpg', 0.5)
    """
    file, colon, weight = text.rpartition(":")
    if not colon or Path(text).exists() or not (_looks_like_number(weight) or Path(file).is_file()):
        return Path(text), 1.0
    return Path(file), number(weight, f"the weight of {file}")


def _looks_like_number(text: str) -> bool:
    return bool(text) and all(character in "+-.0123456789eE" for character in text)


def number(text: str, what: str) -> float:
    """Read a number; an error names what it is."""
    try:
        return float(text)
    except ValueError:
        raise SettingsError(f"{what} is {text!r}; expected a number") from None
