"""When checkpoints are written, what they are checked against, and what happens where they cannot be."""

from __future__ import annotations

import errno
import itertools

import numpy as np
import pytest

from maskstyle.errors import CheckpointError, SettingsError
from maskstyle.synthesis import checkpoints as checkpoints_module
from maskstyle.synthesis.checkpoint_file import Progress, State, read_checkpoint, write_checkpoint
from maskstyle.synthesis.checkpoints import Checkpoints
from maskstyle.synthesis.result import StepRecord

JOB = {"technique": "basic", "settings": {"steps": 40, "layers": (("a", 1.0),)}}

IMAGE = np.zeros((2, 3, 3), np.float32)


def progress():
    return Progress(1, (StepRecord((2, 3), 4, 1.0, {"loss": 2.0}),), (), (), 1.0)


def state():
    return State(IMAGE, {"loss": 2.0}, (2.0,), None, {})


class Clock:
    """A clock that tests turn, and a job that is offered to checkpoints."""

    now = 1000.0

    def __init__(self, monkeypatch):
        monkeypatch.setattr(checkpoints_module.time, "monotonic", lambda: self.now)

    def offers(self, checkpoints, at, *, last=False):
        """Offer a state at seconds from the beginning, and say whether it was asked for."""
        self.now = 1000.0 + at
        asked = []
        checkpoints.offer(progress, lambda: (asked.append(at), state())[1], last=last)
        return bool(asked)


@pytest.fixture
def clock(monkeypatch):
    return Clock(monkeypatch)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "out.png.checkpoint"


def test_written_by_the_clock_alone(path, clock):
    checkpoints = Checkpoints(path)
    checkpoints.begin(JOB)
    assert checkpoints.progress is None
    written = [at for at in range(0, 200, 7) if clock.offers(checkpoints, at)]
    assert written == [63, 126, 189]
    assert checkpoints.current
    assert read_checkpoint(path).progress == progress()


def test_the_clock_begins_again_when_a_write_has_ended(path, clock, monkeypatch):
    def slow(*arguments):
        clock.now += 25
        write_checkpoint(*arguments)

    monkeypatch.setattr(checkpoints_module, "write_checkpoint", slow)
    checkpoints = Checkpoints(path, every=10)
    checkpoints.begin(JOB)
    assert [at for at in range(0, 100, 5) if at + 1000 >= clock.now and clock.offers(checkpoints, at)] == [10, 45, 80]


def test_every_0_writes_none(path, clock):
    checkpoints = Checkpoints(path, every=0)
    checkpoints.begin(JOB)
    assert not clock.offers(checkpoints, 10**6)
    assert not clock.offers(checkpoints, 10**7, last=True)
    assert not path.exists() and not checkpoints.current


def test_the_last_need_not_wait(path, clock):
    checkpoints = Checkpoints(path)
    checkpoints.begin(JOB)
    assert clock.offers(checkpoints, 1, last=True)
    assert checkpoints.current and path.exists()


def test_the_last_spares_another_jobs_checkpoint_until_it_is_time(path, clock):
    path.write_bytes(b"worth hours")
    checkpoints = Checkpoints(path)
    checkpoints.begin(JOB)
    assert not clock.offers(checkpoints, 59, last=True)
    assert path.read_bytes() == b"worth hours" and not checkpoints.current
    assert clock.offers(checkpoints, 61)
    assert clock.offers(checkpoints, 62, last=True)
    assert checkpoints.current


def test_goes_on_from_its_own_file(path, clock):
    first = Checkpoints(path, every=1)
    first.begin(JOB)
    clock.offers(first, 2)

    second = Checkpoints(str(path), resume=True)
    second.begin(JOB)
    assert second.current and second.progress == progress()
    assert second.take_state().losses == {"loss": 2.0}
    assert second.progress is None  # nothing large is held any longer
    with pytest.raises(AssertionError, match="was taken"):
        second.take_state()
    assert clock.offers(second, 3, last=True)
    second.remove()
    assert list(path.parent.iterdir()) == []
    second.remove()


def test_another_job_is_refused_by_what_differs(path, clock):
    first = Checkpoints(path, every=1)
    first.begin(JOB)
    clock.offers(first, 2)
    with pytest.raises(CheckpointError) as caught:
        Checkpoints(path, resume=True).begin({"technique": "region", "settings": {"steps": 60, "layers": ()}})
    assert str(caught.value) == (
        f"the checkpoint {path} is of another job: technique was basic and is region, steps was 40 and is 60, "
        "not the same layers; do everything as it was begun, or begin without resuming"
    )


def test_nothing_to_go_on_from(path):
    with pytest.raises(CheckpointError, match="there is no checkpoint"):
        Checkpoints(path, resume=True).begin(JOB)


def test_what_cannot_be_written_is_said_once_and_tried_again(path, clock, monkeypatch):
    full = itertools.chain([True, True], itertools.repeat(False))

    def write(*arguments):
        if next(full):
            raise OSError(errno.ENOSPC, "No space left on device")
        write_checkpoint(*arguments)

    monkeypatch.setattr(checkpoints_module, "write_checkpoint", write)
    said = []
    checkpoints = Checkpoints(path, every=10, warn=said.append)
    checkpoints.begin(JOB)
    clock.now += 10
    for seconds in (10, 20, 30):
        clock.now = 1000.0 + seconds
        checkpoints.offer(progress, state)
        assert checkpoints.current == path.exists() == (seconds == 30)
    assert said == [f"the checkpoint {path} could not be written (No space left on device); the work goes on"]


def test_the_warning_is_pythons_own_by_default(tmp_path, clock):
    checkpoints = Checkpoints(tmp_path / "gone" / "out.checkpoint", every=1)
    checkpoints.begin(JOB)
    with pytest.warns(RuntimeWarning, match="could not be written .No such file"):
        clock.offers(checkpoints, 2)


def test_leftovers_of_a_killed_process_go(path):
    leftover = path.with_name(f".{path.name}-123-abc.part")
    leftover.touch()
    Checkpoints(path, every=0).begin(JOB)
    assert leftover.exists()
    Checkpoints(path).begin(JOB)
    assert not leftover.exists()


@pytest.mark.parametrize("every", [-1, float("nan"), float("inf")])
def test_seconds_that_cannot_be(path, every):
    with pytest.raises(SettingsError, match="every is .* expected a number of seconds of at least 0"):
        Checkpoints(path, every=every)
