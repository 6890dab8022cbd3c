"""Events for the pages that are open: what the worker does, and that another tab changed the project."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Mapping
from typing import Any

MOST_WAITING = 64
"""Events that wait for a page; a page that reads no more loses the oldest."""

HEARTBEAT = 15.0
"""Seconds after which a silent stream says that it is alive, and notices that its page is gone."""

Event = Mapping[str, Any]


class Events:
    """Sends events, from any thread, to every page that listens."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._listeners: dict[int, tuple[asyncio.AbstractEventLoop, asyncio.Queue[Event | None]]] = {}
        self._closed = False
        self._next = 0

    def send(self, event: Event) -> None:
        """Send an event."""
        with self._lock:
            listeners = list(self._listeners.values())
        for loop, queue in listeners:
            self._put(loop, queue, event)

    def close(self) -> None:
        """End every stream, so that the server can stop."""
        with self._lock:
            self._closed = True
            listeners = list(self._listeners.values())
        for loop, queue in listeners:
            self._put(loop, queue, None)

    @property
    def listening(self) -> int:
        """The number of pages that listen."""
        with self._lock:
            return len(self._listeners)

    async def stream(self, first: Event) -> AsyncIterator[str]:
        """Yield server-sent events, beginning with one, until the page or the server goes."""
        queue: asyncio.Queue[Event | None] = asyncio.Queue(MOST_WAITING)
        with self._lock:
            key, self._next = self._next, self._next + 1
            self._listeners[key] = asyncio.get_running_loop(), queue
            closed = self._closed
        try:
            yield as_text(first)
            while not closed:
                try:
                    event = await asyncio.wait_for(queue.get(), HEARTBEAT)
                except TimeoutError:
                    yield ": here\n\n"
                    continue
                if event is None:
                    return
                yield as_text(event)
        finally:
            with self._lock:
                del self._listeners[key]

    def _put(self, loop: asyncio.AbstractEventLoop, queue: asyncio.Queue[Event | None], event: Event | None) -> None:
        def put() -> None:
            if queue.full():
                queue.get_nowait()
            queue.put_nowait(event)

        try:
            loop.call_soon_threadsafe(put)
        except RuntimeError:  # the loop ended with the server
            return


def as_text(event: Event) -> str:
    r"""Return an event as the text of a stream.

    >>> as_text({"type": "project", "version": 3})
    'data: {"type":"project","version":3}\n\n'
    """
    return f"data: {json.dumps(event, separators=(',', ':'))}\n\n"
