"""Fixtures of the studio's tests: a project in a folder, and a page that shows it."""

from __future__ import annotations

import pytest
from studio_pages import Page

from maskstyle.studio.desk import Desk
from maskstyle.studio.folder import Folder


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
