"""Mutated records of results: a plan is made that can be read, or they are refused with one error."""

from __future__ import annotations

from pathlib import Path

import pytest
from fuzz.mutations import Whole, changed_bytes, changed_tree, json_only, plain
from fuzz.watching import read_safely
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from maskstyle.cli.app import app
from maskstyle.images.io import load_image, read_metadata, save_image
from maskstyle.plans.read import read_plan
from maskstyle.settings import Settings

SETTINGS = {name: getattr(Settings(size=32), name) for name in ("size", "steps", "seed", "content_layers", "init")}

PLAN = {
    "technique": "plan",
    "content": "content.png",
    "content_map": "content_map.png",
    "styles": {"one": {"image": "style.png", "map": "style_map.png"}},
    "region": [{"region": "#ff0000", "style": "one", "style_region": "#0000ff", "strength": 0.5, "color": "style"}],
}
RECORD = {
    "version": "0.5.0",
    "command": "plan",
    "network": "lite",
    "compute_type": "float32",
    "settings": SETTINGS,
    "run": {"memory": 2.0, "tile_size": None},
    "inputs": {"plan": PLAN, "initial": None, "weights": "embedded", "notes": []},
    "sha256": {"content.png": "0" * 64, "style.png": "0" * 64},
    "stopped_because": "steps",
}
OLD_RECORD = {
    **RECORD,
    "version": "0.4.0",
    "command": "basic",
    "inputs": {"content": "content.png", "styles": [["style.png", 1.0]], "initial": None, "weights": "w.npz"},
}


def plan_from(path):
    """Return what ``maskstyle plan from`` printed where it refused; the plan is in plan.toml otherwise."""
    done = CliRunner().invoke(app, ["plan", "from", str(path), "-o", "plan.toml"])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert done.exit_code in (0, 2)
    if done.exit_code:
        assert done.stderr.startswith("error: ")
    return done.stderr if done.exit_code else ""


def check(path):
    """Check that a plan is made that can be read, or that there is one error."""
    plan = Path("plan.toml")
    plan.unlink(missing_ok=True)
    with read_safely(plan.absolute(), plan):
        refused = plan_from(path)
    assert plan.exists() != bool(refused)
    if not refused:
        read_plan(plan)


@pytest.mark.parametrize("record", [RECORD, OLD_RECORD], ids=["new", "old"])
def test_the_records_that_are_mutated_are_right(desk, record):
    save_image("out.png", load_image("content.png").pixels, metadata=record)
    check("out.png")
    assert Path("plan.toml").exists()


@given(st.sampled_from([RECORD, OLD_RECORD]).flatmap(lambda record: changed_tree(record, plain | json_only)))
def test_a_mutated_record_is_a_plan_or_refused(record):
    save_image("out.png", load_image("content.png").pixels, metadata=record)
    check("out.png")


@given(st.data())
def test_a_mutated_file_is_read_or_refused(data):
    save_image("whole.png", load_image("content.png").pixels, metadata=RECORD)
    Path("out.png").write_bytes(data.draw(changed_bytes(Whole(Path("whole.png").read_bytes()))))
    check("out.png")
    with read_safely() as reading:
        read_metadata("out.png")
    assert "\n" not in reading.error
