"""Write the pages of the reference that are made from the code."""

from __future__ import annotations

from adopted import DOCS, write_page
from pages_of_commands import commands_page
from pages_of_python import api_index, api_modules, api_page
from pages_of_settings import plan_keys_page, recipes_page, settings_page
from sphinx.application import Sphinx

REFERENCE = DOCS / "reference"


def write(app: Sphinx) -> None:
    """Write all pages that are made from the code."""
    write_page(REFERENCE / "commands.md", "\n".join(commands_page()))
    write_page(REFERENCE / "settings.md", "\n".join(settings_page()))
    write_page(REFERENCE / "plan-keys.md", "\n".join(plan_keys_page()))
    write_page(REFERENCE / "recipe-settings.md", "\n".join(recipes_page()))
    write_page(REFERENCE / "api" / "index.md", "\n".join(api_index()))
    for name in api_modules():
        write_page(REFERENCE / "api" / f"{name}.md", "\n".join(api_page(name)))
