"""How well drafted maps agree with the samples' own, and how long drafting takes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from parts.part import Case, Figure, Group, Part, Prepared, Table, one_by_one

SAMPLES = Path(__file__).parents[2] / "samples"
NAMES = ("astronaut", "chelsea", "coffee", "dots", "harbour", "window", "woodcut")


def groups(quick: bool) -> list[Group]:
    return [one_by_one({"pictures": list(NAMES[:1] if quick else NAMES)})]


def prepare(case: Case, weights: Path | None) -> Prepared:
    """Return the agreement and the times of each way of drafting."""
    from draft import judged, known_map, methods

    known = [known_map(SAMPLES / f"{name}.jpg", SAMPLES / f"{name}_map.png") for name in case["pictures"]]
    return {"methods": {name: judged(make, known) for name, make in methods().items()}}


def table(figures: Sequence[Figure]) -> Table | None:
    """Return a row for each way of drafting."""
    if not figures:
        return None
    rows = tuple(
        (name, f"{each['ari']:.2f}", f"{each['overlap']:.2f}", f"{each['cpu_seconds']:.2f}")
        for name, each in figures[0]["methods"].items()
    )
    caption = f"Drafts of {', '.join(figures[0]['pictures'])} at 480 px, with as many regions as their own maps have:"
    return Table(caption, ("method", "adjusted Rand index", "best overlap", "CPU seconds, median"), rows)


PART = Part(
    "drafts",
    "Drafted maps",
    "How well `maps draft` agrees with the samples' maps, beside SLIC superpixels grouped by k-means. The samples "
    "were among the pictures that its settings were chosen by; `benchmarks/draft.py` judges pictures of one's own.",
    groups,
    prepare,
    {"drafts": table},
    imports=("draft",),
)
