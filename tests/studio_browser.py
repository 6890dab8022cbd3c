"""The studio in a browser, for tests: a server with quick previews, and a tab as a person uses it."""

from __future__ import annotations

import io
import os
import shutil
import socket
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import uvicorn
from PIL import Image
from studio_pages import png

from maskstyle.images import encode_image, save_image
from maskstyle.studio import worker
from maskstyle.studio.desk import Desk
from maskstyle.studio.door import Keys
from maskstyle.studio.folder import Folder
from maskstyle.studio.previews import Previewer
from maskstyle.studio.renders import Renderer
from maskstyle.studio.serve import create_app

GROUND, DISK, SQUARE = (110, 140, 60), (250, 215, 80), (30, 80, 160)
"""Colors of the regions of `map_of`; they are numbered in this order."""

REQUIRED = "MASKSTYLE_REQUIRE_BROWSER"


def find_chromium():
    """Return the path of Debian's chromium; skip the test where there is none, unless it must be there."""
    found = next(
        (file for file in ("/usr/lib/chromium/chromium", shutil.which("chromium")) if file and Path(file).exists()),
        None,
    )
    if found is None and os.environ.get(REQUIRED) == "1":
        pytest.fail(f"{REQUIRED} is 1, but there is no chromium; install it with apt-get install chromium")
    if found is None:
        pytest.skip("there is no chromium")
    return found


def jpeg(width=240, height=160, seed=0):
    """Return the JPEG of a picture with a bright disk on the left and a dark square on the right."""
    rows, columns = np.mgrid[:height, :width]
    pixels = np.stack([columns * 0.4 + 60 * seed, rows * 0.8, 120 + 0 * rows], axis=-1)
    pixels[(rows - height / 2) ** 2 + (columns - width / 4) ** 2 < (height / 4) ** 2] = (250, 220, 60)
    pixels[height // 3 : -height // 3, 3 * width // 5 : -width // 8] = (20, 30, 20 + 40 * seed)
    stream = io.BytesIO()
    Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8)).save(stream, "JPEG", quality=95)
    return stream.getvalue()


def map_of(width=240, height=160):
    """Return the PNG of a map of that picture: ground, disk and square."""
    rows, columns = np.mgrid[:height, :width]
    pixels = np.full((height, width, 3), GROUND, np.uint8)
    pixels[(rows - height / 2) ** 2 + (columns - width / 4) ** 2 < (height / 4) ** 2] = DISK
    pixels[height // 3 : -height // 3, 3 * width // 5 : -width // 8] = SQUARE
    return png(pixels)


def fill(desk):
    """Give a project a photo and a painting with their maps."""
    for role, seed in (("content", 0), ("style", 2)):
        state = desk.add_image(io.BytesIO(jpeg(seed=seed)), f"{role}.jpg", role)
        image = state["content"] if role == "content" else state["styles"][0]
        desk.save_map(image["id"], map_of(), 0)


def _quickly(self, preview, show, outdated):
    """Stand in for `Previewer.paint`, which has tests of its own: three steps to a picture in one color."""
    for step in range(1, 4):
        time.sleep(0.03)
        if outdated():
            return
        strength = preview.state.settings.strength
        show(encode_image(np.full((20, 30, 3), (1.0, strength, step / 3), np.float32)), step, 3, step == 3)


class Server:
    """One server for all tests; each test has a project of its own."""

    def __init__(self):
        listening = socket.socket()
        listening.bind(("127.0.0.1", 0))
        self.keys = Keys(listening.getsockname()[1])
        self.app: Any = None
        config = uvicorn.Config(
            self._answer, interface="asgi3", log_level="error", lifespan="off", timeout_graceful_shutdown=1
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, args=([listening],), daemon=True)
        self._thread.start()

    async def _answer(self, scope, receive, send):
        await self.app(scope, receive, send)

    @property
    def address(self):
        """Return the address with the token."""
        return f"http://127.0.0.1:{self.keys.port}/?token={self.keys.token}"

    def open(self, folder):
        """Serve the project in a folder; return its desk."""
        desk = Desk(Folder(folder))
        self.app = create_app(desk, self.keys, warm=False)
        return desk

    def close(self):
        """Stop the server."""
        self._server.should_exit = True
        self._thread.join(5)


def _quick_render(self, running, between, ending):
    """Stand in for a render: steps with pictures, then a result; stopping keeps what there is."""
    render, picture = running.render, np.full((20, 30, 3), (0.2, 0.8, 0.4), np.float32)
    running.picture = encode_image(picture)
    steps = 100_000 if render.size == "print" else 8  # it goes on until it is stopped
    for step in range(1, steps + 1):
        url = f"/api/renders/{render.id}/picture?t={step}"
        self.tell(render, step=step, steps=steps, progress=step / steps, seconds_left=0.05 * (steps - step), url=url)
        between()
        time.sleep(0.05)
        if running.stop:
            break
    save_image(self._folder.result(render.id, ".png"), picture)
    done = {"state": "stopped" if running.stop else "done", "width": 30, "height": 20, "seconds": 0.5}
    self.finish(render.model_copy(update=done))


def paint_quickly(patch):
    """Paint previews and renders without a network, for the tests of the page."""
    patch.setattr(worker, "import_tensorflow", lambda: None)
    patch.setattr(Previewer, "paint", _quickly)
    patch.setattr(Previewer, "warm_up", lambda self: None)
    patch.setattr(Renderer, "_paint", _quick_render)


class Tab:
    """A tab of the browser with the studio in it, and what its server has."""

    def __init__(self, page, desk):
        self.page, self.desk = page, desk

    def state(self):
        """Return the state as the server has it."""
        return self.desk.view()

    def labels(self, which="content"):
        """Return the map of a picture as the folder has it: (height, width, 4)."""
        state = self.state()
        image = state["content"] if which == "content" else state["styles"][0]
        return np.asarray(Image.open(self.desk.folder.map(image["id"])).convert("RGBA"))

    def settle(self):
        """Wait until the page has saved the map and knows its version, so that it does not meet another change."""
        settled = """async (version) => {
            const { document } = (await import("/static/js/canvas.js")).pane;
            return !document.unsaved && !document.saving && document.version === version;
        }"""
        self.wait(lambda: self.page.evaluate(settled, self.state()["content"]["map_version"]))

    def wait(self, holds, seconds=60.0):
        """Wait until something holds; the page goes on meanwhile."""
        end = time.monotonic() + seconds
        while not holds():
            assert time.monotonic() < end, (
                f"waited {seconds} s; the page says: {self.page.locator('#message').inner_text()}"
            )
            self.page.wait_for_timeout(15)

    def drop(self, *files, on="#stage"):
        """Drop files (name, bytes) on a part of the page, as from a file manager."""
        self.page.evaluate(
            """([place, files]) => {
                const data = new DataTransfer();
                for (const [name, bytes] of files)
                    data.items.add(new File([new Uint8Array(bytes)], name, { type: "image/jpeg" }));
                const options = { bubbles: true, cancelable: true };
                const target = document.querySelector(place);
                for (const type of ["dragover", "drop"])
                    target.dispatchEvent(new DragEvent(type, { ...options, dataTransfer: data }));
            }""",
            [on, [[name, list(data)] for name, data in files]],
        )

    def tool(self, name):
        """Choose a tool in the bar."""
        self.page.locator(f"#tools button[aria-label^='{name} (']").click()

    def at(self, x, y):
        """Return where a point of the picture, in parts of its width and height, is in the window."""
        box = self.page.evaluate(
            """async () => {
                const { pane } = await import("/static/js/canvas.js");
                for (let tries = 0; tries < 1500 && !pane.document?.map; tries++) // it is still being loaded
                    await new Promise((resolve) => setTimeout(resolve, 20)); // also in a tab behind another
                const canvas = document.getElementById("map-glass").getBoundingClientRect();
                const { width, height } = pane.document;
                const corners = [{ x: 0, y: 0 }, { x: width, y: height }];
                const [a, b] = corners.map((point) => pane.viewport.toCanvas(point));
                return [canvas.left + a.x, canvas.top + a.y, b.x - a.x, b.y - a.y];
            }"""
        )
        return box[0] + x * box[2], box[1] + y * box[3]

    def drag(self, *points):
        """Drag the mouse through points of the picture."""
        mouse = self.page.mouse
        mouse.move(*self.at(*points[0]))
        mouse.down()
        for point in points[1:]:
            mouse.move(*self.at(*point), steps=3)
        mouse.up()

    def click(self, x, y):
        """Click a point of the picture."""
        self.page.mouse.click(*self.at(x, y))

    def color_at(self, x, y, which="content"):
        """Return the color of the saved map at a point, as "#rrggbb", or None where there is no region."""
        labels = self.labels(which)
        pixel = labels[int(y * labels.shape[0]), int(x * labels.shape[1])]
        return "#{:02x}{:02x}{:02x}".format(*pixel[:3]) if pixel[3] else None

    def region(self, number):
        """Return a region of the content image as the server has it."""
        return next(each for each in self.state()["regions"] if each["number"] == number)

    def choose_region(self, number):
        """Choose a region in the list."""
        self.page.get_by_role("list", name="Regions").get_by_role("button", name=f"{number},").first.click()
