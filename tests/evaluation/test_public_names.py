"""The public names of `maskstyle.evaluation`, which load on use."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import maskstyle
from maskstyle import evaluation


@pytest.mark.parametrize("name", evaluation.__all__)
def test_public_names_are_documented(name):
    assert name in dir(evaluation)
    assert getattr(evaluation, name).__doc__


def test_importing_the_package_does_not_import_numpy():
    program = "import sys, maskstyle.evaluation; sys.exit('numpy' in sys.modules)"
    folder = Path(maskstyle.__file__).parents[1]
    assert subprocess.run([sys.executable, "-c", program], cwd=folder, check=False).returncode == 0
