"""Previews: the plan of the page at a small size, with a small network, in a second or two."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import maskstyle
from maskstyle.images import Picture, Size, encode_image, fit_size, resize_image, resize_mask
from maskstyle.maps import SemanticMap, fit_map
from maskstyle.masks import MaskFile
from maskstyle.networks import choose_network, load_network
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

STEPS = 30
"""Most steps at each size; a picture of this size changes little after them."""

BUDGET = 2.5
"""Seconds after which a preview ends with the best picture so far."""

BETWEEN_PICTURES = 0.2
"""Seconds between two pictures of a preview."""

Show: TypeAlias = Callable[[bytes, int, int, bool], None]
"""Takes a picture as a PNG, its step, the number of steps, and whether it is the last."""


class Preview(NamedTuple):
    """A preview that was asked for.

    Parameters
    ----------
    id : str
        Its id.
    state : Saved
        The state to paint.
    """

    id: str
    state: Saved


class SmallReader(FileReader):
    """Reads the files of a plan at a small size, and remembers them until they change."""

    def __init__(self) -> None:
        self._kept = Kept(256 * 2**20)

    def image(self, path: Path) -> Picture:
        """Return an image."""

        def make() -> Picture:
            picture = super(SmallReader, self).image(path)
            size = _small(picture.pixels.shape)
            alpha = None if picture.alpha is None else resize_image(picture.alpha, size)
            return Picture(resize_image(picture.pixels, size), alpha)

        return self._kept.get(("image", *_state_of(path)), make, lambda made: made.pixels.nbytes)

    def map(self, path: Path, reading: MapReading, image: Path | None) -> SemanticMap:
        """Return a map."""

        def make() -> SemanticMap:
            found = super(SmallReader, self).map(path, reading, image)
            return fit_map(found, _small(found.size), name=str(path), image_name="its image")

        return self._kept.get((*_state_of(path), reading, image), make, lambda made: made.labels.nbytes)

    def mask(self, path: Path) -> MaskFile:
        """Return a mask."""

        def make() -> MaskFile:
            found = super(SmallReader, self).mask(path)
            return found._replace(mask=resize_mask(found.mask, _small(found.mask.shape)))

        return self._kept.get(("mask", *_state_of(path)), make, lambda made: made.mask.nbytes)


class Previewer:
    """Paints previews with a network that stays loaded.

    Parameters
    ----------
    folder : Folder
        The folder of the project.
    """

    def __init__(self, folder: Folder) -> None:
        self._folder = folder
        self._reader = SmallReader()
        self._networks: dict[Any, Any] = {}

    def warm_up(self) -> None:
        """Load the network, so that the first preview need not wait for it."""
        self._network(Settings(network=NETWORK))

    def paint(self, preview: Preview, show: Show, outdated: Callable[[], bool]) -> None:
        """Paint a preview.

        Parameters
        ----------
        preview : Preview
            What to paint.
        show : callable
            Called with each picture.
        outdated : callable
            Whether a newer preview is wanted; asked after each step.

        Raises
        ------
        MaskstyleError
            If the state cannot be painted.
        """
        began = time.monotonic()
        plan = self._plan(preview.state)
        scene = load_plan(plan, self._reader).scene()
        shown = 0.0
        total = plan.settings.steps * len(scene.sizes)

        def on_step(step: Step) -> None:
            nonlocal shown
            now = time.monotonic()
            if now - shown >= BETWEEN_PICTURES and not outdated():
                shown = now
                picture = encode_image(*scene.finished(step.image))
                show(picture, (step.scale - 1) * step.steps + step.step, total, False)

        run = maskstyle.Run(
            network=self._network(plan.settings),
            on_step=on_step,
            should_stop=lambda: outdated() or time.monotonic() - began > BUDGET,
        )
        result = maskstyle.paint(scene, run)
        if not outdated():
            show(encode_image(result.image, result.alpha), total, total, True)

    def _plan(self, state: Saved) -> Plan:
        """Return the plan of a state at the size of previews."""
        table = plan_table(state, size=SIDE)
        assert table is not None
        assert state.canvas is not None
        if "feather" in table:
            side = result_side(state.canvas, state.settings.size, doodle=state.mode == "doodle")
            longest = max(state.canvas.width, state.canvas.height) if isinstance(side, str) else side
            table["feather"] *= SIDE / longest
        table["settings"] |= {"network": NETWORK, "compute_type": "float32", "steps": STEPS}
        return plan_from_table(table, self._folder.plan, Source())

    def _network(self, settings: Settings) -> Any:
        layers = tuple(wanted_layers(settings))
        if layers not in self._networks:
            choice = choose_network(NETWORK, layers, compute_type="float32")
            self._networks[layers] = load_network(choice, pooling=settings.pooling, padding=settings.padding)
        return self._networks[layers]


def _small(shape: tuple[int, ...]) -> Size:
    size = shape[0], shape[1]
    return fit_size(size, min(LONGEST_READ, max(size)))


def _state_of(path: Path) -> tuple[str, int, int]:
    """Return what changes when a file does."""
    state = path.stat()
    return str(path), state.st_mtime_ns, state.st_ino
