"""Sphinx's configuration: ``sphinx-build -W docs build/site`` builds the site, which needs no network."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import ClassVar

from pygments.lexer import RegexLexer
from pygments.token import Comment, Name, Whitespace
from sphinx.application import Sphinx

sys.path.insert(0, str(Path(__file__).parent))

import adopted
import offline
import pages_from_code
import pages_from_results
import search_words

import maskstyle

project = "maskstyle"
author = "the maskstyle authors"
project_copyright = "the maskstyle authors, Apache-2.0"
version = release = maskstyle.__version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx_copybutton", "sphinx_design"]
exclude_patterns = ["images", "Thumbs.db"]
highlight_language = "command"  # of blocks without a language
html_theme = "pydata_sphinx_theme"
html_title = "maskstyle"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_show_sourcelink = False
html_sidebars: dict[str, list[str]] = {"gallery/index": []}  # the thumbnails take its width
html_theme_options = {
    "logo": {"text": "maskstyle"},
    "navbar_align": "left",
    "navbar_end": ["theme-switcher"],
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": [],
    "header_links_before_dropdown": 6,
    "show_prev_next": True,
    "pygments_light_style": "a11y-high-contrast-light",
}

myst_heading_anchors = 3
myst_enable_extensions = ["colon_fence", "attrs_inline"]

nitpicky = True
nitpick_ignore_regex = [("py:class", ".*")]  # types of parameters are prose, such as "(H, W) float32 array"
autodoc_typehints = "none"  # the docstrings say more: shapes and ranges
autodoc_member_order = "bysource"
napoleon_google_docstring = False
napoleon_use_rtype = False
napoleon_use_param = False
copybutton_prompt_text = "$ "


class CommandLexer(RegexLexer):  # type: ignore[misc]  # untyped
    """Tells the words of commands apart, so that long ones wrap between them and not at the hyphens of options."""

    name = "command"
    tokens: ClassVar = {"root": [(r"# .*", Comment), (r"\S+", Name), (r"\s+", Whitespace)]}


def setup(app: Sphinx) -> None:
    """Write the pages that are made from code and results, and check what was built."""
    app.add_lexer("command", CommandLexer)
    app.connect("builder-inited", pages_from_code.write)
    app.connect("builder-inited", pages_from_results.write)
    app.connect("builder-inited", adopted.write)
    app.connect("source-read", adopted.link)
    app.connect("source-read", pages_from_results.leave_out)
    app.connect("source-read", search_words.add)
    app.connect("build-finished", offline.check)
