"""A studio that is killed with -9 while someone paints, and opened again."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from studio_browser import GROUND, SQUARE, Tab

PROGRAM = """
import sys
from pathlib import Path

import pytest
from studio_browser import paint_quickly

from maskstyle.studio.serve import serve

paint_quickly(pytest.MonkeyPatch())
serve(Path(sys.argv[1]), port=int(sys.argv[2]), browser=False, say=lambda line: print(line, flush=True))
"""
"""``maskstyle studio``, with previews and renders that need no network."""


@pytest.fixture
def start(tmp_path, filled_project):
    """Return a function that starts the studio of a filled project in a process, and returns it with its address."""
    shutil.copytree(filled_project, tmp_path / "project")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    path = os.pathsep.join([str(Path(__file__).parents[1]), os.environ.get("PYTHONPATH", "")])
    started = []

    def start():
        studio = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, tmp_path / "project", str(port)],
            env={**os.environ, "PYTHONPATH": path},
            stdout=subprocess.PIPE,
            text=True,
        )
        started.append(studio)
        line = next(line for line in studio.stdout if line.startswith("studio: "))
        return studio, line.removeprefix("studio: ").strip()

    yield start
    for studio in started:
        studio.kill()
        studio.wait()
        studio.stdout.close()


def test_a_studio_killed_amid_a_stroke_loses_nothing_that_the_page_has(start, browser, tmp_path):
    studio, address = start()
    folder = tmp_path / "project"
    context = browser.new_context(viewport={"width": 1280, "height": 720})
    page = context.new_page()
    page.set_default_timeout(60_000)
    page.goto(address)
    page.locator("#side .row").first.wait_for()
    tab = Tab(page, None)
    file = folder / "maps" / f"{_content(folder)}.png"
    page.get_by_label("Size of the render").select_option("print")  # it runs until it is stopped
    page.get_by_role("button", name="Render", exact=True).click()
    page.locator("#history .running progress").wait_for()

    tab.choose_region(3)
    tab.tool("Brush")
    tab.drag((0.5, 0.1), (0.9, 0.1))
    tab.wait(lambda: _color(file, 0.7, 0.1) == SQUARE)
    page.mouse.move(*tab.at(0.1, 0.9))
    page.mouse.down()
    page.mouse.move(*tab.at(0.3, 0.9), steps=3)
    studio.send_signal(signal.SIGKILL)
    studio.wait()
    page.mouse.move(*tab.at(0.5, 0.9), steps=3)
    page.mouse.up()
    tab.drag((0.5, 0.8), (0.6, 0.8))
    assert _color(file, 0.7, 0.1) == SQUARE
    assert _color(file, 0.2, 0.9) == GROUND
    for each in folder.rglob("*.png"):
        with Image.open(each) as image:
            image.load()

    _, address = start()
    page.locator("#message").get_by_text("The studio was restarted").wait_for()
    context.new_page().goto(address)
    tab.wait(lambda: all(_color(file, x, y) == SQUARE for x, y in ((0.7, 0.1), (0.2, 0.9), (0.4, 0.9), (0.55, 0.8))))
    page.locator("#message").wait_for(state="hidden")
    page.get_by_role("button", name="Running render").click()
    page.get_by_role("button", name="Stop").click()
    page.get_by_role("button", name="Result").wait_for()
    context.close()
    assert not [each for each in folder.rglob(".*") if each.name != ".studio.lock"]


def _content(folder):
    return json.loads((folder / "studio.json").read_text())["content"]


def _color(file, x, y):
    with Image.open(file) as image:
        pixels = np.asarray(image.convert("RGB"))
    return tuple(pixels[int(y * pixels.shape[0]), int(x * pixels.shape[1])])
