"""The frames of a clip, in order."""

from __future__ import annotations

import re

import pytest
from PIL import Image

from maskstyle.batch.frames import find_frames
from maskstyle.errors import ImageError


@pytest.fixture
def found(tmp_path):
    """Return a function from names of frames to their order."""

    def found(*names):
        for name in names:
            Image.new("RGB", (2, 2)).save(tmp_path / f"{name}.png")
        return [path.stem for path in find_frames(str(tmp_path))]

    return found


def test_numbers_are_in_order_wherever_they_are(found):
    names = [f"shot_{number}_1080p" for number in range(8, 12)]
    assert found(*names) == names
    with pytest.raises(ImageError, match=re.escape("frame 12 is missing between shot_11_1080p.png and shot_13_108")):
        found("shot_13_1080p")


def test_a_number_that_is_there_twice(found):
    with pytest.raises(ImageError, match=r"f01\.png and f1\.png have the same number"):
        found("f1", "f01", "f2")
