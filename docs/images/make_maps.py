"""Render the preview of docs/how-to/maps.md from the samples."""

from __future__ import annotations

from sheets import picture, save_jpeg, semantic_map

from maskstyle.evaluation import check_maps, draw_preview

CONTENT, STYLE = "astronaut", "harbour"


def main() -> None:
    """Check the two maps and write the preview."""
    names = (f"{CONTENT}_map.png", f"{STYLE}_map.png")
    report = check_maps(semantic_map(CONTENT), semantic_map(STYLE), names=names)
    save_jpeg("maps_check", draw_preview(report, (picture(CONTENT), picture(STYLE))))


if __name__ == "__main__":
    main()
