"""The temporal term against its formula, in every form of the objective."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose
from reference import random_image
from small_scenes import LAYERS

from maskstyle import SharedGraphs
from maskstyle.objective.extract import Extractor
from maskstyle.objective.terms import temporal_term

SIZE = (72, 80)
IMAGE, TARGET = random_image(1, *SIZE), random_image(2, *SIZE)
TRUSTED = random_image(3, *SIZE)[..., 0]


def value(image):
    """Return sum_k c_k (x_k - w_k)^2 / D, times the weight."""
    return 7.0 * np.sum(TRUSTED[..., np.newaxis] * (np.float64(image) - TARGET) ** 2) / TARGET.size


@pytest.mark.usefixtures("eagerly")
@pytest.mark.parametrize("form", ["whole", "tiled", "shared"])
def test_value_and_gradient(form, tiny_network):
    graphs = SharedGraphs() if form == "shared" else None
    extractor = Extractor(tiny_network(LAYERS, padding="edge"), 40 if form == "tiled" else None, graphs)
    objective = extractor.objective(SIZE, [temporal_term(TARGET, TRUSTED, 7.0, SIZE)])
    assert form in type(objective).__name__.lower() or form == "whole"
    values, gradient = (np.asarray(each) for each in objective.value_and_gradient(IMAGE))
    assert_allclose(values, [value(IMAGE)], rtol=1e-5)
    for place in ((0, 0, 0), (40, 33, 1), (71, 79, 2)):
        step = np.zeros_like(IMAGE, np.float64)
        step[place] = 1e-4
        slope = (value(IMAGE + step) - value(IMAGE - step)) / 2e-4
        assert gradient[place] == pytest.approx(slope, rel=1e-4)


def test_a_coarser_size_has_the_target_at_that_size():
    term = temporal_term(TARGET, np.ones(SIZE, np.float32), 1.0, (36, 40))
    assert float(term(term.target, {}, {})) == 0
    assert term.trusted.shape == (36, 40)
