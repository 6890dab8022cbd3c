"""The pages of the public names, made from docstrings by autodoc."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Iterator
from types import ModuleType
from typing import Any

from markdown_text import table

import maskstyle

ROOMS = ("errors", "maps", "masks", "images", "drafting", "evaluation", "networks", "plans", "techniques")


def api_index() -> Iterator[str]:
    """Yield the lines of the page that lists the modules of the public API."""
    yield "# Python\n"
    yield "The public names, by module; all else is internal. [From Python](../../how-to/python.md) shows how.\n"
    yield from table(("module", ""), [(f"[`{name}`]({name}.md)", summary(name)) for name in api_modules()])
    yield "\n".join(["```{toctree}", ":hidden:", "", *api_modules(), "```", ""])


def api_modules() -> list[str]:
    """Return the names of the modules with public names."""
    return ["maskstyle", *(f"maskstyle.{room}" for room in ROOMS)]


def summary(name: str) -> str:
    """Return the first sentence of a module's docstring."""
    return (importlib.import_module(name).__doc__ or "").strip().splitlines()[0]


def api_page(name: str) -> Iterator[str]:
    """Yield the lines of the page of a module: each public name with its docstring."""
    module = importlib.import_module(name)
    yield f"# {name}\n\n{summary(name)}\n\n```{{eval-rst}}\n.. currentmodule:: {name}\n"
    for each in public_names(module):
        value = getattr(module, each)
        if inspect.isclass(value) and value.__module__.startswith("maskstyle"):
            yield f".. autoclass:: {each}\n   :members:\n"
        elif inspect.isroutine(value):
            yield f".. autofunction:: {each}\n"
        elif not type(value).__module__.startswith("maskstyle"):
            yield f".. py:data:: {each}\n\n   {words_of(value)}\n"
        else:
            yield f".. autodata:: {each}\n   :no-value:\n"
    yield "```"


def words_of(value: Any) -> str:
    """Return what a constant or the name of a type stands for."""
    words = getattr(next(iter(getattr(value, "__metadata__", ())), None), "words", None)
    return f"Type: {words}." if words else f"``{value!r}``"


def public_names(module: ModuleType) -> list[str]:
    """Return the public names of a module, except for modules, and of the errors, except for the one at the top."""
    if hasattr(module, "__all__"):
        return [name for name in module.__all__ if not inspect.ismodule(getattr(module, name))]
    classes = inspect.getmembers(module, inspect.isclass)
    return [name for name, value in classes if value.__module__ == module.__name__ and not hasattr(maskstyle, name)]


if maskstyle.__doc__ is None:
    raise SystemExit("the reference is made from docstrings; run Python without -OO")
