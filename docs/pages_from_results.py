"""Pages of the gallery, made from the recorded results of gallery/make_gallery.py."""

from __future__ import annotations

import json
import re
from typing import Any

from adopted import DOCS, write_page
from sphinx.application import Sphinx

GALLERY = DOCS / "gallery"
NETWORKS = {"lite": "lite", "vgg19": "VGG19"}
TECHNIQUES = {
    "basic": ("Whole style", "The whole style image on the whole content image.", "../how-to/my-photo.md"),
    "region": ("By region", "Each region takes the style of its match.", "../how-to/regions.md"),
    "mask": ("By mask", "The style follows a soft mask.", "../how-to/masks.md"),
    "patch": ("By patch", "Each patch takes the style of the most similar patch.", "../how-to/patches.md"),
    "doodle": ("From a doodle", "A drawing in flat colors becomes a painting.", "../how-to/doodles.md"),
    "plan": ("By plan", "Several paintings, each in its place.", "../how-to/plans.md"),
}
"""Title, subtitle and page of each technique."""

PICTURE = """(gallery-{name})=
## {title}

![{title}]({name}.webp)

```
{commands}
```

{files}
{inputs}

{network}, {width} x {height} pixels, {seconds:.0f} processor seconds from start to file.
"""

WIDE = "---\nhtml_theme.sidebar_secondary.remove: true\n---\n\n"
"""What leaves the width of the list of contents to the thumbnails."""

CARD = """:::{{grid-item-card}} {title}
:img-top: thumbnails/{name}.webp
:img-alt: {title}
:link: gallery-{name}
:link-type: ref
:class-title: gallery-title
:::
"""


def write(app: Sphinx) -> None:
    """Write the page of thumbnails, and one page for each technique."""
    results = json.loads((GALLERY / "results.json").read_text(encoding="utf-8"))
    for name, picture in results.items():
        picture["name"] = name
    write_page(GALLERY / "index.md", overview(results))
    for technique in shown(results):
        title, subtitle, page = TECHNIQUES[technique]
        pictures = [picture_text(each) for each in results.values() if each["technique"] == technique]
        head = f"# {title}\n\n{subtitle} [How to]({page}).\n"
        write_page(GALLERY / f"{technique}.md", "\n".join([head, *pictures]))


def leave_out(app: Sphinx, docname: str, source: list[str]) -> None:
    """Leave pictures of the gallery that are not made yet out of a page."""

    def made(match: re.Match[str]) -> str:
        return match[0] if (GALLERY / match["name"]).exists() else ""

    source[0] = re.sub(r"!\[[^\]]*\]\(\.\./gallery/(?P<name>[\w-]+\.webp)\)", made, source[0])


def shown(results: dict[str, dict[str, Any]]) -> list[str]:
    """Return the techniques that have pictures."""
    having = {each["technique"] for each in results.values()}
    return [technique for technique in TECHNIQUES if technique in having]


def overview(results: dict[str, dict[str, Any]]) -> str:
    """Return the page of all thumbnails."""
    sections = []
    for technique in shown(results):
        cards = [CARD.format(**each) for each in results.values() if each["technique"] == technique]
        sections += [f"## {TECHNIQUES[technique][0]}\n", "::::{grid} 2 2 3 3\n:gutter: 2\n", *cards, "::::\n"]
    samples = "[samples](../reference/samples.md)"
    lead = f"{len(results)} results from the {samples} and other pictures of scikit-image. Click one."
    head = f"{WIDE}# Gallery\n\n{lead}\n"
    return "\n".join([head, *sections, "```{toctree}", ":hidden:", "", *shown(results), "```", ""])


def picture_text(picture: dict[str, Any]) -> str:
    """Return a picture with its commands, its inputs, and what it took."""
    width, height = picture["size"]
    seconds, network = picture["cpu_seconds"], NETWORKS[picture["network"]]
    commands = "\n".join(picture["commands"])
    names = dict.fromkeys(re.findall(r"samples/[\w-]+\.(?:jpg|png)", commands))
    inputs = " ".join(f"![{name}](../../{name}){{.input}}" for name in names)
    files = "\n".join(file_text(name, text) for name, text in picture.get("files", {}).items())
    return PICTURE.format(
        files=files,
        name=picture["name"],
        title=picture["title"],
        commands=commands,
        inputs=inputs,
        network=network,
        width=width,
        height=height,
        seconds=seconds,
    )


def file_text(name: str, text: str) -> str:
    """Return a file that the commands of a picture need, with its name."""
    language = {"py": "python"}.get(name.rpartition(".")[2], name.rpartition(".")[2])
    return f"`{name}`:\n\n```{language}\n{text.strip()}\n```\n"
