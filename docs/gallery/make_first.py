"""Make the first picture of the README: four results of the gallery, side by side."""

from __future__ import annotations

from pathlib import Path

from PIL import Image, ImageOps

FOLDER = Path(__file__).parent
NAMES = ("astronaut-background", "chelsea-gradient", "coffee-strokes", "coast")
SIZE = (420, 300)
GAP = 8


def main() -> None:
    """Crop the results to one shape and join them, two above two."""
    width, height = SIZE
    sheet = Image.new("RGB", (2 * width + GAP, 2 * height + GAP), "white")
    for index, name in enumerate(NAMES):
        picture = ImageOps.fit(
            Image.open(FOLDER / f"{name}.webp"), SIZE, Image.Resampling.LANCZOS, centering=(0.5, 0.05)
        )
        sheet.paste(picture, ((index % 2) * (width + GAP), (index // 2) * (height + GAP)))
    sheet.save(FOLDER.parent / "images" / "first.webp", quality=84, method=6)


if __name__ == "__main__":
    main()
