"""Mutated plans: each is read and its scene made, or refused with one error."""

from __future__ import annotations

from pathlib import Path

import tomli_w
from fuzz.mutations import changed_bytes, changed_tree
from fuzz.watching import read_safely
from hypothesis import given
from hypothesis import strategies as st

from maskstyle.plans.load import check_files, load_plan
from maskstyle.plans.read import read_plan

STYLES = {"one": {"image": "style.png", "map": "style_map.png"}, "two": {"image": "style.png", "scale": 2.0}}

PLANS = (
    {
        "technique": "plan",
        "content": "content.png",
        "content_map": "content_map.png",
        "output": "out.png",
        "feather": 2.0,
        "palette": ["red", "blue"],
        "settings": {"size": 16, "scales": 1, "steps": 2, "style_layers": {"block1_conv1": 1.0}, "seed": 3},
        "run": {"memory": 4.0, "tile_size": 64, "snapshot_every": 1},
        "styles": STYLES,
        "region": [
            {"region": "red", "style": "one", "style_region": "blue", "strength": 0.5, "color": "match"},
            {"mask": "mask.png", "complement": True, "style": "two", "style_mask": "mask.png", "scale": 0.5},
        ],
    },
    {
        "technique": "patch",
        "content": "content.png",
        "content_map": "content_map.png",
        "mapping": {"red": "blue"},
        "unmatched": "error",
        "settings": {"size": "32x24", "init": "noise", "content_layers": {"block1_conv2": 1.0}, "style_weight": 2.0},
        "patches": {"patch_size": 8, "patch_stride": 4, "patch_offset": [1, 2]},
        "styles": {"one": STYLES["one"]},
    },
    {
        "technique": "basic",
        "content": "content.png",
        "recipe": "default",
        "settings": {"size": 32, "init": "style.png", "denoise": 0.1, "tolerance": 0.0, "full_size": True},
        "styles": {"one": {"image": "style.png", "share": 0.3}, "two": {"image": "style.png", "share": 0.7}},
    },
)
TEXTS = [tomli_w.dumps(plan).encode() for plan in PLANS]


def as_toml(plan):
    """Return a plan as TOML, or nothing where TOML cannot say it."""
    try:
        return tomli_w.dumps(plan).encode()
    except (TypeError, ValueError):
        return b""


texts = st.sampled_from(TEXTS).flatmap(changed_bytes) | st.sampled_from(PLANS).flatmap(changed_tree).map(as_toml)


def scene_of(path):
    """Do all that happens before painting."""
    plan = read_plan(path)
    check_files(plan)
    return load_plan(plan).scene()


def test_the_plans_that_are_mutated_are_right(desk):
    for text in TEXTS:
        (desk / "plan.toml").write_bytes(text)
        assert scene_of(desk / "plan.toml").sizes


@given(texts)
def test_a_mutated_plan_is_read_or_refused(text):
    path = Path("plan.toml")
    path.write_bytes(text)
    with read_safely():
        scene_of(path)
