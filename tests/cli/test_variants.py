"""``--try``: variants of one picture on a contact sheet."""

from __future__ import annotations

import pytest
from PIL import Image

from maskstyle import read_metadata


def test_two_options_make_rows_and_columns(desk, run, quick, eagerly, monkeypatch, size_of):
    from maskstyle.networks import load

    loaded, load_network = [], load.load_network
    monkeypatch.setattr(load, "load_network", lambda *a, **k: loaded.append(a) or load_network(*a, **k))
    axes = ("--try", "strength=0.25,0.75", "--try", "style-scale=1,1.5,2")
    ran = run("basic", "content.png", "style.jpg", "-o", "sheet.png", *quick, *axes).succeeded()
    metadata = read_metadata(desk / "sheet.png")
    assert list(metadata)[:2] == ["strength 0.25, style-scale 1", "strength 0.25, style-scale 1.5"]
    assert [each["settings"]["strength"] for each in metadata.values()] == [0.25] * 3 + [0.75] * 3
    height, width = size_of(desk / "sheet.png")
    assert 3 * 384 < width < 4 * 384
    assert 2 * 300 < height < 3 * 384
    assert len(loaded) == 1
    assert "wrote sheet.png: 6 of 6 results" in ran.err


def test_a_variant_is_the_picture_of_its_options(desk, run, quick, eagerly):
    run("basic", "content.png", "style.jpg", "-o", "sheet.png", *quick, "--try", "strength=0,0.75").succeeded()
    run("basic", "content.png", "style.jpg", "-o", "one.png", *quick, "--strength", "0.75").succeeded()
    wanted, found = read_metadata(desk / "one.png"), read_metadata(desk / "sheet.png")["strength 0.75"]
    assert found["losses"] == wanted["losses"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("strength", "expected OPTION=VALUE,... such as strength=0.25,0.5,0.75"),
        ("strenght=1", "did you mean 'strength'?"),
        ("foo=1", "expected one of beta-1, beta-2"),
        ("strength=1,", "expected OPTION=VALUE,..."),
        ("strength=a", "--try strength is 'a'; expected a number"),
        ("steps=1.5", "--try steps is '1.5'; expected a whole number"),
        ("strength=2", "--strength is 2"),
        ("color=pink", "expected one of style, content, luminance, match"),
        ("output=a.png,b.png", "--try output has no effect on the pictures of a sheet"),
        ("style=none.jpg,style.jpg", "none.jpg does not exist"),
    ],
)
def test_what_cannot_be_tried(desk, run, without_tensorflow, text, says):
    error = run("basic", "content.png", "style.jpg", "-o", "sheet.png", "--try", text).error
    assert says in error
    assert "more-styles" not in error  # a name that no help shows


def test_one_option_by_two_names(run, plan, without_tensorflow):
    again = ("--try", "style-scale=1,2", "--try", "style_scale=3,4")
    says = "--try names style-scale twice; list all its values in one --try"
    assert says in run("basic", "content.png", "style.jpg", "-o", "sheet.png", *again).error
    assert says in run("run", plan, *again).error
    region = run("run", plan, "--try", "region.red.strength=0.1", "--try", "region.#ff0000.strength=0.2")
    assert "--try names region.red.strength twice" in region.error


@pytest.mark.parametrize("options", [("--plot", "a.png"), ("--resume",), ("--snapshot-every", "2")])
def test_options_without_effect_beside_it(desk, run, options):
    ran = run("basic", "content.png", "style.jpg", "-o", "sheet.png", "--try", "size=32,40", *options)
    assert "has no effect with --try" in ran.error


def test_lists_and_files_and_words_can_be_tried(desk, run, quick, two_halves):
    two_halves(desk / "content_map.png", (32, 40), (255, 0, 0), (0, 0, 255))
    two_halves(desk / "style_map.png", (36, 28), (255, 0, 0), (0, 0, 255))
    axes = ("--try", "style-layers=block1_conv1;block1_conv2,block1_conv1:2", "--try", "regions=red,blue")
    ran = run("region", "content.png", "style.jpg", "-o", "sheet.png", *quick, *axes, "--dry-run").succeeded()
    sizes = [line.partition(":")[0] for line in ran.out.splitlines() if ", float32" in line]
    assert sizes[:2] == ["style-layers block1_conv1, regions red", "style-layers block1_conv1, regions blue"]
    assert not (desk / "sheet.png").exists()
    axes = ("--try", "region-strength=red=0.25,red=0.75", "--try", "map=red=blue;blue=red")
    ran = run("region", "content.png", "style.jpg", "-o", "sheet.png", *quick, *axes, "--dry-run").succeeded()
    assert "region-strength red=0.75, map blue=red: 40x32" in ran.out


@pytest.fixture
def plan(desk, two_halves):
    """Write a plan of two regions."""
    two_halves(desk / "content_map.png", (32, 40), (255, 0, 0), (0, 0, 255))
    (desk / "plan.toml").write_text(
        'content = "content.png"\ncontent_map = "content_map.png"\noutput = "sheet.png"\n[styles.s]\n'
        'image = "style.jpg"\n[settings]\nstrength = 0.5\n[[region]]\nregion = "red"\nstyle = "s"\n'
        '[[region]]\nmask = "soft.png"\nstyle = "s"\n'
    )
    Image.linear_gradient("L").resize((40, 32)).save(desk / "soft.png")
    return "plan.toml"


def test_settings_of_a_plan_can_be_tried(desk, run, plan, eagerly):
    quick = [f"--set={each}" for each in ("network=lite", "size=32", "steps=1", "style_layers=block1_conv1")]
    ran = run("run", plan, *quick, "--try", "strength=0.25,0.75", "--try", "style-scale=1,1.5").succeeded()
    metadata = read_metadata(desk / "sheet.png")
    assert list(metadata)[:2] == ["strength 0.25, style-scale 1", "strength 0.25, style-scale 1.5"]
    assert [each["settings"]["style_scale"] for each in metadata.values()] == [1, 1.5] * 2
    assert " ".join(ran.err.split()).count("#ff0000 red 50 % s whole 0.25 style") == 1


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("strenght=1", "did you mean 'strength'?"),
        ("strength=2", "--try strength is 2.0; expected a number from 0 to 1"),
        ("snapshot-every=1,2", "--try snapshot-every has no effect, as it writes one sheet"),
        ("output=a.png", "--try does not change output; pass -o FILE"),
        ("init=content,none.png", "--try init is 'none.png'"),
        ("feather=a", "--try feather is 'a'; expected a number"),
        ("feather-mode=edge", "--try feather-mode is 'edge'; did you mean 'edges'?"),
        ("content=none.png", "none.png', which does not exist; check the path"),
        ("style=none.jpg", "none.jpg', which does not exist; check the path"),
        ("style=style.jpg:0.5", "expected FILE or FILE:MAP"),
        ("styles.t=style.jpg", "there is no style 't'; expected one of s"),
        ("styles.s.size=3", "[styles.s] has no key 'size'"),
        ("styles.s.scale=0", "--try styles.s.scale is 0.0; expected a number above 0"),
        ("region.blue.strength=1", "there is no [[region]] for 'blue'; expected one of red, soft.png"),
        ("region.red.strenght=1", "[[region]] has no key 'strenght'; did you mean 'strength'?"),
        ("region.red.strength=2", "--try region.red.strength is 2.0; expected a number from 0 to 1"),
        ("region.red.style=t", "--try region.red.style: there is no style 't'"),
        ("region.red.style_region=blue", "--try region.red.style_region needs a map of the style"),
        ("strengths.red=1", "--try strengths.red has no effect in technique 'plan'"),
        ("region=red", "name one of its keys, such as region.red.strength"),
    ],
)
def test_what_cannot_be_tried_of_a_plan(run, plan, without_tensorflow, text, says):
    error = run("run", plan, "--try", text).error
    assert says in error
    assert "line" not in error


def tried(run, plan, *texts):
    """Return the lines that a dry run prints for variants, and those of its tables."""
    options = [part for text in texts for part in ("--try", text)]
    lines = run("run", plan, *options, "--dry-run").succeeded().out.splitlines()
    labels = [line.partition(":")[0] for line in lines if ", float32" in line or "bfloat16" in line]
    return labels, [" ".join(line.split()) for line in lines]


def test_inputs_of_a_plan_can_be_tried(run, plan, without_tensorflow):
    labels, _ = tried(run, plan, "feather=0,4", "style=style.jpg,content.png")
    assert labels == [f"feather {width}, style {name}" for width in (0, 4) for name in ("style.jpg", "content.png")]


def test_tables_of_a_plan_can_be_tried(run, plan, without_tensorflow):
    labels, lines = tried(run, plan, "region.red.strength=0.25,0.75", "region.soft.strength=0.1")
    assert labels == [f"region.red.strength {red}, region.soft.strength 0.1" for red in (0.25, 0.75)]
    assert [any(f"whole {strength} style" in line for line in lines) for strength in (0.25, 0.1)] == [True, True]
    _, lines = tried(run, plan, "region.red.keep=true,false", "styles.s.scale=1.5")
    assert any("#ff0000 red 50 % keep" in line for line in lines)


def test_a_style_is_tried_with_its_map(desk, run, plan, two_halves, without_tensorflow):
    for name in ("style", "content"):
        two_halves(desk / f"{name}_map.png", (36, 28) if name == "style" else (32, 40), (255, 0, 0), (0, 0, 255))
    _, lines = tried(run, plan, "style=style.jpg:style_map.png,content.png:content_map.png")
    assert sum("#ff0000 red 50 % s 2 ██ #ff0000 red by color" in line for line in lines) == 1
    (desk / "plan.toml").write_text(
        (desk / "plan.toml").read_text().replace('"style.jpg"', '"style.jpg"\nmap = "style_map.png"')
    )
    error = run("run", plan, "--try", "style=style.jpg,content.png", "--dry-run").error
    assert "s has a map in the plan; pass that of the new image as well: style.jpg:style_map.png" in error


def test_options_without_effect_beside_it_in_a_plan(run, plan, without_tensorflow):
    assert "--plot has no effect with --try" in run("run", plan, "--try", "size=32,40", "--plot", "a.png").error


def test_the_table_is_printed_for_each_variant_that_paints_other_regions(desk, run, quick, two_halves):
    for name in ("content_map.png", "style_map.png"):
        two_halves(desk / name, (36, 28) if "style" in name else (32, 40), (255, 0, 0), (0, 0, 255))
    axes = ("--try", "regions=red;blue;red,blue", "--try", "strength=0.2,0.4")
    ran = run("region", "content.png", "style.jpg", "-o", "sheet.png", *quick, *axes, "--dry-run").succeeded()
    labels = [line for line in ran.out.splitlines() if line.endswith(":")]
    assert labels == [f"regions {each}, strength 0.2:" for each in ("red", "blue", "red,blue")]
    assert sum("keep" in line for line in ran.out.splitlines()) == 2
