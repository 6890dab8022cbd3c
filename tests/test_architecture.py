"""TensorFlow starts where it should, and the public names are there; import-linter checks the order of imports."""

from __future__ import annotations

import ast
import importlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

import maskstyle

PACKAGE = Path(maskstyle.__file__).parent


def loaded_by(statement):
    """Return the names of the modules that a fresh interpreter has loaded after a statement."""
    program = f"{statement}\nimport sys\nprint('\\n'.join(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=PACKAGE.parent
    )
    return set(done.stdout.split())


def test_importing_the_package_loads_nothing_heavy():
    loaded = loaded_by("import maskstyle; assert 'transfer_basic' in dir(maskstyle)")
    assert "maskstyle" in loaded
    assert not loaded & {"tensorflow", "keras", "numpy", "scipy", "PIL", "skimage", "h5py"}


def test_what_comes_before_the_long_work_does_not_load_tensorflow():
    loaded = loaded_by(
        "import maskstyle, maskstyle.cli.app, maskstyle.techniques.plan\n"
        "maskstyle.Settings, maskstyle.RECIPES, maskstyle.load_image, maskstyle.choose_network"
    )
    assert {"maskstyle.networks.load", "maskstyle.images.io"} <= loaded
    assert not loaded & {"tensorflow", "keras"}


def test_public_names():
    assert sorted(maskstyle.__all__) == sorted(maskstyle._HOMES)
    assert set(dir(maskstyle)) == {*maskstyle.__all__, "__version__"}
    for name in maskstyle.__all__:
        value = getattr(maskstyle, name)
        assert value is getattr(importlib.import_module(f"maskstyle.{maskstyle._HOMES[name]}"), name)
        if callable(value):
            assert value.__doc__
    with pytest.raises(AttributeError, match="no attribute 'transfer_nothing'"):
        maskstyle.transfer_nothing  # noqa: B018


def test_public_names_are_those_that_type_checkers_see():
    tree = ast.parse((PACKAGE / "__init__.py").read_text(encoding="utf-8"))
    seen = {
        alias.name: node.module.removeprefix("maskstyle.")
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module.startswith("maskstyle.")
        for alias in node.names
    }
    assert seen == maskstyle._HOMES


def test_tensorflow_starts_quietly_unless_a_level_is_set():
    silencers = ("TF_CPP_MIN_LOG_LEVEL", "KERAS_BACKEND", "TF_ENABLE_ONEDNN_OPTS")
    environment = {name: value for name, value in os.environ.items() if name not in silencers}
    program = "import maskstyle, os; maskstyle.transfer_basic; print(os.environ['TF_CPP_MIN_LOG_LEVEL'])"
    for level, expected in (({}, "3"), ({"TF_CPP_MIN_LOG_LEVEL": "1"}, "1")):
        done = subprocess.run(
            [sys.executable, "-c", program],
            capture_output=True,
            text=True,
            check=True,
            cwd=PACKAGE.parent,
            env={**environment, **level},
        )
        assert done.stdout.strip() == expected
        if not level:
            assert done.stderr == ""
