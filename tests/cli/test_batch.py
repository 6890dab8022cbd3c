"""``maskstyle batch`` in this process: many pictures, broken ones among them, and what is done before."""

from __future__ import annotations

import dataclasses
import json
import tomllib

import numpy as np
import pytest
from PIL import Image
from reference import he_weights, write_npz

from maskstyle import read_metadata
from maskstyle.batch.work import Painter, Task
from maskstyle.networks.architectures import VGG19
from maskstyle.plans import plan_from_table, read_plan
from maskstyle.plans.checking import Source
from maskstyle.plans.records import request_digest

RAMP = np.tile(np.linspace(0, 255, 40).astype(np.uint8), (32, 1))


@pytest.fixture
def photos(desk, painted):
    """Return a folder with two photos, a map that is none of them, and a file that is no image."""
    folder = desk / "photos"
    folder.mkdir()
    painted((32, 40), seed=2).save(folder / "one.png")
    painted((30, 24), seed=3).save(folder / "two.jpg")
    Image.new("RGB", (40, 32), "red").save(folder / "one_map.png")
    (folder / "broken.jpg").write_bytes(b"broken")
    return folder


@pytest.fixture
def batch(run, eagerly, quick):
    """Return a function that runs a quick ``maskstyle batch``."""

    def batch(technique, *arguments, output="out"):
        return run("batch", technique, *arguments, "-o", output, *quick)

    return batch


def pixels(path):
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"))


def test_broken_pictures_do_not_stop_the_others(photos, batch, run, quick, desk):
    ran = batch("basic", photos, "style.jpg", "--json", "report.json")
    assert ran.code == 1
    assert sorted(path.name for path in (desk / "out").iterdir()) == ["one.png", "two.png"]
    assert "photos/broken.jpg is not an image in a known format" in ran.err
    assert ran.err.splitlines()[-1] == "out: 2 painted, 1 failed, of 3"
    report = json.loads((desk / "report.json").read_text())["pictures"]
    assert {each["output"]: each["state"] for each in report} == {
        "out/broken.png": "failed",
        "out/one.png": "painted",
        "out/two.png": "painted",
    }
    run("basic", "photos/two.jpg", "style.jpg", "-o", "out/alone.png", *quick).succeeded()
    np.testing.assert_array_equal(pixels("out/alone.png"), pixels("out/two.png"))
    assert read_metadata("out/alone.png")["inputs"] == read_metadata("out/two.png")["inputs"]


def test_what_has_no_effect_is_noted_once(photos, batch):
    ran = batch("basic", "photos/one.png", "photos/two.jpg", "style.jpg", "--noise-contrast", "0.5").succeeded()
    assert ran.err.count("--noise-contrast has no effect where --init is not noise") == 1


def test_what_is_done_is_not_painted_again_unless_its_inputs_changed(photos, batch, desk, painted):
    (photos / "broken.jpg").unlink()
    batch("basic", "photos/*[eo].*", "style.jpg", "--quiet").succeeded()
    before = {path.name: path.stat().st_mtime_ns for path in (desk / "out").iterdir()}
    assert "2 done before, of 2" in batch("basic", photos, "style.jpg").succeeded().err
    assert before == {path.name: path.stat().st_mtime_ns for path in (desk / "out").iterdir()}
    painted((32, 40), seed=4).save(photos / "one.png")
    assert "1 painted, 1 done before, of 2" in batch("basic", photos, "style.jpg").succeeded().err
    assert "2 painted, of 2" in batch("basic", photos, "style.jpg", "--strength", "0.7").succeeded().err
    assert "2 painted, of 2" in batch("basic", photos, "style.jpg", "--strength", "0.7", "--force").succeeded().err


def test_a_result_of_one_command_counts_for_a_batch_and_a_touched_photo_is_the_same(photos, batch, run, quick, desk):
    (desk / "out").mkdir()
    run("basic", "photos/two.jpg", "style.jpg", "-o", "out/two.png", *quick).succeeded()
    alone = read_metadata("out/two.png")["request"]
    assert "1 done before, of 1" in batch("basic", photos / "two.jpg", "style.jpg").succeeded().err
    batch("basic", photos / "two.jpg", "style.jpg", "--force").succeeded()
    assert read_metadata("out/two.png")["request"] == alone  # by which the batch recognizes it without decoding
    assert "1 painted, of 1" in batch("basic", photos / "one.png", "style.jpg").succeeded().err
    (photos / "one.png").touch()
    assert "1 done before, of 1" in batch("basic", photos / "one.png", "style.jpg").succeeded().err


REQUEST = {
    "technique": "plan",
    "content": "photos/one.png",
    "content_map": "map.png",
    "styles": {"s": {"image": "style.jpg", "map": "style_map.png"}},
    "region": [{"region": "#ff0000", "style": "s"}, {"mask": "mask.png", "style": "s"}],
    "weights": "w.npz",
}


@pytest.fixture
def request_of(photos, desk):
    """Return a function from a plan, as it differs from `REQUEST`, and its result to the digest of the request."""
    for name in ("map.png", "style_map.png", "mask.png", "w.npz"):
        (desk / name).write_bytes(name.encode())

    def request_of(output="out/one.png", **changed):
        plan = plan_from_table({**REQUEST, **changed}, desk / "plan.toml", Source())
        return request_digest(plan, desk / output, Painter().choice(plan))

    return request_of


@pytest.mark.parametrize("file", ["photos/one.png", "map.png", "style.jpg", "style_map.png", "mask.png", "w.npz"])
def test_a_request_is_another_where_a_file_has_other_bytes(request_of, desk, file):
    first = request_of()
    (desk / file).touch()
    assert request_of() == first
    (desk / file).write_bytes(b"other")
    assert request_of() != first


@pytest.mark.parametrize(
    "changed",
    [
        {"settings": {"size": 64}},
        {"settings": {"network": "vgg16"}},
        {"styles": {"s": {"image": "photos/one.png", "map": "style_map.png"}}},
        {"styles": {"s": {"image": "style.jpg", "map": "mask.png"}}},
        {"content_map": "mask.png"},
        {"region": REQUEST["region"][:1]},
        {"region": [{**REQUEST["region"][0], "region": "#0000ff"}, REQUEST["region"][1]]},
        {"region": [{**REQUEST["region"][0], "strength": 0.5}, REQUEST["region"][1]]},
        {"region": [REQUEST["region"][0], {"mask": "map.png", "style": "s"}]},
        {"feather": 3.0},
        {"output": "one.png"},
    ],
)
def test_a_request_is_another_where_the_plan_or_the_result_changes(request_of, changed):
    assert request_of(**changed) != request_of()


def test_a_request_is_another_in_another_version_but_not_with_other_limits(request_of, monkeypatch):
    first = request_of()
    assert request_of(run={"memory": 4}) == first
    monkeypatch.setattr("maskstyle.plans.records.__version__", "0.0.1")
    assert request_of() != first


def test_each_file_and_region_of_a_plan_that_changes_paints_again(desk, run, eagerly, painted):
    colors = np.array([(255, 0, 0), (0, 0, 255)], np.uint8)
    for name, size in (("map.png", (32, 40)), ("style_map.png", (36, 28))):
        Image.fromarray(colors[np.tile(np.arange(size[1]) * 2 // size[1], (size[0], 1))]).save(desk / name)
    Image.fromarray(RAMP).save(desk / "mask.png")
    plan = (
        'content = "content.png"\ncontent_map = "map.png"\n[settings]\nsteps = 1\nscales = 1\n'
        "content_layers = {block1_conv2 = 1}\nstyle_layers = {block1_conv1 = 1}\n"
        '[styles.s]\nimage = "style.jpg"\nmap = "style_map.png"\n[[region]]\nregion = "#ff0000"\nstyle = "s"\n'
        '[[region]]\nmask = "mask.png"\nstyle = "s"\n'
    )

    def said():
        return run("batch", "run", "plan.toml", "-o", "out").succeeded().err.splitlines()[-1]

    (desk / "plan.toml").write_text(plan)
    assert said() == "out: 1 painted, of 1"
    assert said() == "out: 1 done before, of 1"
    painted((36, 28), seed=5).save(desk / "style.jpg")
    assert said() == "out: 1 painted, of 1"
    for name in ("map.png", "mask.png"):
        with Image.open(desk / name) as image:
            image.transpose(Image.Transpose.FLIP_LEFT_RIGHT).save(desk / name)
        assert said() == "out: 1 painted, of 1"
    (desk / "plan.toml").write_text(plan.replace("#ff0000", "#0000ff"))
    assert said() == "out: 1 painted, of 1"
    assert said() == "out: 1 done before, of 1"


def test_other_files_are_not_replaced(photos, batch, desk):
    (desk / "out").mkdir()
    Image.new("RGB", (4, 4)).save(desk / "out" / "one.png")
    ran = batch("basic", photos / "one.png", "style.jpg")
    assert ran.code == 1
    assert "out/one.png exists and is no result of maskstyle" in ran.err
    assert pixels(desk / "out" / "one.png").shape == (4, 4, 3)
    assert "one.png, an input, which would" in batch("basic", photos / "one.png", "style.jpg", output="photos").error
    assert "photos, a folder of pictures to paint" in batch("basic", photos, "style.jpg", output="photos").error
    (desk / "notes.json").write_text("{}")
    assert (
        "notes.json, which exists and is not a report"
        in batch("basic", photos, "style.jpg", "--json", "notes.json").error
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("nowhere/*.jpg", "style.jpg"), "no file matches nowhere/*.jpg"),
        (("photos", "photos/broken.jpg"), "photos/broken.jpg is not an image"),
        (("photos", "style.jpg", "--name", "same.png"), "would both be out/same.png"),
        (("photos", "style.jpg", "--name", "{size}.png"), "in braces, expected {name}, {folder}, {number}"),
        (("photos", "style.jpg", "--name", "{number:04d}.png"), "in braces, expected {name}, {folder}, {number}"),
        (("photos", "style.jpg", "--strength", "2"), "--strength is 2"),
        (("photos", "style.jpg", "--scheduler", "many"), "--scheduler is 'many'; expected local:N"),
    ],
)
def test_mistakes_that_concern_all_are_found_first(photos, batch, desk, arguments, message):
    ran = batch("basic", *arguments)
    assert ran.code == 2
    assert message in ran.error
    assert not (desk / "out").exists()


def test_a_result_that_cannot_be_written_is_found_before_it_is_painted(photos, batch, desk, monkeypatch):
    (desk / "out" / "one.png").mkdir(parents=True)
    monkeypatch.setattr("maskstyle.synthesis.paint.paint", None)
    ran = batch("basic", photos / "one.png", photos / "broken.jpg", "style.jpg")
    assert "out/one.png" in ran.err
    assert "2 failed" in ran.err


def test_braces_in_names_of_files_and_folders_in_names_of_results(photos, batch, desk):
    (photos / "one.png").rename(photos / "x{1}.png")
    (desk / "style.jpg").rename(desk / "style{name}.jpg")
    batch("basic", photos / "x{1}.png", "style{name}.jpg", "--name", "{folder}/{name}.png").succeeded()
    assert (desk / "out" / "photos" / "x{1}.png").exists()


def test_other_weights_of_one_name_paint_again(photos, batch, tmp_path, monkeypatch):
    weights = tmp_path / "found" / "vgg19.npz"
    weights.parent.mkdir()
    monkeypatch.setenv("MASKSTYLE_WEIGHTS_DIR", str(weights.parent))
    said = []
    for seed in (1, 1, 2):
        write_npz(weights, he_weights(VGG19, VGG19.layers[:6], seed))
        ran = batch("basic", photos / "one.png", "style.jpg", "--network", "vgg19").succeeded()
        said.append(ran.err.splitlines()[-1])
    assert said == ["out: 1 painted, of 1", "out: 1 done before, of 1", "out: 1 painted, of 1"]


def test_plans_with_weights_of_one_name_use_their_own(desk, random_vgg19_weights, tmp_path):
    choices = []
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "w.npz").write_bytes(random_vgg19_weights.read_bytes())
        plan = quick_task(desk).plan
        plan = dataclasses.replace(plan, path=tmp_path / folder / "plan.toml", weights="w.npz")
        choices.append(Painter().choice(plan).weights)
    assert choices == [tmp_path / "one" / "w.npz", tmp_path / "two" / "w.npz"]


def test_masks_and_maps_beside_and_by_name(photos, batch, desk):
    (desk / "masks").mkdir()
    Image.fromarray(RAMP).save(desk / "masks" / "one_soft.png")
    ran = batch("mask", photos / "one.png", "--style", "style.jpg:masks/{name}_soft.png").succeeded()
    assert "1 painted" in ran.err
    assert read_metadata("out/one.png")["inputs"]["plan"]["region"][0]["mask"] == "../masks/one_soft.png"
    Image.new("RGB", (28, 36), "red").save(desk / "style_map.png")
    found = batch("region", photos / "one.png", photos / "two.jpg", "style.jpg", "--name", "{number}_{folder}.png")
    assert found.code == 1
    assert "1 painted, 1 failed, of 2" in found.err
    assert (desk / "out" / "0001_photos.png").exists()


def test_a_plan_for_many_pictures(photos, batch, run, desk):
    Image.fromarray(RAMP).save(desk / "content_mask.png")
    Image.fromarray(RAMP.T[:30, :24].copy()).save(photos / "two_mask.png")
    (desk / "plan.toml").write_text(
        'content = "content.png"\n[settings]\nsteps = 2\nscales = 1\ncontent_layers = {block1_conv2 = 1}\n'
        'style_layers = {block1_conv1 = 1}\n[styles.one]\nimage = "style.jpg"\n'
        '[[region]]\nmask = "content_mask.png"\nstyle = "one"\n[run]\nmetadata = false\n'
    )
    ran = run("batch", "run", "plan.toml", "--content", "photos/two.jpg", "--content", "photos/one.png", "-o", "out")
    assert ran.code == 1
    assert "photos/one_mask.png" in ran.err
    assert ran.err.count("note: metadata of plan.toml has no effect here") == 1
    ran = run("batch", "run", "plan.toml", "-o", "out", "--set", "metadata=true")
    assert ran.error == "--set metadata has no effect on many pictures; leave it out"
    recorded = read_metadata("out/two.png")["inputs"]["plan"]
    assert recorded["content"] == "../photos/two.jpg"
    assert recorded["region"][0]["mask"] == "../photos/two_mask.png"
    run("run", "plan.toml", "-o", "alone.png").succeeded()
    run("batch", "run", "plan.toml", "-o", "out").succeeded()
    np.testing.assert_array_equal(pixels("alone.png"), pixels("out/plan.png"))


def test_a_dry_run_opens_the_pictures_and_writes_nothing(photos, batch, desk):
    Image.new("RGB", (40, 32)).save(photos / "three_mask.png")  # of no photo
    ran = batch("basic", "photos", "style.jpg", "--dry-run")
    assert ran.code == 1
    assert [line.split() for line in ran.out.splitlines()][1:] == [
        [f"photos/{name}", f"out/{name.partition('.')[0]}.png"] for name in ("one.png", "two.jpg")
    ]
    assert "photos/broken.jpg is not an image in a known format" in ran.err
    assert "photos/three_mask.png is taken for a map or mask" in ran.err
    assert not (desk / "out").exists()
    by_pattern = batch("basic", "photos/one*.png", "style.jpg", "--dry-run").succeeded().out
    assert "one_map.png" not in by_pattern


def quick_task(desk, **settings):
    """Return a task of five steps of Adam, which a checkpoint resumes to the bit."""
    chosen = {"steps": 5, "scales": 1, "optimizer": "adam", "tolerance": 0.0, **settings}
    layers = {"content_layers": {"block1_conv2": 1.0}, "style_layers": {"block1_conv1": 1.0}}
    table = {
        "technique": "basic",
        "content": "content.png",
        "styles": {"one": {"image": "style.jpg"}},
        "settings": {**chosen, **layers},
    }
    return Task(plan_from_table(table, desk / "plan.toml", Source()), desk / "out.png")


def test_an_interrupted_picture_goes_on_where_it_was(desk, eagerly):
    task = quick_task(desk)
    seen = []
    stopped = Painter().paint(task, on_step=seen.append, should_stop=lambda: len(seen) == 2)
    assert stopped.state == "interrupted"
    assert not task.output.exists()
    again = []
    assert Painter().paint(task, on_step=again.append).state == "painted"
    assert [step.step for step in again] == [3, 4, 5]
    assert [path.name for path in desk.glob("out.png*")] == ["out.png"]
    resumed = pixels(task.output)
    assert Painter(force=True).paint(task).state == "painted"
    np.testing.assert_array_equal(pixels(task.output), resumed)


def test_workers_of_dask_paint_the_same(photos, batch, desk, workers):
    ran = batch("basic", photos, "style.jpg", "--scheduler", workers.scheduler_address)
    again = batch("basic", photos, "style.jpg", "--scheduler", workers.scheduler_address)
    assert any(line.startswith("3 of 3 ") for line in ran.err.splitlines())  # the bar counts what workers paint
    assert ran.code == again.code == 1
    assert "2 painted, 1 failed, of 3" in ran.err
    assert "photos/broken.jpg is not an image" in ran.err
    assert "2 done before, 1 failed, of 3" in again.err
    parallel = {path.name: pixels(path) for path in (desk / "out").iterdir()}
    assert "2 done before, 1 failed, of 3" in batch("basic", photos, "style.jpg").err
    batch("basic", photos, "style.jpg", "--force")
    for name, expected in parallel.items():
        np.testing.assert_array_equal(pixels(desk / "out" / name), expected)


def test_the_plan_of_a_result_repeats_it(photos, batch, run, desk):
    batch("basic", photos / "one.png", "style.jpg").succeeded()
    run("plan", "from", "out/one.png", "-o", "again.toml").succeeded()
    assert read_plan(desk / "again.toml").main == "photos/one.png"
    assert tomllib.loads((desk / "again.toml").read_text())["styles"]["style"]["image"] == "style.jpg"
