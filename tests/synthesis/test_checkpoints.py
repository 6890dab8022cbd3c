"""Checkpoints are written by the clock, resume only their own run, and never end a run that cannot write them."""

from __future__ import annotations

import numpy as np
import pytest

from maskstyle.errors import CheckpointError, SettingsError
from maskstyle.synthesis.checkpoint_file import Progress, State, read_checkpoint
from maskstyle.synthesis.checkpoints import Checkpoints, painted_from
from maskstyle.synthesis.result import StepRecord

RUN = {"technique": "basic", "settings": {"steps": 40, "layers": (("a", 1.0),)}}
PROGRESS = Progress(1, (StepRecord((2, 3), 4, 1.0, {"loss": 2.0}),), (), (), 1.0)
IMAGE = np.zeros((2, 3, 3), np.float32)
VARIABLES = {name: (IMAGE,) for name in ("image", "momentum", "velocity")}
STATE = State(IMAGE, {"loss": 2.0}, (2.0,) * 4, None, VARIABLES)


class Clock:
    """A clock that a test sets."""

    now = 0.0

    def __call__(self):
        """Return the seconds."""
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def path(tmp_path):
    return tmp_path / "out.png.checkpoint"


@pytest.fixture
def offer(clock):
    """Return a function that offers a state at a time, and says whether it was asked for."""

    def offer(checkpoints, at, *, last=False, seconds=0.0):
        clock.now = at
        asked = []

        def progress():
            asked.append(at)
            clock.now += seconds  # the duration of the write
            return PROGRESS

        checkpoints.offer(progress, lambda: STATE, last=last)
        return bool(asked)

    return offer


@pytest.fixture
def begin(path, clock):
    """Return a function that begins a run, and returns its checkpoints."""

    def begin(identity=RUN, **options):
        checkpoints = Checkpoints(path, clock=clock, **options)
        checkpoints.begin(lambda: identity)
        return checkpoints

    return begin


def test_written_by_the_clock_alone(path, begin, offer):
    checkpoints = begin()
    assert checkpoints.progress is None
    assert [at for at in range(0, 200, 7) if offer(checkpoints, at)] == [63, 126, 189]
    assert checkpoints.current
    assert read_checkpoint(path).progress == PROGRESS


def test_the_clock_restarts_at_the_end_of_a_write(begin, offer):
    checkpoints = begin(every=10)
    assert [at for at in (9, 10, 44, 45, 79, 80) if offer(checkpoints, at, seconds=25)] == [10, 45, 80]


def test_every_0_writes_none(path, begin, offer):
    checkpoints = begin(every=0)
    assert not offer(checkpoints, 10**6)
    assert not offer(checkpoints, 10**7, last=True)
    assert not path.exists()
    assert not checkpoints.current


def test_the_last_need_not_wait(path, begin, offer):
    checkpoints = begin()
    assert offer(checkpoints, 1, last=True)
    assert checkpoints.current
    assert path.exists()


def test_the_last_spares_a_different_runs_checkpoint_until_it_is_time(path, begin, offer):
    earlier = b"PK\x03\x04" + bytes(26) + b"header.json, worth hours"
    path.write_bytes(earlier)
    checkpoints = begin()
    assert not offer(checkpoints, 59, last=True)
    assert path.read_bytes() == earlier
    assert not checkpoints.current
    assert offer(checkpoints, 61)
    assert offer(checkpoints, 62, last=True)
    assert checkpoints.current


def test_resumes_from_its_own_file(path, begin, offer):
    offer(begin(every=1), 2)
    resumed = begin(resume=True)
    assert resumed.current
    assert resumed.progress == PROGRESS
    assert resumed.take_state().losses == {"loss": 2.0}
    assert resumed.progress is None
    with pytest.raises(AssertionError, match="was taken"):
        resumed.take_state()
    assert offer(resumed, 3, last=True)
    resumed.remove()
    assert list(path.parent.iterdir()) == []
    resumed.remove()


def test_a_different_run_is_refused_with_the_differences(path, begin, offer):
    offer(begin(every=1), 2)
    with pytest.raises(CheckpointError) as caught:
        begin({"technique": "region", "settings": {"steps": 60, "layers": ()}}, resume=True)
    assert str(caught.value) == (
        f"the checkpoint {path} belongs to a different run: technique was basic and is region, steps was 40 and is "
        "60, different layers; restore the settings or drop `resume`"
    )


def test_nothing_to_resume_from(begin):
    with pytest.raises(CheckpointError, match="there is no checkpoint"):
        begin(resume=True)


def test_a_failed_write_warns_once_and_is_tried_again(tmp_path, clock, offer):
    path = tmp_path / "missing" / "out.checkpoint"
    warnings = []
    checkpoints = Checkpoints(str(path), every=10, warn=warnings.append, clock=clock)
    checkpoints.begin(lambda: RUN)
    for seconds in (10, 20):
        assert offer(checkpoints, seconds)
        assert not checkpoints.current
    path.parent.mkdir()
    assert offer(checkpoints, 30)
    assert checkpoints.current
    assert warnings == [f"cannot write the checkpoint {path} (No such file or directory); the run continues"]


def test_warns_as_python_does_by_default(tmp_path, clock, offer):
    checkpoints = Checkpoints(tmp_path / "missing" / "out.checkpoint", every=1, clock=clock)
    checkpoints.begin(lambda: RUN)
    with pytest.warns(RuntimeWarning, match=r"cannot write the checkpoint .* \(No such file"):
        offer(checkpoints, 2)


def test_leftovers_of_a_killed_process_are_removed_unless_nothing_is_written(path, begin):
    leftover = path.with_name(".maskstyle-123-0123abcd.checkpoint")
    leftover.touch()
    begin(every=0)
    assert leftover.exists()
    begin()
    assert not leftover.exists()


def test_a_file_that_is_no_checkpoint_is_neither_replaced_nor_removed(path, begin):
    path.write_bytes(b"a novel")
    with pytest.raises(CheckpointError, match="which maskstyle did not write; move it away"):
        begin()
    begin(every=0).remove()
    assert path.read_bytes() == b"a novel"


def test_a_checkpoint_that_does_not_fit_makes_room(path):
    def paint(checkpoints):
        if checkpoints.resume:
            raise CheckpointError("of another run")
        return "painted"

    path.write_bytes(b"PK")
    assert painted_from(path, 0, paint)[0] == "painted"
    assert path.exists()  # as nothing is written
    assert painted_from(path, 5, paint)[0] == "painted"
    assert not path.exists()


def test_only_its_own_file_is_removed(path, begin, offer):
    offer(begin(every=1), 2)
    begin(every=0).remove()  # of another run, which finishes first
    mine = begin(resume=True)
    replaced = path.read_bytes()
    path.unlink()
    path.write_bytes(replaced)  # by another process
    mine.remove()
    assert path.exists()
    begin(resume=True).remove()
    assert not path.exists()


def test_what_is_put_in_its_place_during_the_run_stays(path, begin, offer):
    warnings: list[str] = []
    checkpoints = begin(every=1, warn=warnings.append)
    offer(checkpoints, 2)
    assert checkpoints.current
    path.unlink()
    path.write_text("a novel")
    offer(checkpoints, 4)
    offer(checkpoints, 6, last=True)
    checkpoints.remove()
    assert path.read_text() == "a novel"
    assert not checkpoints.current
    assert len(warnings) == 1


@pytest.mark.parametrize("every", [-1, float("nan"), float("inf")])
def test_seconds_that_are_none(path, every):
    with pytest.raises(SettingsError, match=r"`every` is .*; expected (0 or more seconds|a finite number)"):
        Checkpoints(path, every=every)
