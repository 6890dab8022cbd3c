"""The public names of the rooms images, maps, masks and drafting: present, documented, and loaded on first use."""

from __future__ import annotations

import importlib
import subprocess
import sys

import pytest

ROOMS = ["maskstyle.images", "maskstyle.maps", "maskstyle.masks", "maskstyle.drafting"]


@pytest.mark.parametrize("name", ROOMS)
def test_every_public_name_can_be_imported(name):
    room = importlib.import_module(name)
    assert room.__all__ == sorted(room.__all__)
    assert set(room.__all__) <= set(dir(room))
    for public in room.__all__:
        value = getattr(room, public)
        assert not callable(value) or value.__doc__


def test_importing_the_rooms_loads_no_numpy():
    program = f"import sys, {', '.join(ROOMS)}; print(sorted({{'numpy', 'PIL', 'tensorflow'}} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
