"""Fixtures of the fuzz tests."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from PIL import Image
from small_scenes import CONTENT, side_by_side

from maskstyle.images.io import save_image
from maskstyle.maps.io import save_map

EXAMPLES = 25
"""Examples of each fuzz test: together they take about five seconds."""


def pytest_configure(config):
    """Let each fuzz test take a few fixed examples, or as many random ones as the option says."""
    examples = config.getoption("--fuzz-examples")
    settings.register_profile(
        "fuzz",
        max_examples=examples or EXAMPLES,
        derandomize=examples is None,
        deadline=None,  # `read_safely` has its own
        database=None,
        print_blob=True,
        suppress_health_check=list(HealthCheck),
    )
    settings.load_profile("fuzz")


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    """Return a folder with images, maps and a mask, for the files of a module."""
    folder = tmp_path_factory.mktemp("fuzz")
    for name, image in (("content", CONTENT), ("style", CONTENT[::-1])):
        save_image(folder / f"{name}.png", image)
        save_map(folder / f"{name}_map.png", side_by_side(image.shape[:2]))
    Image.fromarray(np.full(CONTENT.shape[:2], 99, np.uint8)).save(folder / "mask.png")
    return folder


@pytest.fixture(autouse=True)
def _in_the_folder(desk, monkeypatch):
    """Work in the folder, so that relative names go there."""
    monkeypatch.chdir(desk)
