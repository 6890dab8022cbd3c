"""``maskstyle samples`` copies what the README's commands need."""

from __future__ import annotations

import tomllib
from pathlib import Path

SAMPLES = Path(__file__).parents[2] / "samples"
FILES = sorted(path.name for path in SAMPLES.iterdir() if path.suffix in (".jpg", ".png", ".toml"))


def test_the_samples_are_copied_and_listed(desk, run):
    run("samples", "copy").succeeded()
    run("samples", "copy").succeeded()
    assert {path.name: path.read_bytes() for path in (desk / "samples").iterdir()} == {
        name: (SAMPLES / name).read_bytes() for name in FILES
    }
    assert run("samples", "list").succeeded().out.split() == FILES


def test_a_file_that_was_changed_stays_without_force(desk, run):
    (desk / "tries").mkdir()
    (desk / "tries" / "plan.toml").write_text("mine", encoding="utf-8")
    ran = run("samples", "copy", "tries")
    assert ran.code == 2
    assert ran.error.startswith("tries/plan.toml exists and differs from the sample; choose another folder")
    assert [path.name for path in (desk / "tries").iterdir()] == ["plan.toml"]
    run("samples", "copy", "tries", "--force").succeeded()
    assert (desk / "tries" / "plan.toml").read_bytes() == (SAMPLES / "plan.toml").read_bytes()


def test_the_wheel_holds_all_samples():
    project = tomllib.loads((SAMPLES.parent / "pyproject.toml").read_text(encoding="utf-8"))
    included = project["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
    assert sorted(included) == [f"samples/{name}" for name in FILES]
    assert list(included.values()) == [f"maskstyle/studio/{path}" for path in included]
