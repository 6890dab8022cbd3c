"""tools/check_wheel: what archives hold, and what is installed and run from them."""

from __future__ import annotations

import platform
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "tools"))
import check_wheel


def wheel(path, names):
    with zipfile.ZipFile(path, "w") as file:
        for name in names:
            file.writestr(name, "text")
    return path


def test_a_wheel_is_listed_by_folder(tmp_path, capsys):
    check_wheel.check(wheel(tmp_path / "one.whl", check_wheel.IN_WHEEL))
    assert "one.whl: 6 files" in (printed := capsys.readouterr().out)
    assert "maskstyle/networks" in printed


def test_sources_are_named_without_their_first_folder(tmp_path):
    path = tmp_path / "one.tar.gz"
    with tarfile.open(path, "w:gz") as file:
        file.add(__file__, "maskstyle-1/tests/one.py")
    assert list(check_wheel.names_in(path)) == ["tests/one.py"]


def test_what_is_missing_or_foreign_is_named(tmp_path):
    names = [*check_wheel.IN_WHEEL[1:], "maskstyle/__pycache__/one.pyc"]
    with pytest.raises(SystemExit, match=r"lacks \['maskstyle/py.typed'\], and should not hold .*one.pyc"):
        check_wheel.check(wheel(tmp_path / "one.whl", names))


def test_the_lowest_python_is_the_one_that_the_package_requires():
    versions = check_wheel.versions()
    assert len(versions) > 1
    assert f'requires-python = ">={versions[0]}"' in (check_wheel.ROOT / "pyproject.toml").read_text()


def test_a_python_is_found_by_its_version():
    own = ".".join(platform.python_version_tuple()[:2])
    assert check_wheel.interpreter(own) is not None
    assert check_wheel.interpreter("2.0") is None


def test_the_python_that_runs_takes_the_place_of_a_missing_one(capsys):
    own = ".".join(platform.python_version_tuple()[:2])
    assert check_wheel.python_for("2.0") == (sys.executable, own)
    assert capsys.readouterr().out.startswith("NOT TESTED: Python 2.0, which this machine does not have")
    assert check_wheel.python_for(own)[1] == own


def test_only_the_first_picture_is_painted():
    commands = list(check_wheel.readme_commands())
    painting = [each for each in commands if each[0] in check_wheel.PAINTING]
    assert ["--steps" in each for each in painting] == [True] + [False] * (len(painting) - 1)
    assert all("--dry-run" in each for each in painting[1:])
    assert ["samples", "copy"] in commands
