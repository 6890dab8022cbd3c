"""What newcomers type into the search box, and the headings where they find it.

The words become main entries (``!``) of the index, which the search of the site puts first.
"""

from __future__ import annotations

import re

from sphinx.application import Sphinx

WORDS: dict[str, dict[str, tuple[str, ...]]] = {
    "how-to/color": {
        "Colors of the result": ("color shift", "colors changed", "keep colors", "original colors"),
        "Where paint ends": ("halo", "hard edge"),
        "Transparent images": ("transparent", "transparency", "alpha channel"),
    },
    "how-to/large-pictures": {
        "Large pictures": ("seam", "seams", "tiles", "high resolution", "upscale"),
        "Memory and time": ("out of memory", "memory error", "killed", "slow", "faster"),
        "Resuming": ("resume", "continue", "crash", "interrupted"),
    },
    "how-to/many-pictures": {"Many pictures": ("batch", "folder", "many photos")},
    "how-to/maps": {
        "Maps from annotations": ("segment anything", "sam", "labelme", "coco", "photoshop layers", "rembg"),
    },
    "how-to/masks": {"Soft masks": ("photoshop mask", "mask from photoshop", "gimp mask")},
    "how-to/my-photo": {"My photo, my painting": ("too strong", "too weak", "blurry", "noisy")},
    "how-to/printing": {"Printing": ("print size", "poster", "dpi", "canvas print")},
    "how-to/troubleshooting": {
        "The picture: what looks wrong": ("face gone", "ugly face", "dimples", "blurry", "blobs", "wrong region"),
        "The time: slow, memory, stopped": ("slow", "out of memory", "gpu", "no gpu", "cuda", "killed"),
        "Errors: what each message means": ("error", "error message", "command not found"),
    },
    "how-to/video": {"Video and frames": ("video", "gif", "animation", "flicker", "movie")},
    "tutorials/background-only": {
        "Paint only the background": ("keep background", "background only", "keep subject", "sky only", "cut-out"),
    },
    "tutorials/first-picture": {"1. Install": ("install", "installation", "requirements")},
    "tutorials/keep-the-face": {"Keep the face": ("face", "keep face", "portrait")},
    "tutorials/two-paintings": {"Sky and ground from two paintings": ("sky only", "two styles", "several styles")},
}
"""For each page and heading, the words that lead there."""


def add(app: Sphinx, docname: str, source: list[str]) -> None:
    """Add the words to the index, at their headings."""
    for heading, words in WORDS.get(docname, {}).items():
        source[0] = indexed(source[0], heading, words)


def indexed(text: str, heading: str, words: tuple[str, ...]) -> str:
    """Return the text of a page with entries of the index below a heading."""
    entries = f"```{{index}} {', '.join(f'! {each}' for each in words)}\n```"
    pattern = rf"^(#+ {re.escape(heading)}\n)"
    text, found = re.subn(pattern, lambda match: f"{match[1]}\n{entries}\n", text, count=1, flags=re.M)
    if not found:
        raise ValueError(f"no heading '{heading}' for the words {', '.join(words)}")
    return text
