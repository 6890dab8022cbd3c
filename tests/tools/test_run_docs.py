"""tools/run_docs: what a page shows below a command is what the command prints."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "tools"))
import run_docs

PRINTED = """\
0  ██ #78b4e6  blue    122,113   47 %
3  ██ #c84632  red     122,044   47 %
expected: at most about 25 s, 0.8 GB of memory
wrote cat.png: 48x32, 1 step in 3 s, loss 0.5, all steps taken
"""


@pytest.mark.parametrize(
    "shown",
    [
        "",
        PRINTED,
        "0 ██ #78b4e6 blue 122,113 47 %\n",
        "0 ██ #78b4e6 blue\n",
        "expected: at most about 4 min, 1.6 GB of memory\n",
        "wrote cat.png: 256x170, 30 + 30 steps in 9 s, loss 0.067, all steps taken\n",
    ],
)
def test_lines_may_be_left_out_and_numbers_of_the_machine_may_differ(shown):
    assert run_docs.not_printed(shown, PRINTED) == ""


@pytest.mark.parametrize(
    "shown",
    [
        "0 ██ #78b4e6 blue 122,112 47 %",
        "3 ██ #c84632 green 122,044 47 %",
        "expected: about 25 s, 0.8 GB of memory",
        "wrote dog.png: 48x32, 1 step in 3 s, loss 0.5, all steps taken",
        "the maps match",
    ],
)
def test_other_lines_are_found(shown):
    assert run_docs.not_printed(shown, PRINTED) == shown


def test_the_order_counts():
    lines = PRINTED.splitlines()
    assert run_docs.not_printed(f"{lines[1]}\n{lines[0]}\n", PRINTED) == lines[0]


def test_a_page_shows_output_directly_below_commands(tmp_path):
    page = tmp_path / "page.md"
    page.write_text(
        "```\nmaskstyle --version\n```\n\n```text\n0.5\n```\n\nElsewhere:\n\n```text\nplan\n```\n\n```text\n2\n```\n"
    )
    blocks = list(run_docs.blocks_of(page))
    assert [(block.kind, block.shown) for block in blocks] == [("", "0.5\n"), ("text", "")]


def test_output_of_commands_that_are_not_run_cannot_be_shown():
    block = run_docs.Block(1, "", "maskstyle studio\n", 0, None, "open it\n")
    assert "'open it'" in run_docs.run_block(block, {})
