"""Render the strip of docs/background/how-it-works.md: one pair at five strengths."""

from __future__ import annotations

from sheets import picture, save_sheet

import maskstyle
from maskstyle.images.contact_sheet import Panel

STRENGTHS = (0.0, 0.25, 0.5, 0.75, 1.0)
SIZE = 320


def main() -> None:
    """Render each strength and write the sheet."""
    panels = []
    for strength in STRENGTHS:
        settings = maskstyle.Settings(size=SIZE, strength=strength)
        result = maskstyle.transfer_basic(picture("astronaut"), picture("harbour"), settings=settings)
        panels.append(Panel(result.image, (f"strength {strength:g}",)))
    save_sheet("strength", panels, columns=len(panels), side=SIZE)


if __name__ == "__main__":
    main()
