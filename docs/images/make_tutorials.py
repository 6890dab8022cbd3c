"""Make the step pictures of docs/tutorials/map-from-strokes.md, by running the blocks of the page."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image
from sheets import FOLDER, SAMPLES

PAGE = FOLDER.parent / "tutorials" / "map-from-strokes.md"
WIDTH = 480


def main() -> None:
    """Draw the strokes twice, as the page does, and save what they look like and what they grow into."""
    text = PAGE.read_text(encoding="utf-8")
    first, second = re.findall(r"```python\n(.*?)```", text, re.S)
    command = shlex.split(next(line for line in text.splitlines() if line.startswith("maskstyle maps draft")))
    (FOLDER / "tutorials").mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "samples").symlink_to(SAMPLES)
        for number, program in enumerate((first, first + second), start=1):
            subprocess.run([sys.executable, "-c", program], cwd=folder, check=True)
            subprocess.run([sys.executable, "-m", *command, "--force"], cwd=folder, check=True)
            photo = Image.open(SAMPLES / "coffee.jpg").convert("RGBA")
            photo.alpha_composite(Image.open(folder / "strokes.png"))
            save(photo, f"strokes_{number}")
            save(Image.open(folder / "regions.png"), f"regions_{number}")


def save(picture: Image.Image, name: str) -> None:
    """Write a picture, light enough for a page."""
    small = picture.convert("RGB").resize((WIDTH, round(picture.height * WIDTH / picture.width)))
    small.save(FOLDER / "tutorials" / f"{name}.webp", quality=82, method=6)


if __name__ == "__main__":
    main()
