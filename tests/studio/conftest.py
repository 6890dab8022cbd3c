"""Fixtures of the studio's tests: a project in a folder, and a page that shows it."""

from __future__ import annotations

import re
import shutil

import pytest
from studio_browser import Server, Tab, fill, find_chromium, paint_quickly
from studio_pages import Page

from maskstyle.studio.desk import Desk
from maskstyle.studio.folder import Folder

GONE = re.compile(r"server does not answer|server answered 503", re.IGNORECASE)
"""Errors of requests that were under way when a test took the server away."""


NOT_NEEDED = (
    "WebUIOmniboxPopup",
    "WebUIOmniboxAimPopup",
    "WebUIOmniboxFullPopup",
    "AvoidUnnecessaryBeforeUnloadCheckSync",
    "DestroyProfileOnBrowserClose",
    "HttpsUpgrades",
    "MediaRouter",
    "NetworkTimeServiceQuerying",
    "OptimizationHints",
    "PaintHolding",
    "PreconnectToSearch",
    "ThirdPartyStoragePartitioning",
)
"""Features that chromium goes without: those of the address bar, a page of its own in every tab that costs more than
the studio's; and of Playwright's own list, which this one replaces, those that tests can meet."""


@pytest.fixture
def folder(tmp_path):
    return Folder(tmp_path / "project")


@pytest.fixture
def page(folder):
    return Page(Desk(folder))


@pytest.fixture
def filled(page):
    """Return a page with a photo and a painting, each with a map of two halves."""
    return _fill(page)


@pytest.fixture(scope="module")
def untouched(tmp_path_factory):
    """Return the same for tests that must not change it."""
    return _fill(Page(Desk(Folder(tmp_path_factory.mktemp("studio") / "project"))))


def _fill(page):
    page.photo, page.painting = page.upload("content"), page.upload("style")
    for key in (page.photo, page.painting):
        assert page.paint_map(key).status_code == 200
    return page


@pytest.fixture(scope="module")
def browser():
    """Return chromium; while it runs, this thread has an event loop, which other tests must not have."""
    playwright = pytest.importorskip("playwright.sync_api")
    path = find_chromium()
    with playwright.sync_playwright() as running:
        arguments = ["--no-sandbox", f"--disable-features={','.join(NOT_NEEDED)}"]
        browser = running.chromium.launch(executable_path=path, args=arguments)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def server():
    """Return one server for all tests of the page."""
    server = Server()
    yield server
    server.close()


@pytest.fixture(scope="session")
def filled_project(tmp_path_factory):
    """Return the folder of a project with a photo and a painting, each with a map, to copy."""
    folder = tmp_path_factory.mktemp("filled") / "project"
    with pytest.MonkeyPatch.context() as patch:
        paint_quickly(patch)
        desk = Desk(Folder(folder))
        fill(desk)
        desk.worker.end(5)
    return folder


@pytest.fixture
def desk(request, server, tmp_path, monkeypatch):
    """Return a project that the server serves: an empty one, or a filled one for a test of `begun`."""
    paint_quickly(monkeypatch)
    if "begun" in request.fixturenames:
        shutil.copytree(request.getfixturevalue("filled_project"), tmp_path / "project")
    desk = server.open(tmp_path / "project")
    yield desk
    desk.events.close()
    desk.worker.end(5)


@pytest.fixture
def open_tab(browser, server, desk):
    """Return a function that opens the studio in a tab; the page may not report errors."""
    contexts, problems = [], []

    def open_tab(width=1280, height=720, **options):
        context = browser.new_context(viewport={"width": width, "height": height}, **options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(60_000)
        page.on("pageerror", lambda error: None if GONE.search(str(error)) else problems.append(str(error)))
        page.on("console", lambda line: problems.append(line.text) if "Content Security" in line.text else None)
        page.goto(server.address)
        page.locator("#welcome h2, #side .row").first.wait_for()
        return Tab(page, desk)

    yield open_tab
    for context in contexts:
        context.close()
    assert problems == []


@pytest.fixture
def tab(open_tab):
    return open_tab()


@pytest.fixture
def begun(open_tab):
    """Return a tab with a photo and a painting, each with a map."""
    return open_tab()
