"""The server of the studio: its routes, and how errors become answers."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, JSONResponse
from fastapi.staticfiles import StaticFiles
from pydantic import ValidationError
from starlette.exceptions import HTTPException

from maskstyle.errors import MaskstyleError
from maskstyle.studio.desk import Desk
from maskstyle.studio.door import Door, Keys
from maskstyle.studio.folder import MissingError
from maskstyle.studio.project import StaleError
from maskstyle.studio.routes_pictures import picture_routes
from maskstyle.studio.routes_project import project_routes
from maskstyle.studio.sentences import sentence_of_request

PAGE = Path(__file__).parent / "page"


def create_app(desk: Desk, keys: Keys, *, warm: bool = True) -> FastAPI:
    """Return the server of a project.

    Parameters
    ----------
    desk : Desk
        The project.
    keys : Keys
        What opens its door.
    warm : bool
        Whether to load TensorFlow when the server starts, rather than with the first preview.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        if warm or desk.results.waiting():
            desk.worker.start()
        yield
        desk.events.close()
        desk.worker.end()

    app = FastAPI(title="maskstyle studio", docs_url=None, redoc_url=None, openapi_url=None, lifespan=lifespan)
    _answer_errors(app, desk)
    app.include_router(project_routes(desk), prefix="/api")
    app.include_router(picture_routes(desk), prefix="/api")
    app.mount("/static", StaticFiles(directory=PAGE), name="static")

    @app.get("/")
    def index() -> FileResponse:
        return FileResponse(PAGE / "index.html")

    app.add_middleware(Door, keys=keys)
    return app


def _answer_errors(app: FastAPI, desk: Desk) -> None:
    """Answer every error with one sentence."""

    @app.exception_handler(MaskstyleError)
    def refused(request: Request, error: MaskstyleError) -> JSONResponse:
        detail = " ".join(str(error).split()).replace(f"{desk.folder.root}/", "")
        if isinstance(error, StaleError):
            return JSONResponse({"detail": detail, "project": desk.view()}, 409)
        return JSONResponse({"detail": detail}, 404 if isinstance(error, MissingError) else 422)

    @app.exception_handler(RequestValidationError)
    def wrong(request: Request, error: RequestValidationError) -> JSONResponse:
        return JSONResponse({"detail": sentence_of_request(error.errors())}, 422)

    @app.exception_handler(ValidationError)
    def wrong_value(request: Request, error: ValidationError) -> JSONResponse:
        return JSONResponse({"detail": sentence_of_request(error.errors())}, 422)

    @app.exception_handler(HTTPException)
    def other(request: Request, error: HTTPException) -> JSONResponse:
        texts: dict[int, Any] = {404: "there is nothing at this address", 405: "this address takes other requests"}
        return JSONResponse({"detail": texts.get(error.status_code, str(error.detail))}, error.status_code)

    @app.exception_handler(OSError)
    def not_saved(request: Request, error: OSError) -> JSONResponse:
        return JSONResponse({"detail": f"the project could not be saved ({error.strerror or error}); try again"}, 507)
