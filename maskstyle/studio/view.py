"""The state as the page gets it, with everything that is derived: urls, shares of regions, and what is missing."""

from __future__ import annotations

from typing import Any

from maskstyle.studio.models import SIZES, Saved, StoredImage
from maskstyle.studio.samples import SAMPLES, sample_names
from maskstyle.studio.to_plan import problem_of, regions_of, result_side


def project_view(state: Saved) -> dict[str, Any]:
    """Return a state as the page gets it."""
    canvas = state.canvas
    return {
        "version": state.version,
        "mode": state.mode,
        "content": None if canvas is None else image_view(canvas),
        "styles": [image_view(state.images[key]) for key in state.styles],
        "regions": regions_view(state),
        "masks": [
            {**mask.model_dump(), "url": f"/api/masks/{mask.id}?v={mask.version}"}
            for mask in state.masks
            if canvas is not None and mask.content == canvas.id
        ],
        "settings": state.settings.model_dump(),
        "sizes": [] if canvas is None else [_size_view(state, canvas, size) for size in SIZES],
        "samples": [
            {"name": name, "title": SAMPLES[name].title, "thumbnail": f"/api/samples/{name}/thumbnail"}
            for name in sample_names()
        ],
        "page": state.page,
        "problem": problem_of(state),
    }


def image_view(image: StoredImage) -> dict[str, Any]:
    """Return an image as the page gets it; its size is that at which it is shown and its map is painted."""
    base = f"/api/images/{image.id}"
    return {
        "id": image.id,
        "name": image.name,
        "width": image.shown[0],
        "height": image.shown[1],
        "original": {"width": image.width, "height": image.height},
        "url": base if image.suffix else None,
        "thumbnail": f"{base}/thumbnail" if image.suffix else None,
        "map": f"{base}/map?v={image.map_version}" if image.map_version else None,
        "map_version": image.map_version,
        "regions": colors_view(image),
        "notes": image.notes,
    }


def colors_view(image: StoredImage) -> list[dict[str, Any]]:
    """Return the regions of the map of an image."""
    total = image.shown[0] * image.shown[1]
    names = image.usual_names() | image.names
    return [
        {
            "color": color,
            "name": names[color],
            "number": number,
            "share": pixels / total,
        }
        for number, (color, pixels) in enumerate(image.colors.items(), start=1)
        if pixels
    ]


def regions_view(state: Saved) -> list[dict[str, Any]]:
    """Return the regions of the content image or the doodle, with what each gets."""
    canvas = state.canvas
    if canvas is None:
        return []
    known = {each["color"]: each for each in colors_view(canvas)}
    return [{**known[color], **assigned.model_dump()} for color, _, assigned in regions_of(state)]


def _size_view(state: Saved, canvas: StoredImage, size: str) -> dict[str, Any]:
    side = result_side(canvas, size, doodle=state.mode == "doodle")
    longest = max(canvas.width, canvas.height)
    factor = 1.0 if isinstance(side, str) else side / longest
    return {
        "name": size,
        "width": max(1, round(factor * canvas.width)),
        "height": max(1, round(factor * canvas.height)),
    }
