"""Render the sheet of docs/plans.md from samples/plan.toml with the embedded network."""

from __future__ import annotations

from maskstyle.plans.inputs import load_plan
from sheets import SAMPLES, save_sheet

import maskstyle
from maskstyle.images.contact_sheet import Panel


def main() -> None:
    """Run the plan and write the sheet."""
    plan = maskstyle.read_plan(SAMPLES / "plan.toml")
    assert plan.content_map is not None
    content = maskstyle.load_image(plan.file(plan.content)).pixels
    content_map = maskstyle.load_image(plan.file(plan.content_map)).pixels
    loaded = load_plan(plan, content)
    result = maskstyle.transfer_planned(
        content, loaded.regions, content_map=loaded.content_map, settings=plan.settings.changed(network="lite")
    )
    panels = [Panel(content, ("content",)), Panel(content_map, ("its map",))]
    panels += [Panel(style.image, (name,)) for name, style in loaded.styles.items()]
    panels.append(Panel(result.image, ("three styles, one part kept",)))
    save_sheet("plans", panels, columns=3, side=480)


if __name__ == "__main__":
    main()
