"""What holds for every technique of the registry, on small inputs of its own."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from reference import TINY19, he_weights, random_image
from small_scenes import BLUE, LAYERS, RED, SETTINGS, side_by_side, stacked

import maskstyle
from maskstyle import Checkpoints, Limits, PatchSettings, PlanRegion, Run, StyleImage
from maskstyle.errors import CheckpointError
from maskstyle.settings import without_content
from maskstyle.techniques import TECHNIQUES
from maskstyle.techniques.inputs import arrays_in
from maskstyle.techniques.registry import LISTED

SMALL, LARGE = (20, 24), (24, 80)


def given(name, size=SMALL):
    """Return the inputs of a technique for a picture of a size; a new technique adds its line here."""
    content, style = random_image(1, *size), random_image(2, size[0] - 2, size[1]) ** 2
    content_map, style_map = side_by_side(size), stacked(style.shape[:2], (BLUE, RED))
    maps = {"content_map": content_map, "style_map": style_map}
    ramp = np.tile(np.linspace(0, 1, size[1], dtype=np.float32), (size[0], 1))
    return {
        "basic": {"content": content, "style": style},
        "region": {"content": content, "style": style, **maps},
        "mask": {"content": content, "styles": [style], "masks": [ramp]},
        "patch": {"content": content, "style": style, "patches": PatchSettings(patch_size=8), **maps},
        "doodle": {"style": style, "doodle": content_map, "style_map": style_map},
        "plan": {
            "content": content,
            "regions": [PlanRegion(RED, style=StyleImage(style))],
            "content_map": content_map,
        },
    }[name]


@pytest.fixture
def painted(tiny_choice):
    """Return a function that paints with a technique: its small inputs but for those given, the rest as settings."""

    def painted(name, *, inputs=None, network=None, limits=None, **others):
        of_run = {key: others.pop(key, None) for key in ("on_step", "should_stop", "checkpoints")}
        settings = SETTINGS.changed(**others)
        if name == "doodle":
            settings = without_content(settings)
        run = Run(network or tiny_choice(LAYERS), limits or Limits(), **of_run)
        transfer = getattr(maskstyle, f"transfer_{name}")
        return transfer(**given(name) | (inputs or {}), settings=settings, run=run)

    return painted


def test_the_registry_lists_every_technique_under_its_files_name():
    folder = Path(maskstyle.__file__).parent / "techniques"
    shared = {"__init__", "checks", "copying", "edges", "inputs", "registry", "understood", "without_effect"}
    assert set(TECHNIQUES) == {path.stem for path in folder.glob("*.py")} - shared
    assert [each.name for each in LISTED] == list(TECHNIQUES)
    for name, inputs in TECHNIQUES.items():
        assert inputs.technique == name
        assert getattr(maskstyle, f"transfer_{name}").__module__ == "maskstyle"


@pytest.mark.parametrize("name", TECHNIQUES)
def test_functions_are_documented_as_their_inputs_are(name):
    inputs, transfer = TECHNIQUES[name], getattr(maskstyle, f"transfer_{name}")
    documented = transfer.__doc__
    assert transfer.__name__ == f"transfer_{name}"
    assert documented.startswith(inputs.__doc__.split("\n")[0])
    for section in ("Parameters", "Returns", "Raises", "Examples"):
        assert documented.count(f"\n{section}\n{'-' * len(section)}\n") == 1
    for field in given(name):
        assert field in documented


COMPILED = [(name, "lbfgs") for name in TECHNIQUES if name not in ("doodle", "plan")]
"""Techniques with terms that others lack are compiled, with one optimizer, as it does not see the graph."""


EAGER = [("doodle", "lbfgs"), ("plan", "lbfgs"), ("basic", "adam")]


@pytest.mark.parametrize(("name", "optimizer"), [*COMPILED, *EAGER])
def test_three_steps_lower_the_loss(request, painted, name, optimizer):
    if (name, optimizer) in EAGER:
        request.getfixturevalue("eagerly")
    steps = []
    init = "colors" if name == "doodle" else "content"
    result = painted(name, optimizer=optimizer, init=init, steps=3, on_step=steps.append)
    assert [step.step for step in steps] == [1, 2, 3]
    assert sum(result.losses.values()) == min(step.total for step in steps) < steps[0].total
    assert result.image.dtype == np.float32
    assert result.image.shape == (*SMALL, 3)
    assert result.image.min() >= 0
    assert result.image.max() <= 1
    assert result.technique == name
    settings = SETTINGS.changed(optimizer=optimizer, init="content", steps=3, underpainting="none")
    if name == "doodle":  # which has no content image
        settings = settings.changed(content_weight=0.0, init="colors")
    assert result.settings == settings
    assert (result.network, result.compute_type) == ("tiny19", "float32")
    assert [report.evaluations for report in result.scales] == [3]
    assert len(result.steps) == 3
    assert result.notes == (("`content_layers` has no effect in doodle",) if name == "doodle" else ())


@pytest.mark.parametrize("name", TECHNIQUES)
def test_same_seed_same_picture_whatever_becomes_of_the_callers_arrays(painted, eagerly, name):
    theirs = given(name)

    def spoil(step):
        for array in arrays_in(list(theirs.values())):
            array[...] = 0

    options = {"init": "noise", "steps": 2, "scales": 2, "seed": 3}
    first = painted(name, **options).image
    assert_array_equal(painted(name, inputs=theirs, on_step=spoil, **options).image, first)


def test_another_seed_another_picture(painted, eagerly):
    first, other = (painted("basic", init="noise", steps=1, seed=seed).image for seed in (3, 4))
    assert not np.array_equal(first, other)


@pytest.mark.parametrize("name", TECHNIQUES)
def test_an_interrupted_run_resumes_as_if_nothing_had_happened(painted, eagerly, name, tmp_path):
    path = tmp_path / "checkpoint"
    changes = {"optimizer": "lbfgs", "scales": 2, "size": 24}
    undisturbed = painted(name, **changes)

    asked = []
    painted(name, should_stop=lambda: (asked.append(0), len(asked) == 4)[1], checkpoints=Checkpoints(path), **changes)
    checkpoints = Checkpoints(path, resume=True)
    resumed = painted(name, checkpoints=checkpoints, **changes)

    assert_array_equal(resumed.image, undisturbed.image)
    assert_array_equal(resumed.alpha, undisturbed.alpha)
    assert resumed.losses == undisturbed.losses
    assert [scale.resumed_after for scale in resumed.scales] == [(), (1,)]
    assert resumed.record()["resumed_after"] == [[], [1]]
    assert resumed.notes == undisturbed.notes
    checkpoints.remove()
    assert not path.exists()


def test_a_run_that_is_interrupted_between_two_sizes_resumes_too(painted, eagerly, tmp_path):
    path = tmp_path / "checkpoint"
    changes = {"optimizer": "lbfgs", "scales": 2, "size": 24}
    asked = []
    painted(
        "basic", should_stop=lambda: (asked.append(0), len(asked) == 3)[1], checkpoints=Checkpoints(path), **changes
    )
    resumed = painted("basic", checkpoints=Checkpoints(path, resume=True), **changes)
    assert_array_equal(resumed.image, painted("basic", **changes).image)
    assert [scale.resumed_after for scale in resumed.scales] == [(2,), ()]


@pytest.mark.parametrize("name", TECHNIQUES)
def test_tiles_change_how_a_picture_is_computed_but_not_what_it_shows(painted, eagerly, name):
    changes = {"size": max(LARGE), "optimizer": "adam", "steps": 2}
    in_one_piece, in_tiles = (
        painted(name, limits=Limits(tile_size=tile_size), inputs=given(name, LARGE), **changes)
        for tile_size in (None, 64)
    )
    assert in_one_piece.limits.tile_size is None
    assert in_tiles.limits.tile_size == 64
    assert_allclose(in_tiles.image, in_one_piece.image, atol=2e-3)
    assert in_tiles.losses == pytest.approx(in_one_piece.losses, rel=1e-3)


@pytest.fixture(scope="module")
def known():
    """Return the checkpoints of runs with the small inputs by technique, which `begun` fills in."""
    return {}


@pytest.fixture
def begun(painted, eagerly, tmp_path, known):
    """Return a function to the checkpoint of a run with the small inputs of a technique, which can be resumed."""

    def begun(name):
        path = tmp_path / name
        if name not in known:
            for resume in (False, True):
                painted(name, should_stop=lambda: True, checkpoints=Checkpoints(path, resume=resume))
            known[name] = path.read_bytes()
        path.write_bytes(known[name])
        return Checkpoints(path, resume=True)

    return begun


@pytest.mark.parametrize("name", TECHNIQUES)
def test_a_checkpoint_of_another_run_is_refused(painted, begun, name):
    init = "auto" if name == "doodle" else "recolored"
    with pytest.raises(CheckpointError, match=r"different run: style_weight was None and is 3.0; restore the set"):
        painted(name, checkpoints=begun(name), style_weight=3.0, init=init)
    other = "region" if name != "region" else "basic"
    with pytest.raises(CheckpointError, match=f"technique was {other} and is {name}, "):
        painted(name, checkpoints=begun(other))


FLIPPED = side_by_side(SMALL, (BLUE, RED))

CHANGED_INPUTS = [
    ("content image", "basic", {"content": random_image(7, *SMALL)}),
    ("style images", "basic", {"style": [random_image(7, 9, 9), random_image(8, 9, 9)]}),
    ("style shares", "basic", {"style_shares": [2.0]}),
    ("alpha", "basic", {"alpha": np.ones(SMALL, np.float32)}),
    ("initial image", "basic", {"initial": random_image(7, 9, 9)}),
    ("masks", "mask", {"masks": [np.ones(SMALL, np.float32)]}),
    ("strengths", "mask", {"strengths": [0.8]}),
    ("style image", "region", {"style": random_image(7, 18, 24)}),
    ("content map", "region", {"content_map": FLIPPED}),
    ("mapping", "region", {"mapping": [(RED, BLUE), (BLUE, RED)]}),
    ("strengths", "region", {"strengths": [(RED, 0.8)]}),
    ("feather was 0.0 and is 3.0", "region", {"feather": 3.0}),
    ("unmatched was error and is keep", "region", {"unmatched": "keep"}),
    ("patch_size was 8 and is 6", "patch", {"patches": PatchSettings(patch_size=6)}),
    ("doodle", "doodle", {"doodle": FLIPPED}),
    ("matching was region and is patch", "doodle", {"matching": "patch"}),
    ("regions", "plan", {"regions": [PlanRegion(BLUE, style=StyleImage(random_image(2, 9, 9)))]}),
    ("transparent was False and is True", "plan", {"transparent": True}),
]
"""What is said where an input that a run depends on differs, a technique that has it, and another value."""


@pytest.mark.parametrize(("says", "name", "changed"), CHANGED_INPUTS)
def test_other_inputs_are_another_run(painted, says, name, changed, begun):
    with pytest.raises(CheckpointError) as caught:
        painted(name, inputs=changed, checkpoints=begun(name))
    assert (says if " was " in says else f"different {says}") in str(caught.value)


def test_another_network_is_another_run(painted, tiny_choice, tiny_network, eagerly, tmp_path):
    def begin(*, resume, **others):
        checkpoints = Checkpoints(tmp_path / "own", resume=resume)
        painted("basic", should_stop=lambda: True, checkpoints=checkpoints, **others)

    begin(resume=False, network=tiny_choice(LAYERS))
    begin(resume=True, network=tiny_network(LAYERS, padding=SETTINGS.padding))  # the same, given loaded
    with pytest.raises(CheckpointError, match="padding was edge and is zero"):
        begin(resume=True, network=tiny_network(LAYERS, padding="zero"))
    with pytest.raises(CheckpointError, match="compute type was float32 and is bfloat16"):
        begin(resume=True, network=tiny_choice(LAYERS, "bfloat16"))
    weights = he_weights(TINY19, TINY19.layers, seed=1)
    with pytest.raises(CheckpointError, match="different weights of the network"):
        begin(resume=True, network=tiny_network(LAYERS, padding=SETTINGS.padding, weights=weights))


def test_a_run_may_be_resumed_with_other_limits(painted, eagerly, tmp_path):
    """Such as one that was killed for lack of memory, in smaller tiles."""
    for resume, limits in ((False, Limits()), (True, Limits(tile_size=64)), (True, Limits(memory=8.0))):
        checkpoints = Checkpoints(tmp_path / "own", resume=resume)
        painted("basic", limits=limits, should_stop=lambda: True, checkpoints=checkpoints)
