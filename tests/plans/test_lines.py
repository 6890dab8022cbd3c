"""The locator against tomllib: every key that is read has a line, and the right one."""

from __future__ import annotations

import tomllib

import pytest

from maskstyle.plans.lines import key_lines, nearest_line

TEXT = '''# a plan
title = "one # not a comment" # a comment
'quoted key' = 1
a.b.c = 1
a.b."d.e" = 2

poem = """
[not a table]
key = "none" \\"""
"""
raw = \'\'\'
[[nor this]]\'\'\'
list = [ # of several lines
  "]", '}',
  [1, 2], # nested

  { x = 1, y.z = [true] },
]
inline = { one = 1, two = "}" }
when = 1979-05-27T07:32:00Z
  [ table . "inner one" ] # spaces
  key = -1.5e3

[[region]]
name = "first"
[region.more]
deep = 1

[[region]]
name = "second"
[[region.part]]
n = 1
[[region.part]]
n = 2
[empty]
'''

EXPECTED = {
    ("title",): 2,
    ("quoted key",): 3,
    ("a", "b", "c"): 4,
    ("a", "b", "d.e"): 5,
    ("poem",): 7,
    ("raw",): 11,
    ("list",): 13,
    ("list", 0): 14,
    ("list", 1): 14,
    ("list", 2, 1): 15,
    ("list", 3, "y", "z", 0): 17,
    ("inline", "two"): 19,
    ("when",): 20,
    ("table", "inner one"): 21,
    ("table", "inner one", "key"): 22,
    ("region", 0): 24,
    ("region", 0, "name"): 25,
    ("region", 0, "more", "deep"): 27,
    ("region", 1): 29,
    ("region", 1, "name"): 30,
    ("region", 1, "part", 0, "n"): 32,
    ("region", 1, "part", 1): 33,
    ("region", 1, "part", 1, "n"): 34,
    ("empty",): 35,
}


def paths_of(value, path=()):
    """Yield every key path of what tomllib has read."""
    if path:
        yield path
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from paths_of(inner, (*path, key))
    elif isinstance(value, list):
        for place, inner in enumerate(value):
            yield from paths_of(inner, (*path, place))


def test_the_lines_of_a_long_text():
    lines = key_lines(TEXT)
    assert {path: lines.get(path) for path in EXPECTED} == EXPECTED


@pytest.mark.parametrize(
    "text",
    [
        TEXT,
        TEXT.replace("\n", "\r\n"),
        "",
        "\n\n# nothing",
        "a=1",
        'a = """x"""""\nb = 2',
        "a = ''''two' quotes'''''\nb = 2",
        'a = "\\"" # "\nb = "\\\\"\nc = 1',
        "[a.b]\nx = 1\n[a]\ny = 2",
        "[[a]]\n[[a.b]]\nx = 1\n[a.c]\ny = 1\n[[a]]\n[[a.b]]\nx = 2",
        "a = []\nb = {}\nc = [[], {}]\nd = [\n]",
        "x = 0x_f\ny = inf\nz = 07:32:00",
    ],
)
def test_every_key_that_tomllib_reads_has_a_line(text):
    lines = key_lines(text)
    assert set(lines) == set(paths_of(tomllib.loads(text.replace("0x_f", "0xf"))))
    assert all(1 <= line <= text.count("\n") + 1 for line in lines.values())


def test_a_key_that_is_not_there_is_looked_for_around():
    lines = key_lines(TEXT)
    assert nearest_line(lines, ("region", 1, "style")) == 29
    assert nearest_line(lines, ("nothing", "there")) == 1
