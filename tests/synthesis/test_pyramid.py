"""Sizes from coarse to fine."""

import pytest

from maskstyle.errors import SettingsError
from maskstyle.synthesis.schedule import pyramid_sizes


@pytest.mark.parametrize(
    ("size", "scales", "expected"),
    [
        ((64, 48), 1, [(64, 48)]),
        ((64, 48), 3, [(16, 12), (32, 24), (64, 48)]),
        ((33, 101), 2, [(16, 50), (33, 101)]),
        ((1, 64), 3, [(1, 16), (1, 32), (1, 64)]),
        ((1, 1), 3, [(1, 1), (1, 1), (1, 1)]),
    ],
)
def test_sizes(size, scales, expected):
    assert pyramid_sizes(size, scales) == expected


def test_smallest_side_bounds_the_shorter_side_of_the_coarsest_size():
    assert pyramid_sizes((32, 64), 3, smallest_side=8)[0] == (8, 16)
    with pytest.raises(SettingsError, match=r"coarsest of 3 scales would be 8x16 .* at least 9 pixels"):
        pyramid_sizes((32, 64), 3, smallest_side=9)
    with pytest.raises(SettingsError, match=r"4x40 \(height x width\)"):
        pyramid_sizes((4, 40), 1, smallest_side=16)
