"""Render the sheet of docs/plans.md from samples/plan.toml with the embedded network."""

from __future__ import annotations

import dataclasses

from sheets import SAMPLES, save_sheet

import maskstyle
from maskstyle.images.contact_sheet import Panel
from maskstyle.plans.load import load_plan


def main() -> None:
    """Run the plan and write the sheet."""
    plan = maskstyle.read_plan(SAMPLES / "plan.toml")
    plan = dataclasses.replace(plan, settings=plan.settings.changed(network="lite"))
    loaded = load_plan(plan)
    content_map = maskstyle.load_image(plan.file(plan.values["content_map"])).pixels
    scene = loaded.scene()
    result = maskstyle.paint(scene)
    panels = [Panel(loaded.picture.pixels, ("content",)), Panel(content_map, ("its map",))]
    panels += [Panel(style.image, (name,)) for name, style in zip(plan.styles, scene.layout.styles(), strict=True)]
    panels.append(Panel(result.image, ("three styles, one part kept",)))
    save_sheet("plans", panels, columns=3, side=480)


if __name__ == "__main__":
    main()
