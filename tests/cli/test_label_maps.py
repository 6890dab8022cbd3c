"""Tests of label maps, stretched maps, and maps of rotated photos on the command line and in plans."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from maskstyle.images import read_metadata

PHOTO, PAINTING = (30, 40), (30, 30)
SMALL = "--network lite --size 32 --steps 1 --scales 1"
MAPS = "--content-map ids.png --style-map ids2.png"


def columns(size, values):
    return np.array(values, np.uint8)[np.arange(size[1]) * len(values) // size[1]][np.newaxis].repeat(size[0], axis=0)


@pytest.fixture
def labels(desk):
    """Lay out a photo and a painting with maps of ids, one of them with void between its regions."""
    rng = np.random.default_rng(0)
    for name, size in (("photo", PHOTO), ("paint", PAINTING)):
        Image.fromarray(rng.integers(0, 256, (*size, 3), np.uint8)).save(desk / f"{name}.png")
    Image.fromarray(columns(PHOTO, [0, 1, 2, 3])).save(desk / "ids.png")
    Image.fromarray(columns(PAINTING, [3, 2, 1, 0])).save(desk / "ids2.png")
    void = columns(PHOTO, [0, 1, 2, 3])
    void[:, 9:11] = 255
    Image.fromarray(void).save(desk / "void.png")
    Image.fromarray(columns((21, 21), [0, 1, 2, 3])).save(desk / "square.png")
    return desk


@pytest.fixture
def say(run):
    """Return a function that runs a command line, with words between spaces."""
    return lambda line: run(*line.split())


def plan_of(path):
    return read_metadata(path)["inputs"]["plan"]


def test_ids_in_every_option_and_in_the_plan_of_the_result(say, labels, eagerly):
    options = "--regions 1,2,3 --map 1=3 --region-strength 1=0.3,2=0.6"
    made = say(f"region photo.png paint.png {MAPS} {options} {SMALL} -o out.png").succeeded()
    assert "ids.png: 4 regions by id, 0 to 3" in made.err
    plan = plan_of(labels / "out.png")
    assert plan["regions"] == ["1", "2", "3"]
    assert plan["mapping"] == {"1": "3"}
    assert plan["strengths"] == {"1": 0.3, "2": 0.6}
    say("plan from out.png -o plan.toml").succeeded()
    say("run plan.toml -o again.png").succeeded()
    assert (np.asarray(Image.open(labels / "again.png")) == np.asarray(Image.open(labels / "out.png"))).all()


def test_numbers_in_a_plan_file(say, labels):
    (labels / "plan.toml").write_text(
        'technique = "region"\ncontent = "photo.png"\ncontent_map = "void.png"\nregions = [1, 3]\nignore = [255]\n'
        'mapping = { 1 = 3 }\nmap_orientation = "shown"\nstretch_maps = true\n'
        '[styles.a]\nimage = "paint.png"\nmap = "ids2.png"\n[settings]\nnetwork = "lite"\nsize = 32\n'
    )
    made = say("run plan.toml --dry-run").succeeded()
    assert "id 1" in made.out
    assert "60 pixels of id 255 ignored" in made.err
    assert "`stretch_maps`" not in made.err
    assert "stretch_maps has no effect" in made.err


def test_an_unknown_id_and_an_id_of_a_painted_map(say, labels):
    made = say(f"region photo.png paint.png {MAPS} --regions 1,2,9 -o out.png --dry-run")
    assert made.code == 2
    assert "ids of ids.png, 0, 1, 2 and 3, but got 9" in made.err


def test_masks_from_ids(say, labels):
    say("masks from-map ids.png --region 1 --region 3 -o mask.png --bits 8").succeeded()
    assert (np.asarray(Image.open(labels / "mask.png")) == columns(PHOTO, [0, 255, 0, 255])).all()
    say("masks from-map void.png --region 0,1 --ignore 255 --like photo.png -o mask.png --bits 8").succeeded()
    assert (np.asarray(Image.open(labels / "mask.png")) == columns(PHOTO, [255, 255, 0, 0])).all()


def test_void_is_found_and_ignored(say, labels):
    command = (
        "region photo.png paint.png --content-map void.png --style-map ids2.png -o out.png --dry-run --network lite"
    )
    refused = say(command)
    assert refused.code == 2
    assert "set --ignore to 255 to give the pixels of void or outlines to the regions beside them" in refused.err
    assert "60 pixels of id 255 ignored" in say(f"{command} --ignore 255").succeeded().err
    assert "no map has #ff0000 or 77, so --ignore has no effect" in say(f"{command} --ignore 255,#ff0000,77").err
    checked = say("maps check void.png ids2.png")
    assert "--ignore '255'" in checked.out
    assert "id 255" in checked.out
    say("maps check void.png ids2.png --ignore 255").succeeded()


def test_150_ids_are_checked_quickly(say, desk):
    ids = np.arange(150, dtype=np.uint8).reshape(10, 15).repeat(8, axis=0).repeat(8, axis=1)
    Image.fromarray(ids).save(desk / "ade.png")
    assert "150 regions by id, 0 to 149" in say("maps check ade.png ade.png").succeeded().out


def test_a_square_map_is_stretched_on_request(say, labels):
    command = (
        "region photo.png paint.png --content-map square.png --style-map ids2.png -o out.png --dry-run --network lite"
    )
    refused = say(command)
    assert refused.code == 2
    assert "set --stretch-maps if it shows the whole image" in refused.err
    assert "square.png, 21x21, is stretched to photo.png, 40x30" in say(f"{command} --stretch-maps").err
    assert say("maps check square.png ids2.png --content photo.png").code == 2
    say("maps check square.png ids2.png --content photo.png --stretch-maps").succeeded()
    say("masks from-map square.png --region 0 --like photo.png --stretch-maps -o mask.png --bits 8").succeeded()
    assert (np.asarray(Image.open(labels / "mask.png"))[:, :10] == 255).all()


def rotated(path, size, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(np.random.default_rng(1).integers(0, 256, (*size, 3), np.uint8)).save(path, exif=exif)


PAINT = (
    "region turned.png paint.png --content-map stored.png --style-map ids2.png -o out.png --dry-run --network lite"
)


@pytest.mark.parametrize("orientation", [2, 3, 6, 8])
def test_a_square_rotated_photo_is_noted_and_its_map_turned(orientation, say, labels):
    rotated(labels / "turned.png", (40, 40), orientation)
    Image.fromarray(columns((40, 40), [0, 1, 2, 3])).save(labels / "stored.png")
    shown = say(PAINT).succeeded().err
    assert f"(orientation {orientation}); stored.png is read as drawn on the photo as shown" in shown
    assert "set --map-orientation to stored" in shown
    stored = say(f"{PAINT} --map-orientation stored").succeeded().err
    assert "stored.png is read as drawn on its stored pixels" in stored
    mask = "masks from-map stored.png --region 0 --like turned.png --map-orientation stored -o mask.png --bits 8"
    say(mask).succeeded()
    edge = {2: np.s_[:, 30:], 3: np.s_[:, 30:], 6: np.s_[:10], 8: np.s_[30:]}[orientation]
    made = np.asarray(Image.open(labels / "mask.png"))
    assert (made[edge] == 255).all()
    assert np.mean(made) == 255 / 4


def test_the_error_of_a_map_of_stored_pixels_names_exif(say, labels):
    rotated(labels / "turned.png", (30, 40), 6)
    Image.fromarray(columns((30, 40), [0, 1, 2, 3])).save(labels / "stored.png")
    refused = say(PAINT)
    assert refused.code == 2
    assert "EXIF turns the stored pixels of turned.png by 90 degrees clockwise (orientation 6)" in refused.err
    assert "set --map-orientation to stored" in refused.err
    assert "stored.png" not in say(f"{PAINT} --map-orientation stored").succeeded().err.replace("stored.png: 4", "")
    Image.fromarray(columns((40, 30), [0, 1, 2, 3])).save(labels / "stored.png")
    assert "set --map-orientation to shown" in say(f"{PAINT} --map-orientation stored").err


def test_masks_are_turned_and_stretched(say, labels):
    rotated(labels / "turned.png", (40, 40), 3)
    Image.fromarray(columns((40, 40), [0, 255])).save(labels / "mask.png")
    command = "mask turned.png --style paint.png:mask.png --network lite --size 32 --dry-run -o out.png"
    assert "mask.png is read as drawn on the photo as shown" in say(command).succeeded().err
    assert "drawn on its stored pixels" in say(f"{command} --map-orientation stored").succeeded().err
    Image.fromarray(columns((20, 40), [0, 255])).save(labels / "mask.png")
    assert "set --stretch-maps" in say(command).err
    assert "is stretched to turned.png" in say(f"{command} --stretch-maps").succeeded().err


def test_an_orientation_without_effect_is_noted(say, labels):
    made = say(f"region photo.png paint.png {MAPS} -o out.png --dry-run --network lite --map-orientation stored")
    assert (
        "no map or mask is for a photo that EXIF rotates, so --map-orientation has no effect" in made.succeeded().err
    )
