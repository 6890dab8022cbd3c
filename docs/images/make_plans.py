"""Render the sheet of docs/how-to/plans.md from samples/plan.toml."""

from __future__ import annotations

from dataclasses import replace

from sheets import SAMPLES, save_sheet

import maskstyle
from maskstyle.images.contact_sheet import Panel
from maskstyle.plans.load import load_plan

SIZE = 384


def main() -> None:
    """Run the plan and write the sheet."""
    plan = maskstyle.read_plan(SAMPLES / "plan.toml")
    loaded = load_plan(replace(plan, settings=plan.settings.changed(size=SIZE)))
    result = maskstyle.paint(loaded.scene())
    content_map = maskstyle.load_image(plan.file(plan.values["content_map"])).pixels
    panels = [Panel(loaded.picture.pixels, ("content",)), Panel(content_map, ("its map",))]
    for name, style in plan.styles.items():
        panels.append(Panel(maskstyle.load_image(plan.file(style.image)).pixels, (name,)))
    panels.append(Panel(result.image, ("three styles, one part kept",)))
    save_sheet("plans", panels, columns=3, side=480)


if __name__ == "__main__":
    main()
