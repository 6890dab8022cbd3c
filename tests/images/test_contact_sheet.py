"""Contact sheets: layout and text."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from maskstyle.images import Panel, make_sheet
from maskstyle.images.contact_sheet import LINE_HEIGHT, MARGIN, PAPER

RED = np.zeros((10, 20, 3), np.float32) + np.array([1, 0, 0], np.float32)


@pytest.mark.parametrize(
    ("panels", "columns", "across", "down"), [(1, 3, 1, 1), (3, 3, 3, 1), (4, 3, 3, 2), (2, 1, 1, 2)]
)
def test_rows_and_columns(panels, columns, across, down):
    sheet = make_sheet([Panel(RED, ("title", "more"))] * panels, columns=columns, side=40)
    assert sheet.dtype == np.float32
    assert sheet.shape == (
        down * (20 + 2 * LINE_HEIGHT + MARGIN) + MARGIN,
        across * (40 + MARGIN) + MARGIN,
        3,
    )


def test_an_image_fills_its_width_above_its_lines():
    sheet = make_sheet([Panel(RED, ("title",))], side=40)
    assert_allclose(sheet[MARGIN : MARGIN + 20, MARGIN : MARGIN + 40], np.broadcast_to([1, 0, 0], (20, 40, 3)))
    red = (sheet == [1, 0, 0]).all(axis=-1)
    assert red.sum() == 20 * 40
    assert sheet[MARGIN + 20 :].min() < 0.5  # ink
    assert sheet[:MARGIN].min() > 0.9  # paper


def test_a_row_is_as_high_as_its_highest_image():
    upright = Panel(np.zeros((20, 10, 3), np.float32), ("tall",))
    sheet = make_sheet([Panel(RED, ("wide",)), upright, Panel(RED, ("alone",))], columns=2, side=40)
    assert sheet.shape[0] == 40 + 20 + 2 * (LINE_HEIGHT + MARGIN) + MARGIN


def test_the_paper_shows_through_what_is_hidden():
    alpha = np.zeros((10, 20), np.float32)
    alpha[:, :10] = 1
    shown = Panel(RED, ("title",), alpha).on_paper()
    assert_allclose(shown[:, :10], RED[:, :10])
    assert_allclose(shown[:, 10:], np.broadcast_to(np.array(PAPER) / 255, (10, 10, 3)), atol=1e-6)
