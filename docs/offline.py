"""The site loads nothing from other hosts: no fonts, no scripts, no styles, no pictures."""

from __future__ import annotations

import re
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.errors import ExtensionError

LOADED = re.compile(
    r"""<(?:script|img|iframe|source|video|audio|embed)\b[^>]*\bsrc(?:set)?=["']?(?:https?:)?//[^"'\s>]*"""
    r"""|<link\b(?![^>]*rel=["']?canonical)[^>]*\bhref=["']?(?:https?:)?//[^"'\s>]*"""
)
LOADED_BY_STYLE = re.compile(r"""(?:@import\s+|url\(\s*)["']?(?:https?:)?//[^"')\s]*""")


def foreign(site: Path) -> list[str]:
    """Return what the pages and styles of a site load from other hosts, each with its file."""
    found = []
    for pattern, name in ((LOADED, "*.html"), (LOADED_BY_STYLE, "*.css"), (LOADED_BY_STYLE, "*.html")):
        for path in sorted(site.rglob(name)):
            text = path.read_text(encoding="utf-8", errors="replace")
            found += [f"{path.relative_to(site)}: {match[0]}" for match in pattern.finditer(text)]
    return found


def check(app: Sphinx, error: Exception | None) -> None:
    """Fail if the site that was built needs another host."""
    loads = foreign(Path(app.outdir)) if error is None and app.builder.format == "html" else []
    if loads:
        raise ExtensionError("the site must work without a network, but loads from other hosts:\n" + "\n".join(loads))
