"""Pages of the site that stand elsewhere in the repository: each is copied into docs/, and links lead to the copy."""

from __future__ import annotations

import os
import re
from pathlib import Path

from sphinx.application import Sphinx

DOCS = Path(__file__).parent
ROOT = DOCS.parent

ADOPTED = {
    "CONTRIBUTING.md": "background/contributing.md",
    "SECURITY.md": "background/security.md",
    "benchmarks/README.md": "background/measuring.md",
    "maskstyle/networks/lite.md": "background/network-lite.md",
    "maskstyle/networks/vgg19.md": "background/network-vgg19.md",
    "samples/README.md": "reference/samples.md",
}
"""Files below the root of the repository, and their pages below docs/."""

LINK = re.compile(r"(?<=\]\()(?P<path>[^)\s#:]+)(?P<rest>(?:#[^)]*)?\))")


def write(app: Sphinx) -> None:
    """Copy each adopted file to its page, with links that lead to the same places from there."""
    for name, page in ADOPTED.items():
        text = (ROOT / name).read_text(encoding="utf-8")
        write_page(DOCS / page, relinked(text, (ROOT / name).parent, (DOCS / page).parent))


def write_page(path: Path, text: str) -> None:
    """Write a page if it has changed, so that Sphinx reads only what is new."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")


def link(app: Sphinx, docname: str, source: list[str]) -> None:
    """Let links of a page to adopted files lead to their pages."""
    folder = (DOCS / docname).parent
    source[0] = relinked(source[0], folder, folder)


def relinked(text: str, folder: Path, new_folder: Path) -> str:
    """Return a text with its relative links, as seen from a folder, made relative to another one."""

    def moved(match: re.Match[str]) -> str:
        target = Path(os.path.normpath(folder / match["path"]))
        if not target.is_relative_to(ROOT):
            return match[0]
        adopted = ADOPTED.get(target.relative_to(ROOT).as_posix())
        place = target if adopted is None else DOCS / adopted
        return os.path.relpath(place, new_folder).replace(os.sep, "/") + match["rest"]

    return LINK.sub(moved, text)
