"""``--compute-type auto``: measured, said, recorded, and kept by a resumed run."""

from __future__ import annotations

import pytest

from maskstyle import read_metadata
from maskstyle.networks.speed import Speed, remember


@pytest.fixture
def with_bfloat16(monkeypatch, own_cache):
    """Let the processor have instructions for bfloat16, and no speed be known yet."""
    monkeypatch.setattr("maskstyle.networks.speed.processor_has_bfloat16", lambda *_: True)


@pytest.fixture
def slower(with_bfloat16):
    """Let bfloat16 be slower all the same."""
    remember(Speed(0.01, bfloat16_speedup=0.55))


@pytest.mark.usefixtures("slower")
def test_a_run_says_and_records_what_was_measured(basic, desk):
    ran = basic("--json", "run.json").succeeded()
    network = ran.err.splitlines()[0]
    assert network.endswith("vgg19_random.npz, float32 (measured 1.8 times faster than bfloat16)")
    metadata = read_metadata(desk / "out.png")
    assert metadata["compute_type"] == "float32"
    assert metadata["compute_type_reason"] == "measured 1.8 times faster than bfloat16"


@pytest.mark.usefixtures("slower", "without_tensorflow")
def test_a_dry_run_of_a_known_machine_does_not_load_tensorflow(run, desk):
    ran = run("basic", "content.png", "style.jpg", "-o", "out.png", "--dry-run").succeeded()
    assert "float32 (measured 1.8 times faster than bfloat16)" in ran.out


@pytest.mark.usefixtures("with_bfloat16")
def test_a_machine_that_was_busy_is_said(basic):
    remember(Speed(0.01, bfloat16_speedup=0.55, busy=True))
    assert "(forecast for this machine, measured while it was busy;" in basic("--dry-run").succeeded().out


@pytest.mark.usefixtures("slower")
def test_a_type_that_was_asked_for_wins(basic, desk):
    basic("--compute-type", "bfloat16").succeeded()
    metadata = read_metadata(desk / "out.png")
    assert (metadata["compute_type"], metadata["compute_type_reason"]) == ("bfloat16", "")


@pytest.mark.usefixtures("slower")
def test_a_resumed_run_keeps_its_type_even_if_another_is_faster_now(basic, desk, interrupted):
    options = ("--optimizer", "adam", "--steps", "12", "--tolerance", "0")
    assert interrupted(*options, after=4).code == 130
    remember(Speed(0.01, bfloat16_speedup=2.0))
    ran = basic(*options, "--resume").succeeded()
    assert "float32 (as in the checkpoint)" in ran.err
    assert read_metadata(desk / "out.png")["compute_type"] == "float32"
