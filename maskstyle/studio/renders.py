"""Renders: a plan painted at its full size, with its progress, and saved with its record."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import maskstyle
from maskstyle.errors import MaskstyleError, NumericalError
from maskstyle.images import Layer, Size, encode_image, fit_size, read_dpi, resize_image, save_layers
from maskstyle.images.hashes import begin_noting
from maskstyle.networks import choose_network
from maskstyle.networks.load import Networks
from maskstyle.plans import load_plan, read_plan, run_record
from maskstyle.settings import wanted_layers
from maskstyle.studio.events import Events
from maskstyle.studio.folder import Folder
from maskstyle.studio.models import sentence_of
from maskstyle.studio.results import Render, Results
from maskstyle.synthesis.checkpoints import painted_from

if TYPE_CHECKING:
    from maskstyle import Result, Step, TimeLeft
    from maskstyle.synthesis.scene import Scene

LONGEST_PROGRESS = 1024
"""Longer side in pixels of the pictures of a render that is under way."""

BETWEEN_PICTURES = 1.0
"""Seconds between these pictures."""

CHECKPOINT_EVERY = 20.0
"""Seconds of a render that a killed server may lose."""

MOST_LAYERED = 8_000_000
"""Most pixels of a result with layers: each layer takes as much as the result."""


class Running:
    """A render that is under way: set `stop` to make its best image the result; `picture` is its newest, as a PNG."""

    def __init__(self, render: Render) -> None:
        self.render = render
        self.stop = False
        self.picture: bytes | None = None
        self.pictured = 0.0


class Renderer:
    """Paints renders with a network that stays loaded."""

    def __init__(self, folder: Folder, results: Results, events: Events) -> None:
        self._folder, self._results, self._events = folder, results, events
        self._networks = Networks(most=1)

    def paint(self, running: Running, between: Callable[[], None], ending: Callable[[], bool]) -> None:
        """Paint a render, and save its result or why it failed.

        After each step, `between` paints what cannot wait, and `ending` says whether the server ends: the render then
        goes on from its checkpoint when it is started again.
        """
        running.render = render = running.render.model_copy(update={"state": "running"})
        try:
            self._results.update(render)
            self.tell(render)
            self._paint(running, between, ending)
        except Exception as error:
            if isinstance(error, NumericalError) and error.image is not None:
                with suppress(Exception):  # the render failed already, and its sentence says why
                    maskstyle.save_image(self._folder.result(render.id, ".png"), error.image)
            why = sentence_of(error, self._folder.root)
            self.finish(render.model_copy(update={"state": "failed", "detail": why}))

    def finish(self, render: Render) -> None:
        """Save and tell what became of a render."""
        with suppress(OSError, MaskstyleError):  # on a full disk, the page is told what became of it all the same
            self._results.update(render)
        self.tell(render)

    def tell(self, render: Render, **more: Any) -> None:
        """Send an event about a render."""
        event = {"type": "render", "id": render.id, "state": render.state, "detail": render.detail}
        if render.width:
            event |= {"url": f"/api/results/{render.id}.png", "result": render.id}
        self._events.send({**event, **more})

    def _paint(self, running: Running, between: Callable[[], None], ending: Callable[[], bool]) -> None:
        folder, render = self._folder, running.render
        begin_noting()
        plan = read_plan(folder.result(render.id, ".toml"))
        loaded = load_plan(plan)
        scene = loaded.scene()
        settings = plan.settings
        choice = choose_network(settings.network, wanted_layers(settings), compute_type=settings.compute_type)
        output, file = folder.result(render.id, ".png"), folder.result(render.id, ".png.checkpoint")
        record = run_record(loaded, scene, output, choice)  # before the page changes them
        height, width = scene.sizes[-1]
        left = maskstyle.TimeLeft(scene.sizes, scene.settings)

        def on_step(step: Step) -> None:
            between()
            self._show(running, scene, step, left)

        run = maskstyle.Run(
            network=self._networks.loaded(choice, settings),
            limits=plan.limits,
            on_step=on_step,
            should_stop=lambda: running.stop or ending(),
            layers=height * width <= MOST_LAYERED,
        )
        result, checkpoints = painted_from(
            file, CHECKPOINT_EVERY, lambda each: maskstyle.paint(scene, replace(run, checkpoints=each))
        )
        if ending() and not running.stop:
            return  # it goes on from its checkpoint when the studio is opened again
        metadata = {**result.metadata(), **record}
        maskstyle.save_image(output, result.image, result.alpha, metadata, dpi=read_dpi(plan.file(plan.main)))
        if result.layers is not None:
            save_layers(folder.result(render.id, ".ora"), result.layers, Layer("merged", result.image, result.alpha))
        checkpoints.remove()
        self.finish(finished_render(render, result, (height, width)))

    def _show(self, running: Running, scene: Scene, step: Step, left: TimeLeft) -> None:
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
        running.picture = picture
        render = running.render
        self.tell(
            render,
            step=step.step,
            steps=step.steps,
            scale=step.scale,
            scales=step.scales,
            progress=round(step.done, 4),
            seconds_left=round(seconds_left, 1),
            url=f"/api/renders/{render.id}/picture?t={int(1000 * step.seconds)}",
        )


def finished_render(render: Render, result: Result, size: Size) -> Render:
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
