"""Render the sheet of docs/plans.md from samples/plan.toml, with the embedded network."""

from __future__ import annotations

from pathlib import Path

from PIL import Image as PillowImage

import maskstyle
from maskstyle.images.contact_sheet import Panel, make_sheet
from maskstyle.images.pixels import to_uint8
from maskstyle.plans.inputs import load_plan

PLAN = Path(__file__).parents[2] / "samples" / "plan.toml"


def main() -> None:
    """Run the plan and write the sheet beside this file."""
    plan = maskstyle.read_plan(PLAN)
    content = maskstyle.load_image(plan.file(plan.content)).pixels
    loaded = load_plan(plan, content)
    result = maskstyle.transfer_planned(
        content, loaded.regions, content_map=loaded.content_map, settings=plan.settings.changed(network="lite")
    )
    drawn = maskstyle.load_image(plan.file(plan.content_map)).pixels
    panels = [Panel(content, ("content",)), Panel(drawn, ("its map",))]
    panels += [Panel(style.image, (name,)) for name, style in loaded.styles.items()]
    panels.append(Panel(result.image, ("three styles, one part kept",)))
    sheet = make_sheet(panels, columns=3, side=480)
    PillowImage.fromarray(to_uint8(sheet)).save(Path(__file__).with_name("plans.jpg"), quality=85)


if __name__ == "__main__":
    main()
