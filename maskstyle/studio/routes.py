"""The routes of the server: the project with its images, maps and masks; previews, renders and results; events."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Body, File, Form, Header, Path, Query, Request, Response, UploadFile
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import FileResponse, StreamingResponse
from starlette.background import BackgroundTask

from maskstyle.errors import SettingsError
from maskstyle.images import encode_image, load_image
from maskstyle.studio.desk import Desk
from maskstyle.studio.folder import MissingError
from maskstyle.studio.models import DoodleRequest, DraftRequest, Id, MaskChange, ProjectChange, RenderRequest
from maskstyle.studio.pictures import LONGEST_THUMBNAIL
from maskstyle.studio.results import Render, result_view

Key = Annotated[Id, Path()]

Number = Annotated[str, Path(pattern=r"^[0-9]{4,8}$")]

Answer = dict[str, Any]

FOREVER = {"cache-control": "private, max-age=31536000, immutable"}
"""For what never changes under its address."""


def routes(desk: Desk) -> APIRouter:
    """Return the routes."""
    router = APIRouter()

    @router.get("/events")
    async def events() -> StreamingResponse:
        first = {"type": "project", "version": desk.project.saved.version}
        return StreamingResponse(desk.events.stream(first), media_type="text/event-stream")

    _state_routes(router, desk)
    _image_routes(router, desk)
    _map_routes(router, desk)
    _mask_routes(router, desk)
    _preview_routes(router, desk)
    _render_routes(router, desk)
    _result_routes(router, desk)
    return router


def _state_routes(router: APIRouter, desk: Desk) -> None:
    @router.get("/project")
    def project() -> Answer:
        return desk.view()

    @router.put("/project")
    def change(change: ProjectChange) -> Answer:
        return desk.change(change)

    @router.put("/styles/order")
    def order(ids: list[Id]) -> Answer:
        return desk.order_styles(ids)

    @router.post("/samples/{name}")
    def sample(name: str) -> Answer:
        return desk.add_sample(name)

    @router.get("/samples/{name}/thumbnail")
    def sample_thumbnail(name: str) -> Response:
        return Response(desk.sample_thumbnail(name), media_type="image/jpeg", headers=FOREVER)

    @router.post("/doodle")
    def doodle(request: DoodleRequest) -> Answer:
        return desk.begin_doodle(request.width, request.height)


def _image_routes(router: APIRouter, desk: Desk) -> None:
    @router.post("/images")
    def upload(
        file: Annotated[UploadFile, File()], role: Annotated[Literal["content", "style"], Form()] = "style"
    ) -> Answer:
        return desk.add_image(file.file, file.filename or "image", role)

    @router.delete("/images/{key}")
    def remove(key: Key) -> Answer:
        return desk.remove_image(key)

    @router.get("/images/{key}")
    def image(key: Key) -> Response:
        data, kind = desk.pictures.shown(desk.image_with_pixels(key))
        return Response(data, media_type=kind, headers=FOREVER)

    @router.get("/images/{key}/thumbnail")
    def thumbnail(key: Key) -> Response:
        data, kind = desk.pictures.thumbnail(desk.image_with_pixels(key))
        return Response(data, media_type=kind, headers=FOREVER)


def _map_routes(router: APIRouter, desk: Desk) -> None:
    @router.get("/images/{key}/map")
    def read_map(key: Key) -> Response:
        image = desk.project.image(key)
        if not image.map_version:
            raise MissingError("this image has no map yet")
        data = desk.folder.map(key).read_bytes()
        return Response(data, media_type="image/png", headers={"etag": f'"{image.map_version}"'})

    @router.put("/images/{key}/map")
    async def save_map(key: Key, request: Request, if_match: Annotated[str, Header()] = "0") -> Answer:
        known = if_match.strip('W/" ')
        if not re.fullmatch("[0-9]{1,18}", known):
            raise SettingsError("the header If-Match is wrong; give the version of the map that was painted on")
        data = await _png(request)
        return await run_in_threadpool(desk.save_map, key, data, int(known))

    @router.post("/images/{key}/draft")
    def draft(key: Key, request: DraftRequest) -> Answer:
        return desk.draft(key, request.regions)

    @router.post("/images/{key}/grow")
    async def grow(key: Key, request: Request) -> Response:
        data = await _png(request)
        return Response(await run_in_threadpool(desk.grow, key, data), media_type="image/png")

    @router.get("/images/{key}/superpixels")
    def superpixels(key: Key, size: Annotated[int, Query(ge=4, le=400)] = 24) -> Response:
        return Response(desk.segments(key, size), media_type="image/png", headers=FOREVER)


def _mask_routes(router: APIRouter, desk: Desk) -> None:
    @router.post("/masks")
    def add(change: MaskChange) -> Answer:
        return desk.add_mask(change)

    @router.put("/masks/{key}")
    def change(key: Key, values: dict[str, Any]) -> Answer:
        return desk.change_mask(key, values)

    @router.delete("/masks/{key}")
    def remove(key: Key) -> Answer:
        return desk.remove_mask(key)

    @router.get("/masks/{key}")
    def mask(key: Key) -> Response:
        file = desk.folder.mask(desk.project.mask(key).id)
        if not file.is_file():
            raise MissingError("this mask is not painted yet")
        return Response(file.read_bytes(), media_type="image/png")

    @router.put("/masks/{key}/painting")
    async def paint(key: Key, request: Request) -> Answer:
        data = await _png(request)
        return await run_in_threadpool(desk.paint_mask, key, data)


async def _png(request: Request) -> bytes:
    """Return the body of a request, which the door limits."""
    if request.headers.get("content-type", "").partition(";")[0] != "image/png":
        raise SettingsError("expected a PNG; send it with the content type image/png")
    return await request.body()


def _preview_routes(router: APIRouter, desk: Desk) -> None:
    @router.post("/preview")
    def preview() -> Answer:
        return {"id": desk.worker.ask_preview()}

    @router.get("/previews/{key}.png")
    def picture(key: Number) -> Response:
        found = desk.worker.preview_picture(key)
        if found is None:
            raise MissingError("this preview is gone; ask for a new one")
        return Response(found, media_type="image/png")


def _render_routes(router: APIRouter, desk: Desk) -> None:
    @router.post("/renders")
    def begin(request: Annotated[RenderRequest | None, Body()] = None) -> Answer:
        render = desk.results.begin(None if request is None else request.size)
        desk.worker.ask_render(render.id)
        return _view(desk, desk.results.render(render.id))

    @router.get("/renders")
    def renders() -> list[Answer]:
        return [_view(desk, render) for render in desk.results.all() if render.state not in ("done", "stopped")]

    @router.get("/renders/{key}/picture")
    def picture(key: Number) -> Response:
        found = desk.worker.progress_picture(key)
        if found is None:
            raise MissingError("this render has no picture yet, or is finished")
        return Response(found, media_type="image/png")

    @router.post("/renders/{key}/stop")
    def stop(key: Number) -> Answer:
        desk.results.render(key)
        desk.worker.stop(key)
        return _view(desk, desk.results.render(key))


def _result_routes(router: APIRouter, desk: Desk) -> None:
    @router.get("/results")
    def results() -> list[Answer]:
        return _finished(desk)

    @router.get("/results/{key}.png")
    def picture_file(key: Number) -> FileResponse:
        return _file(desk, key, ".png", "image/png")

    @router.get("/results/{key}/thumbnail")
    def thumbnail(key: Number) -> Response:
        found = load_image(_finished_file(desk, key, ".png")).within(LONGEST_THUMBNAIL)
        return Response(encode_image(found.pixels, found.alpha), media_type="image/png", headers=FOREVER)

    @router.get("/results/{key}/plan.zip")
    def plan(key: Number) -> FileResponse:
        archive = desk.results.packed(key)
        name = f"{desk.results.render(key).name}_{key}_plan.zip"
        done = BackgroundTask(archive.unlink, missing_ok=True)
        return FileResponse(archive, media_type="application/zip", filename=name, background=done)

    @router.get("/results/{key}/layers")
    def layers(key: Number) -> FileResponse:
        return _file(desk, key, ".ora", "image/openraster")

    @router.get("/results/{key}")
    def result(key: Number) -> Answer:
        return _view(desk, desk.results.render(key))

    @router.post("/results/{key}/restore")
    def restore(key: Number) -> Answer:
        desk.results.restore(key)
        return desk.view()

    @router.delete("/renders/{key}")
    @router.delete("/results/{key}")
    def remove(key: Number) -> list[Answer]:
        desk.results.render(key)
        desk.worker.forget(key)
        desk.results.remove(key)
        return _finished(desk)


def _view(desk: Desk, render: Render) -> Answer:
    return result_view(render, desk.worker.position(render.id))


def _finished(desk: Desk) -> list[Answer]:
    views = [_view(desk, render) for render in desk.results.all()]
    return [view for view in views if view["url"] is not None]


def _finished_file(desk: Desk, key: str, suffix: str) -> Any:
    desk.results.render(key)
    file = desk.folder.result(key, suffix)
    if not file.is_file():
        raise MissingError("this result has no such file")
    return file


def _file(desk: Desk, key: str, suffix: str, kind: str) -> FileResponse:
    file = _finished_file(desk, key, suffix)
    name = f"{desk.results.render(key).name}_{key}{suffix}"
    return FileResponse(file, media_type=kind, filename=name, content_disposition_type="inline")
