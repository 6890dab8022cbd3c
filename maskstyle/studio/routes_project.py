"""The routes of the project, its images, maps and masks."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, File, Form, Header, Path, Query, Request, Response, UploadFile
from fastapi.concurrency import run_in_threadpool

from maskstyle.errors import SettingsError
from maskstyle.studio.desk import Desk
from maskstyle.studio.folder import MissingError
from maskstyle.studio.models import DoodleRequest, DraftRequest, Id, MaskChange, ProjectChange

Key = Annotated[Id, Path()]

Answer = dict[str, Any]

FOREVER = {"cache-control": "private, max-age=31536000, immutable"}
"""For what never changes under its address."""


def project_routes(desk: Desk) -> APIRouter:
    """Return the routes."""
    router = APIRouter()
    _state_routes(router, desk)
    _image_routes(router, desk)
    _map_routes(router, desk)
    _mask_routes(router, desk)
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
        if not known.isascii() or not known.isdigit():
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
