"""Which settings a person gave that have no effect on the picture at hand; one rule for each reason."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

from maskstyle.settings import DEFAULT_LONGER_SIDE
from maskstyle.synthesis.scene import Scene
from maskstyle.synthesis.schedule import settings_at


class Rule(NamedTuple):
    """A reason for which settings have no effect.

    Parameters
    ----------
    names : tuple of str
        The settings.
    holds : callable
        Tells whether they have no effect on a scene.
    why : str
        The reason, as the end of a sentence.
    """

    names: tuple[str, ...]
    holds: Callable[[Scene], bool]
    why: str


def _optimizers(scene: Scene) -> set[str]:
    return {settings_at(size, scene.settings).optimizer for size in scene.sizes}


RULES = (
    Rule(("noise_contrast",), lambda scene: scene.settings.init != "noise", "where `init` is not noise"),
    Rule(
        ("seed",), lambda scene: scene.settings.init not in ("noise", "colors"), "where `init` is not noise or colors"
    ),
    Rule(("denoise_method",), lambda scene: scene.settings.denoise == 0, "where `denoise` is 0"),
    Rule(
        ("learning_rate", "beta_1", "beta_2", "epsilon"),
        lambda scene: "adam" not in _optimizers(scene),
        "where the `optimizer` is always L-BFGS",
    ),
    Rule(("history",), lambda scene: "lbfgs" not in _optimizers(scene), "where the `optimizer` is always Adam"),
    Rule(("tv_exponent", "tv_reduction"), lambda scene: scene.settings.tv_weight == 0, "where `tv_weight` is 0"),
    Rule(
        ("pixel_range",),
        lambda scene: scene.settings.tv_weight == 0 and "adam" not in _optimizers(scene),
        "where `tv_weight` is 0 and the `optimizer` is L-BFGS",
    ),
    Rule(
        ("content_layers", "content_reduction"),
        lambda scene: scene.settings.content_weight == 0,
        "where `content_weight` is 0",
    ),
    Rule(
        ("style_layers", "style_reduction", "gram_normalization", "intensity", "style_scale", "style_fit"),
        lambda scene: scene.settings.style_factor == 0,
        "where `style_weight` is 0",
    ),
    Rule(
        ("step_decay",),
        lambda scene: max(scene.sizes[-1]) <= DEFAULT_LONGER_SIDE,
        f"on results of at most {DEFAULT_LONGER_SIDE} pixels",
    ),
    Rule(("full_size",), lambda scene: not scene.is_reduced(scene.sizes[-1]), "where the result is not reduced"),
    Rule(("mask_exponent",), lambda scene: not scene.layout.soft_weightings(), "where no soft mask paints"),
    Rule(("propagation",), lambda scene: not scene.layout.regions(), "where no region is painted"),
)
"""All reasons that depend on other settings or on the picture. Those of a technique are its `without_effect`."""


def without_effect(given: Iterable[str], scene: Scene) -> tuple[str, ...]:
    """Return a note for each reason for which settings that were given have no effect on a scene.

    Parameters
    ----------
    given : iterable of str
        The names of the settings that the person gave.
    scene : Scene
        The scene that they belong to.
    """
    wanted, notes = set(given), []
    if not scene.layout.placements:  # every strength is 0, which a note of its own says
        return ()
    for rule in RULES:
        idle = [name for name in rule.names if name in wanted]
        if idle and rule.holds(scene):
            have = "has" if len(idle) == 1 else "have"
            notes.append(f"{', '.join(f'`{name}`' for name in idle)} {have} no effect {rule.why}")
    return tuple(notes)
