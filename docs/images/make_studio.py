"""Make the pictures of the studio: the steps of its tutorial, as a person sees it in a browser.

    python docs/images/make_studio.py

It needs Playwright and Debian's chromium, as the tests of the page do.
"""

from __future__ import annotations

import io
import re
import shutil
import signal
import subprocess
import sys
import tempfile

from PIL import Image
from playwright.sync_api import Page, sync_playwright
from sheets import FOLDER

WIDTH, HEIGHT = 1280, 720

SETTLED = 5000
"""Milliseconds after which a change is saved and its preview has begun."""


def main() -> None:
    """Take a new project through the tutorial."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as running:
        command = [sys.executable, "-m", "maskstyle", "studio", folder, "--no-browser"]
        studio = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        try:
            assert studio.stdout is not None
            address = next(found[1] for line in studio.stdout if (found := re.search(r"studio: (\S+)", line)))
            path = shutil.which("chromium")
            browser = running.chromium.launch(executable_path=path, args=["--no-sandbox"])
            page = browser.new_page(color_scheme="dark", viewport={"width": WIDTH, "height": HEIGHT})
            page.set_default_timeout(300_000)
            page.goto(address)
            take_steps(page)
            browser.close()
        finally:
            studio.send_signal(signal.SIGINT)
            studio.wait()


def take_steps(page: Page) -> None:
    """Do what the tutorial says, and keep a picture of each step."""
    page.locator("#welcome img").last.wait_for()
    keep(page, "studio_open.webp")
    page.get_by_role("button", name="A cup of coffee").click()
    page.locator("#preview-bar").get_by_text("Photo").wait_for()
    keep(page, "studio.jpg")

    page.keyboard.press("p")
    page.locator("#side .row-head").nth(1).click()
    page.mouse.move(*point(page, 0.62, 0.3))
    page.wait_for_timeout(SETTLED)  # until the patches are found
    drag(page, (0.62, 0.3), (0.8, 0.45), (0.78, 0.7))
    keep(page, "studio_map.webp")
    page.keyboard.press("Control+z")

    page.get_by_role("button", name="The whole painting").click()
    page.locator("#side input[type=range]").first.fill("0.8")
    keep(page, "studio_style.webp")

    page.keyboard.press("r")
    drag(page, (0.5, 0.45), (0.8, 0.45))
    keep(page, "studio_masks.jpg")


def point(page: Page, x: float, y: float) -> tuple[float, float]:
    """Return where a point of the picture, in parts of its width and height, is in the window."""
    left, top, width, height = page.evaluate(
        """async () => {
            const { pane } = await import("/static/js/canvas.js");
            const box = document.getElementById("map-glass").getBoundingClientRect();
            const { width, height } = pane.document;
            const [a, b] = [{ x: 0, y: 0 }, { x: width, y: height }].map((each) => pane.viewport.toCanvas(each));
            return [box.left + a.x, box.top + a.y, b.x - a.x, b.y - a.y];
        }"""
    )
    return left + x * width, top + y * height


def drag(page: Page, *points: tuple[float, float]) -> None:
    """Drag the mouse through points of the picture."""
    page.mouse.move(*point(page, *points[0]))
    page.mouse.down()
    for each in points[1:]:
        page.mouse.move(*point(page, *each), steps=12)
    page.mouse.up()


def keep(page: Page, name: str) -> None:
    """Keep a picture of the page as it settles."""
    page.wait_for_timeout(SETTLED)
    page.locator("#preview-bar progress").wait_for(state="detached")
    shown = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    shown.save(FOLDER / name, quality=85 if name.endswith(".jpg") else 72)


if __name__ == "__main__":
    main()
