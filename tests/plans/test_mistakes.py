"""All mistakes of a plan in one go, and plan files as editors and other systems write them."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from maskstyle.errors import Mistakes, SettingsError
from maskstyle.plans.load import check_files, load_plan
from maskstyle.plans.read import read_plan

GOOD = """content = "photo.png"
content_map = "photo_map.png"
[styles.wave]
image = "photo.png"
map = "photo_map.png"
[[region]]
region = "red"
style = "wave"
"""


@pytest.fixture
def folder(tmp_path):
    """Return a folder with photo.png and its map, red and blue."""
    colors = np.array([(255, 0, 0), (0, 0, 255)], np.uint8)
    Image.fromarray(colors[np.tile(np.arange(16) // 8, (16, 1))]).save(tmp_path / "photo_map.png")
    Image.linear_gradient("L").resize((16, 16)).convert("RGB").save(tmp_path / "photo.png")
    return tmp_path


@pytest.fixture
def read(folder):
    """Return a function that reads a plan from bytes or text."""

    def read(text):
        (folder / "plan.toml").write_bytes(text if isinstance(text, bytes) else text.encode())
        return read_plan(folder / "plan.toml")

    return read


def lines_of(error):
    return [sentence.partition("plan.toml, ")[2] for sentence in error.sentences]


def test_all_mistakes_of_the_text_at_once(read):
    with pytest.raises(Mistakes) as caught:
        read(
            'contnt = "photo.jpg"\n[settings]\nsize = 0\nstrenght = 0.4\ncolor = "pink"\n[run]\nmemory = "much"\n'
            '[styles.a]\nimage = 3\n[[region]]\nregion = "#nocolor"\nstyle = "b"\n[[region]]\nkeep = true\n'
        )
    expected = (
        "line 1: a plan has no key 'contnt'; did you mean 'content'?",
        "line 3: size is 0; expected a number of at least 1",
        "line 4: there is no setting 'strenght'; did you mean 'strength'?",
        "line 5: color is 'pink'",
        "line 7: memory is 'much'; expected a number",
        "line 9: image is 3; expected a text in quotes",
        "line 11: expected a color such as red",
        "line 12: there is no style 'b'; expected one of a",
        "line 13: [[region]] has neither a region nor a mask",
    )
    found = lines_of(caught.value)
    assert len(found) == len(expected), found
    for sentence, begin in zip(found, expected, strict=True):
        assert sentence.startswith(begin)


def test_all_missing_files_at_once(read):
    plan = read(GOOD.replace("photo.png", "none.png").replace('map = "photo_map', 'map = "gone_map'))
    with pytest.raises(Mistakes) as caught:
        check_files(plan)
    assert [line[:7] for line in lines_of(caught.value)] == ["line 1:", "line 2:", "line 4:", "line 5:"]
    assert "does not exist" in str(caught.value)


def test_all_colors_that_no_map_has_at_once(read):
    text = GOOD.replace('"red"', '"green"') + 'style_region = "#123456"\n'
    with pytest.raises(Mistakes) as caught:
        load_plan(read(text))
    assert [line[:7] for line in lines_of(caught.value)] == ["line 7:", "line 9:"]


def test_one_mistake_keeps_its_own_error(read):
    with pytest.raises(SettingsError, match=r"line 7: expected a color") as caught:
        read(GOOD.replace('"red"', '"#nocolor"'))
    assert not isinstance(caught.value, Mistakes)
    assert caught.value.line == 7


def test_a_single_table_or_text_is_a_list_of_one(read):
    plan = read(GOOD.replace("[[region]]", "[region]"))
    assert [each.region for each in plan.regions] == ["red"]
    plan = read('technique = "region"\nregions = "red"\npalette = "red"\nignore = 255\n' + GOOD.partition("[[")[0])
    assert plan.values["regions"] == ["red"]
    assert plan.reading.palette == ("red",)
    assert plan.reading.ignore == ("255",)


def test_a_mistake_in_a_single_table_has_its_line(read):
    with pytest.raises(SettingsError, match="line 8: there is no style 'wav'"):
        read(GOOD.replace("[[region]]", "[region]").replace('style = "wave"', 'style = "wav"'))


@pytest.mark.parametrize("prefix", [b"", b"\xef\xbb\xbf"])
def test_a_byte_order_mark_and_line_ends_of_windows(read, prefix):
    assert read(prefix + GOOD.replace("\n", "\r\n").encode()).values["content"] == "photo.png"


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_utf_16_is_named(read, encoding):
    with pytest.raises(
        SettingsError, match=r"is encoded as UTF-16, but a plan file is UTF-8; save it as UTF-8"
    ) as caught:
        read(GOOD.encode(encoding))
    assert "plan from" not in str(caught.value)


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252", "cp437"])
def test_another_encoding_is_named_with_its_line(read, encoding):
    with pytest.raises(SettingsError, match=r"line 2: a character is not encoded as UTF-8.*; save the file as UTF-8"):
        read("title = 1\n# f\u00fcr K\u00f6ln\n".encode(encoding) + GOOD.encode())


def test_json_is_no_plan(read):
    with pytest.raises(SettingsError, match="a plan is TOML, neither JSON nor YAML"):
        read('{"content": "photo.jpg"}')


@pytest.mark.parametrize("path", [r"C:\Users\me\photo.png", r"sub\x.png"])
def test_backslashes_in_double_quotes(read, path):
    with pytest.raises(SettingsError) as caught:
        read(f'content = "{path}"\n')
    slashed = path.replace("\\", "/")
    assert f"write the path in single quotes, '{path}', or with slashes, \"{slashed}\"" in str(caught.value)


def test_backslashes_that_are_escapes(read):
    plan = read(GOOD.replace('"photo.png"', r'"new\new.png"', 1))
    with pytest.raises(SettingsError, match="write a path with backslashes in single quotes"):
        check_files(plan)


def test_backslashes_in_single_quotes_separate_folders(read, folder):
    (folder / "sub").mkdir()
    (folder / "photo.png").rename(folder / "sub" / "photo.png")
    check_files(read(GOOD.replace('"photo.png"', r"'sub\photo.png'")))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a = " + "[" * 5000, "inside each other"),
        ("a = " + "{ a = " * 400 + "1" + " }" * 400, "inside each other"),
        ("a." * 300_000 + "a = 1", "inside each other"),
        ("[" + '"a" . ' * 3000 + "a]", "inside each other"),
        (f"[settings]\nseed = {'9' * 5000}", "a number of thousands of digits"),
        (f"[settings]\nseed = {'9' * 400}", "seed is 9+...; expected a whole number"),
        ("[settings]\nscales = 1000000", "scales is 1000000; expected a number from 1 to 20"),
        ('[settings]\nsize = "' + "9" * 5000 + 'x1"', "size is '9+x1'; expected the longer side"),
    ],
    ids=["lists", "tables", "dotted key", "dotted header", "digits", "fewer digits", "scales", "size"],
)
def test_what_no_plan_has_is_refused_at_once(tmp_path, text, said):
    path = tmp_path / "plan.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError, match=said):
        read_plan(path)
