"""Render the sheet of docs/plans.md from samples/plan.toml, with the embedded network."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from PIL import Image as PillowImage

import maskstyle
from maskstyle.images.contact_sheet import Panel, make_sheet
from maskstyle.images.pixels import to_uint8
from maskstyle.plans.load import load_plan

PLAN = Path(__file__).parents[2] / "samples" / "plan.toml"


def main() -> None:
    """Run the plan and write the sheet beside this file."""
    plan = maskstyle.read_plan(PLAN)
    loaded = load_plan(replace(plan, settings=plan.settings.changed(network="lite")))
    result = maskstyle.paint(loaded.scene())
    drawn = maskstyle.load_image(plan.file(plan.values["content_map"])).pixels
    panels = [Panel(loaded.picture.pixels, ("content",)), Panel(drawn, ("its map",))]
    for name, style in plan.styles.items():
        panels.append(Panel(maskstyle.load_image(plan.file(style.image)).pixels, (name,)))
    panels.append(Panel(result.image, ("three styles, one part kept",)))
    sheet = make_sheet(panels, columns=3, side=480)
    PillowImage.fromarray(to_uint8(sheet)).save(Path(__file__).with_name("plans.jpg"), quality=85)


if __name__ == "__main__":
    main()
