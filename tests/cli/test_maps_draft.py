"""``maskstyle maps draft``: its map, table and preview, and the files that it never replaces."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from maskstyle.maps.io import load_map


@pytest.fixture
def draft(desk, run):
    """Return a function that drafts a map of content.png."""

    def draft(*options):
        return run("maps", "draft", "content.png", *options)

    return draft


def test_a_map_is_written_beside_the_picture(draft, desk):
    ran = draft("-n", "3").succeeded()
    written = load_map(desk / "content_map.png")
    assert len(written.colors) == 3
    assert written.size == (32, 40)
    assert ran.out.splitlines()[1].split()[:4] == ["1", "██", "#ff0000", "red"]
    assert ran.err.splitlines() == [
        "wrote content_map.png",
        "colors are assigned by region size; to match the colors of a style map, run: "
        "maskstyle maps draft content.png --like STYLE_MAP STYLE --force",
    ]


def test_a_map_is_never_replaced_unless_asked(draft, desk):
    draft("-n", "3").succeeded()
    before = (desk / "content_map.png").read_bytes()
    assert "--force" in draft("-n", "2").error
    assert (desk / "content_map.png").read_bytes() == before
    draft("-n", "2", "--force").succeeded()
    assert len(load_map(desk / "content_map.png").colors) == 2


def test_no_second_map_is_put_beside_the_picture(draft, desk):
    (desk / "content_sem.png").write_bytes((desk / "content.png").read_bytes())
    assert "content_sem.png" in draft().error
    draft("-o", "new.png", "--quiet").succeeded()


def test_a_map_like_that_of_a_style(draft, desk):
    pixels = np.zeros((36, 28, 3), np.uint8)
    pixels[:18] = (200, 100, 0)
    Image.fromarray(pixels).save(desk / "b.png")
    ran = draft("--like", "b.png", "style.jpg", "-o", "new.png").succeeded()
    assert set(load_map(desk / "new.png").colors) == {(0, 0, 0), (200, 100, 0)}
    assert "share in the style map" in ran.out
    assert ran.out.count("50 %") >= 2


def test_scribbles_and_a_preview(draft, desk, size_of):
    pixels = np.full((32, 40, 3), 255, np.uint8)
    pixels[4:8, 4:8], pixels[20:28, 20:28] = (255, 0, 0), (0, 0, 255)
    Image.fromarray(pixels).save(desk / "strokes.png")
    draft("--scribbles", "strokes.png", "-o", "new.png", "--preview", "over.png", "-q").succeeded()
    assert set(load_map(desk / "new.png").colors) == {(255, 0, 0), (0, 0, 255)}
    assert size_of(desk / "over.png") == (384, 480)
