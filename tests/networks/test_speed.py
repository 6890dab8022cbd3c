"""The speed of this machine: measured with an injected clock, remembered, never a reason to fail; the faster type."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from maskstyle.errors import SettingsError
from maskstyle.networks import speed as room
from maskstyle.networks.speed import (
    Speed,
    cache_file,
    choose_compute_type,
    fastest,
    machine_key,
    machine_speed,
    measured_type,
    processor_has_bfloat16,
    remember,
    remembered_speed,
    uses_onednn,
)

SLOW, QUICK = Speed(0.04, 0.5, busy=True), Speed(0.02, 1.5)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Return an empty cache folder."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path


@pytest.fixture
def forget(monkeypatch):
    """Return a function that forgets what this process knows, as the next process does."""
    return lambda: monkeypatch.setattr(room, "_of_this_process", {})


def not_again() -> Speed:
    raise AssertionError("measured again")


def test_a_speed_is_measured_once_and_remembered(folder, forget):
    assert remembered_speed() is None
    assert machine_speed(measure=lambda: QUICK) == QUICK
    for _ in range(2):
        assert machine_speed(measure=not_again) == remembered_speed() == QUICK
        forget()
    assert list(json.loads((folder / "maskstyle" / "speed.json").read_text())) == [machine_key()]


def test_a_file_keeps_the_speeds_of_other_machines(folder, forget):
    file = folder / "maskstyle" / "speed.json"
    file.parent.mkdir()
    file.write_text('{"another machine": {"seconds_per_giga": 1.0}}')
    remember(QUICK)
    assert list(json.loads(file.read_text())) == ["another machine", machine_key()]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        "[" * 100_000,
        '{"KEY": 3}',
        '{"KEY": {}}',
        '{"KEY": {"seconds_per_giga": "fast"}}',
        '{"KEY": {"seconds_per_giga": -1}}',
        '{"KEY": {"seconds_per_giga": NaN}}',
        '{"KEY": {"seconds_per_giga": 1, "bfloat16_speedup": 0}}',
        '{"KEY": {"seconds_per_giga": 1, "busy": "no"}}',
        '{"KEY": {"seconds_per_giga": 1, "unknown": 1}}',
    ],
)
def test_what_is_damaged_is_measured_again(folder, forget, text):
    file = folder / "maskstyle" / "speed.json"
    file.parent.mkdir()
    file.write_text(text.replace("KEY", machine_key()))
    assert machine_speed(measure=lambda: QUICK) == QUICK
    forget()
    assert remembered_speed() == QUICK


def test_a_folder_that_cannot_be_written_is_no_failure(folder, forget):
    (folder / "maskstyle").write_text("a file where the folder should be")
    assert machine_speed(measure=lambda: QUICK) == QUICK
    assert machine_speed(measure=not_again) == QUICK  # within this process
    forget()
    assert remembered_speed() is None


def test_no_home_folder_is_no_failure(monkeypatch, forget):
    forget()
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)

    def homeless():
        raise RuntimeError

    monkeypatch.setattr(Path, "home", homeless)
    assert cache_file() is None
    assert machine_speed(measure=lambda: QUICK) == QUICK


def test_a_relative_cache_folder_is_ignored(monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", "cache")
    assert cache_file().is_relative_to(Path.home())


def test_a_busy_machine_is_measured_again_on_request_but_its_type_stays(folder):
    remember(SLOW)
    assert machine_speed(measure=not_again) == SLOW
    calm = Speed(QUICK.seconds_per_giga, SLOW.bfloat16_speedup)
    assert machine_speed(measure=lambda: QUICK, again_if_busy=True) == calm
    assert machine_speed(measure=not_again, again_if_busy=True) == calm


def test_a_slower_second_measurement_does_not_count(folder):
    remember(SLOW)
    slower = Speed(2 * SLOW.seconds_per_giga, busy=True)
    assert machine_speed(measure=lambda: slower, again_if_busy=True) == SLOW


def test_the_shortest_of_several_turns_counts_and_the_first_does_not():
    now, order = [0.0], []
    lengths = {"a": iter([0.001, 0.1, 0.03, 0.05, 9.0]), "b": iter([5.0, 0.2, 0.3, 0.1, 9.0])}

    def task(name):
        def run():
            order.append(name)
            now[0] += next(lengths[name])

        return run

    found = fastest({name: task(name) for name in lengths}, clock=lambda: now[0])
    assert found == pytest.approx({"a": 0.03, "b": 0.1})
    assert order == ["a", "b"] * 4


def test_what_is_measured_is_a_speed():
    found = room.measure_speed()
    assert found.seconds_per_giga > 0
    assert (found.bfloat16_speedup is not None) is processor_has_bfloat16()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("processor\t: 0\nflags\t\t: fpu avx512f avx512_bf16 sse\n", True),
        ("flags\t\t: fpu amx_bf16\n", True),
        ("Features\t: fp asimd bf16 i8mm\n", True),
        ("flags\t\t: fpu avx512f avx512_bf160\n", False),
        ("flags\t\t: fpu sse2\n", False),
        ("model name\t: avx512_bf16\n", False),
        ("", False),
    ],
)
def test_processors(tmp_path, text, expected):
    description = tmp_path / "cpuinfo"
    description.write_text(text)
    assert processor_has_bfloat16(description) is expected
    assert ("bfloat16" in machine_key(description)) is expected or "model name" in text


@pytest.mark.parametrize(
    ("flags", "chosen", "expected"),
    [
        ("fpu avx512_vnni sse", None, True),
        ("fpu avx_vnni", "", True),
        ("fpu avx2 avx512f", None, False),
        ("fpu avx2", "1", True),
        ("fpu avx512_vnni", "0", False),
    ],
)
def test_the_kernels_of_a_processor(tmp_path, monkeypatch, flags, chosen, expected):
    monkeypatch.delenv("TF_ENABLE_ONEDNN_OPTS", raising=False)
    if chosen is not None:
        monkeypatch.setenv("TF_ENABLE_ONEDNN_OPTS", chosen)
    description = tmp_path / "cpuinfo"
    description.write_text(f"flags\t\t: {flags}\n")
    assert uses_onednn(description) is expected


def test_a_system_without_a_description_of_the_processor(tmp_path):
    assert processor_has_bfloat16(tmp_path / "missing") is False
    assert "threads, TensorFlow" in machine_key(tmp_path / "missing")


def test_the_key_names_the_processor_and_its_switches(tmp_path, monkeypatch):
    description = tmp_path / "cpuinfo"
    description.write_text("model name\t: Quick 9000\nmodel\t: 7\n\nmodel name\t: Slow 1\n")
    monkeypatch.delenv("TF_ENABLE_ONEDNN_OPTS", raising=False)
    plain = machine_key(description)
    assert "Quick 9000 7, " in plain
    assert "Slow" not in plain
    monkeypatch.setenv("TF_ENABLE_ONEDNN_OPTS", "0")
    assert "TF_ENABLE_ONEDNN_OPTS" not in plain
    assert machine_key(description).replace(", TF_ENABLE_ONEDNN_OPTS=0", "") == plain
    assert machine_key(description) != plain


@pytest.mark.parametrize("has_bfloat16", [True, False])
def test_what_is_known_without_a_measurement(has_bfloat16):
    assert choose_compute_type("auto", has_bfloat16=has_bfloat16).name == ("auto" if has_bfloat16 else "float32")
    assert choose_compute_type("float32", has_bfloat16=has_bfloat16) == ("float32", "")
    kind, warning = choose_compute_type("bfloat16", has_bfloat16=has_bfloat16)
    assert kind == "bfloat16"
    assert ("may be slow" in warning) is not has_bfloat16


def test_an_unknown_type():
    with pytest.raises(SettingsError, match="compute type is 'float16'; expected one of auto, float32, bfloat16"):
        choose_compute_type("float16")


@pytest.mark.parametrize(
    ("speedup", "says"),
    [
        (None, "float32"),
        (0.5366, "float32 (measured 1.9 times faster than bfloat16)"),
        (0.98, "float32 (measured as fast as bfloat16)"),
        (1.03, "float32 (measured as fast as bfloat16)"),
        (2.0, "bfloat16 (measured 2 times faster than float32)"),
    ],
)
def test_the_faster_type_and_float32_where_they_are_close(speedup, says):
    assert str(measured_type(lambda: Speed(0.01, speedup))) == says
