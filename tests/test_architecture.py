"""Public names are there and documented, and load nothing before it is needed; import-linter checks the layers."""

from __future__ import annotations

import importlib
import inspect
import os
import subprocess
import sys
from pathlib import Path
from unittest.mock import Mock

import pytest

import maskstyle
from maskstyle.networks.tensorflow_import import import_tensorflow

PACKAGE = Path(maskstyle.__file__).parent
ROOMS = sorted(f"maskstyle.{stub.parent.name}" for stub in PACKAGE.glob("*/__init__.pyi"))
HEAVY = {"tensorflow", "keras", "numpy", "scipy", "PIL", "skimage", "h5py"}


def loaded_by(statements):
    """Return the names of the modules that a fresh interpreter has loaded after some statements."""
    program = f"{statements}\nimport sys\nprint('\\n'.join(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=PACKAGE.parent
    )
    return set(done.stdout.split())


def test_every_room_with_public_names_is_checked():
    names = ["drafting", "evaluation", "images", "maps", "masks", "networks", "plans", "techniques"]
    assert set(ROOMS) >= {f"maskstyle.{name}" for name in names}


@pytest.mark.parametrize("name", ["maskstyle", *ROOMS])
def test_every_public_name_can_be_imported_and_is_documented(name):
    room = importlib.import_module(name)
    assert room.__doc__
    public = set(room.__all__)
    assert public
    assert public <= set(dir(room))
    for each in public:
        value = getattr(room, each)
        if inspect.isclass(value) or inspect.isroutine(value):
            assert value.__doc__, each
    with pytest.raises(AttributeError, match="nothing_of_that_name"):
        room.nothing_of_that_name  # noqa: B018


@pytest.mark.parametrize(
    "names",
    [
        {"transfer_basic", "transfer_region", "transfer_mask", "transfer_patch", "transfer_doodle", "transfer_plan"},
        {"Settings", "DOODLE_SETTINGS", "PatchSettings", "Limits", "PlanRegion", "StyleImage"},
        {"load_image", "load_map", "load_mask", "save_image", "read_metadata", "read_plan"},
        {"paint", "Run", "Checkpoints", "Result", "Step", "MaskstyleError"},
        {"drafting", "evaluation", "images", "maps", "masks", "networks", "plans", "techniques"},
    ],
    ids=["functions", "values", "files", "painting", "rooms"],
)
def test_names_at_the_top(names):
    program = f"import maskstyle; print(*[maskstyle.{', maskstyle.'.join(sorted(names))}], maskstyle.__version__)"
    subprocess.run([sys.executable, "-c", program], check=True, cwd=PACKAGE.parent)
    assert names <= set(maskstyle.__all__)


def test_importing_the_package_its_rooms_and_the_command_line_loads_nothing_heavy():
    modules = {"maskstyle", "maskstyle.cli.app", "maskstyle.techniques.registry", *ROOMS}
    loaded = loaded_by(f"import {', '.join(modules)}; assert 'transfer_basic' in dir(maskstyle)")
    assert modules <= loaded
    assert not loaded & HEAVY


def test_tensorflow_is_not_loaded_before_the_long_work():
    loaded = loaded_by(
        "import maskstyle.techniques as room; list(map(room.TECHNIQUES.get, room.TECHNIQUES)); room.PlanInputs\n"
        "import maskstyle as top; top.Settings, top.load_image, top.load_map, top.read_plan, top.transfer_basic\n"
        "import maskstyle.networks as room; room.choose_network, room.load_network\n"
        "import maskstyle.cli.paint, maskstyle.cli.run, maskstyle.cli.session, maskstyle.plans.load"
    )
    assert "numpy" in loaded
    assert not loaded & {"tensorflow", "keras"}


@pytest.mark.parametrize(("level", "expected"), [(None, "3"), ("1", "1")])
def test_a_log_level_that_is_set_is_kept(monkeypatch, level, expected):
    if level is None:
        monkeypatch.delenv("TF_CPP_MIN_LOG_LEVEL", raising=False)
    else:
        monkeypatch.setenv("TF_CPP_MIN_LOG_LEVEL", level)
    monkeypatch.setitem(sys.modules, "tensorflow", Mock())
    import_tensorflow()
    assert os.environ["TF_CPP_MIN_LOG_LEVEL"] == expected
