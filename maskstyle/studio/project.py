"""A project: its state in memory and in its folder, changed by one request at a time and saved before the answer."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from pydantic import ValidationError

from maskstyle.errors import MaskstyleError, SettingsError
from maskstyle.maps import MAX_REGIONS
from maskstyle.plans import plan_text
from maskstyle.studio.folder import Folder, MissingError
from maskstyle.studio.models import (
    MaskChange,
    ProjectChange,
    Saved,
    SentMask,
    StoredImage,
    StoredMask,
    sentence_of_request,
)
from maskstyle.studio.to_plan import assignment_of, plan_table

PLAN_COMMENT = "written by maskstyle studio, which replaces it with every change; paint it with: maskstyle run"


class StaleError(MaskstyleError):
    """Another tab changed the project first."""


class Project:
    """The state of a project, read from its folder, or begun.

    After each change, `on_change` is called with the new version. Raises SettingsError if ``studio.json`` is damaged.
    """

    def __init__(self, folder: Folder, on_change: Callable[[int], None] | None = None) -> None:
        self.folder = folder
        self.lock = threading.RLock()
        self.on_change = on_change or (lambda version: None)
        self.saved = _read(folder)
        with folder.all_or_nothing():
            self._save()

    @contextmanager
    def changing(self, version: int | None = None, *, silent: bool = False) -> Iterator[Saved]:
        """Change the state in the block, and save it at its end; an error leaves it, and the files, as they were.

        Raises StaleError if the caller knows another version. `silent` keeps the version, as for a map, which has a
        version of its own.
        """
        with self.lock:
            if version is not None and version != self.saved.version:
                raise StaleError("another tab changed the project first; its newest state is shown now")
            before = self.saved
            draft = before.model_copy(deep=True)
            try:
                with self.folder.all_or_nothing():
                    yield draft
                    draft.version = before.version + (not silent)
                    self.saved = draft
                    self._save()
            except BaseException:
                self.saved = before
                raise
        if not silent:
            self.on_change(draft.version)

    def _save(self) -> None:
        self.folder.write_text(self.folder.state, self.saved.model_dump_json(indent=1) + "\n")
        table = plan_table(self.saved)
        if table is None:
            self.folder.plan.unlink(missing_ok=True)
        else:
            self.folder.write_text(self.folder.plan, plan_text(table, PLAN_COMMENT))

    def image(self, key: str) -> StoredImage:
        """Return an image of the project."""
        found = self.saved.images.get(key)
        if found is None:
            raise MissingError("the project has no such image")
        return found

    def mask(self, key: str) -> StoredMask:
        """Return a mask of the project."""
        found = next((mask for mask in self.saved.masks if mask.id == key), None)
        if found is None:
            raise MissingError("the project has no such mask")
        return found


def apply_change(state: Saved, change: ProjectChange) -> None:
    """Apply what the page changes to a state."""
    if change.mode is not None:
        state.mode = change.mode
    if change.styles is not None:
        _check_order(state.styles, change.styles)
        state.styles = list(change.styles)
    for named in change.images or ():
        if named.id not in state.images:
            raise MissingError("the project has no such image")
        state.images[named.id].name = named.name
    if change.regions is not None:
        _assign(state, change)
    for key, names in (change.names or {}).items():
        _name_regions(state, key, names)
    if change.page is not None:
        state.page = change.page
    if change.masks is not None:
        _replace_masks(state, change.masks)
    if change.settings is not None:
        values = {**state.settings.model_dump(), **change.settings}
        state.settings = type(state.settings).model_validate(values)


def _replace_masks(state: Saved, masks: Sequence[SentMask]) -> None:
    for mask in masks:
        check_mask(state, mask)
    known = {mask.id: mask for mask in state.masks}
    _check_order(list(known), [mask.id for mask in masks])
    state.masks = [
        StoredMask(
            **mask.model_dump(exclude={"version", "content", "painted"}),
            version=known[mask.id].version + 1,
            content=known[mask.id].content,
            painted=known[mask.id].painted,
        )
        for mask in masks
    ]


def check_mask(state: Saved, mask: MaskChange) -> None:
    """Raise MissingError if a mask names a style that there is not."""
    if mask.style is not None and mask.style not in state.styles:
        raise MissingError("the mask names a style that the project does not have; choose one of its styles")


def remove_image(state: Saved, key: str) -> None:
    """Remove an image from a state; regions and masks that had its style take the default."""
    if key not in state.images:
        raise MissingError("the project has no such image")
    state.styles = [each for each in state.styles if each != key]
    state.content = None if state.content == key else state.content
    state.doodle = None if state.doodle == key else state.doodle
    state.masks = [mask for mask in state.masks if mask.content != key]
    for mask in state.masks:
        if mask.style == key:
            mask.style = mask.style_color = None
    state.regions.pop(key, None)
    for assigned in state.regions.values():
        for region in assigned.values():
            if region.style == key:
                region.style = region.style_color = None
    del state.images[key]


def _assign(state: Saved, change: ProjectChange) -> None:
    canvas = state.canvas
    if canvas is None:
        raise MissingError("the project has no content image, so it has no regions")
    assigned = state.regions.setdefault(canvas.id, {})
    for region in change.regions or ():
        if region.style is not None and region.style not in state.styles:
            raise MissingError(f"region {region.color} names a style that the project does not have")
        before = assignment_of(state, canvas, region.color)
        assigned[region.color] = before.model_copy(update=region.changes())
        if "name" in region.model_fields_set:
            _name_regions(state, canvas.id, {region.color: region.name})


def _name_regions(state: Saved, key: str, names: Mapping[str, str | None]) -> None:
    """Name regions of an image; None and the usual name are no names of their own."""
    if key not in state.images:
        raise MissingError("the project has no such image")
    own, usual = state.images[key].names, state.images[key].usual_names()
    for color, name in names.items():
        own.pop(color, None)
        if name is not None and name != usual.get(color) and len(own) < MAX_REGIONS:
            own[color] = name


def _check_order(known: list[str], given: list[str]) -> None:
    if sorted(known) != sorted(given):
        raise SettingsError("expected all ids of the project once, in their new order; load the newest state")


def _read(folder: Folder) -> Saved:
    """Read the state; an image with a file that is gone is an error, as someone may only have moved it."""
    if not folder.state.exists():
        return Saved()
    try:
        saved = Saved.model_validate_json(folder.state.read_bytes())
        _check_references(saved)
    except ValidationError as error:
        raise _damaged(folder, sentence_of_request(error.errors())) from None
    except (OSError, ValueError, KeyError) as error:
        raise _damaged(folder, str(error)) from None
    for image in saved.images.values():
        files = [folder.image(image.id, image.suffix)] if image.suffix else []
        files += [folder.map(image.id)] if image.map_version else []
        for file in files:
            if not file.is_file():
                raise SettingsError(f"the project needs {file}, which does not exist; put it back")
    return saved


def _check_references(saved: Saved) -> None:
    named = [each for each in (saved.content, saved.doodle, *saved.styles) if each is not None]
    named += [mask.content for mask in saved.masks]
    missing = [each for each in named if each not in saved.images]
    if missing or any(key != image.id for key, image in saved.images.items()):
        raise ValueError("it names images that it does not describe")


def _damaged(folder: Folder, why: str) -> SettingsError:
    return SettingsError(f"{folder.state} is damaged ({why}); restore it, or name another folder")
