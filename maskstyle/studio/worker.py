"""The worker: one thread that keeps TensorFlow warm, and decides what is painted next."""

from __future__ import annotations

import os
import sys
import threading
from collections import OrderedDict
from contextlib import suppress

from maskstyle.errors import SettingsError
from maskstyle.networks.tensorflow_import import import_tensorflow
from maskstyle.studio.events import Events
from maskstyle.studio.folder import MissingError
from maskstyle.studio.models import sentence_of
from maskstyle.studio.previews import Preview, Previewer
from maskstyle.studio.project import Project
from maskstyle.studio.renders import Renderer, Running
from maskstyle.studio.results import Results
from maskstyle.studio.to_plan import problem_of

POLITENESS = 5
"""Added to the niceness of what paints: where cores are scarce, the browser comes first, and brushes are smooth."""

KEPT_PREVIEWS = 6
"""Previews whose last pictures can still be fetched."""


class Worker:
    """Paints previews and renders, one at a time, in a thread of its own.

    A preview that is asked for while a render runs is painted between two of its steps.
    """

    def __init__(self, project: Project, results: Results, events: Events) -> None:
        self._project, self._results, self._events = project, results, events
        self._awake = threading.Condition()
        self._thread: threading.Thread | None = None
        self._ending = False
        self._wanted: Preview | None = None
        self._latest = 0
        self._queue: list[str] = list(results.waiting())
        self._running: Running | None = None
        self._pictures: OrderedDict[str, bytes] = OrderedDict()
        self._renderer = Renderer(project.folder, results, events)
        self._previewer: Previewer | None = None

    def start(self) -> None:
        """Start the thread, which loads TensorFlow, unless it runs."""
        with self._awake:
            if not self._ending and (self._thread is None or not self._thread.is_alive()):
                self._thread = threading.Thread(target=self._work, name="maskstyle studio", daemon=True)
                self._thread.start()
            self._awake.notify_all()

    def end(self, seconds: float = 20.0) -> None:
        """Stop what is painted, and wait until the thread has saved what it paints; there is none while it loads."""
        with self._awake:
            self._ending = True
            self._awake.notify_all()
            loading = self._previewer is None and self._running is None
        if self._thread is not None and not loading:
            self._thread.join(seconds)

    def ask_preview(self) -> str:
        """Ask for a preview of the state as it is; it replaces one that is under way at its next step."""
        with self._project.lock:
            state = self._project.saved.model_copy(deep=True)
        problem = problem_of(state)
        if problem is not None:
            raise SettingsError(f"there is nothing to preview yet: {problem}")
        with self._awake:
            self._latest += 1
            preview = Preview(f"{self._latest:06}", state)
            self._wanted = preview
        self.start()
        return preview.id

    def preview_picture(self, key: str) -> bytes | None:
        """Return the newest picture of a preview."""
        with self._awake:
            return self._pictures.get(key)

    def ask_render(self, key: str) -> None:
        """Put a render into the queue."""
        with self._awake:
            self._queue.append(key)
        self._renderer.tell(self._results.render(key))
        self.start()

    def stop(self, key: str) -> None:
        """Stop a render: the best image so far becomes its result; one that has not begun is removed."""
        with self._awake:
            if self._running is not None and self._running.render.id == key:
                self._running.stop = True
                return
            if key in self._queue:
                self._queue.remove(key)
        render = self._results.render(key)
        if render.state == "queued":
            self._renderer.finish(render.model_copy(update={"state": "stopped", "detail": "stopped before it began"}))

    def forget(self, key: str) -> None:
        """Remove a render from the queue, where it is to be removed altogether."""
        with self._awake:
            if self._running is not None and self._running.render.id == key:
                raise SettingsError("this render is running; stop it first")
            if key in self._queue:
                self._queue.remove(key)

    def position(self, key: str) -> int | None:
        """Return the place of a render in the queue, from 0."""
        with self._awake:
            return self._queue.index(key) if key in self._queue else None

    def progress_picture(self, key: str) -> bytes | None:
        """Return the newest picture of the render that is under way."""
        with self._awake:
            return self._running.picture if self._running is not None and self._running.render.id == key else None

    @property
    def idle(self) -> bool:
        """Whether nothing is painted and nothing waits."""
        with self._awake:
            return self._wanted is None and not self._queue and self._running is None

    def _work(self) -> None:
        _yield_to_the_page()
        with suppress(Exception):  # the first preview or render tries again, and says what is wrong
            self._ready()
        previewed = False
        while True:
            with self._awake:
                while not (self._ending or self._wanted or self._queue):
                    self._awake.wait()
                if self._ending:
                    return
                # A render begins after one preview: who paints on and on asks for the next before this one is done.
                key = self._queue.pop(0) if self._queue and (previewed or not self._wanted) else None
                previewed = key is None
                if key is not None:
                    with suppress(MissingError):  # it was removed meanwhile
                        self._running = Running(self._results.render(key))
            with suppress(Exception):  # both say what went wrong; the thread goes on whatever it was
                if self._running is None:
                    self._preview()
                else:
                    self._renderer.paint(self._running, self._preview, lambda: self._ending)
            with self._awake:
                self._running = None

    def _ready(self) -> Previewer:
        """Load TensorFlow and the network of previews, here, so that the page need not wait for them."""
        if self._previewer is None:
            import_tensorflow()
            previewer = Previewer(self._project.folder)
            previewer.warm_up()
            self._previewer = previewer
        return self._previewer

    def _preview(self) -> None:
        """Paint the preview that is wanted; a newer one takes its place."""
        with self._awake:
            preview = self._wanted
        if preview is None:
            return

        def show(picture: bytes, step: int, steps: int, done: bool) -> None:
            with self._awake:
                self._pictures[preview.id] = picture
                while len(self._pictures) > KEPT_PREVIEWS:
                    self._pictures.popitem(last=False)
            url = f"/api/previews/{preview.id}.png?step={step}{'&done' if done else ''}"
            self._events.send(
                {"type": "preview", "id": preview.id, "step": step, "steps": steps, "url": url, "done": done}
            )

        def outdated() -> bool:
            return self._ending or self._wanted is not preview

        try:
            self._ready().paint(preview, show, outdated)
        except Exception as error:
            why = sentence_of(error, self._project.folder.root)
            self._events.send({"type": "preview", "id": preview.id, "done": True, "detail": why})
        finally:
            with self._awake:
                if self._wanted is preview:
                    self._wanted = None


def _yield_to_the_page() -> None:
    """Let this thread, and those that TensorFlow starts from it, work behind the browser."""
    if sys.platform == "linux":  # elsewhere, the whole process would
        with suppress(OSError):
            niceness = os.getpriority(os.PRIO_PROCESS, 0) + POLITENESS
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), niceness)
