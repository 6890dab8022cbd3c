"""Loss of the image in [0, 1] against time, for each optimizer, memory and number of scales.

"scipy with bounds" is SciPy's L-BFGS-B with bounds [0, 1], "scipy unbounded" the same without them, its image clipped
only where it is judged; both are written here for comparison. The others are the package's own.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from parts.part import Case, Figure, Group, Part, Prepared, Table, chosen, one_by_one, values

PAIRS = (("astronaut", "harbour"), ("coffee", "window"))
BUDGETS = {256: 3.0, 512: 9.0}
"""Seconds by size."""

VARIANTS: dict[str, dict[str, Any]] = {
    "lbfgs": {},
    "lbfgs, history 10": {"history": 10},
    "lbfgs, 2 scales": {"scales": 2},
    "lbfgs, 3 scales": {"scales": 3},
    "adam 0.02": {"optimizer": "adam", "learning_rate": 0.02},
}
COARSE_STEPS = 40
MOMENTS = 12
"""How many points of a curve are kept, evenly over the time."""

SHOWN = (3, 6, 9, 12)
"""Those that the table has."""

Curve = list[tuple[float, float]]


def groups(quick: bool) -> list[Group]:
    budgets, pairs = ({64: 0.5}, PAIRS[:1]) if quick else (BUDGETS, PAIRS)
    cases = [
        {"network": "vgg19", "side": side, "content": content, "style": style, "budget": budget}
        for side, budget in budgets.items()
        for content, style in pairs
    ]
    return [one_by_one(case) for case in cases]


def prepare(case: Case, weights: Path | None) -> Prepared:
    """Return the lowest losses until each moment, and the steps at the full size, by variant."""
    from scenes import load_at, load_for, make_scene

    from maskstyle.settings import Settings

    settings = Settings(network="vgg19", optimizer="lbfgs", steps=10_000, tolerance=0.0, scales=1)
    network = load_for(weights, settings)
    content, style = (load_at(case[name], case["side"]) for name in ("content", "style"))
    objective = make_scene({"scene": "basic"}, network, content, style, settings)
    objective.value_and_gradient(content)
    figures = {}
    for name, run in runs(network, content, style, settings, objective).items():
        curve = run(case["budget"])
        moments = [case["budget"] * (each + 1) / MOMENTS for each in range(MOMENTS)]
        figures[name] = {"lowest": [best_at(curve, moment) for moment in moments], "steps": len(curve)}
    return {"variants": figures}


def best_at(curve: Curve, seconds: float) -> float | None:
    """Return the lowest total loss until a time; None where the full size had not begun."""
    until = [total for moment, total in curve if moment <= seconds]
    return min(until) if until else None


def runs(
    network: Any, content: Any, style: Any, settings: Any, objective: Any
) -> dict[str, Callable[[float], Curve]]:
    """Return by name functions from a time budget to a curve of (seconds, total loss at the full size)."""
    from scipy.optimize import Bounds

    named: dict[str, Callable[[float], Curve]] = {
        name: lambda seconds, changes=changes: run_package(
            network, content, style, settings.changed(**changes), objective, seconds
        )
        for name, changes in VARIANTS.items()
    }
    named["scipy with bounds"] = lambda seconds: run_scipy(objective, content, seconds, Bounds(0, 1))
    named["scipy unbounded"] = lambda seconds: run_scipy(objective, content, seconds, None)
    return named


def run_package(network: Any, content: Any, style: Any, settings: Any, objective: Any, seconds: float) -> Curve:
    """Run the package with 40 steps at each coarser size, as the default recipe has, until the time is over."""
    from scenes import make_scene

    from maskstyle.images.pixels import resize_image
    from maskstyle.synthesis.scales import enlarged, synthesize
    from maskstyle.techniques.plan import transfer_sizes

    curve: Curve = []
    sizes = transfer_sizes(content.shape[:2], settings.changed(size=max(content.shape[:2])))
    began = time.perf_counter()

    def objective_at(size):
        if size == sizes[-1]:
            return objective  # compiled before, as it is for SciPy's runs
        return make_scene({"scene": "basic"}, network, resize_image(content, size), style, settings)

    def keep(step):
        if step.scale == step.scales:
            curve.append((time.perf_counter() - began, step.total))

    def out_of_time():
        return time.perf_counter() - began > seconds

    # The last size gets as many steps as fit; a synthesis has one limit, so the time is watched instead.
    image = content
    for size, coarser in zip(sizes, [None, *sizes], strict=False):
        last = size == sizes[-1]
        steps = settings.steps if last else COARSE_STEPS
        start = content if coarser is None else enlarged(image, content, size)
        image = synthesize(
            objective_at,
            start,
            [size],
            settings.changed(steps=steps),
            on_step=keep if last else None,
            should_stop=out_of_time,
        ).image
    return curve


class OutOfTime(Exception):
    """Ends SciPy."""


def run_scipy(objective: Any, content: Any, seconds: float, bounds: Any) -> Curve:
    """Run SciPy's L-BFGS-B; without bounds the clipped image is judged by a second evaluation, not timed."""
    from scipy.optimize import minimize

    curve: Curve = []
    spent = 0.0
    began = time.perf_counter()

    def function(flat):
        nonlocal spent
        image = flat.reshape(content.shape).astype(np.float32)
        values, gradient = objective.value_and_gradient(image)
        total = float(values.numpy().sum())
        now = time.perf_counter() - began - spent
        if bounds is None:
            judging = time.perf_counter()
            curve.append((now, float(objective.value_and_gradient(np.clip(image, 0, 1))[0].numpy().sum())))
            spent += time.perf_counter() - judging
        else:
            curve.append((now, total))
        if now > seconds:
            raise OutOfTime
        return 1000 * total, 1000 * gradient.numpy().astype(np.float64).ravel()

    try:
        minimize(
            function,
            content.astype(np.float64).ravel(),
            jac=True,
            method="L-BFGS-B",
            bounds=bounds,
            options={"ftol": 0, "gtol": 0, "maxiter": 10**6, "maxfun": 10**6},
        )
    except OutOfTime:
        pass
    return curve


def table_of(side: int) -> Callable[[Sequence[Figure]], Table | None]:
    """Return the function that makes the table of a size."""

    def table(figures: Sequence[Figure]) -> Table | None:
        own = chosen(figures, side=side)
        if not own:
            return None
        rows = []
        for name in own[0]["variants"]:
            steps = np.mean([each["variants"][name]["steps"] for each in own])
            means = [mean_of([each["variants"][name]["lowest"][shown - 1] for each in own]) for shown in SHOWN]
            rows.append((name, *("-" if mean is None else f"{mean:.3f}" for mean in means), f"{steps:.0f}"))
        moments = [own[0]["budget"] * shown / MOMENTS for shown in SHOWN]
        names = " and ".join(f"{each['content']} with {each['style']}" for each in own)
        caption = f"{side} pixels, total loss after so many seconds, geometric mean over the samples' {names}:"
        return Table(caption, ("variant", *(f"{moment:g} s" for moment in moments), "steps"), tuple(rows))

    return table


def mean_of(losses: Sequence[float | None]) -> float | None:
    """Return the geometric mean, or None where one of them is missing."""
    known = [loss for loss in losses if loss is not None]
    return float(np.exp(np.mean(np.log(known)))) if len(known) == len(losses) else None


def plot(figures: Sequence[Figure], page: Any) -> None:
    """Draw loss against time, a panel for each size."""
    sides = values(figures, "side")
    for axes, side in zip(page.subplots(1, len(sides), squeeze=False)[0], sides, strict=True):
        own = chosen(figures, side=side)
        moments = [own[0]["budget"] * (each + 1) / MOMENTS for each in range(MOMENTS)]
        for name in own[0]["variants"]:
            means = [mean_of([each["variants"][name]["lowest"][index] for each in own]) for index in range(MOMENTS)]
            axes.plot(moments, [np.nan if mean is None else mean for mean in means], "o-", label=name, markersize=3)
        axes.set(yscale="log", xlabel="seconds", ylabel="lowest total loss", title=f"{side} px")
        axes.legend(fontsize="small")


PART = Part(
    "optimizers",
    "The optimizer, and coarse to fine",
    "Total loss of the image *inside [0, 1]* after a time, VGG19, in the type that `auto` takes; the time includes "
    "the coarser sizes (40 steps each) and their compiling. A dash: the full size had not begun in every pair.",
    groups,
    prepare,
    {f"optimizers-{side}": table_of(side) for side in BUDGETS},
    plot=plot,
)
