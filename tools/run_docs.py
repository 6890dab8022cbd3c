"""Run every command and every block of Python in the documentation, at a small size.

    python tools/run_docs.py                            # README.md, and all pages of docs/ that are written by hand
    python tools/run_docs.py docs/tutorials/print.md    # these pages

The blocks of a page run one after the other in a folder of their own, which holds the samples, reduced, and files
with the names that the pages use for a person's own. Paintings take one step of ``lite`` at 48 pixels. Before a
block, a page may say

    <!-- not run: why -->
    <!-- exit code 2 -->

A block of text directly below commands shows what they print: each of its lines must be printed, in this order;
others, and the ends of lines, may be left out. Times, amounts of memory, and what a painting says of its size, steps
and loss may differ. On a page with such blocks the samples are whole.
"""

from __future__ import annotations

import contextlib
import glob
import io
import os
import re
import shlex
import shutil
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from PIL import Image
from typer.testing import CliRunner

from maskstyle.cli.app import app
from maskstyle.networks.tensorflow_import import import_tensorflow
from maskstyle.settings import Settings

ROOT = Path(__file__).parents[1]
SAMPLES = ROOT / "samples"
PARTS = ("tutorials", "how-to", "reference")
LONGER_SIDE = 160
LARGEST = 48

LONGEST = 360
"""Seconds that all pages may take; a run says what they took."""

OWN = {
    "photo.jpg": "coffee.jpg",
    "painting.jpg": "window.jpg",
    "painting_map.png": "window_map.png",
    "cat.png": "chelsea.jpg",
    "photos/one.jpg": "coffee.jpg",
    "photos/one_map.png": "coffee_map.png",
    "photos/two.jpg": "coffee.jpg",
    "photos/two_map.png": "coffee_map.png",
    "maps/one.png": "coffee_map.png",
    "maps/two.png": "coffee_map.png",
    "masks/one.png": "chelsea_mask.png",
    "masks/two.png": "chelsea_mask.png",
    "holidays/2025/beach.jpg": "rocket.jpg",
}
"""Names of a person's own files in the pages, and the samples that stand in for them."""

BLOCK = re.compile(
    r"(?:[Ss]ave this as `(?P<file>[\w.]+)`[^\n]*\n\n)?"
    r"^(?P<marks>(?:<!-- (?:not run: [^\n]*|exit code \d) -->\n)*)"
    r"```(?P<kind>[\w{}-]*)\n(?P<text>.*?)^```$"
    r"(?:\n\n```text\n(?P<shown>.*?)^```$)?",
    re.M | re.S,
)
DIFFERS = re.compile(
    r"(?<=: )\d+x\d+, [\d +]+ steps? in .*"  # wrote cat.png: 256x170, 30 + 30 steps in 9 s, loss 0.067
    r"|\d[\d.,]* (?:s|min|h|MB|GB)\b"
)
"""What differs from one machine to another, and between a painting and one that takes one small step."""

OTHERS = (". ", "pip ", "python ", "python3 ", "git ", "cd ", "mkdir ", "ffmpeg ", "dask ", "sphinx-build ", "pytest")
"""The other commands that pages may have, which are not run."""

NOT_RUN = (
    *("maskstyle studio", "maskstyle frames", "samples copy", "weights fetch"),
    *("--resume", "--scheduler"),
)
"""What needs a person, a video, the internet, an interrupted run or other processes; the samples are there."""


DRY = "--dry-run"
running: list[str] = []
"""The words of the command that runs now."""


class Block(NamedTuple):
    """A block of a page: line, language, text, exit code, the file to save it as, and the output that is shown."""

    line: int
    kind: str
    text: str
    code: int
    file: str | None
    shown: str


def blocks_of(page: Path) -> Iterator[Block]:
    """Yield the blocks of a page that are to be run."""
    text = page.read_text(encoding="utf-8")
    for match in BLOCK.finditer(text):
        if "not run:" not in match["marks"]:
            code = re.search(r"exit code (\d)", match["marks"])
            line = text.count("\n", 0, match.start("text")) + 1
            exit_code = int(code[1]) if code else 0
            shown = (match["shown"] or "") if match["kind"] in ("", "sh") else ""
            yield Block(line, match["kind"], match["text"], exit_code, match["file"], shown)


def commands_in(text: str, *, everything: bool = False) -> Iterator[list[str]]:
    """Yield the commands of a block, without comments, split into words; those that cannot run here only if asked."""
    for line in text.replace("\\\n", " ").splitlines():
        for part in line.split(" && "):
            words = shlex.split(part, comments=True)
            if words and words[0] == "maskstyle":
                if not everything and any(each in part for each in NOT_RUN):
                    continue
                yield [word for each in words[1:] for word in (sorted(glob.glob(each)) or [each])]
            elif words and not part.strip().startswith(OTHERS):
                raise SystemExit(f"neither a command of maskstyle nor one that is known: {part}")


def lay_out(folder: Path, *, whole: bool) -> None:
    """Put the samples, whole or reduced, and a person's own files into a folder."""
    (folder / "samples").mkdir()
    for path in SAMPLES.iterdir():
        if path.suffix in (".jpg", ".png") and not whole:
            reduce(path, folder / "samples" / path.name)
        elif path.suffix in (".jpg", ".png", ".toml"):
            shutil.copy(path, folder / "samples")
    for name, sample in OWN.items():
        reduce(SAMPLES / sample, folder / name)
    with Image.open(folder / "photo.jpg") as photo:
        alpha = Image.new("L", photo.size)
        alpha.paste(255, (photo.width // 4, 0, photo.width // 2, photo.height))
        photo.putalpha(alpha)
        photo.save(folder / "cutout.png")
    plan = (SAMPLES / "plan.toml").read_text(encoding="utf-8")
    (folder / "plans").mkdir()
    (folder / "plans" / "cup.toml").write_text(
        re.sub(r'"(\w+\.(?:jpg|png))"', r'"../samples/\1"', plan), encoding="utf-8"
    )


def reduce(path: Path, target: Path) -> None:
    """Write a small copy of an image; the colors of maps stay as they are."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with Image.open(path) as image:
        side = LONGER_SIDE / max(image.size)
        size = (round(image.width * side), round(image.height * side))
        method = Image.Resampling.NEAREST if path.suffix == ".png" else Image.Resampling.LANCZOS
        image.resize(size, method).save(target)


def paint_small() -> None:
    """Let paintings take one step of ``lite`` at a small size, and compile nothing; dry runs keep their size."""
    check = Settings.__post_init__

    def checked_and_small(settings: Settings) -> None:
        check(settings)
        if DRY in running:
            return
        small: dict[str, Any] = {"network": "lite", "steps": 1}
        if settings.size is None or isinstance(settings.size, int):
            small["size"] = min(settings.size or LARGEST, LARGEST)
        for name, value in small.items():
            object.__setattr__(settings, name, value)

    setattr(Settings, "__post_init__", checked_and_small)  # noqa: B010
    import_tensorflow().config.run_functions_eagerly(True)


def not_printed(shown: str, printed: str) -> str:
    """Return the first line that a page shows and that was not printed after the one before it, or nothing."""
    left = iter([comparable(line) for line in printed.splitlines()])
    for line in shown.splitlines():
        if not any(each.startswith(comparable(line)) for each in left):  # goes on behind the line that was found
            return line
    return ""


def comparable(line: str) -> str:
    """Return a line without what may differ: numbers of a machine, and the widths of columns."""
    return " ".join(DIFFERS.sub("", line).split())


def run_block(block: Block, names: dict[str, Any]) -> str:
    """Run a block; return what is wrong, or nothing."""
    printed = ""
    if block.file is not None:
        Path(block.file).write_text(block.text, encoding="utf-8")
    elif block.kind == "python":
        try:
            with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
                exec(compile(block.text, "block", "exec"), names)
        except Exception:
            return traceback.format_exc(limit=-2)
    elif block.kind in ("", "sh"):
        for words in commands_in(block.text):
            running[:] = words
            done = CliRunner().invoke(app, words, prog_name="maskstyle")
            running.clear()
            if done.exit_code != block.code:
                return f"maskstyle {shlex.join(words)}\nexit code {done.exit_code}: {done.stderr or done.exception!r}"
            printed += done.output
    missing = not_printed(block.shown, printed)
    return f"does not print {missing!r}, but\n{printed}" if missing else ""


def run_page(page: Path) -> int:
    """Run the blocks of a page; return how many failed."""
    failed, names, start = 0, {"__name__": "__main__"}, time.perf_counter()
    with tempfile.TemporaryDirectory() as name:
        blocks = list(blocks_of(page))
        lay_out(Path(name), whole=any(block.shown for block in blocks))
        os.chdir(name)
        for block in blocks:
            trouble = run_block(block, names)
            if trouble:
                failed += 1
                print(f"{page.relative_to(ROOT)}, line {block.line}: {trouble}", flush=True)
        os.chdir(ROOT)
    print(f"{page.relative_to(ROOT)}: {len(blocks)} blocks, {time.perf_counter() - start:.0f} s", flush=True)
    return failed


def main(pages: list[str]) -> None:
    """Run the given pages, or all."""
    start = time.perf_counter()
    paint_small()
    written = sorted(page for part in PARTS for page in (ROOT / "docs" / part).glob("*.md"))
    chosen = [Path(each).resolve() for each in pages] or [ROOT / "README.md", *written]
    failed = sum(map(run_page, chosen))
    print(f"{len(chosen)} pages in {time.perf_counter() - start:.0f} s; the limit is {LONGEST} s")
    print(f"{len(chosen) - failed} passed, {failed} failed")
    sys.exit(failed > 0)


if __name__ == "__main__":
    main(sys.argv[1:])
