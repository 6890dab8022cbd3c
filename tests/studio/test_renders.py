"""Previews, renders and results: one session of painting, looked at from all sides."""

from __future__ import annotations

import io
import time
import zipfile

import numpy as np
import pytest
from PIL import Image
from studio_pages import Page, halves, png
from typer.testing import CliRunner

import maskstyle
from maskstyle.cli.app import app
from maskstyle.plans import load_plan
from maskstyle.studio import previews, renders
from maskstyle.studio.desk import Desk
from maskstyle.studio.events import Events
from maskstyle.studio.folder import Folder

SIDE = 48

SETTINGS = {"size": 64, "network": "lite", "steps": 2, "strength": 0.7, "feather": 4}


def wait(condition, seconds=120):
    """Wait until a condition holds."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it took too long"
        time.sleep(0.01)


class Painting(Page):
    """A page that remembers all events."""

    photo = painting = ""

    def __init__(self, desk):
        super().__init__(desk)
        self.seen = []
        desk.events.send = self.seen.append

    def events(self, kind, key):
        """Return the events of a preview or render."""
        return [each for each in self.seen if each["type"] == kind and each.get("id") == key]

    def preview(self):
        """Ask for a preview, and return its events when it is done."""
        key = self.post("/api/preview").json()["id"]
        wait(lambda: any(each["done"] for each in self.events("preview", key)))
        return self.events("preview", key)

    def rendered(self, **body):
        """Render, and return the result."""
        key = self.post("/api/renders", json=body).json()["id"]
        wait(lambda: self.get(f"/api/results/{key}").json()["state"] not in ("queued", "running"))
        wait(lambda: self.desk.worker.idle)
        result = self.get(f"/api/results/{key}").json()
        assert result["state"] != "failed", result["detail"]
        return result

    def pixels(self, address):
        """Return the pixels of a picture."""
        with Image.open(io.BytesIO(self.get(address).content)) as image:
            return np.asarray(image)


@pytest.fixture(scope="module")
def painting(tmp_path_factory):
    """Return a page with a photo and a painting of two regions each, and a mask; the worker is quick."""
    import tensorflow as tf

    tf.config.run_functions_eagerly(True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(previews, "SIDE", SIDE)
        patch.setattr(previews, "FEWEST_STEPS", 2)
        patch.setattr(previews, "MOST_STEPS", 2)
        patch.setattr(previews, "BETWEEN_PICTURES", 0.0)
        patch.setattr(renders, "BETWEEN_PICTURES", 0.0)
        page = Painting(Desk(Folder(tmp_path_factory.mktemp("studio") / "project")))
        page.photo, page.painting = page.upload("content"), page.upload("style")
        for key in (page.photo, page.painting):
            page.paint_map(key)
        page.post("/api/masks", json={"kind": "radial", "geometry": {"x": 10, "y": 10, "radius": 20}})
        page.put(settings=SETTINGS, regions=[{"color": "#0000ff", "keep": True}])
        yield page
        page.desk.worker.end()
    tf.config.run_functions_eagerly(False)


def test_a_preview_streams_its_pictures_and_ends(painting):
    first = painting.post("/api/preview").json()["id"]
    seen = painting.preview()
    assert all(each["done"] is False for each in painting.events("preview", first))  # it was replaced
    assert [each["done"] for each in seen] == [False] * (len(seen) - 1) + [True]
    assert len(seen) >= 2
    assert {each["steps"] for each in seen} == {2}
    pixels = painting.pixels(seen[-1]["url"])
    assert pixels.shape == (36, SIDE, 3)
    assert painting.get("/api/previews/9999.png").status_code == 404


def test_a_render_is_the_plan_painted(painting, monkeypatch):
    result = painting.rendered()
    assert (result["state"], result["width"], result["height"]) == ("done", 64, 48)
    running = [each for each in painting.events("render", result["id"]) if each.get("step")]
    assert running[-1]["step"] == 2
    assert all(0 < each["progress"] <= 1 and each["seconds_left"] >= 0 for each in running)
    assert [each["state"] for each in painting.events("render", result["id"])][:2] == ["queued", "running"]
    folder = painting.desk.folder
    assert CliRunner().invoke(app, ["run", str(folder.plan), "--quiet"]).exit_code == 0
    painted = np.asarray(Image.open(folder.root / "painted.png"))
    assert np.array_equal(painting.pixels(result["url"]), painted)
    shown = painting.pixels(painting.state()["content"]["url"])
    assert not np.array_equal(painted, shown)


def test_a_result_has_its_record_plan_layers_and_thumbnail(painting, tmp_path):
    result = painting.rendered(size=80)
    assert painting.get("/api/results").json()[-1] == result
    with zipfile.ZipFile(io.BytesIO(painting.get(result["plan"]).content)) as archive:
        archive.extractall(tmp_path)
    plan = maskstyle.read_plan(tmp_path / "plan.toml")
    assert plan.settings.size == 80
    assert load_plan(plan).scene().sizes[-1] == (60, 80)  # all files that it names are there
    assert not list((painting.desk.folder.root / "images").glob(".*"))
    file = painting.desk.folder.result(result["id"], ".png")
    record = maskstyle.read_metadata(file)
    assert record["inputs"]["plan"]["content"].startswith("../images/")
    repeated = CliRunner().invoke(app, ["plan", "from", str(file)])
    assert 'technique = "plan"' in repeated.output
    assert painting.get(result["layers"]).content[:2] == b"PK"
    assert painting.pixels(result["thumbnail"]).shape == (60, 80, 3)
    assert painting.delete(f"/api/results/{result['id']}").status_code == 200
    assert not file.exists()


def test_restoring_goes_back_to_the_plan_of_a_result(painting):
    before = painting.state()
    mask = painting.get(before["masks"][0]["url"]).content
    result = painting.rendered()
    painting.paint_map(painting.photo, halves(left=(0, 255, 0)), version=before["content"]["map_version"])
    painting.put(settings={"strength": 0.1})
    painting.delete(f"/api/masks/{before['masks'][0]['id']}")
    restored = painting.post(f"/api/results/{result['id']}/restore").json()
    assert restored["settings"] == before["settings"]
    assert [each["color"] for each in restored["regions"]] == ["#ff0000", "#0000ff"]
    assert restored["content"]["map_version"] > before["content"]["map_version"] + 1
    assert painting.get(restored["content"]["map"]).content == halves()
    assert painting.get(restored["masks"][0]["url"]).content == mask
    assert restored["version"] > before["version"]


def test_a_render_that_is_stopped_keeps_the_best_so_far_and_lets_previews_in(painting):
    painting.put(settings={"steps": 400})
    key = painting.post("/api/renders", json={"size": 72}).json()["id"]
    waiting = painting.post("/api/renders", json={"size": 96}).json()
    assert waiting["position"] is not None
    wait(lambda: painting.desk.worker.progress_picture(key) is not None)
    assert painting.pixels(f"/api/renders/{key}/picture").shape == (54, 72, 3)
    assert painting.client.delete(f"/api/renders/{key}").json()["detail"].endswith("stop it first")
    assert painting.preview()[-1]["done"]
    assert painting.get(f"/api/results/{key}").json()["state"] == "running"
    painting.post(f"/api/renders/{waiting['id']}/stop")
    painting.post(f"/api/renders/{key}/stop")
    wait(lambda: painting.desk.worker.idle)
    result = painting.get(f"/api/results/{key}").json()
    assert (result["state"], result["width"]) == ("stopped", 72)
    assert painting.pixels(result["url"]).shape == (54, 72, 3)
    assert painting.get(f"/api/results/{waiting['id']}").json()["state"] == "stopped"
    painting.put(settings={"steps": 2})


def test_a_render_that_fails_says_why_and_the_worker_goes_on(painting):
    file = painting.desk.folder.image(painting.painting, ".png")
    image, data = painting.post("/api/renders").json()["id"], file.read_bytes()
    wait(lambda: painting.desk.worker.idle)
    file.write_bytes(b"damaged")
    key = painting.post("/api/renders").json()["id"]
    wait(lambda: painting.desk.worker.idle)
    file.write_bytes(data)
    failed = painting.get(f"/api/results/{key}").json()
    assert failed["state"] == "failed"
    assert "not an image" in failed["detail"]
    assert key in {each["id"] for each in painting.get("/api/renders").json()}
    assert painting.get(f"/api/results/{image}").json()["state"] == "done"


def test_a_doodle_is_previewed_and_rendered(painting):
    state = painting.post("/api/doodle", json={"width": 64, "height": 64}).json()
    doodle = np.zeros((64, 64, 4), np.uint8)
    doodle[:, :30], doodle[:, 30:50] = (255, 0, 0, 255), (0, 0, 255, 255)
    painting.paint_map(state["content"]["id"], png(doodle), version=1)
    assert "detail" not in painting.preview()[-1]
    pixels = painting.pixels(painting.rendered()["url"])
    assert (pixels[..., 3] == 0)[:, 50:].all()
    painting.put(mode="photo")


def test_what_was_painted_when_the_server_died_goes_on(painting):
    done = painting.rendered()
    folder = painting.desk.folder
    folder.result(done["id"], ".png").unlink()
    folder.result(done["id"], ".png.checkpoint").write_bytes(b"damaged")  # it is painted anew
    record = folder.kept(done["id"], "render.json")
    record.write_text(record.read_text().replace('"done"', '"running"'))
    state = painting.state()
    again = Painting(Desk(Folder(folder.root)))
    assert again.state() == state
    assert [each["id"] for each in again.get("/api/renders").json() if each["state"] == "queued"] == [done["id"]]
    with again.client:  # starts the server
        wait(lambda: again.desk.worker.idle)
    assert again.get(f"/api/results/{done['id']}").json()["state"] == "done"


def test_events_reach_every_page_until_the_server_ends():
    import asyncio

    async def listen():
        events = Events()
        streams = [events.stream({"type": "project", "version": 1}) for _ in range(2)]
        first = [await anext(stream) for stream in streams]
        assert events.listening == 2
        for number in range(100):  # more than wait for a slow page
            events.send({"type": "log", "number": number})
        await asyncio.sleep(0)
        second = [await anext(stream) for stream in streams]
        events.close()
        rest = [[each async for each in stream] for stream in streams]
        return first, second, rest, events.listening

    first, second, rest, listening = asyncio.run(listen())
    assert first == ['data: {"type":"project","version":1}\n\n'] * 2
    assert second[0] == second[1]
    assert all('"number":99' in each[-1] for each in rest)
    assert listening == 0
