"""The benchmark suite: its parts, how cases take turns, the page made of the figures, and the docs' tables."""

from __future__ import annotations

import importlib
import json
import pkgutil
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from numpy.testing import assert_allclose
from reference import random_image

from maskstyle.settings import Settings
from maskstyle.techniques.plan import wanted_layers

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "benchmarks"


@pytest.fixture(scope="module")
def bench():
    """Return the modules of the suite, which is no package."""
    sys.path.insert(0, str(FOLDER))
    try:
        names = ("machine", "page", "parts", "plots", "scenes", "suite", "workers")
        return SimpleNamespace(**{name: importlib.import_module(name) for name in names})
    finally:
        sys.path.remove(str(FOLDER))


@pytest.fixture(scope="module")
def results(bench):
    """Return made-up results of a whole run, one case of which failed."""
    parts = {}
    for name, part in bench.parts.PARTS.items():
        cases = [case for group in part.groups(False) for case in group.cases]
        figures = [{**case, **made_up(name, index)} for index, case in enumerate(cases)]
        failures = [{**cases[0], "reason": "MemoryError: none is left"}]
        parts[name] = {"seconds": 1.5, "figures": figures, "failures": failures}
    return {"machine": bench.machine.describe_machine(), "quick": False, "parts": parts}


def made_up(name, index):
    """Return figures of a part, as long as they are what its cases return."""
    own = {
        "textbook": {"seconds": 100.0, "curve": [[1.0, 1, 9.0], [2.0, 2, 3.0 - index]], "peak_memory_mb": 900.0},
        "optimizers": {"variants": {"lbfgs": {"lowest": [None] * 6 + [3.0] * 6, "steps": 20 + index}}},
        "pictures": {"seconds": 12.34, "peak_memory_mb": 800.0},
        "drafts": {"methods": {"draft": {"ari": 0.5, "overlap": 0.6, "cpu_seconds": 0.3}}},
    }
    return own.get(name, {"rounds": [1.0 + index, 2.0 + index, 4.0 + index], "peak_memory_mb": 700.0 + index})


class PretendWorker:
    """Answers as a process would, and notes the turns; the case says what goes wrong with it."""

    turns: list = []

    def __init__(self, part, case, weights):
        self.case, self.rounds, self.figures, self.failure = case, [], {}, None

    def ask(self, what):
        """Note the turn, and answer or fail."""
        from workers import CaseFailedError

        self.turns.append((self.case["name"], what if isinstance(what, str) else "prepare"))
        if self.case.get("fails_at") == len([name for name, _ in self.turns if name == self.case["name"]]):
            raise CaseFailedError("it failed")
        return {"peak_memory_mb": 123.456} if what == "end" else {"seconds": float(len(self.turns))}

    def stop(self):
        """Note the end."""
        self.turns.append((self.case["name"], "stop"))


@pytest.fixture
def pretended(bench, monkeypatch):
    monkeypatch.setattr(bench.workers, "Worker", PretendWorker)
    monkeypatch.setattr(bench.workers, "usable_cores", lambda: 1)
    monkeypatch.setattr(PretendWorker, "turns", [])
    monkeypatch.syspath_prepend(str(FOLDER))
    return PretendWorker


def a_part(bench, **changes):
    from parts.part import Part

    fields = {"name": "a", "title": "A", "text": "", "groups": list, "prepare": None, "tables": {}}
    return Part(**{**fields, **changes})


def test_every_part_is_registered(bench):
    from parts.part import Part

    found = []
    for module in pkgutil.iter_modules([str(FOLDER / "parts")]):
        members = vars(importlib.import_module(f"parts.{module.name}")).values()
        found += [each for each in members if isinstance(each, Part)]
    assert {part.name for part in found} == set(bench.parts.PARTS)
    tables = [name for part in bench.parts.PARTS.values() for name in part.tables]
    assert len(tables) == len(set(tables))


@pytest.mark.parametrize("quick", [False, True])
def test_cases_are_json_and_differ(bench, quick):
    for part in bench.parts.PARTS.values():
        for group in part.groups(quick):
            assert group.cases
            lines = [json.dumps(case, sort_keys=True) for case in group.cases]
            assert len(set(lines)) == len(lines)


def test_cases_take_turns(bench, pretended):
    from parts.part import Group

    group = Group(({"name": "a"}, {"name": "b"}), rounds=2, warm_ups=1)
    figures, failures = bench.workers.run_group(a_part(bench), group, None)
    in_turns = [("a", "run"), ("b", "run")]
    assert pretended.turns == [
        *(("a", "prepare"), ("b", "prepare")),
        *(in_turns * 3),
        *(("a", "end"), ("b", "end")),
        *(("a", "stop"), ("b", "stop")),
    ]
    assert not failures
    assert [each["rounds"] for each in figures] == [[5.0, 7.0], [6.0, 8.0]]
    assert figures[0]["peak_memory_mb"] == 123.5


def test_a_case_that_fails_leaves_the_others(bench, pretended):
    from parts.part import Group

    cases = ({"name": "a"}, {"name": "b", "fails_at": 1}, {"name": "c", "fails_at": 3})
    figures, failures = bench.workers.run_group(a_part(bench), Group(cases, rounds=3, warm_ups=0), None)
    assert [each["name"] for each in figures] == ["a"]
    assert len(figures[0]["rounds"]) == 3
    assert [(each["name"], each["reason"]) for each in failures] == [("b", "it failed"), ("c", "it failed")]


def test_what_lacks_weights_or_a_package_is_not_begun(bench, pretended, monkeypatch):
    from parts import peers
    from parts.part import Group

    group = Group(({"name": "a", "network": "vgg19"}, {"name": "b", "network": "lite"}), rounds=1, warm_ups=0)
    figures, failures = bench.workers.run_group(a_part(bench), group, None)
    assert [each["name"] for each in figures] == ["b"]
    assert "--weights" in failures[0]["reason"]

    monkeypatch.setattr(peers.importlib.util, "find_spec", lambda name: None)
    (group,) = peers.PART.groups(False)
    pretended.turns.clear()
    figures, failures = bench.workers.run_group(peers.PART, group, Path("vgg19.npz"))
    assert not figures and not pretended.turns
    assert len(failures) == len(group.cases)
    assert "pip install pystiche" in json.dumps(failures)


def test_a_process_answers_with_what_went_wrong(bench, monkeypatch):
    monkeypatch.syspath_prepend(str(FOLDER))
    case = {"program": "nothing", "side": 8}
    worker = bench.workers.Worker(bench.parts.PARTS["peers"], case, None)
    try:
        with pytest.raises(bench.workers.CaseFailedError, match="KeyError: 'nothing'"):
            worker.ask(case)
    finally:
        worker.stop()


def test_messages_name_no_folders(bench):
    message = "no weights in '/home/some one/x.npz', /a/b/c.npz: 1/4 of 3 px and/or\nmore"
    assert bench.workers.without_folders("no /a/b/c.npz: 1/4 of 3 px and/or\nmore") == "no c.npz: 1/4 of 3 px and/or"
    assert "/home" not in bench.workers.without_folders(message)


def test_the_page_and_all_tables_come_from_the_json(bench, results):
    read = json.loads(bench.suite.as_json(results))
    assert read == results
    page = bench.page.make_page(read, {"sizes": "images/benchmark_sizes.png"})
    for part in bench.parts.PARTS.values():
        assert f"## {part.title}\n" in page
    assert "- MemoryError: none is left: " in page
    assert "](images/benchmark_sizes.png)" in page
    tables = bench.page.docs_tables(read)
    assert set(tables) == bench.page.known_tables()
    assert all(table in page for table in tables.values())


def test_ratios_are_medians_within_turns(bench):
    from parts.part import ratio

    assert ratio({"rounds": [2.0, 30.0, 3.0]}, {"rounds": [1.0, 10.0, 1.0]}) == 3.0


def test_a_run_without_vgg19_has_a_page(bench, results):
    parts = {}
    for name, part in results["parts"].items():
        left = [each for each in part["figures"] if each.get("network") != "vgg19"]
        parts[name] = {**part, "figures": left}
    page = bench.page.make_page({**results, "parts": parts})
    assert "| regions | lite, float32 | lite, bfloat16 |" in page


def test_plots_are_drawn_of_all_parts_that_have_one(bench, results, tmp_path):
    pytest.importorskip("matplotlib")
    files = bench.plots.draw_plots(results, tmp_path)
    assert set(bench.plots.plots_beside(tmp_path)) == {path.stem.removeprefix("benchmark_") for path in files}
    assert len(files) == len([part for part in bench.parts.PARTS.values() if part.plot])


def test_marked_tables_are_filled_and_others_left(bench):
    text = "a\n\n<!-- benchmark: one -->\nold\n<!-- end -->\n\n<!-- benchmark: two -->\nkept\n<!-- end -->\n"
    new = bench.page.filled(text, {"one": "| new |\n| --- |", "three": "x"})
    assert new == text.replace("old", "| new |\n| --- |")
    assert bench.page.marked_tables(new) == {"one": "| new |\n| --- |", "two": "kept"}


def test_the_docs_mark_tables_that_there_are(bench):
    for page in bench.page.docs_pages(ROOT):
        text = page.read_text(encoding="utf-8")
        marked = bench.page.marked_tables(text)
        assert set(marked) <= bench.page.known_tables(), page
        assert text.count("<!-- benchmark:") == len(marked), page


def test_the_docs_say_what_was_measured(bench):
    if not bench.suite.RESULTS.is_file():
        pytest.skip("benchmarks/results.json is not there: the suite has not been run")
    measured = bench.suite.read_results(bench.suite.RESULTS)
    tables = bench.page.docs_tables(measured)
    for page in bench.page.docs_pages(ROOT):
        for name, table in bench.page.marked_tables(page.read_text(encoding="utf-8")).items():
            assert table == tables.get(name, table), (
                f"run python benchmarks/suite.py --docs for {name} in {page.name}"
            )
    images = {
        name: f"images/{path.name}" for name, path in bench.plots.plots_beside(ROOT / "docs" / "images").items()
    }
    assert bench.suite.PAGE.read_text(encoding="utf-8") == bench.page.make_page(measured, images)


def test_figures_of_a_smoke_run_stay_out_of_the_docs(bench, results):
    with pytest.raises(SystemExit, match="smoke run"):
        bench.suite.fill_docs({**results, "quick": True})


def test_parts_are_kept_from_the_same_machine_alone(bench, results, tmp_path):
    file = tmp_path / "results.json"
    file.write_text(bench.suite.as_json(results), encoding="utf-8")
    assert bench.suite.begin_results(file, False, keep=True) == results
    assert bench.suite.begin_results(file, False, keep=False)["parts"] == {}
    file.write_text(bench.suite.as_json({**results, "machine": {"cores": 1000}}), encoding="utf-8")
    with pytest.raises(SystemExit, match="another machine"):
        bench.suite.begin_results(file, False, keep=True)


def test_the_machine_has_no_name(bench):
    import platform

    text = json.dumps(bench.machine.describe_machine())
    assert platform.node() not in text
    assert str(ROOT) not in text


def test_a_quick_run_prints_its_page(bench, pretended, monkeypatch, capsys):
    from parts import peers

    monkeypatch.setattr(peers.importlib.util, "find_spec", lambda name: None)
    bench.suite.main(["--quick", "--only", "peers"])
    assert "smoke run" in capsys.readouterr().out
    with pytest.raises(SystemExit, match="there is no part sizs; the parts are techniques"):
        bench.suite.main(["--only", "sizs"])


@pytest.mark.parametrize(
    "case",
    [
        {"scene": "basic"},
        {"scene": "region", "count": 3},
        {"scene": "mask bands", "count": 3},
        {"scene": "mask smooth", "count": 3},
        {"scene": "patch", "patch": 8, "stride": 4},
        {"scene": "doodle", "count": 3},
    ],
    ids=lambda case: case["scene"],
)
def test_scenes_are_objectives(bench, tiny_network, eagerly, case):
    settings = bench.scenes.settings_of({**case, "network": "lite", "type": "float32"})
    network = tiny_network(wanted_layers(settings))
    content, style = random_image(0, 32, 32), random_image(1, 32, 32)
    objective = bench.scenes.make_scene(case, network, content, style, settings)
    values, gradient = objective.value_and_gradient(content)
    assert np.isfinite(values).all() and gradient.shape == content.shape
    assert ("content" in objective.names) == (case["scene"] != "doodle")


def test_one_region_of_everything_is_basic(bench, tiny_network, eagerly):
    settings = Settings()
    network = tiny_network(wanted_layers(settings))
    content, style = random_image(0, 32, 32), random_image(1, 32, 32)
    losses = [
        np.asarray(bench.scenes.make_scene(case, network, content, style, settings).value_and_gradient(content)[0])
        for case in ({"scene": "basic"}, {"scene": "region", "count": 1})
    ]
    assert_allclose(*losses, rtol=1e-5)


def test_the_bare_network_is_differentiated_at_its_deepest_layer(bench, tiny_network, eagerly):
    network = tiny_network(["block1_conv1", "block2_conv1"])
    image = random_image(0, 16, 16)
    assert_allclose(
        bench.scenes.bare_network(network)(image), bench.scenes.bare_network(network, "block2_conv1")(image)
    )
