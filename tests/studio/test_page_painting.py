"""Painting maps in the studio: every tool, by mouse, keyboard, touch and pen; undo; zoom; keys and names for all."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from PIL import Image
from studio_browser import DISK, GROUND, SQUARE, jpeg, map_of

from maskstyle.studio.masking import Painter

HEX = {
    name: "#{:02x}{:02x}{:02x}".format(*color)
    for name, color in (("ground", GROUND), ("disk", DISK), ("square", SQUARE))
}


def test_each_tool_paints_and_every_stroke_can_be_undone(begun):
    page, first = begun.page, begun.labels()
    begun.choose_region(2)
    begun.tool("Brush")
    begun.drag((0.5, 0.1), (0.9, 0.1))
    begun.wait(lambda: begun.color_at(0.7, 0.1) == HEX["disk"])

    page.keyboard.press("e")
    begun.drag((0.5, 0.1), (0.6, 0.1))
    begun.wait(lambda: begun.color_at(0.5, 0.1) is None)

    page.keyboard.press("f")
    page.keyboard.press("3")
    begun.click(0.05, 0.05)
    begun.wait(lambda: begun.color_at(0.5, 0.95) == HEX["square"])

    page.keyboard.press("l")
    page.keyboard.press("1")
    for corner in ((0.2, 0.4), (0.3, 0.4), (0.3, 0.6), (0.2, 0.6)):
        begun.click(*corner)
    page.keyboard.press("Enter")
    begun.wait(lambda: begun.color_at(0.25, 0.5) == HEX["ground"])
    assert begun.color_at(0.25, 0.35) == HEX["disk"]

    page.keyboard.press("p")
    page.mouse.move(*begun.at(0.7, 0.5))
    page.wait_for_function(
        """async () => {
            const { pane } = await import("/static/js/canvas.js");
            const { segmentsOf } = await import("/static/js/documents.js");
            return segmentsOf(pane.document, 24);
        }"""
    )
    before = begun.labels()
    page.keyboard.press("2")
    begun.click(0.7, 0.5)
    begun.wait(lambda: begun.color_at(0.7, 0.5) == HEX["disk"])
    assert 100 < np.count_nonzero((begun.labels() != before).any(axis=2)) < 2500  # one patch, not a dot

    for _ in range(6):
        page.keyboard.press("Control+z")
    begun.wait(lambda: np.array_equal(begun.labels(), first))
    for _ in range(6):
        page.keyboard.press("Control+Shift+z")
    begun.wait(lambda: begun.color_at(0.7, 0.5) == HEX["disk"])


def test_a_draft_and_a_result_that_replace_a_map_can_be_undone(begun):
    page, first = begun.page, begun.labels()
    result = begun.desk.results.begin(None)
    begun.choose_region(2)
    begun.tool("Brush")
    begun.drag((0.5, 0.1), (0.9, 0.1))
    page.get_by_role("button", name="Draft", exact=True).click()  # before the stroke is saved
    page.get_by_role("button", name="Undo draft map").wait_for()
    drafted = begun.labels()
    assert begun.color_at(0.7, 0.1) != HEX["disk"]
    page.keyboard.press("Control+z")
    begun.wait(lambda: begun.color_at(0.7, 0.1) == HEX["disk"])
    page.keyboard.press("Control+z")
    begun.wait(lambda: np.array_equal(begun.labels(), first))
    for _ in range(2):
        page.keyboard.press("Control+Shift+z")
    begun.wait(lambda: np.array_equal(begun.labels(), drafted))

    begun.settle()
    begun.desk.results.restore(result.id)
    page.get_by_role("button", name="Undo replace map").wait_for()
    page.keyboard.press("Control+z")
    begun.wait(lambda: np.array_equal(begun.labels(), drafted))
    begun.settle()
    image = begun.state()["content"]
    begun.desk.save_map(image["id"], map_of(), image["map_version"])  # as another tab does
    page.get_by_role("button", name="Undo replace map").wait_for()
    page.keyboard.press("Control+z")
    begun.wait(lambda: np.array_equal(begun.labels(), drafted))


def test_strokes_wait_for_the_patches(begun):
    page = begun.page
    waiting = []
    page.route("**/superpixels*", lambda route: waiting.append(route))
    before = begun.labels()
    begun.tool("Superpixel brush")
    page.keyboard.press("2")
    begun.drag((0.5, 0.1), (0.9, 0.1))
    page.locator("#message").get_by_text("patches are still being found").wait_for()
    begun.wait(lambda: waiting)
    waiting[0].continue_()
    begun.wait(lambda: begun.color_at(0.7, 0.1) == HEX["disk"])
    page.locator("#message").wait_for(state="hidden")
    page.keyboard.press("Control+z")
    begun.wait(lambda: np.array_equal(begun.labels(), before))


def test_what_is_painted_while_a_map_is_drafted_is_saved(begun, monkeypatch):
    page, drafting, draft = begun.page, threading.Event(), Painter.draft

    def slow(self, *arguments):
        assert drafting.wait(120)
        return draft(self, *arguments)

    monkeypatch.setattr(Painter, "draft", slow)
    page.get_by_role("button", name="Draft", exact=True).click()
    begun.tool("Brush")
    begun.choose_region(2)
    begun.drag((0.5, 0.1), (0.9, 0.1))
    begun.wait(lambda: begun.color_at(0.7, 0.1) == HEX["disk"])
    painted = begun.labels()
    drafting.set()
    page.get_by_text("You painted while the map was drafted").wait_for()
    assert np.array_equal(begun.labels(), painted)


@pytest.mark.parametrize("later", ["the answer to the stroke", "the answer to the draft"])
def test_a_stroke_on_its_way_when_the_draft_arrives_is_kept_without_a_false_conflict(begun, monkeypatch, later):
    page, drafting, draft, strokes = begun.page, threading.Event(), Painter.draft, []

    def slow(self, *arguments):
        assert drafting.wait(120)
        return draft(self, *arguments)

    monkeypatch.setattr(Painter, "draft", slow)
    page.route("**/api/images/*/map", lambda route: strokes.append(route), times=1)
    page.evaluate(
        """() => {
            const send = window.fetch;
            const told = new Promise((tell) => (window.tell = tell));
            window.fetch = async (path, options) => {
                const answer = await send(path, options);
                if (path.endsWith("/draft")) await told;
                return answer;
            };
        }"""
    )
    page.get_by_role("button", name="Draft", exact=True).click()
    begun.tool("Brush")
    begun.choose_region(2)
    begun.drag((0.5, 0.1), (0.9, 0.1))
    begun.wait(lambda: strokes)
    version = begun.state()["content"]["map_version"]
    drafting.set()
    begun.wait(lambda: begun.state()["content"]["map_version"] == version + 1)
    if later == "the answer to the stroke":
        page.evaluate("window.tell()")
        page.wait_for_timeout(300)
    with page.expect_response(lambda answer: answer.request.method == "PUT" and answer.status == 409):
        strokes[0].continue_()
    page.evaluate("window.tell()")
    dropped = page.get_by_text("You painted while the map was drafted")
    dropped.wait_for()
    page.evaluate("async () => (await import('/static/js/project.js')).reload(() => true)")  # as for a late event
    assert dropped.is_visible()
    begun.wait(lambda: begun.color_at(0.7, 0.1) == HEX["disk"])
    assert begun.color_at(0.25, 0.5) == HEX["disk"]  # as before the draft


def test_two_tabs_draft_a_new_picture_without_a_word(tab, open_tab):
    other = open_tab()
    tab.drop(("photo.jpg", jpeg()))
    tab.wait(lambda: tab.state()["content"] and tab.state()["content"]["map"])
    for each in (tab, other):
        each.page.get_by_role("list", name="Regions").get_by_role("button").nth(1).wait_for()
    tab.page.wait_for_timeout(1000)
    for each in (tab, other):
        assert each.page.locator("#message").inner_text() == ""


def test_a_render_has_the_last_stroke(begun):
    begun.choose_region(2)
    begun.tool("Brush")
    begun.drag((0.5, 0.1), (0.9, 0.1))
    begun.page.keyboard.press("Control+Enter")
    begun.wait(lambda: begun.desk.results.all())
    key, image = begun.desk.results.all()[0].id, begun.state()["content"]["id"]
    kept = np.asarray(Image.open(begun.desk.folder.kept(key, f"{image}_map.png")).convert("RGB"))
    assert tuple(kept[16, 168]) == DISK


def test_what_is_painted_while_a_draft_is_read_replaces_it_and_the_page_says_so(begun):
    page, reading = begun.page, []
    page.route(
        "**/api/images/*/map*",
        lambda route: reading.append(route) if route.request.method == "GET" else route.continue_(),
    )
    page.get_by_role("button", name="Draft", exact=True).click()
    begun.wait(lambda: reading)
    begun.tool("Brush")
    begun.choose_region(2)
    begun.drag((0.5, 0.1), (0.9, 0.1))
    begun.wait(lambda: begun.color_at(0.7, 0.1) == HEX["disk"])
    painted = begun.labels()
    reading[0].continue_()
    page.get_by_text("You painted while the map was drafted").wait_for()
    assert np.array_equal(begun.labels(), painted)


def test_a_map_that_another_tab_painted_first_costs_no_setting(begun):
    page, held, image = begun.page, [], begun.state()["content"]

    def hold(route):
        first = route.request.method == "PUT" and not held
        return held.append(route) if first else route.continue_()

    def paint_first(route):
        begun.desk.save_map(image["id"], map_of(), image["map_version"])
        route.continue_()

    page.route("**/api/project", hold)
    page.route("**/api/images/*/map", paint_first, times=1)
    change = """async (settings) => (await import("/static/js/project.js")).change({ settings })"""
    page.evaluate(change, {"strength": 0.1})
    begun.wait(lambda: held)
    page.evaluate(change, {"denoise": 0.2})  # waits for the one before it
    begun.tool("Brush")
    begun.drag((0.5, 0.1), (0.9, 0.1))
    page.get_by_text("Another tab painted this map first").wait_for()
    held[0].continue_()
    begun.wait(lambda: begun.state()["settings"]["denoise"] == 0.2)
    assert begun.state()["settings"]["strength"] == 0.1


def test_scribbles_grow(begun):
    page = begun.page
    page.keyboard.press("s")
    page.keyboard.press("2")
    begun.drag((0.2, 0.5), (0.3, 0.5))
    assert page.get_by_role("button", name="Grow").is_disabled()
    page.keyboard.press("1")
    begun.drag((0.05, 0.1), (0.95, 0.05))
    page.get_by_role("button", name="Grow").click()
    begun.wait(lambda: begun.color_at(0.25, 0.65) == HEX["disk"] and begun.color_at(0.5, 0.9) == HEX["ground"])


def test_the_keyboard_paints_and_fifty_strokes_can_be_undone(begun):
    page, first = begun.page, begun.labels()
    page.get_by_role("application").focus()
    page.keyboard.press("b")
    page.keyboard.press("2")
    for _ in range(8):
        page.keyboard.press("[")
    for _ in range(52):
        page.keyboard.press("ArrowUp")
        page.keyboard.press("Shift+ArrowRight")
    begun.wait(lambda: not np.array_equal(begun.labels(), first))
    for _ in range(52):
        page.keyboard.press("Control+z")
    begun.wait(lambda: np.array_equal(begun.labels(), first))
    page.keyboard.press("n")  # a new region, painted with Enter
    page.keyboard.press("Enter")
    begun.wait(lambda: len(begun.state()["regions"]) == 4)


def test_fingers_paint_and_pinch_and_a_pen_presses(open_tab, desk):
    from studio_browser import fill

    fill(desk)
    tab = open_tab(1024, 768, has_touch=True)
    page, first = tab.page, tab.labels()
    tab.choose_region(2)
    tab.tool("Brush")
    touch = page.context.new_cdp_session(page)

    def fingers(kind, *points):
        places = [dict(zip("xy", tab.at(*point), strict=True)) for point in points]
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": places})

    fingers("touchStart", (0.6, 0.1))
    fingers("touchMove", (0.9, 0.1))
    fingers("touchEnd")
    tab.wait(lambda: tab.color_at(0.75, 0.1) == HEX["disk"])
    painted = tab.labels()

    zoom = page.locator(".zoom .quiet").inner_text()
    fingers("touchStart", (0.4, 0.9))
    fingers("touchStart", (0.4, 0.9), (0.6, 0.9))
    fingers("touchMove", (0.3, 0.9), (0.7, 0.9))
    fingers("touchEnd")
    tab.wait(lambda: int(page.locator(".zoom .quiet").inner_text()[:-1]) > int(zoom[:-1]))
    page.keyboard.press("0")
    page.wait_for_timeout(400)
    assert np.array_equal(tab.labels(), painted)  # the first finger of a pinch paints nothing

    page.keyboard.press("Control+z")
    tab.wait(lambda: np.array_equal(tab.labels(), first))
    x, y = tab.at(0.75, 0.1)
    for kind, force in (("mousePressed", 0.1), ("mouseMoved", 0.1), ("mouseReleased", 0)):
        pen = {"pointerType": "pen", "button": "left", "buttons": 1, "force": force, "clickCount": 1}
        touch.send("Input.dispatchMouseEvent", {"type": kind, "x": x, "y": y, **pen})
    tab.wait(lambda: not np.array_equal(tab.labels(), first))
    pressed = np.count_nonzero((tab.labels() != first).any(axis=2))
    assert 50 < pressed < 0.5 * np.pi * 20**2  # lightly: thinner than the tip of 40 pixels


def test_the_wheel_zooms_to_the_cursor_and_space_moves_the_picture(begun):
    page = begun.page
    point = begun.at(0.75, 0.25)
    page.mouse.move(*point)
    before = page.locator(".zoom .quiet").inner_text()
    page.mouse.wheel(0, -300)
    begun.wait(lambda: page.locator(".zoom .quiet").inner_text() != before)
    assert max(abs(a - b) for a, b in zip(begun.at(0.75, 0.25), point, strict=True)) < 2
    page.locator("#map-glass").focus()
    page.keyboard.down(" ")
    page.mouse.down()
    page.mouse.move(point[0] - 50, point[1] + 20, steps=2)
    page.mouse.up()
    page.keyboard.up(" ")
    x, y = begun.at(0.75, 0.25)
    assert (abs(x - point[0] + 50) < 2, abs(y - point[1] - 20) < 2) == (True, True)
    page.keyboard.press("Shift+Digit0")
    begun.wait(lambda: page.locator(".zoom .quiet").inner_text() == "100%")


def test_controls_have_names_and_help_lists_the_keys(begun):
    page = begun.page
    nameless = page.evaluate(
        """() => [...document.querySelectorAll("button, input, select, a, [role=slider], canvas[tabindex]")]
            .filter((each) => each.offsetParent)
            .filter((each) => !each.ariaLabel && !each.labels?.length && !each.textContent.trim())
            .map((each) => each.outerHTML)"""
    )
    assert nameless == []
    assert page.get_by_role("slider", name="Map", exact=True).get_attribute("aria-valuetext") == "55%"
    page.keyboard.press("?")
    sheet = page.get_by_role("dialog", name="Keys")
    assert {"Brush", "Undo", "Render"} <= set(sheet.locator("dd").all_inner_texts())
    page.keyboard.press("Escape")
    assert not sheet.is_visible()
