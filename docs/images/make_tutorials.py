"""Make the pictures of the tutorials by running their blocks.

    python docs/images/make_tutorials.py                     # all pages
    python docs/images/make_tutorials.py print clip          # these pages

A page that shows ``../images/tutorials/NAME.webp`` gets ``NAME.png`` as it is at that place of the page, or a strip
of the frames in the folder ``NAME``; ``NAME_2`` is a later state of the same file. Only commands that write such a
file are run, and blocks of Python.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from PIL import Image
from sheets import FOLDER, SAMPLES

sys.path.insert(0, str(FOLDER.parents[1] / "tools"))
from run_docs import blocks_of, commands_in

PAGES = FOLDER.parent / "tutorials"
SHOWN = re.compile(r"\.\./images/tutorials/((\w+?)(?:_\d)?)\.webp")
OUTPUTS = ("-o", "--preview")
BEHIND = {"strokes": "coffee.jpg"}
"""What lies behind a transparent picture; others are laid over a checkerboard."""

WIDTH = 480
SHEET_WIDTH = 720
FRAMES = 4


def main(names: list[str]) -> None:
    """Make the pictures of the named pages, or of all."""
    for page in [PAGES / f"{name}.md" for name in names] or sorted(PAGES.glob("*.md")):
        with tempfile.TemporaryDirectory() as desk:
            (Path(desk) / "samples").symlink_to(SAMPLES)
            os.chdir(desk)
            make(page)
            os.chdir(FOLDER)


def make(page: Path) -> None:
    """Run the blocks of a page in the current folder, and keep each picture where the page shows it."""
    wanted = {stem for _, _, stem in shown_in(page)}
    blocks = [block for block in blocks_of(page) if wanted]
    names: dict[str, Any] = {}
    for line, picture, stem in shown_in(page):
        while blocks and blocks[0].line < line:
            block = blocks.pop(0)
            if block.file is not None:
                Path(block.file).write_text(block.text, encoding="utf-8")
            elif block.kind == "python":
                exec(compile(block.text, page.name, "exec"), names)
            elif block.kind == "":
                run_commands(block.text, wanted)
        save(Path(stem), picture)


def shown_in(page: Path) -> Iterator[tuple[int, str, str]]:
    """Yield the pictures that a page shows: the line, the name, and the stem of the file."""
    text = page.read_text(encoding="utf-8")
    for match in SHOWN.finditer(text):
        yield text.count("\n", 0, match.start()) + 1, match[1], match[2]


def run_commands(text: str, wanted: set[str]) -> None:
    """Run those commands of a block that write a wanted picture."""
    for words in commands_in(text, everything=True):
        written = {Path(words[at + 1]).stem for at, word in enumerate(words) if word in OUTPUTS}
        if written & wanted:
            print(f"+ maskstyle {shlex.join(words)}", flush=True)
            subprocess.run([sys.executable, "-m", "maskstyle", *words], check=True)


def save(source: Path, name: str) -> None:
    """Write a picture, or a strip of the frames in a folder, light enough for a page."""
    if source.is_dir():
        picture, width = strip_of(sorted(source.glob("*.png"))), SHEET_WIDTH
    else:
        picture = on_ground(Image.open(source.with_suffix(".png")), source.name)
        width = WIDTH if picture.width < 2 * WIDTH else SHEET_WIDTH
    width = min(width, picture.width)
    small = picture.resize((width, round(picture.height * width / picture.width)))
    small.save(FOLDER / "tutorials" / f"{name}.webp", quality=72, method=6)


def strip_of(paths: list[Path]) -> Image.Image:
    """Return some frames, evenly spread over a clip, beside each other."""
    chosen = [Image.open(paths[round(at * (len(paths) - 1) / (FRAMES - 1))]) for at in range(FRAMES)]
    width, height = chosen[0].size
    strip = Image.new("RGB", (FRAMES * width, height))
    for at, frame in enumerate(chosen):
        strip.paste(frame, (at * width, 0))
    return strip


def on_ground(picture: Image.Image, name: str) -> Image.Image:
    """Return a picture without transparency: over the photo that it belongs to, or over a checkerboard."""
    if name in BEHIND:
        ground = Image.open(SAMPLES / BEHIND[name]).convert("RGBA")
    else:
        squares = Image.new("L", (picture.width // 8 + 1, picture.height // 8 + 1))
        squares.putdata([255 - 40 * ((x + y) % 2) for y in range(squares.height) for x in range(squares.width)])
        ground = squares.resize((squares.width * 8, squares.height * 8), Image.Resampling.NEAREST).convert("RGBA")
        ground = ground.crop((0, 0, *picture.size))
    ground.alpha_composite(picture.convert("RGBA"))
    return ground.convert("RGB")


if __name__ == "__main__":
    main(sys.argv[1:])
