"""``maskstyle masks``: the masks, previews and records that it writes, and bad input."""

from __future__ import annotations

import inspect
import shlex
import stat
import subprocess
import sys
from typing import NamedTuple

import numpy as np
import pytest
from PIL import Image

from maskstyle import load_image, read_metadata
from maskstyle import masks as masks_room
from maskstyle.masks import linear_mask, radial_mask, save_mask

SIZE = (32, 40)  # content.png's
RED, BLUE = (255, 0, 0), (0, 0, 255)


def read(path):
    """Return a mask's samples as (H, W) floats in [0, 1], exact for 16 bits."""
    pixels = load_image(path).pixels
    assert (pixels == pixels[..., :1]).all()
    return pixels[..., 0]


def depth(path):
    with Image.open(path) as image:
        return {"L": 8, "I;16": 16}[image.mode]


@pytest.fixture
def masks(desk, run, painted):
    """Return a function that runs a command line of ``maskstyle masks`` beside masks and a map to work on."""
    drawn = np.full((*SIZE, 3), RED, np.uint8)
    drawn[:, 20:] = BLUE
    Image.fromarray(drawn).save(desk / "map.png")
    save_mask(desk / "left.png", linear_mask(SIZE))
    save_mask(desk / "disc.png", radial_mask(SIZE, inner=60, outer=60), bits=8)
    save_mask(desk / "small.png", linear_mask((16, 20)))

    def masks(line):
        return run("masks", *shlex.split(line))

    return masks


# Masks


def test_a_linear_mask_of_a_pictures_size(masks, desk):
    ran = masks("linear --like content.png --from top --start 25 --end 75 -o out.png").succeeded()
    covers = "covers 50 % of the picture"
    assert (ran.out, ran.err) == ("", f"wrote out.png: 40x32, 16 bits, {covers}: 25 % black (0), 25 % white (1)\n")
    expected = linear_mask(SIZE, angle=90, start=25, end=75)
    np.testing.assert_allclose(read(desk / "out.png"), expected, atol=0.5 / 65535)
    assert not stat.S_IXUSR & (desk / "out.png").stat().st_mode


@pytest.mark.parametrize(
    ("options", "white"),
    [("", np.s_[:, 0]), ("--from right", np.s_[:, -1]), ("--from bottom", np.s_[-1]), ("--angle 90", np.s_[0])],
)
def test_the_white_side(masks, desk, options, white):
    masks(f"linear --size 9x5 -o out.png {options}").succeeded()
    mask = read(desk / "out.png")
    assert mask.shape == (5, 9)
    assert (mask[white] == 1).all()
    assert mask.min() == 0


def test_radial_options_reach_the_mask(masks, desk):
    line = "radial --like content.png --center 25,75 --inner 10 --outer 80 --shape circle --easing smooth -o out.png"
    masks(line).succeeded()
    expected = radial_mask(SIZE, center=(25, 75), inner=10, outer=80, shape="circle", easing="smooth")
    np.testing.assert_allclose(read(desk / "out.png"), expected, atol=0.5 / 65535)
    masks(f"{line} --invert").succeeded()
    np.testing.assert_allclose(read(desk / "out.png"), 1 - expected, atol=0.5 / 65535)


@pytest.mark.parametrize("region", ["red", "'#fa0505'", "255,0,0"])
def test_a_region_is_exactly_that_of_the_map(masks, desk, region):
    masks(f"from-map map.png --region {region} -o out.png").succeeded()
    mask = read(desk / "out.png")
    assert (mask[:, :20] == 1).all()
    assert (mask[:, 20:] == 0).all()


def test_a_region_fades_within_its_feather_at_the_pictures_size(masks, desk, painted):
    painted((64, 80)).save(desk / "large.png")
    masks("from-map map.png --region red --like large.png --feather 8 --side inside -o out.png").succeeded()
    mask = read(desk / "out.png")
    assert mask.shape == (64, 80)
    assert (mask[:, 40:] == 0).all()
    assert (mask[:, :32] == 1).all()
    assert ((mask[:, 33:40] > 0) & (mask[:, 33:40] < 1)).all()


def test_several_regions(masks, desk):
    for regions in ("--region red --region blue", "--region red,blue"):
        masks(f"from-map map.png {regions} --feather 9 -o out.png").succeeded()
        assert (read(desk / "out.png") == 1).all()


def test_feathering_a_file(masks, desk):
    masks("feather disc.png --feather 6 --side outside -o out.png").succeeded()
    before, after = read(desk / "disc.png"), read(desk / "out.png")
    assert (after[before == 1] == 1).all()
    assert (after[0] == 0).all()
    assert ((after > 0) & (after < 1)).any()


@pytest.mark.parametrize(
    ("how", "expected"),
    [("multiply", np.multiply), ("maximum", np.maximum), ("minimum", np.minimum)],
)
def test_combining_files(masks, desk, how, expected):
    masks(f"combine left.png disc.png --how {how} -o out.png").succeeded()
    np.testing.assert_array_equal(read(desk / "out.png"), expected(read(desk / "left.png"), read(desk / "disc.png")))


def test_inverting_a_file_twice_gives_it_back(masks, desk):
    masks("combine left.png --how invert -o once.png").succeeded()
    masks("combine once.png --how invert -o twice.png").succeeded()
    assert read(desk / "once.png")[0, 0] == 0
    np.testing.assert_array_equal(read(desk / "twice.png"), read(desk / "left.png"))


def test_masks_of_other_sizes_are_brought_to_the_pictures(masks, desk):
    masks("combine left.png small.png --how minimum --like content.png -o out.png").succeeded()
    mask = read(desk / "out.png")
    assert mask.shape == SIZE
    np.testing.assert_allclose(mask, read(desk / "left.png"), atol=0.04)


def test_the_edges_of_the_picture_are_followed(masks, desk):
    picture = np.zeros((*SIZE, 3), np.uint8)
    picture[:, 20:] = (200, 90, 30)
    Image.fromarray(picture).save(desk / "photo.png")
    save_mask(desk / "rough.png", linear_mask(SIZE, angle=180, start=42, end=42))
    masks("edge-aware rough.png photo.png --radius 6 -o out.png --preview shown.png").succeeded()
    mask = read(desk / "out.png")
    assert (mask[:, :20] == 0).all()
    assert (mask[:, 20:] > 0.4).all()
    assert load_image(desk / "shown.png").pixels.shape == (*SIZE, 3)


@pytest.mark.parametrize("bits", [8, 16])
def test_normalized_files_add_up_exactly(masks, desk, bits):
    ran = masks(f"normalize left.png disc.png --output-dir shares --bits {bits}").succeeded()
    assert ran.err.count("wrote shares/") == 2
    greatest = 2**bits - 1
    stored = [np.round(read(desk / "shares" / name) * greatest).astype(int) for name in ("left.png", "disc.png")]
    somewhere = (read(desk / "left.png") > 0) | (read(desk / "disc.png") > 0)
    np.testing.assert_array_equal(sum(stored), greatest * somewhere)
    assert (stored[1][read(desk / "disc.png") == 0] == 0).all()
    assert depth(desk / "shares" / "left.png") == bits
    masks(f"normalize left.png disc.png --output-dir shares --bits {bits} --no-fill").succeeded()  # replaces its own
    outside = read(desk / "disc.png") == 0
    left, kept = (read(desk / path)[outside] for path in ("left.png", "shares/left.png"))
    np.testing.assert_allclose(kept, left, atol=1 / greatest)


# Depth, previews and records


@pytest.mark.parametrize("bits", [8, 16])
def test_depth_is_an_option_and_what_was_written_reads_back_exactly(masks, desk, bits):
    masks(f"linear --size 300x2 -o out.png --bits {bits}").succeeded()
    assert depth(desk / "out.png") == bits
    masks(f"combine out.png out.png --how maximum -o again.png --bits {bits}").succeeded()
    np.testing.assert_array_equal(read(desk / "again.png"), read(desk / "out.png"))


def test_a_preview_shows_the_mask_over_the_picture(masks, desk):
    masks("from-map map.png --region red --like content.png -o out.png --preview shown.png").succeeded()
    shown = load_image(desk / "shown.png").pixels
    assert (shown[:, :20, 0] > shown[:, :20, 2]).all()
    assert (np.ptp(shown[:, 20:], axis=2) == 0).all()
    masks("feather disc.png --feather 2 -o out.png --preview shown.jpg --image content.png").succeeded()
    assert (desk / "shown.jpg").is_file()


def test_how_a_mask_was_made_is_recorded(masks, desk):
    masks("from-map map.png --region red --feather 3 --like content.png -o out.png").succeeded()
    record = read_metadata(desk / "out.png")
    assert record["command"] == "masks from-map"
    assert record["options"] == {
        "semantic_map": "map.png",
        "region": ["red"],
        "like": "content.png",
        "feather": 3.0,
        "side": "both",
        "easing": "linear",
        "stretch_maps": False,
        "invert": False,
    }


def test_a_quiet_command_prints_nothing_and_an_empty_mask_is_noted(masks):
    assert masks("linear --size 4x4 -o out.png --quiet").succeeded().err == ""
    ran = masks("combine disc.png disc.png --how subtract -o out.png").succeeded()
    assert "note: out.png is 0 everywhere" in ran.err


LIBRARY = {
    "linear": masks_room.linear_mask,
    "radial": masks_room.radial_mask,
    "from-map": masks_room.region_mask,
    "feather": masks_room.feather_mask,
    "edge-aware": masks_room.edge_aware_mask,
}


@pytest.mark.parametrize("command", LIBRARY)
def test_defaults_are_those_of_the_library(command, command_named):
    options = {each.name: each.default for each in command_named("masks", command).params}
    shared = {
        name: each.default
        for name, each in inspect.signature(LIBRARY[command]).parameters.items()
        if each.default is not each.empty and name in options
    }
    assert shared
    for name, default in shared.items():
        if name == "center":
            assert options[name] == ",".join(f"{each:g}" for each in default)
        elif name != "angle":  # which --from stands in for
            assert options[name] == default, name


def test_making_masks_needs_no_tensorflow(masks, desk):
    masks("radial --like content.png -o out.png").succeeded()
    ran = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys\nfrom maskstyle.cli.app import app\n"
            "try:\n    app(['masks', 'edge-aware', 'left.png', 'content.png', '-o', 'out.png'])\n"
            "except SystemExit as end:\n    sys.exit(100 if 'tensorflow' in sys.modules else end.code)",
        ],
        cwd=desk,
    )
    assert ran.returncode == 0


# Bad input


class Bad(NamedTuple):
    """A command line that cannot work, and fragments of its error message."""

    line: str
    message: tuple[str, ...]


BAD = {
    "no size": Bad("linear -o out.png", ("--like IMAGE", "--size WIDTHxHEIGHT")),
    "two sizes": Bad("linear --like content.png --size 4x4 -o out.png", ("--like is content.png", "--size is 4x4")),
    "size without x": Bad("linear --size 40 -o out.png", ("--size is '40'", "WIDTHxHEIGHT")),
    "size of nothing": Bad("radial --size 0x5 -o out.png", ("--size is '0x5'", "640x480")),
    "size negative": Bad("radial --size=-4x5 -o out.png", ("--size is '-4x5'",)),
    "size beyond memory": Bad("linear --size 99999x99999 -o out.png", ("--size is 99999x99999", "at most")),
    "like missing": Bad("linear --like none.png -o out.png", ("none.png does not exist",)),
    "like a text": Bad("linear --like text.png -o out.png", ("text.png is not an image",)),
    "from and angle": Bad("linear --size 4x4 --from top --angle 3 -o out.png", ("--from is top", "--angle is 3")),
    "unknown side": Bad("linear --size 4x4 --from middle -o out.png", ("--from", "middle", "bottom")),
    "angle nan": Bad("linear --size 4x4 --angle nan -o out.png", ("--angle is nan",)),
    "start beyond end": Bad("linear --size 4x4 --start 80 --end 20 -o out.png", ("--start is 80", "end is 20")),
    "start inf": Bad("linear --size 4x4 --start inf -o out.png", ("--start is inf",)),
    "start no number": Bad("linear --size 4x4 --start half -o out.png", ("--start is 'half'", "a number")),
    "unknown easing": Bad("linear --size 4x4 --easing bouncy -o out.png", ("--easing", "bouncy", "smooth")),
    "center of one number": Bad("radial --size 4x4 --center 50 -o out.png", ("--center is '50'", "50,50")),
    "center no numbers": Bad("radial --size 4x4 --center a,b -o out.png", ("--center is 'a,b'", "50,50")),
    "center nan": Bad("radial --size 4x4 --center nan,0 -o out.png", ("--center is (nan",)),
    "inner negative": Bad("radial --size 4x4 --inner -5 -o out.png", ("--inner is -5", "at least 0")),
    "inner beyond outer": Bad("radial --size 4x4 --inner 70 --outer 60 -o out.png", ("--inner is 70", "outer is 60")),
    "outer nan": Bad("radial --size 4x4 --outer nan -o out.png", ("--outer is nan",)),
    "no region": Bad("from-map map.png -o out.png", ("--region", "masks from-map --help")),
    "region of no map": Bad("from-map map.png --region green -o out.png", ("map.png", "#ff0000", "got #00ff00")),
    "region no color": Bad("from-map map.png --region reddish -o out.png", ("--region", "'reddish'")),
    "region empty": Bad("from-map map.png --region '' -o out.png", ("--region", "color such as red")),
    "map a photograph": Bad("from-map content.png --region red -o out.png", ("content.png",)),
    "map missing": Bad("from-map none.png --region red -o out.png", ("none.png does not exist",)),
    "map of another shape": Bad(
        "from-map map.png --region red --like style.jpg -o out.png", ("style.jpg", "28x36", "40x32", "aspect")
    ),
    "feather negative": Bad(
        "from-map map.png --region red --feather -2 -o out.png", ("--feather is -2", "at least 0")
    ),
    "feather nan": Bad("feather disc.png --feather nan -o out.png", ("--feather is nan",)),
    "feather missing": Bad("feather disc.png -o out.png", ("--feather", "masks feather --help")),
    "mask missing": Bad("feather none.png --feather 2 -o out.png", ("none.png does not exist",)),
    "mask colored": Bad("feather content.png --feather 2 -o out.png", ("content.png is colored", "as grayscale")),
    "mask of another shape": Bad(
        "feather disc.png --feather 2 --like style.jpg -o out.png", ("disc.png", "28x36", "40x32", "aspect")
    ),
    "one mask to multiply": Bad("combine disc.png --how multiply -o out.png", ("two masks to multiply, but got 1",)),
    "two masks to invert": Bad("combine disc.png left.png --how invert -o out.png", ("one mask to invert",)),
    "unknown way": Bad("combine disc.png left.png --how screen -o out.png", ("--how", "screen", "minimum")),
    "no way": Bad("combine disc.png left.png -o out.png", ("--how", "masks combine --help")),
    "no masks": Bad("combine --how add -o out.png", ("masks", "masks combine --help")),
    "masks of two sizes": Bad(
        "combine disc.png small.png --how add -o out.png", ("disc.png is 40x32", "small.png is 20x16", "--like IMAGE")
    ),
    "radius 0": Bad("edge-aware disc.png content.png --radius 0 -o out.png", ("--radius is 0", "expected 1 to 1000")),
    "radius huge": Bad(
        "edge-aware disc.png content.png --radius 999999999 -o out.png", ("--radius is 999999999", "1 to 1000")
    ),
    "epsilon 0": Bad("edge-aware disc.png content.png --epsilon 0 -o out.png", ("--epsilon is 0", "above 0")),
    "picture of another shape": Bad("edge-aware disc.png style.jpg -o out.png", ("disc.png", "28x36", "aspect")),
    "picture missing": Bad("edge-aware disc.png none.png -o out.png", ("none.png does not exist",)),
    "one mask to normalize": Bad("normalize disc.png --output-dir shares", ("two masks to normalize, but got 1",)),
    "masks of one name": Bad(
        "normalize disc.png ./disc.png --output-dir shares", ("two masks are called disc", "rename one")
    ),
    "shares over the masks": Bad(
        "normalize disc.png left.png --output-dir .", ("--output-dir is disc.png", "an input")
    ),
    "shares in a file": Bad(
        "normalize disc.png left.png --output-dir text.png", ("--output-dir is text.png, a file",)
    ),
    "shares too deep": Bad("normalize disc.png left.png --output-dir no/deep", ("no folder no",)),
    "no folder for shares": Bad("normalize disc.png left.png", ("--output-dir", "masks normalize --help")),
    "output no png": Bad("linear --size 4x4 -o out.jpg", ("out.jpg", ".png")),
    "output without suffix": Bad("linear --size 4x4 -o out", ("out has no extension",)),
    "output in a missing folder": Bad("linear --size 4x4 -o no/out.png", ("no folder no",)),
    "output the mask": Bad("feather disc.png --feather 2 -o disc.png", ("--output is disc.png, an input",)),
    "output one of the masks": Bad("combine disc.png left.png --how add -o ./left.png", ("--output", "an input")),
    "output the picture": Bad("linear --like content.png -o content.png", ("--output is content.png, an input",)),
    "no output": Bad("linear --size 4x4", ("--output", "masks linear --help")),
    "unknown depth": Bad("linear --size 4x4 --bits 12 -o out.png", ("--bits is '12'", "8, 16")),
    "preview of no picture": Bad("linear --size 4x4 -o out.png --preview p.png", ("--preview", "--image IMAGE")),
    "preview the output": Bad(
        "linear --like content.png -o out.png --preview out.png", ("--output and --preview are both out.png",)
    ),
    "preview the picture": Bad(
        "linear --like content.png -o out.png --preview content.png", ("--preview is content.png, an input",)
    ),
    "preview of an unknown suffix": Bad("linear --like content.png -o out.png --preview p.xyz", ("'.xyz'",)),
    "preview over another shape": Bad(
        "linear --like content.png -o out.png --preview p.png --image style.jpg", ("style.jpg", "28x36", "the mask")
    ),
    "picture without preview": Bad("linear --size 4x4 -o out.png --image content.png", ("--image", "--preview")),
    "no command": Bad("blur disc.png -o out.png", ("'blur'",)),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input(name, masks, desk, painted):
    (desk / "text.png").write_text("This is no picture.\n")
    before = {path: path.stat().st_mtime_ns for path in desk.rglob("*")}

    ran = masks(BAD[name].line)

    assert ran.code == 2, ran.exception
    message = ran.error
    for fragment in BAD[name].message:
        assert fragment.lower() in message.lower()  # versions of Typer differ in the case of an argument's name
    assert {path: path.stat().st_mtime_ns for path in desk.rglob("*")} == before


@pytest.mark.parametrize(
    "line",
    [
        "feather ones.png --feather 2 -o new.png",
        "combine left.png ones.png --how multiply -o new.png",
        "edge-aware ones.png content.png -o new.png",
        "normalize left.png ones.png --output-dir new",
    ],
)
def test_how_a_mask_was_read_is_noted(masks, desk, line):
    Image.fromarray((read(desk / "disc.png") > 0).astype(np.uint8)).save(desk / "ones.png")
    assert "note: ones.png: its only value above 0 is 1 of 255, so 1 is white" in masks(line).succeeded().err


@pytest.fixture
def rotated(desk):
    """Lay out a photo that EXIF turns, and a mask of its stored pixels."""
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (40, 32), "gray").save(desk / "photo.jpg", exif=exif)
    stored = np.zeros((32, 40), np.uint8)
    stored[:16] = 255
    Image.fromarray(stored).save(desk / "stored.png")
    Image.fromarray(255 - stored).save(desk / "other.png")
    return desk


@pytest.mark.parametrize(
    "line",
    [
        "feather stored.png --feather 0 --like photo.jpg -o out.png",
        "combine stored.png stored.png --how maximum --like photo.jpg -o out.png",
        "edge-aware stored.png photo.jpg -o out.png",
        "normalize stored.png other.png --like photo.jpg --output-dir out --no-fill",
    ],
)
def test_masks_of_the_stored_pixels_of_a_rotated_photo(masks, rotated, line):
    message = masks(line).error
    assert "EXIF turns the stored pixels of photo.jpg by 90 degrees clockwise" in message
    assert "set --map-orientation to stored" in message
    masks(f"{line} --map-orientation stored").succeeded()
    made = read(rotated / ("out/stored.png" if "normalize" in line else "out.png"))
    assert made.shape == (40, 32)
    assert made[:, 20:].min() > 0.6
    assert made[:, :12].max() < 0.4


def test_an_orientation_without_effect_is_noted(masks):
    ran = masks("feather disc.png --feather 2 --like content.png --map-orientation stored -o out.png").succeeded()
    assert "--map-orientation has no effect" in ran.err


def test_what_is_hidden_in_the_picture_makes_no_edges(masks, desk):
    pixels = np.full((32, 40, 4), 200, np.uint8)
    pixels[..., 3] = 255
    pixels[:, 24:] = 0
    Image.fromarray(pixels).save(desk / "cut.png")
    pixels[:, 24:, :3] = 200
    Image.fromarray(pixels).save(desk / "plain.png")
    made = []
    for name in ("cut", "plain"):
        masks(f"edge-aware left.png {name}.png -o {name}_out.png --preview {name}_shown.png").succeeded()
        made.append((read(desk / f"{name}_out.png"), load_image(desk / f"{name}_shown.png").pixels))
    np.testing.assert_array_equal(made[0][0], made[1][0])
    np.testing.assert_array_equal(made[0][1], made[1][1])
