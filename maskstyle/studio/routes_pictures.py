"""The routes of previews, renders and results, and the stream of events."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Body, Path, Response
from fastapi.responses import FileResponse, StreamingResponse
from starlette.background import BackgroundTask

from maskstyle.images import encode_image, load_image
from maskstyle.studio.desk import Desk
from maskstyle.studio.folder import MissingError
from maskstyle.studio.models import RenderRequest
from maskstyle.studio.pictures import LONGEST_THUMBNAIL
from maskstyle.studio.results import Render, result_view
from maskstyle.studio.routes_project import FOREVER

Number = Annotated[str, Path(pattern=r"^[0-9]{4,8}$")]

Answer = dict[str, Any]


def picture_routes(desk: Desk) -> APIRouter:
    """Return the routes."""
    router = APIRouter()

    @router.get("/events")
    async def events() -> StreamingResponse:
        first = {"type": "project", "version": desk.project.saved.version}
        return StreamingResponse(desk.events.stream(first), media_type="text/event-stream")

    _preview_routes(router, desk)
    _render_routes(router, desk)
    _result_routes(router, desk)
    return router


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

    @router.delete("/renders/{key}")
    def remove(key: Number) -> list[Answer]:
        return _removed(desk, key)


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

    @router.delete("/results/{key}")
    def remove(key: Number) -> list[Answer]:
        return _removed(desk, key)


def _view(desk: Desk, render: Render) -> Answer:
    return result_view(render, desk.worker.position(render.id))


def _finished(desk: Desk) -> list[Answer]:
    views = [_view(desk, render) for render in desk.results.all()]
    return [view for view in views if view["url"] is not None]


def _removed(desk: Desk, key: str) -> list[Answer]:
    desk.results.render(key)
    desk.worker.forget(key)
    desk.results.remove(key)
    return _finished(desk)


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
