"""The door of the studio: who may ask for what. It stands before every other part of the server."""

from __future__ import annotations

import hmac
import ipaddress
import secrets
import time
from collections.abc import MutableMapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, TypeAlias
from urllib.parse import parse_qs

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LARGEST_BODY = 128 * 2**20
"""Most bytes of any request: a large photo."""

LARGEST_MESSAGE = 2**20
"""Most bytes of a request that is not an image."""

LARGEST_LOGIN = 4096
"""Most bytes of a password form."""

ATTEMPT_SECONDS = 1.0
"""Time between two passwords, however many people try."""

CONTENT_SECURITY = (
    "default-src 'self'; img-src 'self' blob: data:; object-src 'none'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'"
)

HEADERS = {
    "content-security-policy": CONTENT_SECURITY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",  # without a referrer, browsers send a form with the origin "null"
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}
"""Headers of every response: no other page may show or read the studio, and it loads nothing from elsewhere."""

IMAGE_TYPES = ("image/", "multipart/form-data")

PASSWORD_FORM = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>maskstyle studio</title></head><body>
<h1>maskstyle studio</h1>
<form method="post" action="/password">
<label>Password <input type="password" name="password" autofocus autocomplete="current-password"></label>
<button>Open</button>
</form>
<p>{note}</p>
</body></html>
"""

NO_COOKIE = "this page needs the address that the terminal shows, with its token; open that one"

Answer: TypeAlias = Response

CLIENT: ContextVar[str] = ContextVar("client", default="")
"""The tab that a request comes from, as it calls itself: events about its own changes carry it back."""


@dataclass
class Keys:
    """What opens the door."""

    port: int  # the port of the server
    # The names that the page may be opened under, beside literal addresses where `any_address` is set.
    hosts: tuple[str, ...] = ("127.0.0.1", "localhost")
    # Whether the Host may be any literal IP address: a page of another site never has one as its own name.
    any_address: bool = False
    password: str | None = None  # the password, for other machines; None: the token of the address alone opens
    token: str = field(default_factory=lambda: secrets.token_urlsafe(32), repr=False)
    session: str = field(default_factory=lambda: secrets.token_urlsafe(32), repr=False)

    @property
    def cookie(self) -> str:
        """The name of the cookie: browsers do not keep the cookies of two ports apart."""
        return f"maskstyle_studio_{self.port}"

    def knows_host(self, host: str) -> bool:
        """Return whether a Host header names this server."""
        name, port = _split_host(host)
        if port != self.port:
            return False
        if name in self.hosts:
            return True
        return self.any_address and _is_address(name)


class Door:
    """Check Host, Origin, cookie and size of every request, and add the headers to every response."""

    def __init__(self, app: ASGIApp, keys: Keys) -> None:
        self._app, self._keys = app, keys
        self._next_attempt = 0.0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request in, or answer it here."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            return  # the studio has no web sockets
        headers = Headers(scope=scope)
        answer = self._refused(scope, headers)
        if answer is None and scope["path"] == "/password" and scope["method"] == "POST":
            answer = await self._password(receive)
        if answer is None:
            answer = self._let_in(scope, headers)
        if answer is not None:
            await answer(scope, receive, _Guarded(send))
            return
        CLIENT.set(headers.get("x-client", "")[:64])
        limited = _Limited(receive, _limit(headers))
        try:
            await self._app(scope, limited, _Guarded(send, limited))
        except _TooLargeError:
            await _too_large(limited.limit)(scope, receive, _Guarded(send))

    def _refused(self, scope: Scope, headers: Headers) -> Answer | None:
        """Refuse requests of other pages, and those under another name (DNS rebinding)."""
        if len(headers.getlist("host")) != 1 or not self._keys.knows_host(headers.get("host", "")):
            return _sentence(403, "this name is not the studio's; open the address that the terminal shows")
        if scope["method"] not in ("GET", "HEAD") and not self._own_origin(headers):
            return _sentence(403, "this request comes from another page, which may not change a project")
        if headers.get("sec-fetch-site", "none") not in ("none", "same-origin") and scope["path"] != "/":
            return _sentence(403, "this request comes from another page, which may not read a project")
        length = headers.get("content-length", "0")
        if not length.isascii() or not length.isdigit() or int(length) > _limit(headers):
            return _too_large(_limit(headers))
        return None

    def _own_origin(self, headers: Headers) -> bool:
        return headers.getlist("origin") == [f"http://{headers.get('host')}"]

    def _let_in(self, scope: Scope, headers: Headers) -> Answer | None:
        """Set the cookie for the token of the address; refuse whoever has neither."""
        if scope["path"] == "/":
            given = parse_qs(scope.get("query_string", b"").decode("latin-1")).get("token", [""])[0]
            if given and hmac.compare_digest(given.encode(), self._keys.token.encode()):
                return self._with_cookie()
        if hmac.compare_digest(_cookie(headers, self._keys.cookie).encode(), self._keys.session.encode()):
            return None
        if scope["path"].startswith("/api/"):
            return _sentence(401, NO_COOKIE)
        if self._keys.password is None:
            return HTMLResponse(f"<!doctype html><title>maskstyle studio</title><p>{NO_COOKIE}.</p>", 401)
        return HTMLResponse(PASSWORD_FORM.format(note="The terminal that runs the studio shows it."), 401)

    async def _password(self, receive: Receive) -> Answer:
        """Compare a password, at most one a second."""
        if self._keys.password is None:
            return _sentence(404, "this studio has no password; open the address that the terminal shows")
        now = time.monotonic()
        if now < self._next_attempt:
            return HTMLResponse(PASSWORD_FORM.format(note="Too many attempts; wait a second."), 429)
        self._next_attempt = now + ATTEMPT_SECONDS
        try:
            body = await _body(receive, LARGEST_LOGIN)
        except _TooLargeError:
            return _too_large(LARGEST_LOGIN)
        form = parse_qs(body.decode("utf-8", "replace"))
        given = form.get("password", [""])[0]
        if hmac.compare_digest(given.encode(), self._keys.password.encode()):
            self._next_attempt = 0.0
            return self._with_cookie()
        return HTMLResponse(PASSWORD_FORM.format(note="This password is wrong."), 401)

    def _with_cookie(self) -> Answer:
        answer = RedirectResponse("/", 303)
        answer.set_cookie(self._keys.cookie, self._keys.session, httponly=True, samesite="strict", path="/")
        return answer


class _TooLargeError(Exception):
    """A request has more bytes than it said or than are allowed."""


class _Limited:
    """Receive a request of a limited number of bytes."""

    def __init__(self, receive: Receive, limit: int) -> None:
        self._receive, self.limit, self._seen = receive, limit, 0

    async def __call__(self) -> Message:
        message = await self._receive()
        if message["type"] == "http.request":
            self._seen += len(message.get("body", b""))
            self.check()
        return message

    def check(self) -> None:
        """Raise where there were more bytes than allowed."""
        if self._seen > self.limit:
            raise _TooLargeError


class _Guarded:
    """Send a response with the headers of the door, but none to a request that was too large.

    The server's framework turns whatever goes wrong while it reads a request into an answer of its own.
    """

    def __init__(self, send: Send, limited: _Limited | None = None) -> None:
        self._send, self._limited = send, limited

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            if self._limited is not None:
                self._limited.check()
            headers = MutableHeaders(scope=_raw(message))
            for name, value in HEADERS.items():
                headers[name] = value
            headers.setdefault("cache-control", "no-store")
        await self._send(message)


def _raw(message: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    message.setdefault("headers", [])
    return message


async def _body(receive: Receive, limit: int) -> bytes:
    body, more = b"", True
    limited = _Limited(receive, limit)
    while more:
        message = await limited()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    return body


def _limit(headers: Headers) -> int:
    kind = headers.get("content-type", "")
    return LARGEST_BODY if kind.startswith(IMAGE_TYPES) else LARGEST_MESSAGE


def _too_large(limit: int) -> Answer:
    most = f"{limit // 2**20} MB" if limit >= 2**20 else f"{limit // 2**10} KB"
    return _sentence(413, f"the request has more than {most}; send a smaller file")


def _sentence(status: int, text: str) -> Answer:
    return JSONResponse({"detail": text}, status)


def _cookie(headers: Headers, name: str) -> str:
    for part in headers.get("cookie", "").split(";"):
        key, _, value = part.strip().partition("=")
        if key == name:
            return value
    return ""


def _split_host(host: str) -> tuple[str, int]:
    """Return the name and the port of a Host header; port 80 where it has none."""
    name, separator, port = host.rpartition(":")
    if not separator or name.endswith(":") or "]" in port:
        name, port = host, "80"
    return name.strip("[]").lower(), int(port) if port.isascii() and port.isdigit() and len(port) <= 5 else -1


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
