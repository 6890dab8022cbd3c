"""Loss of the image in [0, 1] against time, for each optimiser, memory and number of scales.

"scipy with bounds" is SciPy's L-BFGS-B with bounds [0, 1], "scipy unbounded" the same without them, its image clipped
only where it is judged; both are written here for comparison. The others are the package's own.
"""

from __future__ import annotations

import time

import numpy as np
from common import load_at, load_for, make_objective, pairs_of, parser, print_table, write_figures
from scipy.optimize import Bounds, minimize

from maskstyle.images import resize_image
from maskstyle.settings import Settings
from maskstyle.synthesis import enlarged, synthesize
from maskstyle.techniques.plan import transfer_sizes

VARIANTS = {
    "lbfgs": {},
    "lbfgs, history 10": {"history": 10},
    "lbfgs, 2 scales": {"scales": 2},
    "lbfgs, 3 scales": {"scales": 3},
    "adam 0.02": {"optimizer": "adam", "learning_rate": 0.02},
}
COARSE_STEPS = 40
SHARES = (0.25, 0.5, 0.75, 1.0)


def main() -> None:
    options = parser(__doc__ or "", pairs=True)
    options.add_argument("--sizes", type=int, nargs="+", default=[256, 512])
    options.add_argument("--seconds", type=float, nargs="+", default=[8.0, 30.0], help="for each size")
    arguments = options.parse_args()
    figures = []
    for size, seconds in zip(arguments.sizes, arguments.seconds, strict=True):
        settings = Settings(steps=10_000, tolerance=0.0, scales=1)
        network = load_for(arguments.weights, settings)
        for content_path, style_path in pairs_of(arguments.pictures):
            content, style = load_at(content_path, size), load_at(style_path, size)
            objective = make_objective(network, content, style, settings)
            objective.losses(content)
            for name, run in runs(network, content, style, settings, objective).items():
                curve = run(seconds)
                figures.append({"size": size, "pair": content_path.stem, "variant": name, "budget": seconds})
                for share in SHARES:
                    figures[-1][f"{share:g}"] = best_at(curve, share * seconds)
                figures[-1]["steps"] = len(curve)
                print(figures[-1], flush=True)
    write_figures(arguments.json, figures)
    for size, seconds in zip(arguments.sizes, arguments.seconds, strict=True):
        print(f"\n{size} px, geometric mean over pairs of the loss after\n")
        rows = []
        for name in dict.fromkeys(each["variant"] for each in figures):
            chosen = [each for each in figures if each["size"] == size and each["variant"] == name]
            means = [np.exp(np.mean([np.log(each[f"{share:g}"]) for each in chosen])) for share in SHARES]
            steps = np.mean([each["steps"] for each in chosen])
            rows.append((name, *("-" if np.isnan(mean) else f"{mean:.3f}" for mean in means), f"{steps:.0f}"))
        print_table(("variant", *(f"{share * seconds:g} s" for share in SHARES), "steps"), rows)


def best_at(curve, seconds):
    """Return the lowest total loss until a time; NaN where the full size had not begun."""
    until = [total for moment, total in curve if moment <= seconds]
    return min(until) if until else float("nan")


def runs(network, content, style, settings, objective):
    """Return by name functions from a time budget to a curve of (seconds, total loss at the full size)."""
    named = {
        name: lambda seconds, changes=changes: run_package(
            network, content, style, settings.changed(**changes), objective, seconds
        )
        for name, changes in VARIANTS.items()
    }
    named["scipy with bounds"] = lambda seconds: run_scipy(objective, content, seconds, Bounds(0, 1))
    named["scipy unbounded"] = lambda seconds: run_scipy(objective, content, seconds, None)
    return named


def run_package(network, content, style, settings, objective, seconds):
    """Run the package with 40 steps at each coarser size, as the default recipe has, until the time is over."""
    curve = []
    sizes = transfer_sizes(content.shape[:2], settings.changed(size=max(content.shape[:2])))
    began = time.perf_counter()

    def objective_at(size):
        if size == sizes[-1]:
            return objective  # compiled before, as it is for SciPy's runs
        return make_objective(network, resize_image(content, size), style, settings)

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


def run_scipy(objective, content, seconds, bounds):
    """Run SciPy's L-BFGS-B; without bounds the clipped image is judged by a second evaluation, not timed."""
    curve = []
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
            curve.append((now, sum(objective.losses(np.clip(image, 0, 1)).values())))
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


if __name__ == "__main__":
    main()
