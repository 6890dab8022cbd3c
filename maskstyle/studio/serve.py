"""The server of the studio: its routes, how errors become answers, its port, and the browser that it opens."""

from __future__ import annotations

import ipaddress
import secrets
import socket
import sys
import threading
import webbrowser
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import IO, Any

import uvicorn
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, JSONResponse
from fastapi.staticfiles import StaticFiles
from pydantic import ValidationError
from starlette.exceptions import HTTPException

from maskstyle.errors import MaskstyleError, OutputError, SettingsError
from maskstyle.studio.desk import Desk
from maskstyle.studio.door import Door, Keys
from maskstyle.studio.folder import Folder, MissingError
from maskstyle.studio.models import sentence_of_request
from maskstyle.studio.project import StaleError
from maskstyle.studio.routes import routes

PAGE = Path(__file__).parent / "page"


def create_app(desk: Desk, keys: Keys, *, warm: bool = True) -> FastAPI:
    """Return the server of a project; `warm` loads TensorFlow when it starts, rather than with the first preview."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        if warm or desk.results.waiting():
            desk.worker.start()
        yield
        desk.events.close()
        desk.worker.end()

    app = FastAPI(title="maskstyle studio", docs_url=None, redoc_url=None, openapi_url=None, lifespan=lifespan)
    _answer_errors(app, desk)
    app.include_router(routes(desk), prefix="/api")
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
    @app.exception_handler(ValidationError)
    def wrong(request: Request, error: RequestValidationError | ValidationError) -> JSONResponse:
        return JSONResponse({"detail": sentence_of_request(error.errors())}, 422)

    @app.exception_handler(HTTPException)
    def other(request: Request, error: HTTPException) -> JSONResponse:
        texts: dict[int, Any] = {404: "there is nothing at this address", 405: "this address takes other requests"}
        return JSONResponse({"detail": texts.get(error.status_code, str(error.detail))}, error.status_code)

    @app.exception_handler(OSError)
    def not_saved(request: Request, error: OSError) -> JSONResponse:
        return _not_saved(error)

    @app.exception_handler(OutputError)
    def not_written(request: Request, error: OutputError) -> JSONResponse:
        return _not_saved(error.__cause__ or error)


def _not_saved(error: BaseException) -> JSONResponse:
    why = getattr(error, "strerror", None) or error
    detail = f"the project could not be saved ({why}); free some space, or make its folder writable, and try again"
    return JSONResponse({"detail": detail}, 507)


USUAL_PORT = 8765

LOCAL = ("127.0.0.1", "localhost")


def serve(
    folder: Path,
    *,
    host: str = LOCAL[0],
    port: int | None = None,
    password: str | None = None,
    browser: bool = True,
    say: Callable[[str], None],
) -> None:
    """Serve a project until the process is interrupted.

    The port is by default `USUAL_PORT`, or a free one where that is taken. The password is for other machines, where
    `host` is not this machine alone; by default, one is made. `say` prints a line for the person.
    """
    project = Folder(folder)
    with _locked(project):
        desk = Desk(project)
        listening = _listen(host, port)
        keys = keys_for(host, listening.getsockname()[1], password)
        if keys.password is not None:
            say(
                f"warning: other machines may reach {host}, over a connection that is not encrypted; use it only in "
                "a network that you trust"
            )
            say(f"password: {keys.password}")
        address = f"http://{LOCAL[0] if keys.any_address else _in_url(host)}:{keys.port}/?token={keys.token}"
        say(f"project: {folder}")
        say(f"studio: {address}")
        say("press Ctrl-C to end it")
        config = uvicorn.Config(
            create_app(desk, keys), log_level="warning", access_log=False, timeout_graceful_shutdown=2, lifespan="on"
        )
        if browser:
            threading.Timer(0.5, webbrowser.open, (address,)).start()
        with suppress(KeyboardInterrupt):  # Ctrl-C is the way to end it
            _Server(config, desk).run([listening])


def keys_for(host: str, port: int, password: str | None) -> Keys:
    """Return what opens the door of a server that listens on an address."""
    if host in LOCAL:
        return Keys(port)
    own = (host.lower(), socket.gethostname().lower(), *LOCAL)
    everywhere = host in ("0.0.0.0", "::", "")
    return Keys(port, own, everywhere, password or secrets.token_urlsafe(9))


class _Server(uvicorn.Server):
    """A server that ends the streams of its pages first, as they would keep it from stopping."""

    def __init__(self, config: uvicorn.Config, desk: Desk) -> None:
        super().__init__(config)
        self._desk = desk

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self._desk.events.close()
        super().handle_exit(sig, frame)


def _locked(folder: Folder) -> IO[bytes]:
    """Return the lock of a project while it is open; the system frees that of a studio that is killed."""
    file = folder.lock.open("ab")
    if sys.platform != "win32":
        import fcntl

        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            raise SettingsError(
                f"another studio has the project {folder.root} open; close it, or name another folder"
            ) from None
        except OSError:  # some file systems have no locks
            pass
    return file


def _listen(host: str, port: int | None) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    for tried in [USUAL_PORT, 0] if port is None else [port]:
        try:
            listening.bind((host, tried))
            listening.listen()  # now: a browser that is quicker than the server waits instead of being refused
            return listening
        except OSError as error:
            reason = error.strerror or str(error)
        except OverflowError:
            reason = "it is not from 0 to 65535"
    listening.close()
    raise SettingsError(f"the studio cannot listen on {host}:{port or USUAL_PORT} ({reason}); choose another port")


def _in_url(host: str) -> str:
    try:
        return f"[{host}]" if ipaddress.ip_address(host).version == 6 else host
    except ValueError:
        return host
