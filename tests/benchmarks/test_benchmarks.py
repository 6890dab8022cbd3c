"""The benchmarks: each script runs at a tiny size, and the textbook minimizes the same objective as maskstyle."""

from __future__ import annotations

import importlib
import json
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose
from reference import TINY19, he_weights, random_image
from typer.testing import CliRunner

from maskstyle.cli import app
from maskstyle.images.pixels import fit_size
from maskstyle.networks.tensorflow import tf
from maskstyle.settings import Settings, wanted_layers
from maskstyle.synthesis.paint import Run
from maskstyle.techniques.basic import transfer_basic

FOLDER = Path(__file__).parents[2] / "benchmarks"
LITE = ["--networks", "lite", "--types", "float32"]


@pytest.fixture
def run(monkeypatch, eagerly, capsys, tmp_path):
    """Return a function that runs a script in this process, and returns its table and its rows."""
    monkeypatch.syspath_prepend(str(FOLDER))
    bench = importlib.import_module("bench")
    monkeypatch.setattr(bench, "in_fresh_process", lambda function, *arguments: function(*arguments))

    def run_script(name, *arguments):
        file = tmp_path / "figures.json"
        importlib.import_module(name).main([*map(str, arguments), "--json", str(file)])
        return capsys.readouterr().out, json.loads(file.read_text())["rows"]

    return run_script


def test_techniques(run):
    table, rows = run("techniques", *LITE, "--side", 16, "--steps", 2, "--number", 2, "--patch", 8)
    assert table.startswith("| network | type | technique | seconds | / basic | / bare | MiB |\n")
    by_name = {row["technique"]: row for row in rows}
    assert len(by_name) == len(rows)
    assert by_name["basic"]["/ basic"] == by_name["bare network"]["/ bare"] == 1
    assert {name.partition(":")[0] for name in by_name} >= {"basic", "region", "mask", "patch", "doodle"}


def test_a_deeper_network_has_random_weights(run):
    bench = importlib.import_module("bench")
    case = bench.Case(network="vgg19", side=32, steps=2, content_layer="block4_conv2")
    network = bench.network_of(case.settings(Settings()))
    assert "block4_conv2" in network.layers
    assert all(np.isfinite(features).all() for features in network(random_image(0, 16, 16)).values())


def test_sizes(run):
    _, rows = run("sizes", *LITE, "--sides", 16, 96, "--tile", 64, "--steps", 2)
    assert [(row["side"], row["tiles"]) for row in rows] == [(16, None), (96, None), (96, 64)]
    assert rows[1]["/ at once"] == 1


def test_estimate(run):
    table, rows = run("estimate", *LITE, "--sides", 16, 32, "--steps", 2)
    assert table.startswith("    ('lite', 'float32'): Constants(memory_mb=")
    assert [row["side"] for row in rows] == [16, 32]


def test_end_to_end(run, monkeypatch):
    def in_this_process(command, check):
        assert CliRunner().invoke(app.app, command[3:]).exit_code == 0

    monkeypatch.setattr(importlib.import_module("end_to_end").subprocess, "run", in_this_process)
    _, rows = run("end_to_end", "--networks", "lite", "--pairs", "coffee+window", "--size", 32, "--steps", 1)
    assert rows[0]["seconds"] > rows[0]["painting"] > 0


def test_textbook(run, monkeypatch, random_vgg19_weights):
    settings = Settings(
        network="vgg19",
        style_weight=20.0,
        content_layers=(("block2_conv1", 1.0),),
        style_layers=(("block1_conv1", 1.0),),
        steps=4,
        scales=1,
    )
    monkeypatch.setattr(importlib.import_module("textbook"), "SETTINGS", settings)
    tiny = ["--weights", random_vgg19_weights, "--pairs", "coffee+window", "--side", 32, "--iterations", 2]
    table, losses = run("textbook", *tiny, "--variant", "optimizer=adam,steps=2")
    assert "| coffee+window | textbook |" in table
    assert "| coffee+window | optimizer=adam,steps=2 |" in table
    assert losses[-1]["default"] < losses[-1]["optimizer=adam,steps=2"]


def test_the_textbook_minimizes_our_objective(run, tiny_network):
    textbook = importlib.import_module("textbook")
    settings = Settings(style_weight=5.0, compute_type="float32", scales=1, steps=1)
    layers = wanted_layers(settings)
    weights = he_weights(TINY19, TINY19.up_to_deepest(layers))
    network = tiny_network(layers, padding="edge", weights=weights)
    content, style = random_image(0, 32, 32), random_image(1, 32, 32)
    ours = transfer_basic(content, style, settings=settings, run=Run(network=network))
    pixels = tf.constant(textbook.preprocessed(content)[np.newaxis])
    theirs, _ = textbook.textbook(weights, content, style)(pixels)
    assert_allclose(sum(ours.losses.values()), float(theirs), rtol=1e-4)


def test_peers_that_are_not_installed_are_named(run, monkeypatch, capsys):
    peers = importlib.import_module("peers")
    monkeypatch.setattr(peers.importlib.util, "find_spec", lambda name: None)
    _, rows = run("peers", "--side", 16, "--steps", 2)
    assert [row["program"] for row in rows] == ["maskstyle, float32", "maskstyle, bfloat16"]


def test_drafts(run, monkeypatch):
    draft = importlib.import_module("draft")
    monkeypatch.setattr(draft, "fit_size", lambda size, _: fit_size(size, 120))
    _, rows = run("draft", "--images", FOLDER.parent / "samples" / "dots.jpg")
    assert all(0 < row["adjusted Rand index"] <= 1 for row in rows)


@pytest.mark.parametrize(("made", "expected"), [([0, 0, 1, 1], 1.0), ([1, 1, 0, 0], 1.0), ([0, 1, 0, 1], -0.5)])
def test_the_rand_index_is_of_regions_and_not_of_labels(run, made, expected):
    draft = importlib.import_module("draft")
    assert_allclose(draft.rand_index(np.array([made]), np.array([[0, 0, 1, 1]])), expected)


def test_the_machine_is_not_identified(run):
    import platform

    text = json.dumps(importlib.import_module("bench").machine())
    assert platform.node() not in text
    assert str(FOLDER.parent) not in text
