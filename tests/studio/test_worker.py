"""The thread of the worker goes on whatever goes wrong, and says how each render ended."""

from __future__ import annotations

import os
import threading
import time

import numpy as np
import pytest
from studio_browser import paint_quickly

from maskstyle.errors import NumericalError
from maskstyle.studio.previews import Previewer
from maskstyle.studio.renders import Renderer, finished_render
from maskstyle.studio.results import Render


@pytest.fixture
def quick(filled, monkeypatch):
    """Return a page whose worker needs no network."""
    paint_quickly(monkeypatch)
    yield filled
    filled.desk.worker.end(5)


def wait(condition, seconds=120):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it took too long"
        time.sleep(0.01)


def rendered(page):
    """Render, and return the result."""
    key = page.post("/api/renders").json()["id"]
    wait(lambda: page.desk.worker.idle)
    return page.get(f"/api/results/{key}").json()


def test_a_full_disk_fails_a_render_and_the_next_is_painted(quick, monkeypatch):
    with monkeypatch.context() as patch:

        def full(self, running, between, ending):
            def replace(*arguments, **options):
                raise OSError(28, os.strerror(28))

            patch.setattr("os.replace", replace)
            error = NumericalError("the loss is not finite")
            error.image = np.zeros((8, 8, 3), np.float32)
            raise error

        patch.setattr(Renderer, "_paint", full)
        failed = rendered(quick)
    assert (failed["state"], failed["detail"]) == ("failed", "the loss is not finite")
    assert rendered(quick)["state"] == "done"


def test_a_render_that_is_stopped_as_it_begins_ends_no_thread(quick, monkeypatch):
    desk, render = quick.desk, quick.desk.results.render
    stopping = []

    def stopped_meanwhile(key):
        if threading.current_thread().name == "maskstyle studio" and not stopping:
            stopping.append(threading.Thread(target=desk.worker.stop, args=(key,)))
            stopping[0].start()
            stopping[0].join(0.3)
        return render(key)

    monkeypatch.setattr(desk.results, "render", stopped_meanwhile)
    assert rendered(quick)["state"] == "stopped"
    assert rendered(quick)["state"] == "done"


def test_what_keeps_previews_from_starting_is_said_and_tried_again(quick, monkeypatch):
    seen = []
    quick.desk.events.send = seen.append

    def broken(self):
        raise OSError("no weights")

    with monkeypatch.context() as patch:
        patch.setattr(Previewer, "warm_up", broken)
        quick.post("/api/preview")
        wait(lambda: quick.desk.worker.idle)
    assert "no weights" in seen[-1]["detail"]
    assert rendered(quick)["state"] == "done"
    quick.post("/api/preview")
    wait(lambda: quick.desk.worker.idle)
    assert "detail" not in seen[-1]


def test_a_render_begins_although_previews_are_asked_for_without_end(quick, monkeypatch):
    def unfinished(self, preview, show, outdated):
        while not outdated():
            time.sleep(0.005)

    monkeypatch.setattr(Previewer, "paint", unfinished)
    quick.post("/api/preview")
    key = quick.post("/api/renders").json()["id"]

    def done():
        quick.post("/api/preview")  # as from a person who paints on
        return quick.get(f"/api/results/{key}").json()["state"] == "done"

    wait(done)


def test_a_result_that_was_stopped_at_a_smaller_size_says_so():
    class Stopped:
        image, seconds, layers, stopped_because = np.zeros((20, 30, 3)), 1.0, None, "interrupted"

    render = Render(id="0001", name="photo", created=0.0, size=120)
    small = finished_render(render, Stopped(), (80, 120))
    assert (small.width, small.height) == (30, 20)
    assert small.detail == "stopped early, before 120x80 pixels"
    assert finished_render(render, Stopped(), (20, 30)).detail == ""
