"""What a part of the suite is: cases that each run in a process of their own, and tables of what they gave."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

Case: TypeAlias = Mapping[str, Any]
"""What is measured: names and numbers, ready for JSON."""

Figure: TypeAlias = Mapping[str, Any]
"""A case with what was measured: the seconds of each of its ``rounds``, ``peak_memory_mb``, or figures of its own."""

Prepared: TypeAlias = "Callable[[], float] | dict[str, Any]"
"""What a process makes of a case: a function that does it once and returns the seconds, or all figures at once."""

NETWORKS = ("vgg19", "lite")
TYPES = ("float32", "bfloat16")
NAMES = {"vgg19": "VGG19", "lite": "lite"}


@dataclass(frozen=True)
class Group:
    """Cases that are compared: after warming up they take turns, one evaluation each, for some rounds.

    Cases that give all their figures at once have no rounds. Where they are `together`, some are made ready and
    warmed up at once, which takes memory for all of them.
    """

    cases: tuple[Case, ...]
    rounds: int = 5
    warm_ups: int = 2
    together: bool = True


def one_by_one(*cases: Case) -> Group:
    """Return a group of cases that give all their figures at once, one after the other."""
    return Group(cases, rounds=0, warm_ups=0, together=False)


@dataclass(frozen=True)
class Table:
    """A Markdown table with the sentence above it."""

    caption: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def markdown(self) -> str:
        """Return the sentence and the table."""
        lines = [self.header, ("---",) * len(self.header), *self.rows]
        return "\n".join([self.caption, "", *("| " + " | ".join(line) + " |" for line in lines)])


@dataclass(frozen=True)
class Part:
    """A part of the suite.

    Parameters
    ----------
    name, title, text : str
        How it is called on the command line, its heading, and what is measured.
    groups : callable
        Returns its groups, or few small ones for a smoke run where it is given True.
    prepare : callable
        Makes of a case and the weights file what is measured, in the process of the case.
    tables : mapping of str to callable
        By the name that the docs mark them with; each makes a table of the figures, or None where they do not say.
    imports : tuple of str
        Modules that a process imports before it is its turn.
    plot : callable, optional
        Draws the figures into a matplotlib figure.
    needs : callable, optional
        Says why a case cannot run here, or None where it can.
    """

    name: str
    title: str
    text: str
    groups: Callable[[bool], Sequence[Group]]
    prepare: Callable[[Case, Path | None], Prepared]
    tables: Mapping[str, Callable[[Sequence[Figure]], Table | None]]
    imports: tuple[str, ...] = ("scenes",)
    plot: Callable[[Sequence[Figure], Any], None] | None = None
    needs: Callable[[Case], str | None] = field(default=lambda case: None)


def median(figure: Figure) -> float:
    """Return the median seconds."""
    return float(np.median(figure["rounds"]))


def ratio(figure: Figure, other: Figure) -> float:
    """Return the median over rounds of how often as long one took as the other in the same round."""
    return float(np.median(np.divide(figure["rounds"], other["rounds"])))


def chosen(figures: Iterable[Figure], **wanted: Any) -> list[Figure]:
    """Return the figures whose case has these values; None stands for a name that is not there."""
    return [each for each in figures if all(each.get(name) == value for name, value in wanted.items())]


def only(figures: Iterable[Figure], **wanted: Any) -> Figure | None:
    """Return the one figure whose case has these values, or None where it failed."""
    found = chosen(figures, **wanted)
    return found[0] if found else None


def values(figures: Iterable[Figure], name: str) -> list[Any]:
    """Return the different values of a case's name, in order."""
    return list(dict.fromkeys(each[name] for each in figures if name in each))


def seconds_cell(figure: Figure | None) -> str:
    """Return the median seconds with three figures."""
    return "-" if figure is None else short(median(figure))


def ratio_cell(figure: Figure | None, other: Figure | None) -> str:
    """Return a ratio with two decimals."""
    return "-" if figure is None or other is None else f"{ratio(figure, other):.2f}"


def memory_cell(figure: Figure | None) -> str:
    """Return the peak memory in MiB."""
    return "-" if figure is None or figure["peak_memory_mb"] is None else f"{figure['peak_memory_mb']:.0f}"


def short(value: float) -> str:
    """Return a number with three figures, without an exponent."""
    return (
        f"{value:.0f}"
        if value >= 100
        else f"{value:.1f}"
        if value >= 10
        else f"{value:.2f}"
        if value >= 1
        else f"{value:.3f}"
    )
