"""Every public name takes numbers of NumPy, 8-bit values and files, and names the argument that is wrong."""

from __future__ import annotations

import importlib
import inspect
import itertools
import pickle
import sys
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from PIL import Image
from small_scenes import BLUE, CONTENT, RED, SETTINGS, STYLE, side_by_side

import maskstyle
from maskstyle import Checkpoints, Limits, PatchSettings, PlanRegion, Run, Settings, StyleImage, images, maps, masks
from maskstyle.errors import MaskstyleError

PUBLIC = ["maskstyle", *(f"maskstyle.{stub.parent.name}" for stub in Path(maskstyle.__file__).parent.glob("*/*.pyi"))]
MAP, MASK, SIZE = side_by_side((12, 16)), CONTENT[..., 0], (12, 16)


class Strange:
    """A value of a type that nothing takes, and that fails where it is used."""

    def __repr__(self):
        return "strange"

    def __array__(self, *arguments, **options):
        raise RuntimeError("this is no array")


WRONG = {
    "an object": Strange(),
    "None": None,
    "a number": 3.5,
    "a large number": 10**400,
    "not a number": float("nan"),
    "a text": "there is no such file.png",
    "bytes": b"bytes",
    "a list": [[1], [2, 3]],
    "an empty list": [],
    "a table": {"a": 1},
    "a complex array": np.zeros((4, 4, 3), complex),
    "dates": np.zeros((4, 4), "datetime64[s]"),
    "an empty array": np.zeros((0, 4, 3), np.float32),
    "NaN": np.full((12, 16, 3), np.nan, np.float32),
    "a flat array": np.zeros(5, np.float32),
    "a function": len,
    "a class": dict,
}

RIGHT = {
    "how": "union", "bits": 8, "columns": 2, "side": 64, "unmatched": "error", "matching": "region", "top": "last",
    "features": "color", "method": "nlm", "shape": "ellipse", "easing": "linear", "feather_mode": "distance",
    "size": SIZE, "longer_side": 8, "strength": 0.1, "orientation": 1, "angle": 3.0, "text": "red", "name": "the map",
    "image_name": "the image", "network": "lite", "layers": ["block1_conv1"], "pooling": "max", "padding": "edge",
    "mask": MASK, "image": CONTENT, "pixels": CONTENT, "content": CONTENT, "style": STYLE, "masks": [MASK],
    "semantic_map": MAP, "content_map": MAP, "style_map": MAP, "color": RED, "colors": [RED], "key": RED,
    "count": 3, "count_": 1, "ignore": [RED], "feather": 1.0, "result": CONTENT,
}  # fmt: skip
"""Right values of the parameters, by name; others keep their defaults."""

MORE = {
    "resize_image": {"image": CONTENT, "size": (6, 8)},
    "combine_masks": {"masks": [MASK, MASK], "how": masks.MASK_OPERATIONS[0]},
    "match_regions": {"content": MAP, "style": MAP},
    "parse_map": {"pixels": np.zeros((8, 8, 3), np.uint8)},
    "soft_masks": {"pixels": np.zeros((12, 16, 3), np.uint8), "semantic_map": MAP},
    "make_sheet": {"panels": [images.Panel(CONTENT, ("title",))]},
    "region_mask": {"semantic_map": MAP, "colors": [RED]},
    "color_map_like": {"drafted": MAP, "image": CONTENT, "style_map": MAP, "style": CONTENT},
    "edge_aware_mask": {"mask": MASK, "image": CONTENT},
    "fit_map": {"semantic_map": MAP, "size": SIZE, "name": "the map", "image_name": "the image"},
    "save_layers": {"layers": [images.Layer("a", CONTENT)], "merged": images.Layer("a", CONTENT)},
    "transfer_plan": {"content": CONTENT, "regions": [PlanRegion(RED, style=StyleImage(STYLE))], "content_map": MAP},
    "transfer_doodle": {"style": STYLE, "doodle": MAP, "style_map": side_by_side(STYLE.shape[:2])},
    "transfer_mask": {"content": CONTENT, "styles": [STYLE], "masks": [MASK]},
}
UNCHECKED = {"metadata", "notes", "warn", "clock"}
"""Parameters that take anything, or functions that are called later."""


def functions():
    """Return the public functions by name, once each."""
    found = {}
    for room in PUBLIC:
        module = importlib.import_module(room)
        found |= {name: getattr(module, name) for name in module.__all__ if inspect.isfunction(getattr(module, name))}
    return found


FUNCTIONS = functions()


@pytest.fixture(autouse=True)
def _aside(monkeypatch, tmp_path):
    """Write nothing beside the tests, and let no transfer begin: what is wrong is found before."""
    monkeypatch.chdir(tmp_path)
    if "tensorflow" not in sys.modules:
        monkeypatch.setitem(sys.modules, "tensorflow", None)


def arguments_of(name, tmp_path):
    """Return right arguments of a public function."""
    given: dict[str, object] = MORE.get(name, {})  # type: ignore[assignment]
    parameters = inspect.signature(FUNCTIONS[name]).parameters
    right = {each: RIGHT[each] for each in parameters if each in RIGHT and not given}
    if "path" in parameters:
        right["path"] = tmp_path / "there_is_no_such_file.png"
    return {**right, **given}


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_wrong_values_are_errors_of_maskstyle(name, tmp_path):
    signature = inspect.signature(FUNCTIONS[name])
    right = arguments_of(name, tmp_path)
    if name.startswith("transfer_"):
        right["settings"] = SETTINGS.changed(network="lite", steps=1)
    parameters = [each for each in signature.parameters.values() if each.name not in UNCHECKED]
    tried = 0
    for parameter, wrong in itertools.product(parameters, WRONG.values()):
        given = {**right, parameter.name: wrong}
        positional = [given.pop(parameter.name)] if parameter.kind is inspect.Parameter.VAR_POSITIONAL else []
        try:
            bound = signature.bind(*positional, **given)
        except TypeError:
            continue  # there are no right values for the other parameters
        tried += 1
        if name.startswith("transfer_"):
            checked_inputs(name, bound)
            continue
        with suppress(MaskstyleError):
            FUNCTIONS[name](*bound.args, **bound.kwargs)
    if not tried:
        pytest.skip(f"no right values for the parameters of {name}")


def checked_inputs(name, bound):
    """Check the inputs of a technique without painting."""
    from maskstyle.techniques import TECHNIQUES

    with suppress(MaskstyleError):
        TECHNIQUES[name.removeprefix("transfer_")](*bound.args, **bound.kwargs).scene()


# What is understood


def test_numbers_of_numpy_are_numbers():
    assert Settings(size=np.int64(96)).size == 96
    assert type(Settings(strength=np.float32(0.5)).strength) is float
    assert type(Limits(tile_size=np.int32(128)).tile_size) is int
    assert PatchSettings(patch_offset=[np.int64(1), 2]).patch_offset == (1, 2)
    assert images.resize_image(CONTENT, np.array([6, 8])).shape == (6, 8, 3)
    assert maskstyle.images.fit_size((np.int64(12), 16), np.int64(8)) == (6, 8)


@pytest.mark.parametrize("wrong", [True, "96x", [96], 1.5, 10**400])
def test_settings_name_the_field(wrong):
    with pytest.raises(MaskstyleError, match="size is"):
        Settings(size=wrong)


def test_8_bit_values_are_saved_as_they_are(tmp_path):
    eight = (CONTENT * 255).astype(np.uint8)
    alpha = np.full(SIZE, 128, np.uint8)
    maskstyle.save_image(tmp_path / "a.png", eight, alpha)
    assert_array_equal(np.asarray(Image.open(tmp_path / "a.png")), np.dstack([eight, alpha]))


def test_a_file_or_a_loaded_picture_stands_for_its_pixels(tmp_path):
    maskstyle.save_image(tmp_path / "a.png", CONTENT)
    picture = maskstyle.load_image(tmp_path / "a.png")
    for given in (str(tmp_path / "a.png"), tmp_path / "a.png", picture):
        assert_array_equal(images.lightness_only(given), images.lightness_only(picture.pixels))
    masks.save_mask(tmp_path / "m.png", MASK)
    assert masks.feather_mask(tmp_path / "m.png", 1.0).shape == SIZE
    maps.save_map(tmp_path / "m_map.png", MAP)
    assert masks.region_mask(tmp_path / "m_map.png", [BLUE]).shape == SIZE


def test_values_of_0_to_255_in_floats_are_refused(tmp_path):
    with pytest.raises(MaskstyleError, match=r"`pixels` has values from 0 to 255; expected values in \[0, 1\]"):
        maskstyle.save_image(tmp_path / "a.png", np.linspace(0, 255, 48).reshape(4, 4, 3))


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: StyleImage(3), "`image` has type int64; expected an image"),
        (lambda: StyleImage(STYLE, style_map=3), "`style_map` is 3; expected a SemanticMap"),
        (lambda: StyleImage(STYLE, scale="2"), "`scale` is '2'; expected a finite number"),
        (lambda: PlanRegion(RED, style=STYLE), "`style` is of type ndarray; expected maskstyle.StyleImage"),
        (
            lambda: StyleImage(np.ma.masked_less(STYLE, 0.5)),
            "`image` is a masked array, whose hidden values would be",
        ),
        (
            lambda: StyleImage(Image.new("CMYK", (8, 8))),
            "`image` is a Pillow image of mode CMYK, whose values are no",
        ),
        (lambda: maps.SemanticMap(np.full(SIZE, 2, np.int32), (RED,)), "`labels` has values from 2 to 2; expected"),
        (
            lambda: maps.SemanticMap(np.zeros(SIZE), (RED,)),
            r"`labels` has shape \(.*\) and type float64; expected whole",
        ),
        (
            lambda: maps.SemanticMap(np.zeros(SIZE, int), ((300, 0, 0),)),
            r"`colors` has \(300, 0, 0\); expected \(red, gr",
        ),
        (lambda: PlanRegion(RED, strength="x"), "`strength` is 'x'"),
        (lambda: Run(limits=4), "`limits` is 4; expected maskstyle.Limits"),
        (lambda: Run(on_step=4), "`on_step` is 4; expected a function"),
        (lambda: Run(network="lite"), r"network is 'lite'; name the network in Settings\(network=...\)"),
        (lambda: Run(network=4), "network is 4; name the network"),
        (lambda: Run(checkpoints="a.checkpoint"), "`checkpoints` is 'a.checkpoint'; expected maskstyle.Checkpoints"),
        (lambda: Run(graphs=True), "`graphs` is True; expected maskstyle.SharedGraphs"),
        (lambda: StyleImage(STYLE.astype(np.complex64)), "`image` has type complex64; expected an image"),
        (lambda: StyleImage(STYLE.astype(object)), "`image` has type object; expected an image"),
        (lambda: Checkpoints(4), "`path` is 4; expected a path"),
        (lambda: Checkpoints("a", every="x"), "`every` is 'x'; expected a finite number"),
    ],
)
def test_values_name_the_field(make, said):
    with pytest.raises(MaskstyleError, match=said):
        make()


@pytest.mark.parametrize("function", [maskstyle.load_image, images.load_image, maskstyle.transfer_basic])
def test_functions_can_be_pickled(function):
    assert pickle.loads(pickle.dumps(function)) is function
