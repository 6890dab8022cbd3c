"""The estimate: it grows as the work does, and counts what a run does."""

from __future__ import annotations

import dataclasses

import pytest

from maskstyle.networks.architectures import ARCHITECTURES, LITE, VGG16, VGG19
from maskstyle.networks.speed import Speed
from maskstyle.settings import Limits, PatchSettings, Settings
from maskstyle.synthesis import estimate
from maskstyle.synthesis.estimate import (
    CONSTANTS,
    GRAM_COPIES,
    GUIDE_MB,
    IMAGES,
    READING_MB,
    TILED,
    Constants,
    Demand,
    expected_memory_mb,
    work_of,
)
from maskstyle.synthesis.schedule import optimizer_bytes

PLAIN = Constants(500.0, 10.0)
SPEED = Speed(0.01, 1.5)


def expected(demand, speed=SPEED):
    return estimate.expected(demand, speed)


def run_of(*sizes, network=LITE, compute_type="bfloat16", **options):
    settings = options.pop("settings", Settings())
    return Demand(network, compute_type, [(side, side) for side in sizes], settings, **options)


def test_work_is_that_of_every_layer_up_to_the_deepest():
    work = work_of(VGG19, ["block2_conv1"], 1_000_000)
    assert work.giga_operations == pytest.approx(1.728 + 36.864 + 73.728 / 4)
    assert work.mega_values == pytest.approx(64 + 64 + 128 / 4)


def test_a_run_is_its_sizes_and_steps():
    settings = Settings(steps=10, scales=2, optimizer="lbfgs", history=5, underpainting="none")
    demand = run_of(50, 100, network=VGG19, compute_type="float32", settings=settings)
    found = expected(demand, Speed(0.01))
    coarse, fine = found.seconds_per_evaluation
    assert coarse == pytest.approx(fine / 4)
    assert 10 * (coarse + fine) < found.seconds < 10 * (coarse + fine) + 15
    features = 10 * work_of(VGG19, ["block5_conv1"], 10_000).mega_values
    images = (optimizer_bytes((100, 100), "lbfgs", 5) + IMAGES * 12 * 10_000) / 2**20
    assert expected_memory_mb(demand, constants=PLAIN) == pytest.approx(500 + features + images)


def test_all_sizes_but_the_last_are_those_of_lite():
    by_both, by_vgg19, by_lite = (
        expected(run_of(256, 512, network=network, settings=Settings(underpainting=first))).seconds_per_evaluation
        for network, first in ((VGG19, "auto"), (VGG19, "none"), (LITE, "none"))
    )
    assert by_both == (by_lite[0], by_vgg19[1])


def test_the_network_of_a_run_counts_where_the_settings_name_lite():
    named, other = (
        run_of(256, 512, network=VGG19, settings=Settings(network=network, underpainting="none"))
        for network in ("lite", "vgg19")
    )
    assert expected(named) == expected(other)


def test_evaluations_take_as_much_longer_as_the_machine_is_slower():
    quick, slow = (expected(run_of(256, 512), Speed(each, 1.5)).seconds_per_evaluation for each in (0.01, 0.03))
    assert slow == pytest.approx([3 * each for each in quick])


def test_bfloat16_is_as_much_faster_as_was_measured_and_slow_without_instructions():
    runs = {kind: run_of(512, network=VGG19, compute_type=kind) for kind in ("float32", "bfloat16")}

    def ratio(speedup):
        times = {kind: expected(run, Speed(0.01, speedup)).seconds_per_evaluation[0] for kind, run in runs.items()}
        return times["float32"] / times["bfloat16"]

    assert 1.3 < ratio(2.0) < 2.0
    assert 0.5 < ratio(0.5) < 1.0
    assert ratio(None) < 0.2


def test_larger_sizes_take_fewer_steps():
    few, many = (expected(run_of(1024, 2048, settings=Settings(step_decay=each)), SPEED) for each in (1.0, 0.0))
    assert few.seconds < many.seconds


def test_guides_take_time_and_memory():
    plain = expected(run_of(512))
    for options in ({"masks": 4}, {"patches": PatchSettings()}):
        guided = expected(run_of(512, **options))
        assert guided.seconds > plain.seconds
        assert guided.memory_mb > plain.memory_mb
    assert expected(run_of(512, regions=True)).memory_mb > plain.memory_mb
    matrices = 4 * sum(channels**2 for channels in (64, 128, 256, 512, 512)) / 2**20
    one, many = (expected(run_of(512, network=VGG19, guides=each)).memory_mb for each in (1, 9))
    assert many - one == pytest.approx(8 * (GUIDE_MB + GRAM_COPIES * matrices))
    assert expected(run_of(512, styles=3)).seconds > plain.seconds
    assert expected(run_of(512, network=VGG16, compute_type="float32")).seconds > plain.seconds


def test_tiles_take_less_memory_and_more_time():
    whole = run_of(4096)
    tiled = dataclasses.replace(whole, limits=Limits(tile_size=512))
    assert expected(tiled).memory_mb < 0.6 * expected(whole).memory_mb
    ratio = expected(tiled).seconds_per_evaluation[0] / expected(whole).seconds_per_evaluation[0]
    assert TILED < ratio < 2.5 * TILED


def test_inputs_and_large_styles_take_memory():
    plain = expected(run_of(512)).memory_mb
    held = run_of(512, input_bytes=300 * 2**20, input_size=(512, 512))
    assert expected(held).memory_mb == pytest.approx(plain + 300)
    wide = dataclasses.replace(held, input_size=(4096, 8192))
    assert expected(wide).memory_mb == pytest.approx(plain + 300 + 4 * 4096 * 512 / 2**20)
    assert expected(run_of(512, settings=Settings(style_scale=4.0))).memory_mb > plain + 100


def test_reading_a_huge_file_may_take_more_than_painting():
    assert expected(run_of(128, reading_bytes=4000 * 2**20)).memory_mb == pytest.approx(READING_MB + 4000)


def test_tiles_keep_the_features_of_the_content_image_in_a_file():
    assert expected(run_of(2048)).disk_mb == 0
    values = (2048 // 8) ** 2 * 512
    tiled = run_of(2048, network=VGG19, compute_type="float32", limits=Limits(tile_size=1024))
    assert expected(tiled).disk_mb == 4 * values / 2**20
    assert expected(dataclasses.replace(tiled, compute_type="bfloat16")).disk_mb == 2 * values / 2**20
    assert expected(dataclasses.replace(tiled, settings=Settings(content_weight=0))).disk_mb == 0


def test_tiles_see_whole_patches():
    narrow, wide = (
        expected(run_of(2048, limits=Limits(tile_size=512), patches=PatchSettings(patch_size=each)))
        for each in (16, 128)
    )
    assert wide.seconds > narrow.seconds


def test_tiles_do_nothing_to_what_fits_into_one():
    assert expected(run_of(512, limits=Limits(tile_size=512))) == expected(run_of(512))


@pytest.mark.parametrize("side", [256, 512, 1024])
def test_the_networks_and_types_are_in_order(side):
    times = {
        key: expected(run_of(side, network=ARCHITECTURES[key[0]], compute_type=key[1])).seconds_per_evaluation[0]
        for key in CONSTANTS
    }
    assert sorted(times, key=times.get) == [
        ("lite", "bfloat16"),
        ("lite", "float32"),
        ("vgg19", "bfloat16"),
        ("vgg19", "float32"),
    ]


def test_the_scale_of_a_style_counts_as_that_of_the_settings_does():
    own, shared = run_of(64, style_scale=3.0), run_of(64, settings=Settings(style_scale=3.0))
    assert expected(own).memory_mb == expected(shared).memory_mb > expected(run_of(64)).memory_mb


MEASURED = [
    # kernels, network, type, side, steps, four regions, peak in MiB
    ("1", LITE, "float32", 256, 6, False, 685),
    ("1", LITE, "float32", 512, 6, True, 1004),
    ("1", LITE, "float32", 1024, 6, False, 1764),
    ("1", LITE, "bfloat16", 512, 6, True, 934),
    ("1", LITE, "bfloat16", 1024, 6, True, 1705),
    ("1", VGG19, "float32", 256, 6, True, 911),
    ("1", VGG19, "float32", 512, 6, True, 1409),
    ("1", VGG19, "float32", 1024, 6, True, 2900),
    ("1", VGG19, "bfloat16", 256, 6, True, 825),
    ("1", VGG19, "bfloat16", 512, 6, True, 1150),
    ("1", VGG19, "bfloat16", 1024, 8, True, 2165),
    ("0", LITE, "float32", 512, 6, False, 1046),
    ("0", VGG19, "float32", 128, 4, False, 730),
    ("0", VGG19, "float32", 192, 4, False, 840),
    ("0", VGG19, "float32", 256, 4, True, 1042),
    ("0", VGG19, "float32", 256, 4, False, 944),
    ("0", VGG19, "float32", 384, 4, False, 1324),
    ("0", VGG19, "float32", 512, 4, False, 1624),
]
"""What benchmarks/memory.py measured on an AMD EPYC of two cores; "0": with TensorFlow's own kernels."""


@pytest.mark.parametrize(("onednn", "network", "kind", "side", "steps", "regions", "peak"), MEASURED)
def test_forecasts_are_within_10_percent_of_measured_peaks(
    monkeypatch, onednn, network, kind, side, steps, regions, peak
):
    monkeypatch.setenv("TF_ENABLE_ONEDNN_OPTS", onednn)
    settings = Settings(steps=steps, scales=1, optimizer="lbfgs", network=network.name)
    demand = run_of(side, network=network, compute_type=kind, settings=settings)
    guided = {"regions": True, "guides": 4} if regions else {}
    demand = dataclasses.replace(demand, input_bytes=24 * side**2, input_size=(side, side), **guided)
    assert expected_memory_mb(demand) == pytest.approx(peak, rel=0.1)


@pytest.mark.parametrize(
    ("network", "kind", "side", "stride", "peak"),
    [
        (LITE, "float32", 512, 32, 1014),
        (LITE, "float32", 512, 16, 1076),
        (LITE, "float32", 768, 32, 1538),
        (VGG19, "bfloat16", 256, 32, 784),
        (VGG19, "bfloat16", 256, 16, 834),
    ],
)
def test_forecasts_of_patches_are_within_10_percent_of_measured_peaks(monkeypatch, network, kind, side, stride, peak):
    monkeypatch.setenv("TF_ENABLE_ONEDNN_OPTS", "1")
    settings = Settings(steps=6, scales=1, optimizer="lbfgs", network=network.name)
    patches = PatchSettings(patch_size=32, patch_stride=stride)
    demand = run_of(side, network=network, compute_type=kind, settings=settings, patches=patches, regions=True)
    demand = dataclasses.replace(demand, input_bytes=24 * side**2, input_size=(side, side))
    assert expected_memory_mb(demand) == pytest.approx(peak, rel=0.1)
