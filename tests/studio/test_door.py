"""The door of the studio, and what comes through it: attacks get nothing in, and lose nothing."""

from __future__ import annotations

import io
import json
import os
import struct
import zlib

import numpy as np
import pytest
from fastapi.testclient import TestClient
from PIL import Image
from studio_pages import ORIGIN, PORT, Page, halves, picture, png

from maskstyle.errors import OutputError
from maskstyle.studio import door
from maskstyle.studio.desk import Desk
from maskstyle.studio.door import Keys
from maskstyle.studio.folder import Folder
from maskstyle.studio.serve import keys_for

READS = ("/", "/static/index.html", "/api/project", "/api/events", "/api/results")


def stranger(page, **options):
    """Return a browser without the cookie."""
    return TestClient(
        page.app, **{"base_url": ORIGIN, "headers": {"origin": ORIGIN}, "follow_redirects": False, **options}
    )


def test_the_token_of_the_address_becomes_a_cookie(page):
    answer = stranger(page).get("/", params={"token": page.keys.token})
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    cookie = answer.headers["set-cookie"].lower()
    assert all(each in cookie for each in ("httponly", "samesite=strict"))
    assert page.keys.token.lower() not in cookie
    assert page.get("/").status_code == 200


@pytest.mark.parametrize("address", READS)
def test_without_a_cookie_nothing_is_shown(untouched, address):
    for client in (stranger(untouched), stranger(untouched, cookies={untouched.keys.cookie: "guess"})):
        answer = client.get(address, params={"token": "guess"})
        assert answer.status_code == 401
        assert "address" in answer.text


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        f"evil.example:{PORT}",
        "127.0.0.1",
        f"127.0.0.1.evil.example:{PORT}",
        "127.0.0.1:1",
        "",
        "127.0.0.1:" + "8" * 5000,
    ],
)
def test_another_name_for_this_server_is_refused(untouched, host):
    answer = untouched.get("/api/project", headers={"host": host})
    assert answer.status_code == 403
    assert "open the address" in answer.json()["detail"]


@pytest.mark.parametrize("origin", ["https://evil.example", "null", f"http://localhost:{PORT}", ORIGIN + "1", None])
def test_a_request_of_another_page_changes_nothing(untouched, origin):
    before, headers = untouched.state(), {} if origin is None else {"origin": origin}
    client = stranger(untouched, headers=headers, cookies={untouched.keys.cookie: untouched.keys.session})
    assert client.post("/api/samples/coffee").status_code == 403
    assert client.post("/api/doodle", json={"width": 64, "height": 64}).status_code == 403
    two = [("origin", ORIGIN), *headers.items()]
    assert origin is None or client.post("/api/samples/coffee", headers=two).status_code == 403
    assert untouched.state() == before


def test_another_site_may_not_read(untouched):
    assert untouched.get("/api/project", headers={"sec-fetch-site": "cross-site"}).status_code == 403
    assert untouched.get("/api/project", headers={"sec-fetch-site": "same-origin"}).status_code == 200


@pytest.mark.parametrize("address", ["/", "/api/project", "/api/nothing", "/static/index.html"])
def test_every_answer_says_that_it_loads_nothing_from_elsewhere(untouched, address):
    headers = untouched.get(address).headers
    assert headers["content-security-policy"].startswith("default-src 'self'; img-src 'self' blob: data:;")
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert "access-control-allow-origin" not in headers


def test_the_page_has_no_script_or_style_of_its_own(untouched):
    text = untouched.get("/").text
    assert "<style" not in text
    assert " style=" not in text
    assert "http://" not in text.replace("http://www.w3.org", "")
    assert "https://" not in text


@pytest.mark.parametrize(
    "address",
    [
        "/api/images/..%2F..%2Fstudio.json",
        "/api/images/../../studio.json",
        "/api/images/%2e%2e%2fplan.toml/map",
        "/api/images/0000000g",
        "/api/images/00000000",
        "/api/masks/..",
        "/api/results/..%2F..%2Fplan.png",
        "/api/results/0001%00.png",
        "/api/results/0001/plan.zip",
        "/api/results/..%2F0001/plan.zip",
        "/api/previews/..%2F0001.png",
        "/static/../studio.json",
        "/static/..%2f..%2fapp.py",
        "/static/%2e%2e/app.py",
    ],
)
def test_no_path_leads_to_a_file(untouched, address):
    answer = untouched.get(address)
    assert answer.status_code in (404, 422)
    assert "version" not in answer.text
    assert "import" not in answer.text


def test_links_in_a_folder_are_not_followed(filled, tmp_path):
    secret = tmp_path / "secret.png"
    secret.write_bytes(halves(left=(9, 9, 9)))
    before = secret.read_bytes()
    folder = filled.desk.folder
    own = folder.map(filled.photo)
    own.unlink()
    own.symlink_to(secret)
    assert filled.get(f"/api/images/{filled.photo}/map").status_code == 404
    assert filled.paint_map(filled.photo, halves(), version=1).status_code == 404
    assert filled.state()["content"]["map_version"] == 1
    own.unlink()
    state = folder.state
    state.rename(tmp_path / "state.json")
    state.symlink_to(tmp_path / "state.json")
    answer = filled.client.put("/api/project", json={"version": 2, "settings": {"strength": 0.1}})
    assert "is a link" in answer.json()["detail"]
    assert filled.state()["settings"]["strength"] == 0.5
    assert secret.read_bytes() == before
    for name in ("images", "results"):
        other = tmp_path / f"of {name}"
        other.mkdir()
        (other / name).symlink_to(tmp_path)
        with pytest.raises(Exception, match="is a link"):
            Folder(other)


def test_a_state_with_paths_is_refused(filled):
    file = filled.desk.folder.state
    text = file.read_text()
    for old, new in ((filled.photo, "../../xy"), ('".png"', '"/../../../etc/passwd"')):
        file.write_text(text.replace(old, new))
        with pytest.raises(Exception, match="is damaged"):
            Desk(Folder(filled.desk.folder.root))
    file.write_text(text)


def test_a_request_that_is_too_large_is_not_read(page, monkeypatch):
    monkeypatch.setattr(door, "LARGEST_BODY", 1000)
    monkeypatch.setattr(door, "LARGEST_MESSAGE", 800)
    files = {"file": ("large.png", picture(400, 300))}
    answer = page.post("/api/images", files=files, data={"role": "content"})
    assert (answer.status_code, page.state()["content"]) == (413, None)
    assert "send a smaller file" in answer.json()["detail"]
    assert page.client.put("/api/project", json={"version": 0, "page": {"text": "x" * 900}}).status_code == 413

    def chunks():  # without a length
        for _ in range(100):
            yield b"x" * 100

    for kind in ("image/png", "application/json", "multipart/form-data; boundary=x"):
        for address in ("/api/images/00000000/map", "/api/project"):
            answer = page.client.put(address, content=chunks(), headers={"content-type": kind})
            assert answer.status_code in (413, 422)  # 422: refused for its type, before it was read
    assert not list((page.desk.folder.root / "images").iterdir())


def bomb(width, height):
    """Return a PNG that says that it has a number of pixels, and holds none."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (bomb(60_000, 60_000), "at most"),
        (bomb(20_000, 10_000), "at most 120 megapixels"),
        (bomb(100, 100), "truncated or damaged"),
        (picture()[:90], "truncated or damaged"),
        (b"<svg onload='alert(1)'/>", "SVG"),
        (b"#!/bin/sh\nrm -rf /", "not an image"),
        (b"", "empty"),
        (picture(1, 1), "at least 4 pixels each way"),
        (picture(4, 4000), "crop it"),
    ],
    ids=["bomb", "large", "hollow", "cut", "svg", "script", "empty", "dot", "line"],
)
def test_what_is_no_image_is_refused_in_one_sentence(page, data, said):
    answer = page.post("/api/images", files={"file": ("photo.png", data)}, data={"role": "content"})
    detail = answer.json()["detail"]
    assert answer.status_code == 422
    assert said in detail
    assert str(page.desk.folder.root) not in detail
    assert page.state()["content"] is None
    assert not list((page.desk.folder.root / "images").iterdir())


def test_notes_name_the_picture_also_where_the_folder_has_a_long_path(tmp_path):
    page = Page(Desk(Folder(tmp_path.joinpath(*["deep" * 20] * 4))))
    frames = [Image.new("RGB", (8, 8), color) for color in ("red", "blue")]
    stream = io.BytesIO()
    frames[0].save(stream, "GIF", save_all=True, append_images=frames[1:])
    page.upload("content", stream.getvalue(), name="moving.gif")
    assert page.state()["content"]["notes"] == ["moving has 2 frames; the first is used"]


def test_a_wrong_name_of_an_image_is_only_a_name(page):
    stream = io.BytesIO()
    Image.new("RGB", (8, 8)).save(stream, "JPEG")
    page.upload("content", stream.getvalue(), name="<script>.exe")
    (file,) = (page.desk.folder.root / "images").iterdir()
    assert file.suffix == ".jpg"
    assert page.state()["content"]["name"] == "<script>"


def soft():
    pixels = np.zeros((48, 64, 4), np.uint8)
    pixels[..., 3] = np.arange(64)
    return png(pixels)


def many():
    rows, columns = np.mgrid[:48, :64]
    return png(np.stack([rows * 5, columns * 4, rows], axis=-1).astype(np.uint8))


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (soft(), "half-transparent"),
        (many(), "colors; expected at most 64"),
        (halves(20, 20), "64x48 pixels"),
        (bomb(64, 48), "damaged"),
        (b"GIF89a", "GIF"),
        (b"", "empty"),
    ],
    ids=["soft", "many", "small", "hollow", "gif", "empty"],
)
def test_what_is_no_map_does_not_replace_one(untouched, data, said):
    answer = untouched.paint_map(untouched.photo, data, version=1)
    assert answer.status_code == 422
    assert said in answer.json()["detail"]
    assert str(untouched.desk.folder.root) not in answer.json()["detail"]
    assert untouched.paint_map(untouched.photo, version="9" * 5000).status_code == 422
    assert untouched.get(f"/api/images/{untouched.photo}/map").content == halves()


@pytest.mark.parametrize(
    ("method", "address", "body"),
    [
        ("PUT", "/api/project", b"{"),
        ("PUT", "/api/project", b"[]"),
        ("PUT", "/api/project", json.dumps({"version": "x"}).encode()),
        ("POST", "/api/masks", json.dumps({"kind": "linear", "geometry": {"x0": 1e99}}).encode()),
        ("POST", "/api/doodle", json.dumps({"width": 10**9, "height": 64}).encode()),
        ("POST", "/api/renders", json.dumps({"size": 10**9}).encode()),
        ("POST", "/api/images", b"nothing"),
        ("PATCH", "/api/project", b""),
    ],
)
def test_nonsense_is_answered_with_one_sentence(untouched, method, address, body):
    before = untouched.state()
    answer = untouched.request(method, address, content=body, headers={"content-type": "application/json"})
    assert answer.status_code in (405, 422)
    detail = answer.json()["detail"]
    assert isinstance(detail, str)
    assert "\n" not in detail
    assert untouched.state() == before


def test_other_machines_need_the_password(folder):
    keys = keys_for("0.0.0.0", PORT, "open sesame")
    page = Page(Desk(folder), keys)
    base = f"http://192.168.1.5:{PORT}"
    client = stranger(page, base_url=base, headers={"origin": base})
    assert 'action="/password"' in client.get("/").text
    wrong = client.post("/password", data={"password": "guess"})
    assert (wrong.status_code, "wrong" in wrong.text) == (401, True)
    assert client.post("/password", data={"password": "open sesame"}).status_code == 429  # a second has not passed
    assert keys.knows_host(f"[::1]:{PORT}")
    assert not keys.knows_host(f"evil.example:{PORT}")
    assert len(keys_for("192.168.1.5", PORT, None).password) >= 12
    assert keys_for("127.0.0.1", PORT, None).password is None


@pytest.mark.parametrize("size", [5000, 50_000])
def test_a_password_that_is_too_large_is_refused(folder, size):
    page = Page(Desk(folder), Keys(PORT, password="open sesame"))
    answer = stranger(page).post("/password", data={"password": "x" * size})
    assert answer.status_code == 413
    assert "more than 4 KB" in answer.json()["detail"]


def test_the_right_password_opens(folder):
    page = Page(Desk(folder), Keys(PORT, password="open sesame"))
    client = stranger(page)
    answer = client.post("/password", data={"password": "open sesame"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert client.get("/api/project").status_code == 200


def test_a_full_disk_is_said_and_changes_nothing(filled, monkeypatch):
    before = filled.state()

    def full(*arguments, **options):
        raise OSError(28, os.strerror(28))

    files = sorted(filled.desk.folder.root.rglob("*"))
    monkeypatch.setattr("os.replace", full)
    body = {"version": before["version"], "settings": {"strength": 0.1}}
    for answer in (
        filled.client.put("/api/project", json=body),
        filled.client.post("/api/renders", json={}),
        filled.client.post("/api/images", files={"file": ("a.png", picture())}, data={"role": "style"}),
        filled.client.post(f"/api/images/{filled.photo}/draft", json={}),
        filled.paint_map(filled.photo, halves(left=(9, 9, 9)), version=1),
    ):
        assert answer.status_code == 507  # so that the page tries again
        assert "could not be saved (No space left on device); free some space" in answer.json()["detail"]
    assert sorted(filled.desk.folder.root.rglob("*")) == files
    monkeypatch.undo()
    assert filled.state() == before


def contents(folder):
    return {path: path.read_bytes() for path in folder.root.rglob("*") if path.is_file()}


@pytest.mark.parametrize("last", [0, 1, 2])
def test_a_disk_that_is_full_amid_a_change_undoes_all_of_it(filled, monkeypatch, last):
    replace, files, left = os.replace, contents(filled.desk.folder), None
    before = filled.state()

    def full(*arguments, **options):
        nonlocal left
        left -= 1
        if left == -1:
            raise OSError(28, os.strerror(28))
        return replace(*arguments, **options)

    monkeypatch.setattr("os.replace", full)
    linear = {"kind": "linear", "geometry": {"x0": 0, "y0": 0, "x1": 1, "y1": 1}}
    picked = {"files": {"file": ("a.png", picture())}, "data": {"role": "style"}}
    for writes, send in (
        (
            2,
            lambda: filled.client.put(
                "/api/project", json={"version": before["version"], "settings": {"denoise": 0.1}}
            ),
        ),
        (2, lambda: filled.client.post("/api/images", **picked)),  # the plan does not name it yet
        (3, lambda: filled.client.post(f"/api/images/{filled.photo}/draft", json={})),
        (3, lambda: filled.paint_map(filled.photo, halves(left=(9, 9, 9)), version=1)),
        (3, lambda: filled.client.post("/api/samples/coffee")),
        (2, lambda: filled.client.post("/api/doodle", json={"width": 64, "height": 64})),
        (3, lambda: filled.client.post("/api/masks", json=linear)),
    ):
        left = min(last, writes - 1)
        answer = send()
        assert answer.status_code == 507, answer.json()
        assert contents(filled.desk.folder) == files
        assert filled.state() == before
    monkeypatch.undo()
    assert Page(Desk(Folder(filled.desk.folder.root))).state() == before


@pytest.mark.parametrize("last", [0, 1])
def test_a_project_opens_on_a_full_disk(filled, monkeypatch, last):
    root, before, replace, left = filled.desk.folder.root, filled.state(), os.replace, 0

    def full(*arguments, **options):
        nonlocal left
        left -= 1
        if left == -1:
            raise OSError(28, os.strerror(28))
        return replace(*arguments, **options)

    files = contents(filled.desk.folder)
    monkeypatch.setattr("os.replace", full)
    assert Page(Desk(Folder(root))).state() == before  # nothing in it is to be written
    for name in ("studio.json", "plan.toml"):  # as an older studio wrote them
        file = root / name
        file.write_bytes(file.read_bytes() + b"\n")
    older, left = contents(filled.desk.folder), last
    with pytest.raises(OutputError, match=r"No space left on device"):
        Desk(Folder(root))
    assert contents(filled.desk.folder) == older
    left = 0
    with pytest.raises(OutputError, match=r"No space left on device"):
        Desk(Folder(root.parent / "new"))
    assert contents(Folder(root.parent / "new")) == {}
    monkeypatch.undo()
    assert Page(Desk(Folder(root))).state() == before
    assert contents(filled.desk.folder) == files
