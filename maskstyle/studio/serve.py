"""Start the server of the studio, and open the browser."""

from __future__ import annotations

import ipaddress
import secrets
import socket
import sys
import threading
import webbrowser
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import IO

import uvicorn

from maskstyle.errors import SettingsError
from maskstyle.studio.app import create_app
from maskstyle.studio.desk import Desk
from maskstyle.studio.door import Keys
from maskstyle.studio.folder import Folder

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

    Parameters
    ----------
    folder : Path
        The folder of the project.
    host : str
        The address to listen on.
    port : int, optional
        The port; by default `USUAL_PORT`, or a free one where that is taken.
    password : str, optional
        For other machines, where `host` is not this machine alone; by default, one is made.
    browser : bool
        Whether to open the browser.
    say : callable
        Prints a line for the person.

    Raises
    ------
    SettingsError
        If the folder or the address cannot be used, or another studio has the project open.
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
