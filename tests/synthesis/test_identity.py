"""Equal values have equal digests, and differences between runs are named."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from reference import random_image

from maskstyle.guidance.layout import StyleImage
from maskstyle.synthesis.identity import DIGEST_PREFIX, differences, digest, listed, plain

IMAGE = random_image(0, 5, 6)


@dataclass(frozen=True)
class Part:
    """A dataclass with an array in it."""

    labels: np.ndarray
    names: tuple[str, ...]


def changed(image):
    image = image.copy()
    image[2, 3, 1] += np.float32(1e-6)
    return image


@pytest.mark.parametrize(
    ("value", "equal"),
    [
        (IMAGE, IMAGE.copy()),
        (IMAGE, np.asfortranarray(IMAGE)),
        (IMAGE[:, ::2], IMAGE[:, ::2].copy()),
        ([IMAGE, None], (IMAGE.copy(), None)),
        (Part(IMAGE, ("a",)), Part(IMAGE.copy(), ("a",))),
        ({"a": 1.5}, {"a": np.float64(1.5)}),
        ([1.5, 2], [np.float32(1.5), np.int64(2)]),
    ],
)
def test_equal_values_have_equal_digests(value, equal):
    assert digest(value) == digest(equal)
    assert digest(value).startswith(DIGEST_PREFIX)


@pytest.mark.parametrize(
    "other",
    [
        changed(IMAGE),
        IMAGE.astype(np.float64),
        IMAGE.reshape(6, 5, 3),
        IMAGE[:-1],
        [IMAGE],
        [IMAGE, IMAGE],
        Part(IMAGE, ("a",)),
        Part(IMAGE, ("b",)),
        Part(IMAGE, ("a", "b")),
        {"a": IMAGE},
        None,
        0,
        0.0,
        "",
        False,
        [],
        [[]],
        [[], []],
    ],
    ids=str,
)
def test_other_values_have_other_digests(other):
    assert digest(other) != digest(IMAGE)
    assert digest([other, other]) != digest([other])


def test_other_objects_have_no_digest():
    with pytest.raises(TypeError, match="cannot digest a value of type object"):
        digest([object()])


def test_types_without_a_buffer_have_digests():
    import tensorflow as tf

    ones = [tf.ones(3, kind).numpy() for kind in ("bfloat16", "float32")]
    assert digest(ones[0]) == digest(ones[0].copy()) != digest(ones[1])


def test_plain_values_stay_and_arrays_become_digests():
    described = plain({"feather": 8.0, "mode": "edges", "alpha": None, "patches": {"size": 32}, "image": IMAGE})
    assert described.pop("image") == digest(IMAGE)
    assert described == {"feather": 8.0, "mode": "edges", "alpha": None, "patches": {"size": 32}}


def test_differences_are_named():
    before = {
        "technique": "basic",
        "settings": {"steps": 40, "seed": 1, "layers": [["a", 1.0]]},
        **plain({"x": IMAGE}),
    }
    assert differences(before, before) == []
    now = {"technique": "basic", "settings": {"steps": 40, "seed": 2, "layers": [["b", 1.0]]}, **plain({"x": None})}
    assert differences(before, now) == ["seed was 1 and is 2", "different layers", "different x"]
    assert differences({}, {"new": 3}) == ["new was None and is 3"]


def test_many_differences_are_counted():
    assert listed(["a", "b"]) == "a, b"
    assert listed(list("abcde")) == "a, b, c, and 2 more"


def test_what_messages_call_a_style_image_does_not_count():
    image = np.zeros((2, 2, 3), np.float32)
    named = digest(StyleImage(image, name="wave.jpg"))
    assert named == digest(StyleImage(image, name="../pictures/wave.jpg"))
    assert named != digest(StyleImage(image + 1, name="wave.jpg"))
