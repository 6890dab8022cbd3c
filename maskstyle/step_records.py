"""What is kept of the steps of a synthesis, while it goes on, in its checkpoints and in its result."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from maskstyle.images import Size


@dataclass(frozen=True)
class StepRecord:
    """One evaluation of loss and gradient.

    Parameters
    ----------
    size : (height, width)
        The size at hand.
    step : int
        Number of the evaluation at this size, from 1.
    seconds : float
        Since the synthesis began.
    losses : dict of str to float
        Weighted losses by term.
    """

    size: Size
    step: int
    seconds: float
    losses: dict[str, float]


@dataclass(frozen=True)
class ScaleReport:
    """What happened at one size.

    Parameters
    ----------
    size : (height, width)
        The size.
    evaluations : int
        Number of evaluations of loss and gradient.
    seconds_per_evaluation : float
        Mean, the optimiser's own work included, the first evaluation (which compiles) left out where there are more.
    stopped_because : str
        See `maskstyle.optimize.Outcome`.
    optimizer : {"lbfgs", "adam"}
        The optimiser that it had.
    history : int
        Pairs of vectors that L-BFGS remembered.
    resumed_after : tuple of int
        Numbers of the evaluations after which this size was gone on with from a checkpoint.
    """

    size: Size
    evaluations: int
    seconds_per_evaluation: float
    stopped_because: str
    optimizer: str
    history: int
    resumed_after: tuple[int, ...] = ()
