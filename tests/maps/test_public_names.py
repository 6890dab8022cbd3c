"""The public names of images, maps, masks and drafting: present, documented, and loaded on first use."""

from __future__ import annotations

import importlib
import subprocess
import sys
from pathlib import Path

import pytest

import maskstyle

ROOMS = ["maskstyle.images", "maskstyle.maps", "maskstyle.masks", "maskstyle.drafting"]


def loaded_by(statements):
    """Return the names of the modules that a fresh interpreter has loaded after some statements."""
    done = subprocess.run(
        [sys.executable, "-c", f"{statements}; import sys; print(*sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(maskstyle.__file__).parents[1],
    )
    return set(done.stdout.split())


@pytest.mark.parametrize("name", ROOMS)
def test_every_public_name_can_be_imported(name):
    room = importlib.import_module(name)
    assert room.__all__ == sorted(room.__all__)
    assert set(room.__all__) <= set(dir(room))
    for public in room.__all__:
        value = getattr(room, public)
        assert not callable(value) or value.__doc__


def test_importing_the_rooms_loads_no_numpy():
    assert not loaded_by(f"import {', '.join(ROOMS)}") & {"numpy", "PIL", "scipy", "tensorflow"}


def test_maps_and_masks_do_not_load_tensorflow():
    loaded = loaded_by("from maskstyle.maps import load_map; from maskstyle.masks import load_mask")
    assert "numpy" in loaded
    assert "tensorflow" not in loaded
