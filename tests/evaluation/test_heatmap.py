"""The heat map: its size, swatches, shades and outline."""

from __future__ import annotations

import numpy as np
import pytest

from maskstyle.evaluation import EvaluatedRegion, Evaluation, draw_heatmap
from maskstyle.evaluation.heatmap import CELL_HEIGHT, CELL_WIDTH, SHADES, UNKNOWN
from maskstyle.images.pixels import to_uint8
from maskstyle.settings import JUDGING

RED, GREEN, BLUE = (255, 0, 0), (0, 255, 0), (0, 0, 255)


def evaluation(confusion, rows, columns, own):
    def region(color):
        return EvaluatedRegion("whole style" if color is None else str(color), color, 0, 0.5)

    confusion = np.array(confusion, float)
    return Evaluation(
        regions=tuple(map(region, rows)),
        style_regions=tuple(map(region, columns)),
        own=tuple(own),
        confusion=confusion,
        by_layer={"block2_conv1": confusion, "block3_conv1": confusion},
        content_distance=None,
        content_distances=(None,) * len(rows),
        untouched=None,
        settings=JUDGING,
        network="vgg19",
        compute_type="float32",
        size=(4, 4),
        style_size=(4, 4),
    )


def places(picture, color):
    """Return the (top, left, bottom, right) of all pixels of a color."""
    rows, columns = np.nonzero((to_uint8(picture) == color).all(axis=2))
    return rows.min(), columns.min(), rows.max(), columns.max()


@pytest.fixture(scope="module")
def picture():
    return draw_heatmap(evaluation([[0.01, 1.0], [100.0, np.nan]], [RED, BLUE], [GREEN, (9, 8, 7)], [0, 1]))


def test_it_is_an_image(picture):
    assert picture.dtype == np.float32
    assert picture.min() >= 0
    assert picture.max() <= 1


def test_rows_and_columns_have_their_map_colors(picture):
    red, blue = places(picture, RED), places(picture, BLUE)
    assert (red[1], blue[0] - red[0]) == (blue[1], CELL_HEIGHT)  # one below the other, left
    green, dark = places(picture, GREEN), places(picture, (9, 8, 7))
    assert (green[0], dark[1] - green[1]) == (dark[0], CELL_WIDTH)  # side by side, above
    assert green[2] < red[0]
    assert red[3] < green[1]


def test_the_nearest_is_lightest_and_the_farthest_darkest(picture):
    left, first = places(picture, GREEN)[1], places(picture, RED)[0]

    def shade(row, column):
        corner = first + row * CELL_HEIGHT, left + column * CELL_WIDTH + 6
        return tuple(int(each) for each in to_uint8(picture[corner]))

    assert shade(0, 0) == SHADES[0]
    assert shade(1, 0) == SHADES[-1]
    assert shade(1, 1) == UNKNOWN
    assert shade(0, 1) not in (*SHADES, UNKNOWN)


def test_the_own_style_is_outlined():
    plain = evaluation([[1.0, 1.0]], [RED], [RED, BLUE], [0])
    other = evaluation([[1.0, 1.0]], [RED], [RED, BLUE], [1])
    differ = np.nonzero((draw_heatmap(plain) != draw_heatmap(other)).any(axis=(0, 2)))[0]
    assert differ.max() - differ.min() == 2 * CELL_WIDTH - 1


def test_a_whole_image_has_no_swatch():
    drawn = draw_heatmap(evaluation([[0.0]], [None], [None], [0]))
    assert drawn.shape[0] < 300
    assert np.isfinite(drawn).all()
