"""The choice of the compute type: as asked for, or the faster one."""

from __future__ import annotations

import pytest

from maskstyle.errors import SettingsError
from maskstyle.networks.speed import Speed, choose_compute_type, measured_type


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
