"""``maskstyle mask`` in this process: what ``--style`` may say, what is left alone, and what is recorded."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from maskstyle import read_metadata
from maskstyle.cli.masked_styles import MaskedStyle, parse_masked_style
from maskstyle.errors import SettingsError

RAMP = np.tile(np.clip(np.arange(40) * 13 - 260, 0, 255).astype(np.uint8), (32, 1))  # 0 in 20 columns and one more


@pytest.fixture
def mask(desk, run, eagerly, quick):
    """Return a function that runs a quick ``maskstyle mask``, with soft.png at hand, whose left half is black."""
    Image.fromarray(RAMP).save(desk / "soft.png")

    def mask(*options, content="content.png", output="out.png"):
        return run("mask", content, "-o", output, *quick, *options)

    return mask


def held(path, columns):
    """Return the hash of some columns of a picture's samples."""
    with Image.open(path) as picture:
        return hashlib.sha256(np.asarray(picture)[:, columns].tobytes()).hexdigest()


def region_of(result, place):
    """Return an entry of [[region]] that a result records."""
    return read_metadata(result)["inputs"]["plan"]["region"][place]


def changed_columns(desk):
    before, after = (np.asarray(Image.open(desk / name).convert("RGB")) for name in ("content.png", "out.png"))
    return (before != after).any(axis=(0, 2))


def test_the_style_goes_where_the_mask_is(mask, desk, no_weights):
    ran = mask("--style", "style.jpg:soft.png", "--network", "lite").succeeded()
    assert "network: lite (embedded), " in ran.err
    assert "wrote out.png: 40x32, 2 steps" in ran.err
    assert "soft.png 24 % style whole 0.5 style" in " ".join(ran.err.split())
    assert "note: " not in ran.err
    assert not changed_columns(desk)[:21].any()
    assert changed_columns(desk)[30:].all()


@pytest.mark.parametrize(
    ("mode", "options"), [("RGB", ("--init", "noise", "--denoise", "0.2")), ("RGBA", ("--scales", "2"))]
)
def test_untouched_pixels_keep_their_bytes(mask, desk, painted, mode, options):
    picture = painted((32, 40)).convert(mode)
    if mode == "RGBA":
        picture.putalpha(Image.linear_gradient("L").resize((40, 32)))
    picture.save(desk / "content.png")
    mask("--style", "style.jpg:soft.png", *options).succeeded()
    untouched = slice(0, 21)
    assert held(desk / "out.png", untouched) == held(desk / "content.png", untouched)


def test_the_alpha_of_a_cut_out_is_a_mask(mask, desk, painted):
    picture = painted((32, 40)).convert("RGBA")
    picture.putalpha(Image.fromarray(RAMP))
    picture.save(desk / "cutout.png")
    ran = mask("--style", "style.jpg:cutout.png").succeeded()
    assert "note: cutout.png: the image is a cut-out, so its opacity is the mask" in ran.err
    assert not changed_columns(desk)[:21].any()
    assert changed_columns(desk)[30:].all()


def test_the_complement_of_a_mask(mask, desk):
    mask("--style", "style.jpg:1-soft.png").succeeded()
    assert changed_columns(desk)[:10].all()
    Image.fromarray(255 - RAMP).save(desk / "turned.png")
    pixels = np.asarray(Image.open(desk / "out.png"))
    mask("--style", "style.jpg:turned.png", output="again.png").succeeded()
    np.testing.assert_array_equal(np.asarray(Image.open(desk / "again.png")), pixels)
    assert region_of(desk / "out.png", 0)["complement"] is True


def test_two_styles_with_their_masks_are_recorded(mask, desk, painted, recorded_weights):
    painted((20, 20), seed=3).save(desk / "other.png")
    mask("--style", "style.jpg:soft.png:0.5", "--style", "other.png:1-soft.png", "--json", "run.json").succeeded()
    record = json.loads((desk / "run.json").read_text(encoding="utf-8"))
    assert record["command"] == "mask"
    assert record["inputs"] == read_metadata(desk / "out.png")["inputs"]
    assert record["inputs"] == {
        "plan": {
            "technique": "mask",
            "content": "content.png",
            "styles": {"style": {"image": "style.jpg"}, "other": {"image": "other.png"}},
            "region": [
                {"mask": "soft.png", "style": "style", "strength": 0.5},
                {"mask": "soft.png", "complement": True, "style": "other"},
            ],
        },
        "initial": None,
        **recorded_weights,
        "notes": [],
    }
    assert changed_columns(desk).all()


def test_transparent_where_the_mask_is_0(mask, desk):
    mask("--style", "style.jpg:soft.png", "--transparent", "--color", "match").succeeded()
    with Image.open(desk / "out.png") as written:
        alpha = np.asarray(written)[..., 3]
    assert (alpha[:, :21] == 0).all()
    assert (alpha[:, 39] > 200).all()
    assert (np.diff(alpha[0].astype(int)) >= 0).all()


def test_opaque_masks_and_pictures_with_an_alpha_channel_go_to_jpeg(mask, desk, painted):
    almost = painted((32, 40)).convert("RGBA")
    almost.putalpha(254)
    almost.save(desk / "content.png")
    Image.fromarray(RAMP).convert("RGBA").save(desk / "soft.png")
    mask("--style", "style.jpg:soft.png", output="out.jpg").succeeded()
    with Image.open(desk / "out.jpg") as written:
        assert written.mode == "RGB"


@pytest.mark.parametrize("style", ["style.jpg", "style.jpg:0.5"])
def test_a_mask_beside_the_picture_is_found_and_said(mask, desk, style):
    (desk / "soft.png").rename(desk / "content_mask.png")
    ran = mask("--style", style).succeeded()
    assert ran.err.splitlines()[0] == "note: mask content_mask.png, found beside content.png"
    assert not changed_columns(desk)[:21].any()
    assert region_of(desk / "out.png", 0).get("strength") == (0.5 if ":" in style else None)


def test_what_was_made_of_a_mask_is_said(mask, desk):
    Image.fromarray(RAMP).save(desk / "soft.jpg", quality=75)
    ran = mask("--style", "style.jpg:soft.jpg").succeeded()
    assert ran.err.startswith("note: soft.jpg: JPEG blurs black and white, so values up to 8/255 become 0")
    assert len(read_metadata(desk / "out.png")["inputs"]["notes"]) == 1
    assert not changed_columns(desk)[:16].any()
    assert mask("--style", "style.jpg:soft.jpg", "--quiet").succeeded().err == ""


def test_a_mask_of_0_and_1_is_noted_and_inverted(mask, desk, run):
    Image.fromarray((RAMP > 127).astype(np.uint8)).save(desk / "sam.png")
    ran = mask("--style", "style.jpg:sam.png", "--invert").succeeded()
    assert "note: sam.png: its only value above 0 is 1 of 255, so 1 is white" in ran.err
    assert not changed_columns(desk)[31:].any()
    assert changed_columns(desk)[:20].all()
    run("plan", "from", "out.png", "-o", "again.toml").succeeded()
    assert "invert = true" in (desk / "again.toml").read_text()


def test_class_numbers_are_refused_with_a_command_that_works(mask, desk, run, without_tensorflow):
    Image.fromarray(RAMP // 100).save(desk / "labels.png")
    error = mask("--style", "style.jpg:labels.png").error
    assert "holds the class numbers 1 and 2" in error
    command = error.partition("run: maskstyle ")[2].replace("'", "").split()
    run(*command).succeeded()
    assert np.asarray(Image.open(desk / "labels_mask.png")).max() == 65535


def test_a_mask_that_limits_nothing_is_noted(mask, desk):
    Image.fromarray(np.full((32, 40), 255, np.uint8)).save(desk / "white.png")
    assert "white.png covers the whole image" in mask("--style", "style.jpg:white.png", "--dry-run").err
    assert "1-white.png is 0 everywhere" in mask("--style", "style.jpg:white.png", "--invert").error


def test_the_table_shows_inverted_masks_and_a_flat_style_is_noted(mask, desk):
    Image.new("RGB", (28, 36), "gray").save(desk / "gray.png")
    shown = mask("--style", "gray.png:soft.png", "--invert", "--dry-run")
    assert "1 - soft.png" in shown.out
    assert "gray.png is nearly one color" in shown.err
    assert "1 - soft.png" not in mask("--style", "style.jpg:1-soft.png", "--invert", "--dry-run").out


def test_a_missing_command_names_what_makes_such_masks(run):
    assert "a cut-out is a mask itself" in run("masks", "from-alpha", "a.png", "-o", "b.png").error
    assert "combine MASK --how invert" in run("masks", "invert", "a.png", "-o", "b.png").error


def test_the_mask_exponent_is_an_option(mask, desk):
    def style_loss(*options):
        mask("--style", "style.jpg:soft.png", "--steps", "1", *options).succeeded()
        return read_metadata(desk / "out.png")["losses"]["style"]

    assert style_loss("--mask-exponent", "2") != pytest.approx(style_loss(), rel=1e-3)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a.jpg:m.png", ("a.jpg", "m.png", False, None)),
        ("a.jpg:m.png:0.5", ("a.jpg", "m.png", False, 0.5)),
        ("a.jpg:1-m.png:2", ("a.jpg", "m.png", True, 2.0)),
        ("a.jpg", ("a.jpg", None, False, None)),
        ("a.jpg:3", ("a.jpg", None, False, 3.0)),
        ("a:b.jpg:m.png", ("a:b.jpg", "m.png", False, None)),
        ("a.jpg:m:1.png:2", ("a.jpg", "m:1.png", False, 2.0)),
        ("a.jpg:1-1-n.png", ("a.jpg", "1-n.png", True, None)),
        ("a.jpg:1-n.png", ("a.jpg", "1-n.png", False, None)),
        ("a.jpg:7", ("a.jpg", None, False, 7.0)),
        ("C:\\none.jpg:D:/none.png:0.5", ("C:\\none.jpg", "D:/none.png", False, 0.5)),
        ("C:/none.jpg:1-D:\\none.png", ("C:/none.jpg", "D:\\none.png", True, None)),
        ("none.jpg:none.png", ("none.jpg", "none.png", False, None)),
        ("none.jpg:0.5", ("none.jpg", None, False, 0.5)),
    ],
)
def test_a_masked_style_is_read(text, expected, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("a.jpg", "a:b.jpg", "m.png", "m:1.png", "1-n.png"):
        Path(name).touch()
    style, mask_name, complement, strength = expected
    mask_path = None if mask_name is None else Path(mask_name)
    assert parse_masked_style(text) == MaskedStyle(Path(style), mask_path, complement, strength)


def test_a_file_called_as_a_weight_is_a_mask(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("a.jpg", "7"):
        Path(name).touch()
    assert parse_masked_style("a.jpg:7") == MaskedStyle(Path("a.jpg"), Path("7"))
    assert parse_masked_style("a.jpg:7:7") == MaskedStyle(Path("a.jpg"), Path("7"), False, 7.0)


def test_files_whose_names_together_are_too_long_for_one_file():
    style, mask = f"{'a' * 200}.jpg", f"{'b' * 200}.png"
    assert parse_masked_style(f"{style}:{mask}") == MaskedStyle(Path(style), Path(mask))


@pytest.mark.parametrize("text", ["", ":", "a:", ":m.png", "a::m", "a:b:c:d"])
def test_what_is_no_masked_style(text):
    with pytest.raises(SettingsError, match=r"--style|expected a number"):
        parse_masked_style(text)


@pytest.fixture
def masked(mask, desk, two_halves):
    """Return a function that runs a quick mask with a style map of red and blue halves beside the style image."""
    two_halves(desk / "style_map.png", (36, 28), (255, 0, 0), (0, 0, 255))
    return lambda *options: mask("--style", "style.jpg:soft.png", "--network", "lite", *options)


def test_the_style_of_a_mask_can_be_one_region_of_its_image(masked, desk, run, no_weights):
    ran = masked("--style-region", "red").succeeded()
    assert "note: style map style_map.png, found beside style.jpg" in ran.err.splitlines()
    assert "soft.png 24 % style 2 ██ #ff0000 red as given 0.5 style" in " ".join(ran.err.split())
    losses = read_metadata(desk / "out.png")["losses"]
    assert region_of(desk / "out.png", 0)["style_region"] == "#ff0000"
    run("plan", "from", "out.png", "-o", "again.toml").succeeded()
    run("run", "again.toml").succeeded()
    assert read_metadata(desk / "out.png")["losses"] == losses
    masked("--style-region", "blue").succeeded()
    assert read_metadata(desk / "out.png")["losses"] != losses


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--style-map", "style_map.png"), "--style-map has no effect without --style-region"),
        (("--style-region", "green"), "expected colors of style_map.png"),
        (("--style-region", "red,blue"), "--style-region"),
        (("--palette", "red"), "--palette has no effect where there is no map"),
        (
            ("--style-region", "red", "--style-map", "style_map.png", "--style", "content.png:soft.png"),
            "--style-map is one map, but there are 2 style images; write a plan",
        ),
        (("--style-region", "red", "--style", "content.png:soft.png"), "there is no map beside content.png"),
    ],
)
def test_style_regions_that_cannot_work(masked, options, says):
    ran = masked(*options)
    assert ran.code == 2
    assert says in ran.err


def test_a_plan_of_masks_needs_a_use_for_each_style_map(masked, desk, run):
    text = (
        'technique = "mask"\ncontent = "content.png"\n[styles.s]\nimage = "style.jpg"\nmap = "style_map.png"\n'
        '[[region]]\nmask = "soft.png"\nstyle = "s"\n'
    )
    (desk / "plan.toml").write_text(text)
    assert "line 5: map has no effect without style_region" in run("run", "plan.toml", "--dry-run").error
    (desk / "plan.toml").write_text(text.replace('map = "style_map.png"\n', "") + 'style_region = "red"\n')
    assert "style_region needs a map of the style" in run("run", "plan.toml", "--dry-run").error
    (desk / "plan.toml").write_text(text + "style_region = 1\n")
    assert "1 ██ #0000ff blue" in run("run", "plan.toml", "--dry-run").succeeded().out
