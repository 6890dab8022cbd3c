"""Previews: the plan of the page at a small size, with a small network, in a second or two."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np

import maskstyle
from maskstyle.images import Picture, Size, encode_image, resize_mask
from maskstyle.images.pixels import size_within
from maskstyle.maps import SemanticMap, fit_map
from maskstyle.masks import MaskFile
from maskstyle.networks import choose_network
from maskstyle.networks.load import Networks
from maskstyle.plans import FileReader, Plan, load_plan, plan_from_table
from maskstyle.plans.checking import Source
from maskstyle.plans.map_reading import MapReading
from maskstyle.settings import Settings, wanted_layers
from maskstyle.studio.folder import Folder
from maskstyle.studio.models import Saved
from maskstyle.studio.pictures import Kept
from maskstyle.studio.to_plan import plan_table, result_side

if TYPE_CHECKING:
    from maskstyle import Step

SIDE = 256
"""Longer side of a preview in pixels."""

LONGEST_READ = 768
"""Longer side in pixels to which images, maps and masks are reduced once for previews, for strokes up to three times
as large."""

NETWORK = "lite"

FEWEST_STEPS, MOST_STEPS = 6, 30
"""Steps at each size, as many as fit into the budget; a picture of this size changes little after the most."""

BUDGET = 1.9
"""Seconds that the steps of a preview may take; what comes before and after them takes a few tenths."""

LONGEST = 2.4
"""Seconds after which a preview ends with the best picture so far, on a machine that is suddenly busy."""

FIRST_PACE = 2.5e-6
"""Seconds for a step of one pixel that the first preview reckons with."""

BETWEEN_PICTURES = 0.2
"""Seconds between two pictures of a preview."""

Show: TypeAlias = Callable[[bytes, int, int, bool], None]
"""Takes a picture as a PNG, its step, the number of steps, and whether it is the last."""


class Preview(NamedTuple):
    """A preview that was asked for."""

    id: str
    state: Saved  # the state to paint


class SmallReader(FileReader):
    """Reads the files of a plan at a small size, and remembers them until they change."""

    def __init__(self) -> None:
        self._kept = Kept(256 * 2**20)

    def image(self, path: Path) -> Picture:
        """Return an image."""

        def make() -> Picture:
            return super(SmallReader, self).image(path).within(LONGEST_READ)

        return self._kept.get(("image", *_state_of(path)), make, lambda made: made.pixels.nbytes)

    def map(self, path: Path, reading: MapReading, image: Path | None) -> SemanticMap:
        """Return a map."""

        def make() -> SemanticMap:
            found = super(SmallReader, self).map(path, reading, image)
            return fit_map(found, size_within(found.size, LONGEST_READ), name=str(path), image_name="its image")

        return self._kept.get((*_state_of(path), reading, image), make, lambda made: made.labels.nbytes)

    def mask(self, path: Path) -> MaskFile:
        """Return a mask."""

        def make() -> MaskFile:
            found = super(SmallReader, self).mask(path)
            return found._replace(mask=resize_mask(found.mask, size_within(found.mask.shape, LONGEST_READ)))

        return self._kept.get(("mask", *_state_of(path)), make, lambda made: made.mask.nbytes)


class Previewer:
    """Paints previews with a network that stays loaded."""

    def __init__(self, folder: Folder) -> None:
        self._folder = folder
        self._reader = SmallReader()
        self._networks = Networks()
        self._graphs: Any = None
        self._pace = FIRST_PACE

    def warm_up(self) -> None:
        """Load the network and compile its graphs, so that the first preview need not wait for them."""
        self._graphs = maskstyle.SharedGraphs()
        settings = Settings(network=NETWORK, size=64, steps=2)
        gray = np.full((64, 64, 3), 0.5, np.float32)
        run = maskstyle.Run(network=self._network(settings), graphs=self._graphs)
        maskstyle.transfer_basic(gray, gray, settings=settings, run=run)

    def paint(self, preview: Preview, show: Show, outdated: Callable[[], bool]) -> None:
        """Paint a preview, and show each picture, until `outdated`, asked after each step, returns True."""
        began = time.monotonic()
        scene = load_plan(self._plan(preview.state), self._reader).scene()
        scene = replace(scene, settings=scene.settings.changed(steps=self._steps(scene.sizes)))
        total = scene.settings.steps * len(scene.sizes)
        watch = _Watch()

        def on_step(step: Step) -> None:
            self._pace += 0.2 * (watch.pace(step, self._pace) - self._pace)
            if watch.is_time() and not outdated():
                picture = encode_image(*scene.finished(step.image))
                show(picture, (step.scale - 1) * step.steps + step.step, total, False)
            watch.step_ends()

        run = maskstyle.Run(
            network=self._network(scene.settings),
            graphs=self._graphs,
            on_step=on_step,
            should_stop=lambda: outdated() or time.monotonic() - began > LONGEST,
        )
        result = maskstyle.paint(scene, run)
        if not outdated():
            show(encode_image(result.image, result.alpha), total, total, True)

    def _steps(self, sizes: Sequence[Size]) -> int:
        """Return the number of steps at each size that fit into the budget."""
        seconds = self._pace * sum(height * width for height, width in sizes)
        return max(FEWEST_STEPS, min(MOST_STEPS, int(BUDGET / seconds)))

    def _plan(self, state: Saved) -> Plan:
        """Return the plan of a state at the size of previews."""
        table = plan_table(state, size=SIDE)
        assert table is not None
        assert state.canvas is not None
        if "feather" in table:
            side = result_side(state.canvas, state.settings.size, doodle=state.mode == "doodle")
            longest = max(state.canvas.width, state.canvas.height) if isinstance(side, str) else side
            table["feather"] *= SIDE / longest
        table["settings"] |= {"network": NETWORK, "compute_type": "float32"}
        return plan_from_table(table, self._folder.plan, Source())

    def _network(self, settings: Settings) -> Any:
        choice = choose_network(NETWORK, wanted_layers(settings), compute_type="float32")
        return self._networks.loaded(choice, settings)


class _Watch:
    """Measures the steps of a preview, without the time that its pictures take."""

    def __init__(self) -> None:
        self._scale, self._ended, self._pictured = 0, 0.0, 0.0

    def pace(self, step: Step, usual: float) -> float:
        """Return the seconds per pixel of a step; the usual ones for the first of a size, which prepares it."""
        seconds = time.monotonic() - self._ended
        known, self._scale = step.scale == self._scale, step.scale
        return seconds / (step.size[0] * step.size[1]) if known else usual

    def is_time(self) -> bool:
        """Return whether it is time for a picture."""
        now = time.monotonic()
        if now - self._pictured < BETWEEN_PICTURES:
            return False
        self._pictured = now
        return True

    def step_ends(self) -> None:
        """Begin to measure the next step."""
        self._ended = time.monotonic()


def _state_of(path: Path) -> tuple[str, int, int]:
    """Return what changes when a file does."""
    state = path.stat()
    return str(path), state.st_mtime_ns, state.st_ino
