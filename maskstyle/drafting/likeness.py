"""Which region of another picture each drafted region looks most like."""

from __future__ import annotations

import numpy as np
from scipy import optimize, spatial

from maskstyle.drafting.features import Group, joined


def most_alike(drafted: list[Group], wanted: list[Group]) -> list[int]:
    """Pair parts of one picture with parts of another.

    Parameters
    ----------
    drafted, wanted : list of Group
        The same kinds of features of N parts and of M parts.

    Returns
    -------
    list of int
        For each of the N parts one of the M: all different, and of the least sum of squared distances, where M is
        at least N; else for each the nearest.

    Examples
    --------
    >>> sky, field, road = [0.9, 0.1], [0.2, 0.8], [0.5, 0.4]
    >>> most_alike([(1.0, np.array([field, sky]))], [(1.0, np.array([sky, road, field]))])
    [2, 0]
    """
    both = joined([(one[0], np.concatenate([one[1], other[1]])) for one, other in zip(drafted, wanted, strict=True)])
    number = len(drafted[0][1])
    distances = spatial.distance.cdist(both[:number], both[number:], "sqeuclidean")
    if distances.shape[0] > distances.shape[1]:
        return [int(index) for index in distances.argmin(axis=1)]
    return [int(index) for index in optimize.linear_sum_assignment(distances)[1]]
