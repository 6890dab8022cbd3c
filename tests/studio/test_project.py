"""The state of a project: what requests change, what the folder keeps, and two tabs."""

from __future__ import annotations

import io
import json
import tomllib

import numpy as np
import pytest
from PIL import Image
from studio_pages import Page, halves, picture, png

from maskstyle import read_plan
from maskstyle.studio.desk import Desk
from maskstyle.studio.folder import Folder


def plan_of(page):
    return tomllib.loads(page.desk.folder.plan.read_text("utf-8"))


def reopened(page):
    """Return a page of a new server on the same folder, as after kill -9."""
    return Page(Desk(Folder(page.desk.folder.root)))


def test_an_empty_project_says_what_to_do(page):
    state = page.state()
    assert (state["content"], state["styles"], state["regions"]) == (None, [], [])
    assert state["problem"] == "add a photo"
    assert "coffee" in {each["name"] for each in state["samples"]}
    page.upload("content")
    assert page.state()["problem"] == "add a painting"
    assert page.post("/api/preview").json()["detail"] == "there is nothing to preview yet: add a painting"
    assert not page.desk.folder.plan.exists()


def test_without_a_map_the_paintings_are_blended(page):
    page.upload("content")
    page.upload("style")
    page.upload("style", picture(seed=3))
    plan = plan_of(page)
    assert plan["technique"] == "basic"
    assert len(plan["styles"]) == 2
    assert plan["settings"] == {"size": 64}  # a small photo is not enlarged for the screen


def test_regions_take_the_style_of_the_same_color_by_default(filled):
    assert [(each["color"], each["style"], each["style_color"]) for each in filled.state()["regions"]] == [
        ("#ff0000", filled.painting, "#ff0000"),
        ("#0000ff", filled.painting, "#0000ff"),
    ]


def test_a_draft_is_small_and_painted_with_the_small_network(filled):
    filled.put(settings={"size": "draft"})
    assert plan_of(filled)["settings"] == {"size": 64, "network": "lite"}
    assert filled.state()["sizes"][0] == {"name": "draft", "width": 64, "height": 48}


def test_regions_of_like_colors_have_names_apart(filled):
    filled.paint_map(filled.photo, halves(left=(0, 0, 255), right=(10, 10, 250)), version=1)
    regions = filled.state()["content"]["regions"]
    assert [region["name"] for region in regions] == ["blue", "blue 3"]
    filled.put(regions=[{"color": region["color"], "name": region["name"]} for region in regions])
    filled.paint_map(filled.photo, halves(left=(10, 10, 250), right=(10, 10, 250)), version=2)
    assert [region["name"] for region in filled.state()["content"]["regions"]] == ["blue 3"]


def test_what_the_page_changes_is_in_the_plan_and_the_folder(filled):
    red = {"color": "#ff0000", "style_color": None, "strength": 0.8, "scale": 2, "colors": "content", "name": "sea"}
    settings = {"strength": 0.25, "stroke": 1.5, "colors": "match", "size": 96, "feather": 3, "steps": 5}
    view = {"overlay": 0.4}
    filled.put(regions=[red, {"color": "#0000ff", "keep": True}], settings=settings, page=view)
    plan = plan_of(filled)
    assert plan["region"] == [
        {
            "region": "#ff0000",
            "style": "picture",
            "style_region": "whole",
            "strength": 0.8,
            "scale": 2.0,
            "color": "content",
        },
        {"region": "#0000ff", "keep": True},
    ]
    assert plan["settings"] == {"size": 96, "strength": 0.25, "style_scale": 1.5, "color": "match", "steps": 5}
    assert plan["feather"] == 3
    read_plan(filled.desk.folder.plan)  # of a form that the command line accepts
    before = filled.state()
    assert before["regions"][0]["name"] == "sea"
    assert before["page"] == view
    assert reopened(filled).state() == before


def test_a_map_that_a_killed_server_did_not_count_is_counted(filled):
    folder = filled.desk.folder
    folder.map(filled.photo).write_bytes(halves(left=(0, 255, 0)))  # what it saved last
    for name in (".0123456789abcdef.part", ".maskstyle-12-01234567.json"):
        (folder.root / "images" / name).write_bytes(b"half")
    page = reopened(filled)
    assert [each["color"] for each in page.state()["regions"]] == ["#0000ff", "#00ff00"]
    assert page.state()["content"]["map_version"] == 2
    assert plan_of(page)["palette"] == ["#0000ff", "#00ff00", "#ff0000"]
    assert all(path.suffix == ".png" and path.name[0] != "." for path in (folder.root / "images").iterdir())


def test_all_regions_kept_is_no_plan(filled):
    state = filled.put(regions=[{"color": "#ff0000", "keep": True}, {"color": "#0000ff", "keep": True}])
    assert state["problem"].startswith("every region is kept")
    assert not filled.desk.folder.plan.exists()


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"strength": 3}, "strength is 3; expected less than or equal to 1"),
        ({"size": "huge"}, "is 'huge'"),
        ({"speed": 1}, "there is no speed; leave it out"),
        ({"strength": "NaN"}, "strength is 'NaN'"),
    ],
)
def test_a_wrong_setting_is_refused_in_one_sentence(untouched, settings, sentence):
    before = untouched.state()
    answer = untouched.client.put("/api/project", json={"version": before["version"], "settings": settings})
    assert answer.status_code == 422
    assert sentence in answer.json()["detail"]
    assert "\n" not in answer.json()["detail"]
    assert untouched.state() == before


def test_the_second_of_two_tabs_gets_the_newest_state_and_loses_nothing(filled):
    version = filled.state()["version"]
    first = filled.client.put("/api/project", json={"version": version, "settings": {"strength": 0.9}})
    second = filled.client.put("/api/project", json={"version": version, "settings": {"strength": 0.1}})
    assert (first.status_code, second.status_code) == (200, 409)
    assert second.json()["project"] == first.json()
    assert "another tab" in second.json()["detail"]


def test_a_map_painted_on_an_older_one_does_not_replace_it(filled):
    newer = halves(left=(0, 255, 0))
    assert filled.paint_map(filled.photo, newer, version=1).json()["map_version"] == 2
    stale = filled.paint_map(filled.photo, halves(), version=1)
    assert stale.status_code == 409
    assert filled.get(f"/api/images/{filled.photo}/map").content == newer
    colors = [(each["color"], each["number"]) for each in stale.json()["project"]["regions"]]
    assert colors == [("#0000ff", 2), ("#00ff00", 3)]  # blue keeps its number


def test_a_region_that_comes_back_has_what_it_had(filled):
    filled.put(regions=[{"color": "#ff0000", "strength": 0.3}])
    filled.paint_map(filled.photo, halves(left=(0, 255, 0)), version=1)
    filled.paint_map(filled.photo, halves(), version=2)
    assert filled.state()["regions"][0]["strength"] == 0.3


def test_images_are_renamed_reordered_and_removed(filled):
    other = filled.upload("style", picture(seed=3), name="../../etc/old master.PNG")
    assert [each["name"] for each in filled.state()["styles"]] == ["picture", "old master"]
    filled.put(images=[{"id": other, "name": "waves"}], names={other: {"#ff0000": "sky"}})
    assert filled.client.put("/api/styles/order", json=[other, filled.painting]).status_code == 200
    assert [each["name"] for each in filled.state()["styles"]] == ["waves", "picture"]
    filled.put(regions=[{"color": "#ff0000", "style": filled.painting}])
    file = filled.desk.folder.image(filled.painting, ".png")
    assert filled.delete(f"/api/images/{filled.painting}").status_code == 200
    assert not file.exists()
    assert filled.state()["regions"][0]["style"] == other  # the default
    assert filled.get(f"/api/images/{filled.painting}").status_code == 404


def test_a_photo_is_shown_upright_and_a_large_one_smaller(page):
    stream = io.BytesIO()
    exif = Image.Exif()
    exif[274] = 6
    Image.new("RGB", (2400, 600), (200, 30, 30)).save(stream, "JPEG", exif=exif)
    key = page.upload("content", stream.getvalue(), "phone.jpg")
    content = page.state()["content"]
    assert content["original"] == {"width": 600, "height": 2400}
    assert (content["width"], content["height"]) == (500, 2000)
    for address, size in ((content["url"], (500, 2000)), (content["thumbnail"], (60, 240))):
        with Image.open(io.BytesIO(page.get(address).content)) as shown:
            assert shown.size == size
    assert page.paint_map(key, halves(600, 2400)).status_code == 422
    assert page.paint_map(key, halves(2000, 500)).status_code == 200


def test_drafts_have_the_colors_of_the_other_side(filled):
    drafted = filled.post(f"/api/images/{filled.photo}/draft", json={"regions": 3}).json()
    assert drafted["map_version"] == 2
    assert {each["color"] for each in drafted["regions"]} <= {"#ff0000", "#0000ff"}
    assert filled.get(f"/api/images/{filled.photo}/map").status_code == 200


def test_scribbles_grow_into_a_map_that_is_not_saved(filled):
    strokes = np.zeros((48, 64, 4), np.uint8)
    strokes[20:24, 4:8], strokes[20:24, 56:60] = (255, 0, 0, 255), (0, 255, 0, 255)
    headers = {"content-type": "image/png"}
    grown = filled.client.post(f"/api/images/{filled.photo}/grow", content=png(strokes), headers=headers)
    with Image.open(io.BytesIO(grown.content)) as image:
        assert {color for _, color in image.convert("RGB").getcolors()} == {(255, 0, 0), (0, 255, 0)}
    assert filled.state()["content"]["map_version"] == 1
    one = filled.client.post(f"/api/images/{filled.photo}/grow", content=png(strokes[:, :32]), headers=headers)
    assert one.status_code == 422


def test_superpixels_are_numbers_in_colors(filled):
    with Image.open(io.BytesIO(filled.get(f"/api/images/{filled.photo}/superpixels?size=8").content)) as image:
        assert image.size == (64, 48)
        numbers = np.asarray(image) @ np.array([1, 256, 65536])
    assert 10 < len(np.unique(numbers)) < 100
    assert filled.get(f"/api/images/{filled.photo}/superpixels?size=1").status_code == 422


def test_a_region_that_was_touched_before_the_first_painting_takes_it(page):
    photo = page.upload("content")
    page.paint_map(photo)
    page.put(regions=[{"color": "#ff0000", "name": "sea", "strength": 0.3}])
    painting = page.upload("style")
    page.paint_map(painting)
    sea = page.state()["regions"][0]
    assert (sea["style"], sea["style_color"], sea["strength"]) == (painting, "#ff0000", 0.3)
    assert plan_of(page)["region"][0]["style_region"] == "#ff0000"
    page.put(regions=[{"color": "#ff0000", "style_color": None}])
    assert page.state()["regions"][0]["style_color"] is None


def test_a_result_that_is_restored_replaces_nothing_unless_all_of_it_is_there(filled):
    results, folder = filled.desk.results, filled.desk.folder
    key, newer = results.begin(64).id, halves(left=(0, 255, 0))
    filled.paint_map(filled.photo, newer, version=1)
    before = filled.state()
    folder.kept(key, f"{filled.painting}_map.png").unlink()
    assert "is damaged" in filled.post(f"/api/results/{key}/restore").json()["detail"]
    assert folder.map(filled.photo).read_bytes() == newer
    assert filled.state() == before


def test_a_damaged_map_does_not_close_the_project(filled):
    filled.desk.folder.map(filled.photo).write_bytes(b"")
    page = reopened(filled)
    assert page.state()["content"]["id"] == filled.photo
    assert page.paint_map(filled.photo, version=1).status_code == 200


def test_a_result_with_the_number_of_a_removed_one_has_another_address(filled):
    views = []
    for created in (1.0, 2.0):
        render = filled.desk.results.begin(64)
        filled.desk.results.update(
            render.model_copy(update={"created": created, "state": "done", "width": 8, "height": 8})
        )
        views += filled.get("/api/results").json()
        filled.delete(f"/api/results/{render.id}")
    assert views[0]["id"] == views[1]["id"]
    assert views[0]["thumbnail"] != views[1]["thumbnail"]
    assert views[0]["url"] != views[1]["url"]


def test_masks_are_gradients_with_files_in_the_plan(filled):
    linear = {"kind": "linear", "geometry": {"x0": 0, "y0": 0, "x1": 63, "y1": 0}, "strength": 0.4}
    state = filled.post("/api/masks", json=linear).json()
    (mask,) = state["masks"]
    with Image.open(io.BytesIO(filled.get(mask["url"]).content)) as image:
        values = np.asarray(image)[0] / 65535
    assert (values[0], values[-1]) == (1, 0)
    assert np.all(np.diff(values) < 0)
    assert plan_of(filled)["region"][-1] == {
        "mask": f"masks/{mask['id']}.png",
        "style": "picture",
        "style_region": "whole",
        "strength": 0.4,
    }
    radial = {"kind": "radial", "geometry": {"x": 32, "y": 24, "radius": 10}, "feather": 0, "complement": True}
    assert filled.client.put(f"/api/masks/{mask['id']}", json=radial).json()["masks"][0]["version"] == 2
    with Image.open(filled.desk.folder.mask(mask["id"])) as image:
        values = np.asarray(image)
    assert (values[24, 32], values[24, 40], values[0, 0]) == (65535, 65535, 0)
    assert plan_of(filled)["region"][-1]["complement"] is True
    wrong = filled.client.put(f"/api/masks/{mask['id']}", json={"geometry": {"x0": 1, "y0": 1, "x1": 2, "y1": 2}})
    assert "a radial mask has x, y, radius" in wrong.json()["detail"]
    filled.delete(f"/api/masks/{mask['id']}")
    assert filled.state()["masks"] == []
    assert not filled.desk.folder.mask(mask["id"]).exists()


def test_a_painted_mask_waits_for_its_painting(filled):
    state = filled.post("/api/masks", json={"kind": "painted", "feather": 0}).json()
    assert state["problem"] == "paint the mask"
    key = state["masks"][0]["id"]
    changed = filled.client.put(f"/api/masks/{key}", json={"strength": 0.4}).json()
    assert changed["problem"] == "paint the mask"
    assert filled.put(masks=[{**changed["masks"][0], "painted": True}])["problem"] == "paint the mask"
    gray = np.zeros((48, 64), np.uint8)
    gray[:, :20] = 255
    headers = {"content-type": "image/png"}
    assert filled.client.put(f"/api/masks/{key}/painting", content=png(gray[:5]), headers=headers).status_code == 422
    state = filled.client.put(f"/api/masks/{key}/painting", content=png(gray), headers=headers).json()
    assert state["problem"] is None
    assert filled.put(masks=state["masks"])["problem"] is None
    with Image.open(filled.desk.folder.mask(key)) as image:
        assert np.array_equal(np.asarray(image) > 0, gray > 0)


def test_samples_come_with_their_maps(page):
    state = page.post("/api/samples/coffee").json()
    assert state["problem"] is None
    assert {each["style_color"] for each in state["regions"]} == {each["color"] for each in state["regions"]}
    sample = next(each for each in state["samples"] if each["name"] == "coffee")
    assert page.get(sample["thumbnail"]).headers["content-type"] == "image/jpeg"
    assert page.post("/api/samples/..%2Fcoffee").status_code == 404


def test_a_doodle_begins_empty_and_takes_the_regions_of_the_painting(filled):
    state = filled.post("/api/doodle", json={"width": 80, "height": 64}).json()
    assert (state["mode"], state["content"]["url"]) == ("doodle", None)
    assert state["problem"].startswith("paint the doodle")
    doodle = state["content"]["id"]
    assert filled.paint_map(doodle, halves(64, 80), version=1).status_code == 200
    plan = plan_of(filled)
    assert (plan["technique"], plan["doodle"]) == ("doodle", f"maps/{doodle}.png")
    filled.put(regions=[{"color": "#ff0000", "style_color": "#0000ff"}])
    assert plan_of(filled)["mapping"] == {"#ff0000": "#0000ff"}
    assert filled.post(f"/api/images/{doodle}/draft", json={}).status_code == 404
    assert filled.put(mode="photo")["content"]["id"] == filled.photo


def test_a_folder_of_someone_else_is_left_alone(tmp_path, folder, page):
    (tmp_path / "plan.toml").write_text("mine")
    for path, said in ((tmp_path, "did not write"), (tmp_path / "plan.toml", "is a file")):
        with pytest.raises(Exception, match=said):
            Folder(path)
    page.upload("content")
    for damage, said in (("{", "is damaged"), (json.dumps({"format": 9}), "format is 9")):
        folder.state.write_text(damage)
        with pytest.raises(Exception, match=said):
            Desk(folder)
