"""The page of the studio in a browser, as a person uses it: pictures, regions, masks, previews, renders, doodles."""

from __future__ import annotations

import io
import re
import threading

from PIL import Image
from studio_browser import jpeg, map_of

from maskstyle.maps import load_map
from maskstyle.studio.masking import Painter
from maskstyle.studio.models import ProjectChange


def test_pictures_are_dropped_drafted_reordered_and_removed(tab):
    tab.drop(("photo.jpg", jpeg()), ("first.jpg", jpeg(seed=1)), ("second.jpg", jpeg(seed=2)))
    tab.wait(lambda: len(tab.state()["styles"]) == 2 and all(each["map"] for each in tab.state()["styles"]))
    assert tab.state()["content"]["name"] == "photo"
    assert len(tab.state()["regions"]) >= 2  # drafted at once
    strip = tab.page.get_by_role("navigation", name="Pictures")
    strip.get_by_role("button", name="Painting second").click()
    tab.page.get_by_role("button", name="Move painting to the left").click()
    tab.wait(lambda: [each["name"] for each in tab.state()["styles"]] == ["second", "first"])
    for name in ("Remove", "Remove it?"):
        tab.page.locator("#side").get_by_role("button", name=name, exact=True).click()
    tab.wait(lambda: [each["name"] for each in tab.state()["styles"]] == ["first"])


def test_a_file_that_is_no_picture_is_refused_in_place(tab):
    tab.drop(("notes.jpg", b"no picture"))
    alert = tab.page.get_by_role("alert").filter(has_text="notes")
    alert.wait_for()
    assert alert.inner_text().endswith(".")
    assert tab.state()["content"] is None


def test_the_pictures_beside_a_file_that_is_none_are_taken(tab):
    frames = [Image.new("RGB", (60, 40), color) for color in ("red", "blue")]
    moving = io.BytesIO()
    frames[0].save(moving, "GIF", save_all=True, append_images=frames[1:])
    tab.drop(("moving.gif", moving.getvalue()), ("notes.jpg", b"no picture"), ("painting.jpg", jpeg(seed=1)))
    strip = tab.page.get_by_role("navigation", name="Pictures")
    strip.get_by_role("button", name="Painting painting").wait_for()
    tab.wait(lambda: all(each["map"] for each in tab.state()["styles"]))
    tab.page.locator("#side").get_by_text("Moving has 2 frames; the first is used.").wait_for()
    tab.page.locator("#side .row").first.wait_for()
    alert = strip.get_by_role("alert").filter(has_text="notes is not an image")
    alert.wait_for()
    tab.page.wait_for_timeout(500)
    assert alert.count() == 1  # still, although all requests after it went well
    strip.get_by_role("button", name="Close message").click()
    alert.wait_for(state="hidden")


def test_a_folder_is_no_picture_and_the_page_takes_those_beside_it(tab, tmp_path):
    (tmp_path / "holiday").mkdir()
    (tmp_path / "photo.jpg").write_bytes(jpeg())
    session = tab.page.context.new_cdp_session(tab.page)
    files = [str(tmp_path / name) for name in ("holiday", "photo.jpg")]
    dragged = {"items": [], "files": files, "dragOperationsMask": 1}
    for kind in ("dragEnter", "dragOver", "dragOver", "dragOver", "drop"):
        session.send("Input.dispatchDragEvent", {"type": kind, "x": 500, "y": 300, "data": dragged})
    tab.page.get_by_role("alert").get_by_text("holiday is a folder; open it, and drop the pictures in it.").wait_for()
    tab.wait(lambda: (tab.state()["content"] or {}).get("name") == "photo")


def test_a_sample_opens_with_its_maps(tab):
    tab.page.locator(".sample", has_text="offee").click()
    tab.page.locator("#side .row").nth(4).wait_for()
    assert tab.state()["problem"] is None


def test_regions_take_paintings_regions_strengths_or_nothing(begun):
    page, side = begun.page, begun.page.locator("#side")
    begun.tool("Select region")
    begun.click(0.25, 0.5)  # the disk
    color = begun.color_at(0.25, 0.5)
    chosen = next(each for each in begun.state()["regions"] if each["color"] == color)
    assert side.locator(".row.chosen .swatch").first.inner_text() == str(chosen["number"])

    style = begun.state()["styles"][0]
    side.locator("canvas.legend").click(position={"x": 3, "y": 3})  # the corner of the painting
    corner = begun.color_at(0.02, 0.02, "style")
    begun.wait(lambda: begun.region(chosen["number"])["style_color"] == corner)
    side.get_by_role("button", name="The whole painting").click()
    side.get_by_label("Strength").fill("0.9")
    begun.wait(lambda: begun.region(chosen["number"])["strength"] == 0.9)
    assert begun.region(chosen["number"])["style_color"] is None
    assert begun.region(chosen["number"])["style"] == style["id"]
    page.keyboard.press("Escape")
    page.locator("#map-glass").focus()
    page.keyboard.press("k")
    begun.wait(lambda: begun.region(chosen["number"])["keep"])
    page.keyboard.press("Control+z")
    page.keyboard.press("Control+z")
    begun.wait(
        lambda: not begun.region(chosen["number"])["keep"] and begun.region(chosen["number"])["strength"] is None
    )


def test_a_region_is_renamed_in_its_row(begun):
    page, row = begun.page, begun.page.locator("#side .row.chosen")
    rename = page.get_by_role("button", name="Rename region", exact=True)
    begun.choose_region(2)
    rename.click()
    page.keyboard.type("The sun")  # the name is selected, so that typing replaces it
    row.locator("img").wait_for(state="hidden")  # what it takes does not lie over the name
    page.keyboard.press("Enter")
    begun.wait(lambda: begun.region(2)["name"] == "The sun")
    rename.click()
    page.keyboard.type("Another")
    page.keyboard.press("Escape")
    row.get_by_text("The sun").wait_for()
    page.keyboard.press("Control+z")
    begun.wait(lambda: begun.region(2)["name"] == "yellow")


def test_a_tool_shows_what_it_works_on(begun):
    page = begun.page
    page.get_by_role("radio", name="Preview").check(force=True)
    page.locator("#options").get_by_text("Drag the line to compare with the photo.").wait_for()
    page.keyboard.press("b")
    page.locator("#map-glass").wait_for()
    assert page.get_by_role("radio", name="Both").is_checked()
    page.keyboard.press("g")
    page.locator("#side").get_by_text("A mask fades a painting in").wait_for()
    begun.tool("Brush")
    page.locator("#side .row").nth(2).wait_for()


def test_masks_are_dragged_on_the_photo(begun):
    page = begun.page
    begun.tool("Linear mask")
    begun.drag((0.25, 0.5), (0.75, 0.5))
    page.get_by_role("button", name="Linear 1").wait_for()
    geometry = begun.state()["masks"][0]["geometry"]
    assert [round(geometry[key] / 240, 1) for key in ("x0", "x1")] == [0.2, 0.8]
    begun.drag((0.75, 0.5), (0.5, 0.9))  # its handle
    begun.wait(lambda: abs(begun.state()["masks"][0]["geometry"]["y1"] - 0.9 * 160) < 2)
    page.get_by_label("Feather").fill("0.25")
    page.get_by_label("Invert").check()
    begun.wait(
        lambda: (begun.state()["masks"][0]["feather"], begun.state()["masks"][0]["complement"]) == (0.25, True)
    )
    page.keyboard.press("r")
    begun.drag((0.3, 0.3), (0.4, 0.3))
    page.get_by_role("button", name="Radial 1").wait_for()
    assert [each["kind"] for each in begun.state()["masks"]] == ["linear", "radial"]
    page.keyboard.press("Control+z")
    begun.wait(lambda: len(begun.state()["masks"]) == 1)


def test_a_setting_of_the_picture_says_where_it_has_no_effect(begun):
    page, side = begun.page, begun.page.locator("#side")
    regions = [{**each, "strength": 0.9} for each in begun.state()["regions"][:2]]
    fields = ("color", "keep", "style", "style_color", "strength")
    begun.desk.change(
        ProjectChange.model_validate(
            {
                "version": begun.state()["version"],
                "regions": [{name: each[name] for name in fields} for each in regions],
            }
        )
    )
    page.get_by_role("tab", name="Picture").click()
    side.get_by_text("No effect on 2 of 3: they have a strength of their own.").wait_for()
    page.get_by_role("tab", name="Regions").click()
    begun.choose_region(3)
    side.get_by_label("Strength").fill("0.2")
    page.get_by_role("tab", name="Picture").click()
    note = side.get_by_text("No effect: every region has a strength of its own.")
    note.wait_for()
    assert side.get_by_label("Strength").get_attribute("aria-describedby") == note.get_attribute("id")
    side.get_by_role("button", name="Use this everywhere").click()
    begun.wait(lambda: all(each["strength"] is None for each in begun.state()["regions"]))
    note.wait_for(state="hidden")
    page.keyboard.press("Control+z")
    begun.wait(lambda: [each["strength"] for each in begun.state()["regions"]] == [0.9, 0.9, 0.2])


def test_numbers_and_handles_are_there_in_every_view_and_at_every_size(begun):
    page = begun.page
    page.keyboard.press("r")
    begun.drag((0.5, 0.5), (0.7, 0.5))
    page.get_by_role("button", name="Radial 1").wait_for()
    page.mouse.move(5, 5)
    drawn = """async () => {
        await new Promise(requestAnimationFrame);
        const glass = document.getElementById("map-glass");
        const { data } = glass.getContext("2d").getImageData(0, 0, glass.width || 1, glass.height || 1);
        return [glass.width / glass.clientWidth, data.filter((value, index) => index % 4 === 3 && value).length];
    }"""

    def settled():
        seen = []
        begun.wait(lambda: seen.append(page.evaluate(drawn)) or seen[-1:] * 8 == seen[-8:])
        return seen[-1]

    page.keyboard.press("1")  # the mask is not selected, but its handles are there
    both = settled()
    for hidden in (("Preview",), ("Map", "Preview"), ("Preview", "Map")):
        for view in hidden:
            page.get_by_role("radio", name=view).check(force=True)
            for tab in ("Regions", "Masks"):  # draws again what cannot be seen
                page.get_by_role("tab", name=tab).click()
            page.evaluate(drawn)
        page.get_by_role("radio", name="Both").check(force=True)
        begun.wait(lambda: page.evaluate(drawn) == both)

    page.get_by_role("radio", name="Preview").check(force=True)
    zoom = page.locator(".zoom .quiet")
    page.keyboard.press("0")
    begun.wait(lambda: zoom.inner_text() != "100%")
    fitting = int(zoom.inner_text()[:-1])
    page.keyboard.press("+")
    begun.wait(lambda: abs(int(zoom.inner_text()[:-1]) - 1.4 * fitting) <= 1)
    page.keyboard.press("0")
    page.set_viewport_size({"width": 1000, "height": 640})
    page.get_by_role("radio", name="Both").check(force=True)
    ratio, smaller = settled()
    assert ratio == 1
    assert 0 < smaller < both[1]
    page.context.new_cdp_session(page).send(
        "Emulation.setDeviceMetricsOverride",
        {"width": 1001, "height": 640, "deviceScaleFactor": 2, "mobile": False},
    )
    begun.wait(lambda: page.evaluate(drawn)[0] == 2)
    begun.wait(lambda: page.evaluate(drawn)[1] > 3 * smaller)


def test_the_preview_follows_changes_and_is_compared_with_the_photo(begun):
    page = begun.page
    page.get_by_role("tab", name="Picture").click()
    page.locator("#side").get_by_label("Strength").fill("1")
    pixel = """([x, y]) => {
        const canvas = document.getElementById("preview-canvas");
        return [...canvas.getContext("2d").getImageData(canvas.width * x, canvas.height * y, 1, 1).data.slice(0, 3)];
    }"""
    begun.wait(lambda: page.evaluate(pixel, [0.5, 0.5]) == [255, 255, 255])  # the last step, at strength 1
    page.get_by_label("Preview", exact=True).first.check(force=True)
    slider = page.get_by_role("slider", name="Before and after")
    slider.wait_for()
    begun.wait(lambda: page.evaluate(pixel, [0.4, 0.5]) != [255, 255, 255] == page.evaluate(pixel, [0.6, 0.5]))
    box = slider.bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 40)
    page.mouse.down()
    page.mouse.move(box["x"] - 200, box["y"] + 40, steps=3)
    page.mouse.up()
    begun.wait(lambda: page.evaluate(pixel, [0.4, 0.5]) == [255, 255, 255])
    slider.press("End")
    begun.wait(lambda: page.evaluate(pixel, [0.6, 0.5]) != [255, 255, 255])
    slider.press("Home")
    begun.wait(lambda: page.evaluate(pixel, [0.4, 0.5]) == [255, 255, 255])
    page.locator("#preview-bar").get_by_role("button", name="Photo").focus()
    page.keyboard.down(" ")
    begun.wait(lambda: page.evaluate(pixel, [0.4, 0.5]) != [255, 255, 255])
    page.keyboard.up(" ")
    begun.wait(lambda: page.evaluate(pixel, [0.4, 0.5]) == [255, 255, 255])


def test_renders_are_queued_shown_restored_and_removed(begun):
    page = begun.page
    page.get_by_label("Size of the render").select_option("print")  # it runs until it is stopped
    begun.wait(lambda: begun.state()["settings"]["size"] == "print")
    page.get_by_role("button", name="Render", exact=True).click()
    page.locator("#map-glass").focus()
    page.keyboard.press("Control+Enter")
    page.locator("#history .running").nth(1).wait_for()
    page.get_by_role("button", name="Remove from the queue").first.click()
    begun.wait(lambda: page.locator("#history .running").count() == 1)
    page.get_by_role("button", name="Running render").click()
    page.get_by_role("button", name="Stop").click()
    page.locator("#preview-bar").get_by_role("link", name="PNG").wait_for()
    page.keyboard.press("Escape")
    assert begun.desk.results.all()[0].state == "stopped"
    page.get_by_label("Size of the render").select_option("original")
    page.get_by_role("button", name="Render", exact=True).click()
    page.get_by_role("button", name="Result").nth(1).wait_for()
    begun.wait(lambda: page.locator("#history .running").count() == 0)
    assert page.locator("#history .caption").all_inner_texts() == ["30 × 20", "stopped"]
    page.get_by_role("button", name="Result").first.click()
    page.get_by_role("button", name="Close; show the live preview").click()

    page.get_by_role("tab", name="Picture").click()
    page.locator("#side").get_by_label("Strength").fill("0.8")
    begun.wait(lambda: begun.state()["settings"]["strength"] == 0.8)
    page.get_by_role("button", name="Result").first.click()
    bar = page.locator("#preview-bar")
    with page.expect_download() as download:
        bar.get_by_role("link", name="PNG").click()
    assert download.value.suggested_filename.endswith(".png")
    assert bar.get_by_role("link", name="Plan").get_attribute("href").endswith("/plan.zip")
    bar.get_by_role("button", name="Go back to this").click()
    bar.get_by_role("button", name="Replace maps, masks and settings?").click()
    begun.wait(lambda: begun.state()["settings"]["strength"] == 0.5)
    page.get_by_role("button", name="Result").first.click()
    bar.get_by_role("button", name="Delete").click()
    bar.get_by_role("button", name="Delete it?").click()
    begun.wait(lambda: page.get_by_role("button", name="Result").count() == 1)


def test_a_doodle_is_painted_with_the_regions_of_the_painting(begun):
    page = begun.page
    page.locator("#side").get_by_role("button", name="Remove", exact=True).click()
    page.locator("#side").get_by_role("button", name="Remove it?").click()
    page.get_by_role("button", name="Start with a doodle").click()
    begun.wait(lambda: begun.state()["mode"] == "doodle")
    page.locator("#side canvas.legend").wait_for()
    page.locator("#side canvas.legend").click(position={"x": 3, "y": 3})
    begun.drag((0.2, 0.2), (0.8, 0.8))
    corner = begun.color_at(0.02, 0.02, "style")
    begun.wait(lambda: begun.state()["content"]["regions"])
    assert begun.color_at(0.5, 0.5) == corner
    assert begun.color_at(0.9, 0.1) is None


def test_everything_is_found_again_and_two_tabs_agree(begun, open_tab):
    first = begun
    first.choose_region(2)
    first.tool("Brush")
    first.drag((0.5, 0.1), (0.9, 0.1))
    color = first.region(2)["color"]
    first.wait(lambda: first.color_at(0.7, 0.1) == color)
    first.page.reload()
    first.page.locator("#side .row").first.wait_for()

    second = open_tab()
    second.page.get_by_role("tab", name="Picture").click()
    second.page.locator("#side").get_by_label("Strength").fill("0.7")
    first.page.get_by_role("tab", name="Picture").click()
    first.wait(lambda: first.page.locator("#side").get_by_label("Strength").input_value() == "0.7")
    second.page.get_by_role("tab", name="Regions").click()
    second.choose_region(1)
    second.tool("Fill")
    second.click(0.7, 0.1)
    first.wait(lambda: first.color_at(0.7, 0.1) == first.region(1)["color"])
    first.tool("Select region")
    first.wait(
        lambda: (
            first.click(0.7, 0.1),
            first.page.get_by_role("tab", name="Regions").click(),
            first.page.locator(".row.chosen .swatch").first.inner_text() == "1",
        )[-1]
    )


def test_the_password_form_opens_the_studio(desk, server, browser, monkeypatch):
    monkeypatch.setattr(server.keys, "password", "open sesame")
    context = browser.new_context()
    page = context.new_page()
    page.goto(server.address.partition("?")[0])
    page.get_by_label("Password").fill("open sesame")
    page.get_by_role("button", name="Open").click()
    page.locator("#welcome h2").wait_for()
    context.close()


def test_without_its_server_the_page_says_so(begun, server):
    async def gone(scope, receive, send):
        await send({"type": "http.response.start", "status": 503, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    server.app = gone
    begun.desk.events.close()
    alert = begun.page.get_by_role("alert").filter(has_text="does not answer")
    alert.wait_for()


def test_what_cannot_be_read_while_the_server_is_away_is_read_later(begun):
    page = begun.page
    refused = []

    def refuse(route):
        refused.append(route.request.url)
        route.fulfill(status=503, body="")

    for address in (r"/api/images/\w+/map", r"/api/images/\w+$"):
        page.route(re.compile(address), refuse, times=1)
    page.reload()
    page.locator("#side .row").first.wait_for()
    begun.choose_region(2)
    begun.tool("Brush")
    begun.drag((0.5, 0.1), (0.9, 0.1))
    begun.wait(lambda: begun.color_at(0.7, 0.1) == begun.region(2)["color"])
    assert len(refused) == 2, refused


def test_a_restarted_studio_says_where_to_open_it_and_the_page_goes_on(begun, server, monkeypatch):
    monkeypatch.setattr(server.keys, "session", "the-next-start")
    begun.desk.events.close()
    begun.desk.worker.end(5)
    again = server.open(begun.desk.folder.state.parent)
    alert = begun.page.locator("#message")
    alert.get_by_text("The studio was restarted; open the address that its terminal shows.").wait_for()
    begun.page.get_by_role("tab", name="Picture").click()
    begun.page.locator("#side").get_by_label("Strength").fill("0.8")  # sent when the page may come in again
    other = begun.page.context.new_page()
    other.goto(server.address)
    begun.wait(lambda: not alert.is_visible())
    begun.desk = again
    begun.wait(lambda: begun.state()["settings"]["strength"] == 0.8)
    begun.page.get_by_role("tab", name="Regions").click()
    begun.choose_region(2)
    begun.tool("Brush")
    begun.drag((0.5, 0.1), (0.9, 0.1))
    begun.wait(lambda: begun.color_at(0.7, 0.1) == begun.region(2)["color"])
    again.events.close()
    again.worker.end(5)


def test_a_first_draft_of_a_painting_leaves_what_a_person_chose(desk, open_tab, monkeypatch, tmp_path):
    goes_on = threading.Event()
    (tmp_path / "map.png").write_bytes(map_of())
    drafted = load_map(tmp_path / "map.png")
    monkeypatch.setattr(Painter, "draft", lambda *_: (goes_on.wait(120), drafted)[1])
    photo = desk.add_image(io.BytesIO(jpeg()), "content.jpg", "content")["content"]
    desk.save_map(photo["id"], map_of(), 0)
    desk.add_image(io.BytesIO(jpeg(seed=2)), "style.jpg", "style")
    tab = open_tab()
    for number in (1, 3):
        tab.choose_region(number)
        tab.page.get_by_role("button", name="The whole painting").click()
    goes_on.set()
    tab.wait(lambda: tab.state()["styles"][0]["map"])
    by_default = tab.region(2)["color"]  # nobody chose for this region
    tab.wait(lambda: [each["style_color"] for each in tab.state()["regions"]] == [None, by_default, None])
