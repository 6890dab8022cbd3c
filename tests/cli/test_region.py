"""``maskstyle region`` in this process: the maps that it takes, what it leaves alone, and what it records."""

from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image

from maskstyle import load_image, read_metadata

RED, GREEN, BLUE = (255, 0, 0), (0, 255, 0), (0, 0, 255)


@pytest.fixture
def region(desk, run, eagerly, quick, two_halves):
    """Return a function that runs a quick ``maskstyle region`` on images with maps beside them."""
    two_halves(desk / "content_map.png", (32, 40), RED, BLUE)
    two_halves(desk / "style_sem.png", (36, 28), BLUE, RED)

    def region(*options, content="content.png", output="out.png"):
        return run("region", content, "style.jpg", "-o", output, *quick, *options)

    return region


def plan_of(result):
    """Return the plan that a result records."""
    return read_metadata(result)["inputs"]["plan"]


def unchanged(desk):
    """Return where the result is the content's, (H, W)."""
    before, after = (load_image(desk / name).pixels for name in ("content.png", "out.png"))
    return (before == after).all(axis=2)


def test_maps_beside_the_pictures_are_found_and_said(region, desk, no_weights):
    ran = region("--network", "lite").succeeded()
    assert [line for line in ran.err.splitlines() if line.startswith("note: ")] == [
        "note: content map content_map.png, found beside content.png",
        "note: style map style_sem.png, found beside style.jpg",
    ]
    assert "network: lite (embedded), " in ran.err
    assert "wrote out.png: 40x32, 2 steps" in ran.err
    assert not unchanged(desk).all(axis=0).any()


def test_maps_that_are_given_are_taken_instead(region, desk, two_halves):
    two_halves(desk / "mine.png", (32, 40), RED, GREEN)
    two_halves(desk / "other.png", (36, 28), RED, GREEN)
    ran = region("--content-map", "mine.png", "--style-map", "other.png").succeeded()
    assert "note: " not in ran.err
    plan = plan_of(desk / "out.png")
    assert (plan["content_map"], plan["styles"]["style"]["map"]) == ("mine.png", "other.png")


@pytest.mark.parametrize("regions", ["blue", "BLUE ,0, 0,255"])
def test_only_the_regions_listed_are_painted(region, desk, regions):
    region("--regions", regions, "--init", "noise", "--feather", "2").succeeded()
    assert unchanged(desk)[:, :20].all()
    assert not unchanged(desk)[:, 23:].all(axis=0).any()


def test_regions_untouched_keep_their_bytes_with_transparency(region, desk, painted):
    picture = painted((32, 40)).convert("RGBA")
    picture.putalpha(Image.linear_gradient("L").resize((40, 32)))
    picture.save(desk / "content.png")
    region("--regions", "blue").succeeded()
    with Image.open(desk / "out.png") as written:
        assert np.asarray(written)[:, :20].tobytes() == np.asarray(picture)[:, :20].tobytes()


def test_transparent_where_nothing_is_painted(region, desk):
    options = ("--regions", "blue", "--feather", "4", "--feather-mode", "edges", "--color", "luminance")
    region(*options, "--denoise", "0.1", "--denoise-method", "tv", "--denoise-regions", "blue").succeeded()
    flat = np.asarray(Image.open(desk / "out.png"))
    region(*options, "--transparent", output="alone.png").succeeded()
    with Image.open(desk / "alone.png") as written:
        pixels = np.asarray(written)
    assert flat.shape == (32, 40, 3)
    assert pixels.shape == (32, 40, 4)
    assert (pixels[:, :20, 3] == 0).all()
    assert pixels[:, 20:, 3].max() == 255
    plan = plan_of(desk / "out.png")
    assert (plan["feather_mode"], plan["denoise_regions"]) == ("edges", ["#0000ff"])
    assert "transparent" not in plan
    assert plan_of(desk / "alone.png")["transparent"] is True
    assert read_metadata(desk / "alone.png")["settings"]["color"] == "luminance"


def test_what_went_in_is_recorded(region, desk, recorded_weights):
    region("--regions", "red", "--map", "red=blue", "--feather", "1.5", "--json", "run.json").succeeded()
    record = json.loads((desk / "run.json").read_text(encoding="utf-8"))
    assert record["command"] == "region"
    assert record["notes"] == []
    assert record["inputs"] == read_metadata(desk / "out.png")["inputs"]
    assert record["inputs"] == {
        "plan": {
            "technique": "region",
            "content": "content.png",
            "content_map": "content_map.png",
            "regions": ["#ff0000"],
            "mapping": {"#ff0000": "#0000ff"},
            "feather": 1.5,
            "styles": {"style": {"image": "style.jpg", "map": "style_sem.png"}},
        },
        "initial": None,
        **recorded_weights,
        "notes": [],
    }
    assert list(record["sha256"]) == ["content.png", "content_map.png", "style.jpg", "style_sem.png"]


def test_mapping_and_propagation_are_options(region, desk):
    def style_loss(*options):
        region("--steps", "1", "--style-layers", "block2_conv1", *options).succeeded()
        return read_metadata(desk / "out.png")["losses"]["style"]

    plain = style_loss()
    assert style_loss("--map", "red=blue", "--map", "blue=red") != pytest.approx(plain, rel=1e-3)
    assert style_loss("--propagation", "inside") != pytest.approx(plain, rel=1e-3)


def test_unmatched_regions_are_kept_or_take_the_whole_style(region, desk, two_halves):
    two_halves(desk / "style_sem.png", (36, 28), BLUE, GREEN)
    message = region().error
    assert "style_sem.png lacks #ff0000 (red, 640 pixels, 50 %)" in message
    assert "pass --keep red or --unmatched keep to leave it unchanged, --unmatched whole-style to paint it" in message
    ran = region("--unmatched", "keep").succeeded()
    note = "region #ff0000 (red) is not in the style map; it was left unchanged"
    unused = "not used, as only style_sem.png has it: #00ff00 (green)"
    assert ran.err.splitlines().count(f"note: {note}") == ran.err.splitlines().count(f"note: {unused}") == 1
    assert read_metadata(desk / "out.png")["notes"] == [note, unused]
    assert unchanged(desk)[:, :20].all()
    region("--unmatched", "whole-style").succeeded()
    assert not unchanged(desk).all(axis=0).any()


def test_a_region_too_small_for_a_layer_is_noted(region, desk):
    with Image.open(desk / "content_map.png") as picture:
        picture.paste((255, 255, 0), (6, 6, 9, 9))
        picture.save(desk / "content_map.png")
    options = ("--map", "yellow=red", "--style-layers", "block1_conv1,block3_conv1")
    ran = region(*options).succeeded()
    (note,) = read_metadata(desk / "out.png")["notes"]
    assert "#ffff00 (yellow)" in note
    assert "too small for block3_conv1" in note
    assert ran.err.splitlines().count(f"note: {note}") == 1
    assert region(*options, "--quiet").succeeded().err == ""


def test_small_patches_of_a_map_are_noted_and_kept_if_asked(region, desk):
    with Image.open(desk / "content_map.png") as picture:
        picture.paste((255, 255, 0), (6, 6, 9, 9))
        picture.save(desk / "content_map.png")
    ran = region("--least-region", "10").succeeded()
    note = "content_map.png has 9 pixels of #ffff00 (yellow), too few for a region (0.7 %); merged into #ff0000 (red)"
    assert ran.err.splitlines()[2:4] == [f"note: {note}", "note: set --least-region to 9 to keep them as regions"]
    assert read_metadata(desk / "out.png")["inputs"]["notes"] == [note]
    assert "style_sem.png lacks #ffff00 (yellow, 9 pixels" in region("--least-region", "9").error


def test_a_region_of_five_pixels_in_maps_with_hard_edges_is_painted(region, desk):
    for name in ("content_map.png", "style_sem.png"):
        with Image.open(desk / name) as picture:
            picture.paste((255, 255, 0), (2, 6, 7, 7))
            picture.save(desk / name)
    ran = region("--dry-run").succeeded()
    (row,) = [line.split() for line in ran.out.splitlines() if line.split()[3:4] == ["yellow"]]
    assert row[-1] == "style"
    assert "#ffff00 (yellow)" not in ran.err


def test_a_region_may_be_called_by_its_name(region, desk, two_halves):
    two_halves(desk / "content_map.png", (32, 40), (200, 70, 50), BLUE)
    two_halves(desk / "style_sem.png", (36, 28), BLUE, (200, 70, 50))
    region("--regions", "red", "--map", "red=blue").succeeded()
    plan = plan_of(desk / "out.png")
    assert plan["regions"] == ["#c84632"]
    assert plan["mapping"] == {"#c84632": "#0000ff"}


def test_strengths_of_regions_are_options_and_plans_have_them_too(region, run, desk):
    region("--region-strength", "255,0,0=0, blue=0.8").succeeded()
    assert unchanged(desk)[:, :20].all()
    assert not unchanged(desk)[:, 20:].all()
    assert plan_of(desk / "out.png")["strengths"] == {"#ff0000": 0.0, "#0000ff": 0.8}
    run("plan", "from", "out.png", "-o", "plan.toml").succeeded()
    assert '"#0000ff" = 0.8' in (desk / "plan.toml").read_text()
    run("run", "plan.toml", "-o", "again.png").succeeded()
    assert np.asarray(Image.open(desk / "again.png")).tobytes() == np.asarray(Image.open(desk / "out.png")).tobytes()
    assert plan_of(desk / "again.png") == plan_of(desk / "out.png")
    region("--region-strength", "red=0", "--region-strength", "blue=0.2", output="fainter.png").succeeded()
    assert plan_of(desk / "fainter.png")["strengths"] == {"#ff0000": 0.0, "#0000ff": 0.2}


def test_a_picture_without_a_map_says_which_name_is_expected(region, desk, painted):
    painted((32, 40)).save(desk / "photo.png")
    message = region(content="photo.png").error
    assert (
        message
        == "there is no map beside photo.png; expected photo_map.png or photo_sem.png, or pass --content-map FILE"
    )


def write_soft_map(path, size, left, right):
    """Write a map whose two halves blend over eight columns in the middle."""
    share = np.clip((np.arange(size[1]) - size[1] / 2 + 4.5) / 8, 0, 1)[:, np.newaxis]
    row = np.rint((1 - share) * left + share * right).astype(np.uint8)
    Image.fromarray(row[np.newaxis].repeat(size[0], axis=0)).save(path)


def test_soft_maps_share_their_edges_out_and_plans_do_too(region, run, desk):
    write_soft_map(desk / "content_map.png", (32, 40), RED, BLUE)
    write_soft_map(desk / "style_sem.png", (36, 28), BLUE, RED)
    ran = region("--soft-maps", "--regions", "blue", "--transparent").succeeded()
    assert "soft edges" not in ran.err
    with Image.open(desk / "out.png") as written:
        alpha = np.asarray(written)[0, :, 3]
    assert (alpha[:16] == 0).all()
    assert (alpha[24:] == 255).all()
    assert (np.diff(alpha[16:24].astype(int)) > 0).all()
    run("plan", "from", "out.png", "-o", "plan.toml").succeeded()
    assert "soft_maps = true" in (desk / "plan.toml").read_text()
    run("run", "plan.toml", "-o", "again.png").succeeded()
    assert np.asarray(Image.open(desk / "again.png")).tobytes() == np.asarray(Image.open(desk / "out.png")).tobytes()
    assert plan_of(desk / "again.png")["soft_maps"] is True


def test_maps_without_soft_edges_are_remarked_upon(region):
    ran = region("--soft-maps").succeeded()
    assert ran.err.count("note: the maps have no soft edges") == 1


def test_maps_without_a_color_in_common_are_told_the_way_out(region, desk, two_halves):
    two_halves(desk / "style_sem.png", (36, 28), (200, 70, 50), GREEN)
    message = region().error
    assert "the maps share no color: #0000ff (blue) and #ff0000 (red) in content_map.png, and" in message
    assert "draft a content map in the colors of the style map (maskstyle maps draft --like" in message
    assert "pixels" not in message
