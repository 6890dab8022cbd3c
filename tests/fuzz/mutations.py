"""Mutations of files, for Hypothesis: of their bytes, and of the tables, lists and values that they hold."""

from __future__ import annotations

import copy
import struct

from hypothesis import strategies as st

WORDS = ("", " ", "x", "red", "#ff0000", "whole", "-", "default", "original", "12x8", "block1_conv1", "content.png")
ODD_WORDS = ("a\nb", "a\0b", "\x1b[31m", "../x", "/etc/shadow", "/dev/zero", "9" * 5000, "a" * 300, "é\u2028")
NUMBERS = (0, 1, 2, 7, 99, -1, 10**6, 2**31, 2**63, 10**19, 0.0, -0.0, 0.5, 1.5, 1e308, 1e-308, -1e9)
NOT_FINITE = (float("inf"), float("-inf"), float("nan"), 10**400)
NESTED = ([[[["x"]]]], {"a": {"b": {"c": 1}}}, [{}], [[]], {"": ""}, ["red", 3], [1, 2], {"red": "blue"}, {"red": 1})

plain = st.sampled_from([*WORDS, *ODD_WORDS, *NUMBERS, *NOT_FINITE, *NESTED, True, False, [], {}])
"""Values that both TOML and JSON have."""

json_only = st.sampled_from([None, "\ud800", [None], {"a": None}])

shapes = st.sampled_from(
    [(), (0,), (1,), (4,), (3, 3, 3, 4), (3, 3, 4, 3), (1, 2, 3), (10**5, 10**5, 9), (2**62, 4), (2**64,), (-1, 4)]
)
"""Shapes of arrays, some of which promise gigabytes."""

types = st.sampled_from(
    ["<f4", "<f8", "<f2", ">f4", "|i1", "<i8", "<c8", "<M8[s]", "|O", "<U9", "|b1", "|V9", "f", "?x"]
)


class Whole(bytes):
    """The content of a file that is right; Hypothesis prints no more than its length."""

    def __repr__(self):
        return f"<{len(self)} bytes>"


@st.composite
def changed_bytes(draw, data):
    """Return bytes with up to four changes: flipped, cut out, repeated, put in, or cut off."""
    data = bytearray(data)
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(data)))
        end = min(len(data), start + draw(st.integers(0, 40)))
        kind = draw(st.sampled_from(["flip", "cut", "repeat", "insert", "number", "truncate"]))
        if kind == "flip" and start < len(data):
            data[start] ^= draw(st.integers(1, 255))
        elif kind == "cut":
            del data[start:end]
        elif kind == "repeat":
            data[start:start] = data[start:end] * draw(st.sampled_from([1, 2, 500]))
        elif kind == "insert":
            data[start:start] = draw(st.binary(max_size=8))
        elif kind == "number":
            number = draw(st.sampled_from([0, 1, 2**16 - 1, 2**31 - 1, 2**32 - 1]))
            data[start : start + 4] = struct.pack("<I", number)
        elif kind == "truncate":
            del data[start:]
    return bytes(data)


def places(tree, path=()):
    """Yield the path of every value in tables and lists."""
    for key, value in tree.items() if isinstance(tree, dict) else enumerate(tree):
        yield (*path, key)
        if isinstance(value, dict | list):
            yield from places(value, (*path, key))


@st.composite
def changed_tree(draw, tree, values=plain):
    """Return tables and lists with up to three changes: a value replaced, taken out, or put in beside it."""
    tree = copy.deepcopy(tree)
    for _ in range(draw(st.integers(1, 3))):
        path = draw(st.sampled_from(list(places(tree)) or [()]))
        if not path:
            break
        holder = tree
        for key in path[:-1]:
            holder = holder[key]
        kind = draw(st.sampled_from(["replace", "replace", "remove", "add", "rename"]))
        if kind == "replace":
            holder[path[-1]] = copy.deepcopy(draw(values))
        elif kind == "remove":
            del holder[path[-1]]
        elif isinstance(holder, list):
            holder.insert(path[-1], copy.deepcopy(holder[path[-1]]))
        else:
            name = draw(st.sampled_from([*WORDS, *ODD_WORDS]))
            holder[name] = holder.pop(path[-1]) if kind == "rename" else copy.deepcopy(draw(values))
    return tree
