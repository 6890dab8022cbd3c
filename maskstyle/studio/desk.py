"""The desk: a project with everything that works on it, as the routes of the server use it."""

from __future__ import annotations

from contextlib import suppress
from typing import Any, BinaryIO

from maskstyle.errors import ImageError, SettingsError
from maskstyle.maps import load_map
from maskstyle.studio.door import CLIENT
from maskstyle.studio.events import Events
from maskstyle.studio.folder import Folder, MissingError, new_id
from maskstyle.studio.masking import Painter
from maskstyle.studio.models import (
    MOST_IMAGES,
    MOST_MASKS,
    MaskChange,
    ProjectChange,
    Saved,
    StoredImage,
    StoredMask,
)
from maskstyle.studio.pictures import LONGEST_SHOWN, Pictures
from maskstyle.studio.project import Project, StaleError, apply_change, check_mask, remove_image
from maskstyle.studio.results import Results
from maskstyle.studio.samples import SAMPLES, sample_file
from maskstyle.studio.view import colors_view, project_view
from maskstyle.studio.worker import Worker


class Desk:
    """A project and its images, maps, masks, worker and results."""

    def __init__(self, folder: Folder) -> None:
        self.folder = folder
        self.events = Events()
        self.project = Project(folder, self._changed)
        self.pictures = Pictures(folder)
        self.painter = Painter(folder, self.pictures)
        self._catch_up()
        self.results = Results(self.project)
        self.worker = Worker(self.project, self.results, self.events)

    def _catch_up(self) -> None:
        """Count the maps again, as a killed server may have saved a map, and not what it counted in it."""
        self.folder.remove_leftovers()
        with self.project.changing(silent=True) as state:
            for image in state.images.values():
                if image.map_version:
                    with suppress(ImageError):  # a damaged map can be painted or drafted anew
                        self.painter.count_again(image)

    def _changed(self, version: int) -> None:
        self.events.send({"type": "project", "version": version, "client": CLIENT.get()})

    def view(self) -> dict[str, Any]:
        """Return the state as the page gets it."""
        with self.project.lock:
            return project_view(self.project.saved)

    def change(self, change: ProjectChange) -> dict[str, Any]:
        """Change the project as the page asks."""
        with self.project.changing(change.version) as state:
            apply_change(state, change)
            for mask in state.masks if change.masks is not None else ():
                self.painter.make_mask(mask, state.images[mask.content])
        return self.view()

    def order_styles(self, keys: list[str]) -> dict[str, Any]:
        """Change the order of the styles."""
        with self.project.changing() as state:
            apply_change(state, ProjectChange(version=state.version, styles=keys))
        return self.view()

    def image_with_pixels(self, key: str) -> StoredImage:
        """Return an image that is no doodle."""
        return _with_pixels(self.project.image(key))

    def add_image(self, stream: BinaryIO, name: str, role: str) -> dict[str, Any]:
        """Take in an uploaded image as the content image or as a further style."""
        image = self.pictures.receive(stream, name)
        before = self.project.saved
        try:
            with self.project.changing() as state:
                _place(state, image, role)
        except BaseException:
            self.folder.image(image.id, image.suffix).unlink(missing_ok=True)
            raise
        self._sweep(before)
        return self.view()

    def add_sample(self, name: str) -> dict[str, Any]:
        """Take in the images of a sample with their maps."""
        sample = SAMPLES.get(name)
        if sample is None:
            raise MissingError("there is no such sample")
        files = [(sample.content, "content"), (sample.style, "style")]
        before = self.project.saved
        with self.project.changing() as state:
            for file, role in files:
                if not file:
                    continue
                image = self._copied(file)
                self.painter.copy_map(image, sample_file(f"{file.rpartition('.')[0]}_map.png"))
                _place(state, image, role)
            if sample.doodle:
                source = sample_file(sample.doodle)
                height, width = load_map(source).size
                self.painter.copy_map(_begin_doodle(state, width, height), source)
            else:
                state.mode = "photo"
        self._sweep(before)
        return self.view()

    def sample_thumbnail(self, name: str) -> bytes:
        """Return a small image of a sample: its photo, or the painting of a doodle."""
        sample = SAMPLES.get(name)
        if sample is None:
            raise MissingError("there is no such sample")
        return self.pictures.small_file(sample_file(sample.content or sample.style))

    def remove_image(self, key: str) -> dict[str, Any]:
        """Remove an image; its file stays where a result was made from it."""
        before = self.project.saved
        with self.project.changing() as state:
            remove_image(state, key)
        self._sweep(before)
        return self.view()

    def begin_doodle(self, width: int, height: int) -> dict[str, Any]:
        """Begin a doodle: an empty canvas in place of a content image."""
        before = self.project.saved
        with self.project.changing() as state:
            self.painter.clear_map(_begin_doodle(state, width, height))
        self._sweep(before)
        return self.view()

    def save_map(self, key: str, data: bytes, known: int) -> dict[str, Any]:
        """Save a map that the page painted on the version that it knows."""
        with self.project.lock:
            self._check_map(self.project.image(key), known)
            with self.project.changing(silent=True) as state:
                self.painter.save_map(state.images[key], data)
        return self._saved_map(key)

    def draft(self, key: str, regions: int) -> dict[str, Any]:
        """Draft a map; the project may go on meanwhile, but the map may not."""
        with self.project.lock:
            image, state = _with_pixels(self.project.image(key)), self.project.saved
        drafted = self.painter.draft(state, image, regions)
        with self.project.lock:
            self._check_map(self.project.image(key), image.map_version)
            with self.project.changing(silent=True) as state:
                self.painter.keep_draft(state.images[key], drafted)
        return self._saved_map(key)

    def grow(self, key: str, data: bytes) -> bytes:
        """Return the map that grows from scribbles."""
        return self.painter.grown(_with_pixels(self.project.image(key)), data)

    def segments(self, key: str, side: int) -> bytes:
        """Return the superpixels of an image."""
        return self.pictures.segments(_with_pixels(self.project.image(key)), side)

    def add_mask(self, change: MaskChange) -> dict[str, Any]:
        """Add a mask to the content image."""
        with self.project.changing() as state:
            check_mask(state, change)
            if state.mode != "photo" or state.content is None:
                raise MissingError("the project has no photo for the mask; add one")
            if len(state.masks) >= MOST_MASKS:
                raise SettingsError(f"the project has {MOST_MASKS} masks, the most that it may have; remove one")
            mask = StoredMask(**change.model_dump(), id=new_id(), content=state.content)
            self.painter.make_mask(mask, state.images[state.content])
            state.masks.append(mask)
        return self.view()

    def change_mask(self, key: str, values: dict[str, Any]) -> dict[str, Any]:
        """Change values of a mask."""
        with self.project.changing() as state:
            old = self.project.mask(key)
            before = {name: getattr(old, name) for name in MaskChange.model_fields}
            change = MaskChange.model_validate({**before, **values})
            check_mask(state, change)
            mask = StoredMask(
                **change.model_dump(), id=key, content=old.content, version=old.version + 1, painted=old.painted
            )
            self.painter.make_mask(mask, state.images[mask.content])
            state.masks = [mask if each.id == key else each for each in state.masks]
        return self.view()

    def paint_mask(self, key: str, data: bytes) -> dict[str, Any]:
        """Save what the page painted into a mask."""
        with self.project.changing() as state:
            mask = next((each for each in state.masks if each.id == key), None)
            if mask is None or mask.kind != "painted":
                raise MissingError("the project has no such painted mask")
            mask.version += 1
            mask.painted = True
            self.painter.save_painting(mask, state.images[mask.content], data)
        return self.view()

    def remove_mask(self, key: str) -> dict[str, Any]:
        """Remove a mask."""
        before = self.project.saved
        with self.project.changing() as state:
            self.project.mask(key)
            state.masks = [each for each in state.masks if each.id != key]
        self._sweep(before)
        return self.view()

    def _sweep(self, before: Saved) -> None:
        """Remove the files of what a state had and the newest has no more; an image of a result stays."""
        with self.project.lock:
            now = self.project.saved
            for key, image in before.images.items():
                if key not in now.images:
                    self.folder.map(key).unlink(missing_ok=True)
                    if image.suffix and not self.results.uses(key):
                        self.folder.image(key, image.suffix).unlink(missing_ok=True)
            kept = {mask.id for mask in now.masks}
            for mask in before.masks:
                if mask.id not in kept:
                    self.folder.mask(mask.id).unlink(missing_ok=True)
                    self.folder.painting(mask.id).unlink(missing_ok=True)

    def _copied(self, file: str) -> StoredImage:
        with sample_file(file).open("rb") as stream:
            return self.pictures.receive(stream, file)

    def _check_map(self, image: StoredImage, known: int) -> None:
        if image.map_version != known:
            raise StaleError("another tab painted this map first; its newest map is shown now")

    def _saved_map(self, key: str) -> dict[str, Any]:
        with self.project.lock:
            image = self.project.image(key)
            answer = {"map_version": image.map_version, "regions": colors_view(image)}
            version = self.project.saved.version
        event = {"type": "map", "id": key, "map_version": image.map_version, "version": version}
        self.events.send({**event, "client": CLIENT.get()})
        return {**answer, "version": version, "project": self.view()}


def _place(state: Saved, image: StoredImage, role: str) -> None:
    """Put a new image where it belongs."""
    if len(state.images) >= MOST_IMAGES:
        raise SettingsError(f"the project has {MOST_IMAGES} images, the most that it may have; remove one")
    state.images[image.id] = image
    if role == "style":
        state.styles.append(image.id)
        return
    if state.content is not None:
        remove_image(state, state.content)
    state.content, state.mode = image.id, "photo"


def _begin_doodle(state: Saved, width: int, height: int) -> StoredImage:
    if state.doodle is not None:
        remove_image(state, state.doodle)
    longest = max(width, height)
    assert longest <= LONGEST_SHOWN
    doodle = StoredImage(id=new_id(), name="doodle", width=width, height=height, shown=(width, height))
    state.images[doodle.id] = doodle
    state.doodle, state.mode = doodle.id, "doodle"
    return doodle


def _with_pixels(image: StoredImage) -> StoredImage:
    if not image.suffix:
        raise MissingError("a doodle has no image to take this from")
    return image
