"""The worker: one thread that keeps TensorFlow and the networks warm, and paints previews and renders."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import maskstyle
from maskstyle.errors import MaskstyleError, NumericalError, SettingsError
from maskstyle.images import Layer, Size, encode_image, fit_size, read_dpi, resize_image, save_layers
from maskstyle.images.hashes import begin_noting
from maskstyle.networks import choose_network, load_network
from maskstyle.networks.load import NetworkChoice
from maskstyle.networks.tensorflow_import import import_tensorflow
from maskstyle.plans import load_plan, read_plan, run_record
from maskstyle.settings import Settings, wanted_layers
from maskstyle.studio.events import Events
from maskstyle.studio.folder import MissingError
from maskstyle.studio.previews import Preview, Previewer
from maskstyle.studio.project import Project
from maskstyle.studio.results import Render, Results
from maskstyle.studio.to_plan import problem_of

if TYPE_CHECKING:
    from maskstyle import Result, Step, TimeLeft
    from maskstyle.synthesis.scene import Scene

KEPT_PREVIEWS = 6
"""Previews whose last pictures can still be fetched."""

LONGEST_PROGRESS = 1024
"""Longer side in pixels of the pictures of a render that is under way."""

BETWEEN_PICTURES = 1.0
"""Seconds between these pictures."""

CHECKPOINT_EVERY = 20.0
"""Seconds of a render that a killed server may lose."""

MOST_LAYERED = 8_000_000
"""Most pixels of a result with layers: each layer takes as much as the result."""


@dataclass
class _Running:
    """The render that is under way."""

    render: Render
    stop: bool = False
    picture: bytes | None = None
    pictured: float = 0.0


class Worker:
    """Paints previews and renders, one at a time, in a thread of its own.

    A preview that is asked for while a render runs is painted between two of its steps.

    Parameters
    ----------
    project : Project
        The project.
    results : Results
        Its results.
    events : Events
        Takes the events about what is painted.
    """

    def __init__(self, project: Project, results: Results, events: Events) -> None:
        self._project, self._results, self._events = project, results, events
        self._awake = threading.Condition()
        self._thread: threading.Thread | None = None
        self._ending = False
        self._wanted: Preview | None = None
        self._latest = 0
        self._queue: list[str] = list(results.waiting())
        self._running: _Running | None = None
        self._pictures: OrderedDict[str, bytes] = OrderedDict()
        self._networks: dict[Any, Any] = {}
        self._previewer: Previewer | None = None

    def start(self) -> None:
        """Start the thread, which loads TensorFlow, unless it runs."""
        with self._awake:
            if not self._ending and (self._thread is None or not self._thread.is_alive()):
                self._thread = threading.Thread(target=self._work, name="maskstyle studio", daemon=True)
                self._thread.start()
            self._awake.notify_all()

    def end(self, seconds: float = 20.0) -> None:
        """Stop what is painted, save the best image of a render, and end the thread."""
        with self._awake:
            self._ending = True
            self._awake.notify_all()
        if self._thread is not None:
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
        self._tell(self._results.render(key))
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
            self._finish(render.model_copy(update={"state": "stopped", "detail": "stopped before it began"}))

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
        with suppress(Exception):  # the first preview or render tries again, and says what is wrong
            self._ready()
        while True:
            with self._awake:
                while not (self._ending or self._wanted or self._queue):
                    self._awake.wait()
                if self._ending:
                    return
                key = None if self._wanted else self._queue.pop(0)
                if key is not None:
                    with suppress(MissingError):  # it was removed meanwhile
                        self._running = _Running(self._results.render(key))
            with suppress(Exception):  # both say what went wrong; the thread goes on whatever it was
                if self._running is None:
                    self._preview()
                else:
                    self._render(self._running)

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
            self._events.send({"type": "preview", "id": preview.id, "done": True, "detail": _sentence(error)})
        finally:
            with self._awake:
                if self._wanted is preview:
                    self._wanted = None

    def _render(self, running: _Running) -> None:
        running.render = render = running.render.model_copy(update={"state": "running"})
        try:
            self._results.update(render)
            self._tell(render)
            self._paint(running)
        except Exception as error:
            if isinstance(error, NumericalError) and error.image is not None:
                with suppress(Exception):  # the render failed already, and its sentence says why
                    maskstyle.save_image(self._project.folder.result(render.id, ".png"), error.image)
            self._finish(render.model_copy(update={"state": "failed", "detail": _sentence(error)}))
        finally:
            with self._awake:
                self._running = None

    def _paint(self, running: _Running) -> None:
        folder, render = self._project.folder, running.render
        begin_noting()
        plan = read_plan(folder.result(render.id, ".toml"))
        loaded = load_plan(plan)
        scene = loaded.scene()
        choice, network = self._network(plan.settings)
        output, file = folder.result(render.id, ".png"), folder.result(render.id, ".png.checkpoint")
        record = run_record(loaded, scene, output, choice)  # before the page changes them
        checkpoints = maskstyle.Checkpoints(
            file, every=CHECKPOINT_EVERY, resume=file.exists(), warn=lambda text: None
        )
        height, width = scene.sizes[-1]
        left = maskstyle.TimeLeft(scene.sizes, [plan.settings.steps] * len(scene.sizes))

        def on_step(step: Step) -> None:
            self._preview()
            self._show(running, scene, step, left)

        result = maskstyle.paint(
            scene,
            maskstyle.Run(
                network=network,
                limits=plan.limits,
                on_step=on_step,
                should_stop=lambda: running.stop or self._ending,
                checkpoints=checkpoints,
                layers=height * width <= MOST_LAYERED,
            ),
        )
        if self._ending and not running.stop:
            return  # it goes on from its checkpoint when the studio is opened again
        metadata = {**result.metadata(), **record}
        maskstyle.save_image(output, result.image, result.alpha, metadata, dpi=read_dpi(plan.file(plan.main)))
        if result.layers is not None:
            save_layers(folder.result(render.id, ".ora"), result.layers, Layer("merged", result.image, result.alpha))
        checkpoints.remove()
        self._finish(_finished(render, result, (height, width)))

    def _show(self, running: _Running, scene: Scene, step: Step, left: TimeLeft) -> None:
        """Send how far a render is, with its picture every now and then."""
        seconds_left = left.after(step)
        now = time.monotonic()
        if now - running.pictured < BETWEEN_PICTURES:
            return
        running.pictured = now
        image, alpha = step.image, None
        if max(step.size) > LONGEST_PROGRESS:
            image = resize_image(image, fit_size(step.size, LONGEST_PROGRESS))
        else:
            image, alpha = scene.finished(image)
        picture = encode_image(image, alpha)
        with self._awake:
            running.picture = picture
        render = running.render
        done = sum(height * width for height, width in scene.sizes[: step.scale - 1]) * step.steps
        here = step.size[0] * step.size[1] * step.step
        total = sum(height * width for height, width in scene.sizes) * step.steps
        self._tell(
            render,
            step=step.step,
            steps=step.steps,
            scale=step.scale,
            scales=step.scales,
            progress=round(min(1.0, (done + here) / total), 4),
            seconds_left=round(seconds_left, 1),
            url=f"/api/renders/{render.id}/picture?t={int(1000 * step.seconds)}",
        )

    def _finish(self, render: Render) -> None:
        with suppress(OSError, MaskstyleError):  # on a full disk, the page is told what became of it all the same
            self._results.update(render)
        self._tell(render)

    def _tell(self, render: Render, **more: Any) -> None:
        event = {"type": "render", "id": render.id, "state": render.state, "detail": render.detail}
        if render.width:
            event |= {"url": f"/api/results/{render.id}.png", "result": render.id}
        self._events.send({**event, **more})

    def _network(self, settings: Settings) -> tuple[NetworkChoice, Any]:
        """Return a network, loaded once for its layers."""
        layers = wanted_layers(settings)
        key = settings.network, tuple(layers), settings.pooling, settings.padding, settings.compute_type
        if key not in self._networks:
            choice = choose_network(settings.network, layers, compute_type=settings.compute_type)
            self._networks = {key: (choice, load_network(choice, pooling=key[2], padding=key[3]))}
        found: tuple[NetworkChoice, Any] = self._networks[key]
        return found


def _finished(render: Render, result: Result, size: Size) -> Render:
    """Return what became of a render of a size: one that was stopped early is smaller, and says so."""
    height, width = result.image.shape[:2]
    smaller = (height, width) != size
    return render.model_copy(
        update={
            "state": "stopped" if result.stopped_because == "interrupted" else "done",
            "detail": f"stopped early, before {size[1]}x{size[0]} pixels" if smaller else "",
            "width": width,
            "height": height,
            "seconds": round(result.seconds, 1),
            "layers": result.layers is not None,
        }
    )


def _sentence(error: Exception) -> str:
    if isinstance(error, MaskstyleError):
        return " ".join(str(error).split())
    if isinstance(error, MemoryError):
        return "there is not enough memory; render at a smaller size"
    return f"something unexpected went wrong ({type(error).__name__}: {error})"
