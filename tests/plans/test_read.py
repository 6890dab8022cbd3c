"""Plans as text: what they mean, and what is said of those that are wrong, with the line."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from PIL import Image

from maskstyle.errors import SettingsError
from maskstyle.plans.load import check_files, load_plan, unmentioned_regions
from maskstyle.plans.plan import PlanStyle, RegionEntry
from maskstyle.plans.read import read_plan
from maskstyle.plans.schema import REGION_KEYS, keys_of
from maskstyle.settings import DOODLE_SETTINGS, Limits, PatchSettings, Settings
from maskstyle.techniques.registry import TECHNIQUES

GOOD = """content = "photo.jpg"
content_map = "photo_map.png"

[settings]
size = 64
style_layers = { block1_conv1 = 1, block2_conv1 = 0.5 }

[styles.wave]
image = "wave.jpg"
map = "wave_map.png"

[styles."a b"]
image = "b.jpg"

[[region]] # line 15
region = "red"
style = "wave"
style_region = "0,0,255"

[[region]]
mask = "soft.png"
style = "a b"
strength = 0.9
color = "content"

[[region]]
region = "#00ff00"
keep = true
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Return a folder with the files that the plans name."""
    folder = tmp_path_factory.mktemp("plans")
    for name in ("photo.jpg", "wave.jpg", "b.jpg"):
        Image.linear_gradient("L").resize((16, 16)).convert("RGB").save(folder / name)
    for name in ("photo_map.png", "wave_map.png", "drawing.png"):
        colors = np.array([(255, 0, 0), (0, 255, 0), (0, 0, 255), (0, 128, 0)], np.uint8)
        Image.fromarray(colors[np.tile(np.arange(16) // 4, (16, 1))]).save(folder / name)
    Image.linear_gradient("L").resize((16, 16)).save(folder / "soft.png")
    return folder


@pytest.fixture
def read(folder):
    """Return a function that reads the text of a plan."""

    def read(text):
        path = folder / "plan.toml"
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return read_plan(path)

    return read


@pytest.fixture
def refused(read):
    """Return a function from the text of a plan to the message that refuses it, of the text or of its scene."""

    def refused(text):
        with pytest.raises(SettingsError) as caught:
            load_plan(read(text)).scene()
        message = str(caught.value)
        assert "`" not in message
        return message

    return refused


def test_a_plan(read, folder):
    plan = read(GOOD)
    assert plan.technique == "plan"
    assert plan.values == {"content": "photo.jpg", "content_map": "photo_map.png"}
    assert plan.settings == Settings(size=64, style_layers=(("block1_conv1", 1.0), ("block2_conv1", 0.5)))
    assert plan.styles["wave"] == PlanStyle("wave", "wave.jpg", "wave_map.png")
    assert plan.regions == (
        RegionEntry("red", style="wave", style_region="0,0,255"),
        RegionEntry(mask="soft.png", style="a b", strength=0.9, color="content"),
        RegionEntry("#00ff00"),
    )
    assert plan.file("photo.jpg") == folder / "photo.jpg"


def test_a_plan_of_whole_styles(read):
    plan = read(
        'content = "a.png"\nrecipe = "gatys2016"\n[settings]\ninit = "b.png"\n[styles.x]\nimage = "c.jpg"\nshare = 2'
    )
    assert (plan.technique, plan.initial, plan.settings.init) == ("basic", "b.png", "image")
    assert plan.settings.network == "vgg19"
    assert plan.styles["x"].share == 2.0


PATCH = """technique = "patch"
content = "photo.jpg"
content_map = "photo_map.png"
mapping = { red = "#0000ff", "0,255,0" = "green" }
unmatched = "nearest"
[patches]
patch_size = 16
patch_offset = [8, 0]
[styles.wave]
image = "wave.jpg"
map = "wave_map.png"
"""

DOODLE = """doodle = "drawing.png"
matching = "patch"
patches.patch_stride = 8
[styles.wave]
image = "wave.jpg"
map = "wave_map.png"
"""


def test_a_plan_of_patches(read):
    plan = read(PATCH)
    assert plan.technique == "patch"
    assert plan.settings == Settings()
    assert plan.values == {
        "content": "photo.jpg",
        "content_map": "photo_map.png",
        "mapping": {"red": "#0000ff", "0,255,0": "green"},
        "unmatched": "nearest",
    }
    assert plan.patches == PatchSettings(patch_size=16, patch_offset=(8, 0))


def test_a_plan_of_a_doodle(read):
    plan = read(DOODLE)
    assert (plan.technique, plan.main) == ("doodle", "drawing.png")
    assert plan.settings == DOODLE_SETTINGS
    assert (plan.values["matching"], plan.patches) == ("patch", PatchSettings(patch_stride=8))
    assert read('recipe = "fernandes"\n' + DOODLE).settings.content_weight == 0


@pytest.mark.parametrize(
    ("text", "old", "new", "says"),
    [
        (PATCH, 'content_map = "photo_map.png"\n', "", "line 1: the plan has no content_map; add content_map = "),
        (PATCH, 'map = "wave_map.png"', "", "line 9: technique 'patch' needs a map of the style image; add map = "),
        (
            PATCH,
            "[patches]",
            "feather = 2\n[patches]",
            "line 6: feather has no effect in technique 'patch'; leave it",
        ),
        (PATCH, "[styles.wave]", '[styles.b]\nimage = "b"\nmap = "c"\n[styles.wave]', "line 12: technique 'patch' t"),
        (
            PATCH,
            'image = "',
            'share = 2\nimage = "',
            "line 10: share has no effect in technique 'patch'; leave it out",
        ),
        (PATCH, '"nearest"', '"whole-style"', "line 5: unmatched is 'whole-style'; expected one of error, nearest"),
        (PATCH, "patch_size = 16", "patch_size = 0", "line 7: patch_size is 0; expected a number of at least 1"),
        (PATCH, "patch_size = 16", "patch_sise = 1", "line 7: there is no setting 'patch_sise'; did you mean 'patch"),
        (PATCH, "[8, 0]", "8", "line 8: patch_offset is 8; expected two whole numbers, such as [8, 0]"),
        (PATCH, "[8, 0]", "[8, 0.5]", "line 8: patch_offset is [8, 0.5]; expected two whole numbers"),
        (PATCH, "patch_size = 16", "patch_stride = 99", "line 7: patch_stride is 99, but patch_size is 32"),
        (PATCH, '"#0000ff"', '"#hue"', "line 4: expected a color such as red"),
        (PATCH, "red = ", '"#hue" = ', "line 4: expected a color such as red"),
        (PATCH, '"#0000ff"', "3.5", "line 4: mapping is a table; expected a table of texts, such as { red = "),
        (
            PATCH,
            "[patches]",
            "[settings]\nmask_exponent = 2\n[patches]",
            "line 7: mask_exponent has no effect in tec",
        ),
        (DOODLE, 'doodle = "drawing.png"\n', 'technique = "doodle"\n', "line 1: the plan has no doodle; add doodle "),
        (DOODLE, '"patch"', '"region"', "line 3: patch settings have no effect where matching is region"),
        (DOODLE, '"patch"', '"cells"', "line 2: matching is 'cells'; expected one of patch, region"),
        (
            DOODLE,
            "stride = 8",
            "size = 8\nunmatched = 'keep'",
            "line 4: unmatched is 'keep'; expected one of error, w",
        ),
        (
            DOODLE,
            "[styles",
            '[settings]\ninit = "content"\n[styles',
            "line 5: init is 'content', but a doodle has no",
        ),
        (
            DOODLE,
            "[styles",
            "[settings]\ncontent_weight = 1\n[styles",
            "line 5: content_weight has no effect in techn",
        ),
        (DOODLE, "[styles", 'content = "a.jpg"\n[styles', "line 4: content has no effect in technique 'doodle'; lea"),
        (
            DOODLE,
            "patch_stride = 8",
            "feature_weight = 1",
            "line 3: feature_weight is 1, but a doodle has no content",
        ),
    ],
)
def test_what_is_wrong_with_patches_and_doodles(refused, text, old, new, says):
    assert text.count(old) == 1
    assert says in refused(text.replace(old, new))


def test_line_ends_and_marks_of_windows(read):
    assert read(b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n").encode()).regions == read(GOOD).regions
    with pytest.raises(SettingsError, match="line 5: size is -1"):
        read(GOOD.replace("64", "-1").replace("\n", "\r\n"))


class Wrong(NamedTuple):
    """What replaces a part of the good plan, the line at fault, and what is said of it."""

    old: str
    new: str
    line: int
    says: tuple[str, ...]


WRONG = {
    "not TOML": Wrong('"photo.jpg"', "photo.jpg", 1, ("this is not TOML (invalid value",)),
    "no quotes": Wrong('"photo.jpg"', "photo.jpg", 1, ('write key = value, with texts in quotes: content = "p',)),
    "a colon": Wrong("size = 64", "size: 64", 5, ("write key = value, not key: value",)),
    "an unquoted color": Wrong('region = "red"', "region = #f00", 16, ('a color needs quotes, such as "#c84632"',)),
    "a share in percent": Wrong("size = 64", "strength = 50%", 5, ("such as 0.5 for 50 %",)),
    "a comma": Wrong("size = 64", "strength = 0,5", 5, ("write decimals with a point",)),
    "a truth of Python": Wrong("keep = true", "keep = True", 28, ("true or false in lower case",)),
    "curly quotes": Wrong('"photo.jpg"', "\u201cphoto.jpg\u201d", 1, ("write straight quotes",)),
    "a space that is none": Wrong("size = 64", "size =\u00a064", 5, ("an invisible character",)),
    "open braces": Wrong("{ block1_conv1 = 1,", "{ block1_conv1 = 1,\n", 6, ("open and close on one line",)),
    "setting at the top": Wrong("[settings]", "size = 3\n[settings]", 4, ("it belongs below [settings]",)),
    "key in the settings": Wrong("size = 64", "feather = 2", 5, ("no key 'feather'; it belongs at the top, above",)),
    "a text without its end": Wrong('"wave_map.png"', '"wave_map.png', 10, ("this is not TOML",)),
    "a key twice": Wrong("keep = true", "keep = true\nkeep = true", 29, ("cannot overwrite", "give each key once")),
    "the end is missing": Wrong("keep = true\n", "keep = [1,\n", 29, ("this is not TOML",)),
    "unknown key": Wrong("content_map", "contentmap", 2, ("no key 'contentmap'", "did you mean 'content_map'?")),
    "unknown key, nothing near": Wrong("content_map", "x", 2, ("expected one of content, content_map, deno",)),
    "unknown key of a style": Wrong('map = "w', 'mapp = "w', 10, ("[styles.wave] has no key 'mapp'", "'map'?")),
    "unknown key of a region": Wrong("strength", "strenght", 23, ("[[region]] has no key 'strenght'", "'strength'?")),
    "unknown setting": Wrong("size = 64", "sise = 64", 5, ("there is no setting 'sise'", "'size'?")),
    "no content": Wrong('content = "photo.jpg"\n', "", 1, ("the plan has no content", 'content = "photo.jpg"')),
    "content a number": Wrong('"photo.jpg"', "3", 1, ("content is 3; expected a text in quotes",)),
    "content empty": Wrong('"photo.jpg"', '""', 1, ("content is ''; expected a text",)),
    "setting of the wrong type": Wrong("size = 64", 'steps = "64"', 5, ("steps is '64'; expected a whole number",)),
    "setting true": Wrong("size = 64", "style_weight = true", 5, ("style_weight is true; expected a number",)),
    "setting out of range": Wrong("size = 64", "size = 0", 5, ("size is 0; expected a number of at least 1",)),
    "setting of no choice": Wrong("size = 64", 'network = "resnet"', 5, ("network is 'resnet'", "lite, vgg16")),
    "layers a text": Wrong("{ block1_conv1 = 1, block2_conv1 = 0.5 }", '"block1_conv1"', 6, ("such as { block",)),
    "layers without weight": Wrong("1, block2_conv1 = 0.5", "0", 6, ("style_layers gives no layer a weight",)),
    "settings no table": Wrong("[settings]\nsize = 64", "settings = 3", 4, ("settings is 3; expected a table",)),
    "unknown recipe": Wrong("[settings]", 'recipe = "gatys"\n[settings]', 4, ("no recipe 'gatys'", "gatys2016")),
    "unknown technique": Wrong("[settings]", 'technique = "regio"\n[settings]', 4, ("'regio'; did you mean 'reg",)),
    "regions in basic": Wrong("[settings]", 'technique = "basic"\n[settings]', 2, ("has no effect",)),
    "feather below 0": Wrong("[settings]", "feather = -1\n[settings]", 4, ("feather is -1; expected a number of",)),
    "feather mode": Wrong("[settings]", 'feather_mode = "edge"\n[settings]', 4, ("'edge'", "did you mean 'edges'?")),
    "edges without feather": Wrong("[settings]", 'feather_mode = "edges"\n[settings]', 4, ("feather is 0", "1 to")),
    "transparent a text": Wrong("[settings]", 'transparent = "yes"\n[settings]', 4, ("expected true or false",)),
    "denoised without denoise": Wrong("[settings]", 'denoise_regions = ["red"]\n[settings]', 4, ("denoise is 0",)),
    "denoised of no color": Wrong("[settings]", 'denoise_regions = [\n"hue"]\n[settings]', 5, ("'hue'",)),
    "palette of no color": Wrong("[settings]", 'palette = ["red",\n"hue"]\n[settings]', 5, ("'hue'", "#ff0000")),
    "least region 0": Wrong("[settings]", "least_region = 0\n[settings]", 4, ("a whole number of at least 1",)),
    "soft maps a text": Wrong("[settings]", 'soft_maps = "yes"\n[settings]', 4, ("expected true or false",)),
    "soft maps inside": Wrong(
        "[settings]", 'soft_maps = true\n[settings]\npropagation = "inside"', 4, ("propagation is 'inside'", "simple")
    ),
    "style without image": Wrong('image = "b.jpg"\n', "", 12, ("[styles.a b] has no image",)),
    "style no table": Wrong('[styles."a b"]\nimage', "[styles]\nother", 13, ("styles.other is not a table",)),
    "share with regions": Wrong('image = "b.jpg"', 'image = "b.jpg"\nshare = 2', 14, ("share has no effect",)),
    "unknown style": Wrong('style = "wave"', 'style = "wve"', 17, ("there is no style 'wve'", "'wave'?")),
    "no style": Wrong('style = "wave"\n', "", 15, ("[[region]] has no style", "keep = true")),
    "neither region nor mask": Wrong('region = "red"\n', "", 15, ("neither a region nor a mask",)),
    "region and mask": Wrong('mask = "soft.png"', 'mask = "soft.png"\nregion = "red"', 20, ("both a region and",)),
    "complement of a region": Wrong('style = "wave"', 'style = "wave"\ncomplement = true', 18, ("without mask",)),
    "keep and style": Wrong("keep = true", 'keep = true\nstyle = "wave"', 29, ("style has no effect where keep",)),
    "keep a text": Wrong("keep = true", 'keep = "yes"', 28, ("keep is 'yes'; expected true or false",)),
    "no color": Wrong('"red"', '"reddest"', 16, ("region names no region", "'reddest'", "did you mean red?")),
    "no color of a style": Wrong("0,0,255", "0,0,256", 18, ("'0,0,256'",)),
    "style region without a map": Wrong('style = "wave"', 'style = "a b"', 18, ("needs a map", 'map = "b_map.png"')),
    "region without a map": Wrong('content_map = "photo_map.png"', "", 16, ("a region needs a content map",)),
    "strength below 0": Wrong("strength = 0.9", "strength = -1", 23, ("strength is -1; expected a number",)),
    "strength of many digits": Wrong("strength = 0.9", f"strength = 1{'0' * 400}", 23, ("expected a number",)),
    "a zero byte": Wrong('"b.jpg"', '"b\\u0000.jpg"', 13, ("expected a text in quotes",)),
    "strength inf": Wrong("strength = 0.9", "strength = inf", 23, ("strength is inf; expected a number",)),
    "color of no mode": Wrong('color = "content"', 'color = "contents"', 24, ("did you mean 'content'?",)),
    "region a table": Wrong("[[region]] # line 15", "[region]", 20, ("not TOML",)),
    "style part twice": Wrong('"0,0,255"', '"blue"\nstyle_mask = "m.png"', 19, ("a style_region and a style_mask",)),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_said_with_its_line(refused, folder, name):
    wrong = WRONG[name]
    assert GOOD.count(wrong.old) >= 1
    message = refused(GOOD.replace(wrong.old, wrong.new, 1))
    assert message.startswith(f"{folder / 'plan.toml'}, line {wrong.line}: "), message
    for fragment in wrong.says:
        assert fragment.lower() in message.lower()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "line 1: the plan has no content"),
        ('content = "a.jpg"', 'line 1: the plan has no style; add [styles.NAME] with image = "painting.jpg"'),
        (
            'technique = "region"\ncontent = "a"\n[styles.x]\nimage = "b"',
            "line 1: the plan has no content_map; add content_map = ",
        ),
        (
            'content = "a"\ncontent_map = "m"\n[styles.x]\nimage = "b"\n[[region]]\nregion = "red"\nkeep = true',
            "line 5: nothing is painted",
        ),
        (
            'content = "a"\nregion = 2\n[styles.x]\nimage = "b"',
            "line 2: region is 2; expected tables, each below a line [[region]]",
        ),
        (
            'content = "a"\npalette = ["red"]\n[styles.x]\nimage = "b"\n[[region]]\nmask = "m"\nstyle = "x"',
            "line 2: palette has no effect where there is no map; leave it out, or add one",
        ),
        ('content = "a"\nfeather = 2\n[styles.x]\nimage = "b"', "line 2: feather has no effect in technique 'basic'"),
        (
            'content = "a"\n[styles.x]\nimage = "b"\nmap = "m"',
            "line 4: map has no effect in technique 'basic'; add regions",
        ),
        (
            'content = "a"\n[settings]\npropagation = "all"\n[styles.x]\nimage = "b"',
            "line 3: propagation has no effect in technique 'basic'",
        ),
        (
            b"\x89PNG\r\n\x1a\n\xff\xfe",
            "is an image; name a TOML file, or make one from a result of maskstyle with: maskstyle plan from",
        ),
        ("a = 1\n" * 200000, "is not text"),
    ],
)
def test_plans_that_say_too_little_or_too_much(refused, text, says):
    assert says in refused(text)


REGION = """technique = "region"
content = "photo.jpg"
content_map = "photo_map.png"
regions = ["red", "green"]
mapping = { green = "#0000ff" }
unmatched = "keep"
feather = 2
[run]
memory = 2
tile_size = 64
snapshot_every = 5
[styles.wave]
image = "wave.jpg"
map = "wave_map.png"
"""

MASK = """technique = "mask"
content = "photo.jpg"
transparent = true
[styles.wave]
image = "wave.jpg"
[[region]]
mask = "soft.png"
complement = true
style = "wave"
strength = 0.9
"""


def test_a_plan_of_technique_region(read):
    plan = read(REGION)
    assert (plan.technique, plan.regions) == ("region", ())
    assert plan.values == {
        "content": "photo.jpg",
        "content_map": "photo_map.png",
        "regions": ["red", "green"],
        "mapping": {"green": "#0000ff"},
        "unmatched": "keep",
        "feather": 2,
    }
    assert (plan.limits, plan.snapshot_every) == (Limits(2.0, 64), 5)
    assert len(load_plan(plan).scene().layout.placements) == 2


def test_a_plan_gives_regions_strengths(read):
    plan = read(REGION.replace("feather = 2", 'strengths = { red = 1, "#00ff00" = 0.2 }'))
    assert plan.values["strengths"] == {"red": 1, "#00ff00": 0.2}
    placements = load_plan(plan).scene().layout.placements
    assert {each.name: each.strength for each in placements} == {"#ff0000 (red)": 1.0, "#00ff00 (green)": 0.2}


def test_a_plan_of_technique_mask(read):
    plan = read(MASK)
    assert plan.technique == "mask"
    assert plan.regions == (RegionEntry(mask="soft.png", complement=True, style="wave", strength=0.9),)
    (placement,) = load_plan(plan).scene().layout.placements
    assert placement.strength == 0.9
    assert placement.mask[0, 0] > 0.9
    assert placement.mask[-1, 0] < 0.1


def test_plans_of_version_0_4_are_read(read):
    as_in_0_4 = 'technique = "region"\n' + GOOD.replace(
        "size = 64", 'size = 64\ngram_normalisation = "none"\nmemory = 2.0\ntile_size = 64\nsnapshot_every = 3'
    )
    plan = read(as_in_0_4)
    assert (plan.technique, len(plan.regions)) == ("plan", 3)
    assert plan.settings.gram_normalization == "none"
    assert (plan.limits, plan.snapshot_every) == (Limits(2.0, 64), 3)


@pytest.mark.parametrize(
    ("text", "old", "new", "says"),
    [
        (
            REGION,
            "tile_size = 64",
            "tile_sise = 64",
            "line 10: [run] has no key 'tile_sise'; did you mean 'tile_size'?",
        ),
        (
            REGION,
            "tile_size = 64",
            "steps = 64",
            "line 10: [run] has no key 'steps'; it belongs below [settings]",
        ),
        (REGION, "memory = 2", "memory = 0", "line 9: memory is 0"),
        (REGION, "every = 5", "every = -1", "line 11: snapshot_every is -1; expected a number of at least 0"),
        (REGION, '"keep"', '"nearest"', "line 6: unmatched is 'nearest'; expected one of error, keep, whole-style"),
        (REGION, '"red", "green"', '"red",\n"#hue"', "line 5: expected a color such as red"),
        (
            REGION,
            "[run]",
            "matching = 'patch'\n[run]",
            "line 8: matching has no effect in technique 'region'; leave it",
        ),
        (REGION, 'map = "wave_map.png"', "", "line 12: technique 'region' needs a map of the style image; add map ="),
        (REGION, 'photo_map.png"\n', 'none"\nregion = [{}]\n', "line 5: regions has no effect in technique 'plan'"),
        (REGION, "feather = 2", "feather = 2\nfeather_mode = 'edge'", "line 8: feather_mode is 'edge'; did you mean"),
        (
            REGION,
            "feather = 2",
            "denoise_regions = ['red']",
            "line 7: denoise_regions has no effect where denoise is 0",
        ),
        (
            REGION,
            "feather = 2",
            "strengths = { red = '1' }",
            "line 7: strengths is a table; expected a table of",
        ),
        (REGION, "feather = 2", "strengths = { '#hue' = 1 }", "line 7: expected a color such as red"),
        (
            REGION,
            "[run]",
            "[strengths]\nred = 1\ngreen = 2\n[run]",
            "line 10: the strength of region #00ff00 (green) is",
        ),
        (
            REGION,
            "[run]",
            "[strengths]\nred = 1\nblue = 1\n[run]",
            "line 10: strengths lists #0000ff (blue), which is",
        ),
        (REGION, "[run]", "[strengths]\nred = 1\n'#f00' = 1\n[run]", "line 10: strengths lists #ff0000 (red) twice"),
        (MASK, 'mask = "soft.png"', 'region = "red"', "line 7: [[region]] has no key 'region'; "),
        (MASK, "complement = true", "keep = true", "line 8: [[region]] has no key 'keep'; "),
        (
            MASK,
            "transparent = true",
            "feather = 2",
            "line 3: feather has no effect in technique 'mask'; leave it out, or",
        ),
        (
            MASK,
            "[[region]]",
            "[settings]\npropagation = 'all'\n[[region]]",
            "line 7: propagation has no effect in tech",
        ),
        (
            MASK,
            'image = "wave.jpg"',
            'image = "wave.jpg"\nmap = "m"',
            "line 6: map has no effect without style_region",
        ),
        (MASK, "strength = 0.9", "strength = -1", "line 10: strength is -1; expected a number of at least 0"),
    ],
)
def test_what_is_wrong_with_regions_and_masks(refused, text, old, new, says):
    assert text.count(old) == 1
    assert says in refused(text.replace(old, new))


def test_the_plans_in_the_documentation_are_plans(read):
    text = (Path(__file__).parents[2] / "docs" / "how-to" / "plans.md").read_text(encoding="utf-8")
    examples = re.findall(r"```toml\n(.*?)```", text, re.DOTALL)
    whole, *others = (tomllib.loads(example) for example in examples)
    known = {key for inputs in TECHNIQUES.values() for key in keys_of(inputs)}
    assert known - {"weights", "run", "regions"} <= set().union(whole, *others) <= known
    assert {key for each in whole["region"] for key in each} == set(REGION_KEYS)
    plans = [read(example) for example in examples]
    assert {plan.technique for plan in plans} >= {"plan", "patch", "doodle"}
    assert len(plans[0].regions) == 4


def test_the_sample_is_a_plan():
    plan = read_plan(Path(__file__).parents[2] / "samples" / "plan.toml")
    check_files(plan)
    loaded = load_plan(plan)
    scene = loaded.scene()
    assert len(scene.layout.styles()) == 3
    assert len(plan.regions) == 5
    assert [placement.color for placement in scene.layout.placements].count("content") == 1
    assert len(scene.layout.kept) == 1
    assert (loaded.notes, unmentioned_regions(plan, scene)) == ((), None)


def test_no_file_and_a_folder(tmp_path):
    with pytest.raises(SettingsError, match=r"no.toml does not exist; check the path"):
        read_plan(tmp_path / "no.toml")
    with pytest.raises(SettingsError, match="is a folder; name a file inside it"):
        read_plan(tmp_path)
