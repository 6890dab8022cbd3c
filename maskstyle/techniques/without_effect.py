"""Which settings and inputs that a person gave have no effect on the picture at hand; one rule for each reason."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, NamedTuple

from maskstyle.objective.tiling.cuts import needs_tiles
from maskstyle.recipes import RECIPES
from maskstyle.settings import FROM_STYLES, Limits, PatchSettings, Settings, active, wanted_layers
from maskstyle.synthesis.scene import Scene
from maskstyle.synthesis.schedule import FULL_STEPS_SIDE, LEAST_STEPS, PROGRESS_WINDOW, settings_by_size

if TYPE_CHECKING:
    from maskstyle.techniques.inputs import Inputs

PATCH_FIELDS = tuple(field.name for field in dataclasses.fields(PatchSettings))


class Painting(NamedTuple):
    """How a scene is painted."""

    limits: Limits = Limits()  # memory and tiles
    snapshot_every: int = 0  # steps between snapshots; 0: none


USUAL = Painting()

ROUNDING = 1e-5
"""How far the shares of regions that fade into each other miss 1 when they are added, at most."""


class Rule(NamedTuple):
    """A reason for which settings or inputs have no effect."""

    names: tuple[str, ...]  # the settings and inputs
    holds: Callable[[Scene, Painting], bool]  # tells whether they have no effect on a scene
    why: str  # the reason, as the end of a sentence


def _optimizers(scene: Scene) -> set[str]:
    return {each.optimizer for each in settings_by_size(scene.sizes, scene.settings)}


def _most_steps(scene: Scene) -> int:
    return max(each.steps for each in settings_by_size(scene.sizes, scene.settings))


def _most_pairs(scene: Scene) -> int:
    """Return the most pairs of vectors that a step of L-BFGS goes by: those between all steps before it."""
    return _most_steps(scene) - 2


def _without_styles(scene: Scene) -> bool:
    return scene.settings.style_factor == 0


def _names_usual_layers(settings: Settings) -> bool:
    """Return whether there is one content layer, that of the defaults."""
    own, usual = active(settings.content_layers), Settings().content_layers
    return [layer for layer, _ in own] == [layer for layer, _ in usual]


def _starts_from_styles(scene: Scene) -> bool:
    return scene.settings.init in FROM_STYLES


def _moves_by_whole_patches(patches: PatchSettings) -> bool:
    stride = patches.patch_stride or patches.patch_size
    return all(offset % stride == 0 for offset in patches.patch_offset)


def _whole(scene: Scene) -> bool:
    """Return whether all of the content image is painted, without a fade."""
    coverage = scene.layout.coverage(scene.size, scene.layout.painted_share(scene.size))
    return float(coverage.min()) > 1 - ROUNDING


RULES = (
    Rule(("noise_contrast",), lambda scene, _: scene.settings.init != "noise", "where `init` is not noise"),
    Rule(
        ("seed",),
        lambda scene, _: scene.settings.init not in ("noise", "colors"),
        "where `init` is not noise or colors",
    ),
    Rule(("denoise_method",), lambda scene, _: scene.settings.denoise == 0, "where `denoise` is 0"),
    Rule(
        ("learning_rate", "beta_1", "beta_2", "epsilon"),
        lambda scene, _: "adam" not in _optimizers(scene),
        "where the `optimizer` is always L-BFGS",
    ),
    Rule(("history",), lambda scene, _: "lbfgs" not in _optimizers(scene), "where the `optimizer` is always Adam"),
    Rule(
        ("history",),
        lambda scene, _: (
            "lbfgs" in _optimizers(scene) and _most_pairs(scene) <= min(scene.settings.history, Settings().history)
        ),
        "where no size takes steps for more pairs",
    ),
    Rule(
        ("tolerance",),
        lambda scene, _: _most_steps(scene) <= PROGRESS_WINDOW + 1,
        f"where no size takes more than {PROGRESS_WINDOW + 1} steps",
    ),
    Rule(
        ("snapshot_every",),
        lambda scene, run: _most_steps(scene) < run.snapshot_every,
        "where no size takes so many steps",
    ),
    Rule(
        ("pooling",),
        lambda scene, _: all(layer.startswith("block1_") for layer in wanted_layers(scene.settings)),
        "where all layers come before the first pooling",
    ),
    Rule(
        ("underpainting",),
        lambda scene, _: scene.settings.network == scene.settings.underpainting == "lite",
        "where the network is lite",
    ),
    Rule(
        ("underpainting",),
        lambda scene, _: scene.settings.underpainting == "lite" and len(scene.sizes) == 1,
        "where there is one size",
    ),
    Rule(
        ("network", "compute_type", "padding", "underpainting"),
        lambda scene, _: _without_styles(scene) and scene.settings.content_weight == 0,
        "where `content_weight` and `style_weight` are 0",
    ),
    Rule(("tv_exponent", "tv_reduction"), lambda scene, _: scene.settings.tv_weight == 0, "where `tv_weight` is 0"),
    Rule(
        ("pixel_range",),
        lambda scene, _: scene.settings.tv_weight == 0 and "adam" not in _optimizers(scene),
        "where `tv_weight` is 0 and the `optimizer` is L-BFGS",
    ),
    Rule(
        ("content_layers", "content_reduction"),
        lambda scene, _: scene.settings.content_weight == 0,
        "where `content_weight` is 0",
    ),
    Rule(
        ("content_layers",),
        lambda scene, _: scene.settings.chosen_strength is not None and _names_usual_layers(scene.settings),
        "with a strength, where the layer is the usual one alone: its weight cancels out",
    ),
    Rule(
        (
            *("style_layers", "style_reduction", "gram_normalization", "intensity", "propagation", "mask_exponent"),
            *("matching", "strengths", *PATCH_FIELDS),
        ),
        lambda scene, _: _without_styles(scene),
        "where `style_weight` is 0",
    ),
    Rule(
        ("style_scale", "style_fit", "mapping", "unmatched", "share"),
        lambda scene, _: _without_styles(scene) and not _starts_from_styles(scene),
        "where `style_weight` is 0",
    ),
    Rule(
        ("color",),
        lambda scene, _: (
            scene.settings.color == "match" and _without_styles(scene) and not _starts_from_styles(scene)
        ),
        "where it recolors the styles and `style_weight` is 0",
    ),
    Rule(
        ("gram_normalization",),
        lambda scene, _: scene.patches is not None and scene.settings.style_reduction == "relative",
        "where patches are matched and `style_reduction` is relative",
    ),
    Rule(
        ("patch_stride", "patch_offset"),
        lambda scene, _: scene.patches is not None and scene.patches.patch_size >= max(scene.sizes[-1]),
        "where one patch covers the whole result",
    ),
    Rule(
        ("patch_offset",),
        lambda scene, _: scene.patches is not None and _moves_by_whole_patches(scene.patches),
        "where it is a multiple of the distance between patches",
    ),
    Rule(
        ("share",),
        lambda scene, _: len(scene.layout.placements[0].styles) == 1,
        "with one style image, of which all of the style comes",
    ),
    Rule(
        ("feather",),
        lambda scene, _: not scene.layout.soft and bool(scene.layout.painted_share(scene.size).all()),
        "where everything is painted, without edges that fade",
    ),
    Rule(
        ("feather", "feather_mode"),
        lambda scene, _: scene.layout.soft and _without_styles(scene) and _whole(scene),
        "where `style_weight` is 0 and everything is painted",
    ),
    Rule(("feather_mode",), lambda scene, _: scene.feather == 0, "where `feather` is 0"),
    Rule(
        ("color",),
        lambda scene, _: scene.settings.color == "content" and scene.in_gray,
        "where all images are gray",
    ),
    Rule(("transparent",), lambda scene, _: _whole(scene), "where everything is painted"),
    Rule(
        ("tile_size",),
        lambda scene, run: not needs_tiles(scene.sizes[-1], run.limits.tile_size),
        "on a result that is no larger",
    ),
    Rule(
        ("step_decay",),
        lambda scene, _: (
            len(scene.sizes) == 1 or max(scene.sizes[-1]) <= FULL_STEPS_SIDE or scene.settings.steps <= LEAST_STEPS
        ),
        f"on results of at most {FULL_STEPS_SIDE} pixels, painted at one size, or in at most {LEAST_STEPS} steps",
    ),
    Rule(("full_size",), lambda scene, _: not scene.is_reduced(scene.sizes[-1]), "where the result is not reduced"),
    Rule(("mask_exponent",), lambda scene, _: not scene.layout.masked(), "where no soft mask paints"),
    Rule(("propagation",), lambda scene, _: not scene.layout.regions(), "where no region is painted"),
    Rule(("propagation",), lambda scene, _: scene.patches is not None, "where patches are matched"),
)
"""All reasons that depend on other settings or on the picture. Those of a technique are its `without_effect`."""


def without_effect(given: Iterable[str], scene: Scene, painting: Painting = USUAL) -> tuple[str, ...]:
    """Return notes on given settings and inputs that have no effect on a scene, each with its first reason."""
    wanted, notes = set(given), []
    if not scene.layout.placements:  # every strength is 0, which a note of its own says
        return ()
    for rule in RULES:
        idle = [name for name in rule.names if name in wanted]
        if idle and rule.holds(scene, painting):
            have = "has" if len(idle) == 1 else "have"
            notes.append(f"{', '.join(f'`{name}`' for name in idle)} {have} no effect {rule.why}")
            wanted -= set(idle)  # one reason is enough
    return tuple(notes)


def idle_inputs(inputs: Inputs, scene: Scene) -> tuple[str, ...]:
    """Return notes on settings and inputs that differ from the defaults and have no effect on a scene.

    Python tells no value that was given from a default. Settings count as given where they differ from the
    technique's defaults and from the nearest recipe.
    """
    given = _own_settings(inputs) | _own_inputs(inputs)
    limits = Limits() if inputs.run is None else inputs.run.limits
    if limits.tile_size is not None:
        given.add("tile_size")
    useless = [f"`{name}` has no effect in {inputs.technique}" for name in inputs.without_effect if name in given]
    return (*useless, *without_effect(given - set(inputs.without_effect), scene, Painting(limits)))


def _own_settings(inputs: Inputs) -> set[str]:
    if inputs.settings is None:
        return set()
    from_recipes = (_differing(inputs.settings, recipe.settings) for recipe in RECIPES.values())
    return _differing(inputs.settings, inputs.defaults) & min(from_recipes, key=len)


def _own_inputs(inputs: Inputs) -> set[str]:
    """Return the inputs with a rule that are not the default; patches by the names of their settings."""
    ruled = {name for rule in RULES for name in rule.names}
    fields = [field for field in dataclasses.fields(inputs) if field.name in ruled]
    own = {field.name for field in fields if getattr(inputs, field.name) != field.default}
    patches = getattr(inputs, "patches", None)
    return own | (set() if patches is None else _differing(patches, PatchSettings()))


def _differing(values: Settings | PatchSettings, base: Settings | PatchSettings) -> set[str]:
    names = (field.name for field in dataclasses.fields(values))
    return {name for name in names if getattr(values, name) != getattr(base, name)}
