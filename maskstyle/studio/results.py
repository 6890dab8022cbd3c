"""Renders and results: each is a plan with the maps and masks of its moment, and later a picture with its record."""

from __future__ import annotations

import re
import shutil
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, TypeAlias

from pydantic import Field, ValidationError

from maskstyle.errors import SettingsError
from maskstyle.images.writing import archive_entry
from maskstyle.plans import plan_text
from maskstyle.studio.folder import MissingError
from maskstyle.studio.models import Id, Saved, StoredImage, Strict
from maskstyle.studio.project import Project
from maskstyle.studio.to_plan import Paths, plan_table, problem_of

State: TypeAlias = Literal["queued", "running", "done", "stopped", "failed"]

MOST_QUEUED = 20


class Render(Strict):
    """What is known of a render beside its files."""

    id: str
    name: str
    created: float
    size: str | int
    # Where it stands. One that was queued or running when the server ended is queued again.
    state: State = "queued"
    detail: str = ""  # why it failed
    width: int = 0
    height: int = 0
    seconds: float = 0.0  # how long it took
    layers: bool = False
    images: list[Id] = Field(default_factory=list)
    settings: dict[str, Any] = Field(default_factory=dict)


class Results:
    """The renders and results of a project."""

    def __init__(self, project: Project) -> None:
        self._project, self._folder = project, project.folder
        self._renders: dict[str, Render] = {render.id: render for render in self._read()}

    def all(self) -> list[Render]:
        """Return all renders, oldest first."""
        with self._project.lock:
            return list(self._renders.values())

    def waiting(self) -> list[str]:
        """Return the ids of renders that are not finished, oldest first."""
        return [render.id for render in self.all() if render.state in ("queued", "running")]

    def render(self, key: str) -> Render:
        """Return a render."""
        found = self._renders.get(key)
        if found is None:
            raise MissingError("the project has no such result")
        return found

    def begin(self, size: str | int | None) -> Render:
        """Keep the plan of this moment, with its maps and masks, as a new render."""
        with self._project.lock:
            state = self._project.saved
            problem = problem_of(state)
            if problem is not None:
                raise SettingsError(f"there is nothing to render yet: {problem}")
            if len(self.waiting()) >= MOST_QUEUED:
                raise SettingsError(f"{MOST_QUEUED} renders wait already; wait for one, or stop one")
            size = state.settings.size if size is None else size
            key = self._folder.new_result()
            try:
                return self._begun(key, state, size)
            except BaseException:
                shutil.rmtree(self._folder.kept(key), ignore_errors=True)
                self._folder.result(key, ".toml").unlink(missing_ok=True)
                self._renders.pop(key, None)
                raise

    def _begun(self, key: str, state: Saved, size: str | int) -> Render:
        """Write what a new render is made from."""
        self._keep_inputs(key, state)
        table = plan_table(state, self._paths(key), size=size)
        assert table is not None
        assert state.canvas is not None
        render = Render(
            id=key,
            name=state.canvas.name,
            created=time.time(),
            size=size,
            images=list(state.images),
            settings=state.settings.model_dump(),
        )
        self._folder.write_text(self._folder.result(key, ".toml"), plan_text(table, "written by maskstyle studio"))
        self.update(render)
        return render

    def update(self, render: Render) -> None:
        """Save what is known of a render."""
        with self._project.lock:
            self._renders[render.id] = render
            self._folder.write_text(self._folder.kept(render.id, "render.json"), render.model_dump_json(indent=1))

    def remove(self, key: str) -> None:
        """Remove a render with its files."""
        with self._project.lock:
            self.render(key)
            self._folder.result(key, ".toml").unlink(missing_ok=True)  # without a plan, it is no result
            for suffix in (".png", ".ora", ".png.checkpoint"):
                self._folder.result(key, suffix).unlink(missing_ok=True)
            shutil.rmtree(self._folder.kept(key), ignore_errors=True)
            del self._renders[key]

    def restore(self, key: str) -> None:
        """Go back to the plan of a result: its settings, maps and masks; later results stay."""
        self.render(key)
        with self._project.changing() as state:
            old = self._state_of(key)
            for image in old.images.values():
                if image.suffix and not self._folder.image(image.id, image.suffix).is_file():
                    raise MissingError(f"the image {image.name} of this result is gone")
            kept = self._kept_files(key, old)
            versions = {image.id: image.map_version for image in state.images.values()}
            for image in old.images.values():
                if image.map_version:
                    image.map_version = 1 + max(image.map_version, versions.get(image.id, 0))
            for mask in old.masks:
                mask.version += 1 + next((own.version for own in state.masks if own.id == mask.id), 0)
            for file, data in kept.items():
                self._folder.write_bytes(file, data)
            for name in Saved.model_fields:
                if name != "version":
                    setattr(state, name, getattr(old, name))

    def packed(self, key: str) -> Path:
        """Write the plan of a result with all files that it names into a temporary ZIP archive, and return it."""
        render = self.render(key)
        with self._project.lock:
            old = self._state_of(key)
            files: dict[str, Path] = {}
            table = plan_table(old, self._packed_paths(key, files), size=render.size)
            if table is None:
                raise MissingError("what this result was made from is damaged")
            archive = self._folder.temporary(".part")
            try:
                with zipfile.ZipFile(
                    archive, "w", strict_timestamps=False
                ) as packed:  # images and PNG files hardly shrink
                    packed.writestr(archive_entry("plan.toml"), plan_text(table, "written by maskstyle studio"))
                    for name, file in files.items():
                        packed.write(file, name)
            except FileNotFoundError as error:
                archive.unlink(missing_ok=True)
                raise MissingError(f"{Path(error.filename).name}, which the plan names, is gone") from None
            except BaseException:
                archive.unlink(missing_ok=True)
                raise
            return archive

    def uses(self, image: str) -> bool:
        """Return whether a result was made from an image."""
        return any(image in render.images for render in self.all())

    def _state_of(self, key: str) -> Saved:
        """Return the state that a result was made from."""
        try:
            return Saved.model_validate_json(self._folder.kept(key, "studio.json").read_bytes())
        except (OSError, ValidationError):
            raise MissingError("what this result was made from is damaged") from None

    def _keep_inputs(self, key: str, state: Saved) -> None:
        kept = self._folder.kept(key)
        kept.mkdir()
        self._folder.write_text(self._folder.kept(key, "studio.json"), state.model_dump_json(indent=1))
        for image in state.images.values():
            if image.map_version:
                shutil.copyfile(self._folder.map(image.id), self._folder.kept(key, f"{image.id}_map.png"))
        for mask in state.masks:
            for own, of_result in self._mask_files(key, mask.id):
                if own.exists():
                    shutil.copyfile(own, of_result)

    def _kept_files(self, key: str, old: Saved) -> dict[Path, bytes]:
        """Return what the maps and masks of a project were; all of it is read before any file is replaced."""
        maps = [image.id for image in old.images.values() if image.map_version]
        files = {self._folder.map(each): self._folder.kept(key, f"{each}_map.png") for each in maps}
        for mask in old.masks:
            files |= {own: kept for own, kept in self._mask_files(key, mask.id) if kept.exists()}
        try:
            return {own: kept.read_bytes() for own, kept in files.items()}
        except OSError:
            raise MissingError("what this result was made from is damaged") from None

    def _mask_files(self, key: str, mask: str) -> tuple[tuple[Path, Path], ...]:
        """Return the files of a mask in the project, each with that of a result."""
        return (
            (self._folder.mask(mask), self._folder.kept(key, f"{mask}_mask.png")),
            (self._folder.painting(mask), self._folder.kept(key, f"{mask}_painted.png")),
        )

    def _paths(self, key: str) -> Paths:
        """Return how the plan of a result names files: from the folder of the results."""
        return Paths(
            image=lambda image: f"../images/{image.id}{image.suffix}",
            map=lambda image: f"{key}/{image.id}_map.png",
            mask=lambda mask: f"{key}/{mask.id}_mask.png",
            output=f"{key}.png",
        )

    def _packed_paths(self, key: str, files: dict[str, Path]) -> Paths:
        """Return how a packed plan names files; each that it names is added to `files`."""

        def named(name: str, file: Path) -> str:
            files[name] = file
            return name

        def readable(image: StoredImage) -> str:
            return f"{re.sub(r'[^A-Za-z0-9_-]+', '_', image.name).strip('_') or 'image'}_{image.id}"

        return Paths(
            image=lambda image: named(f"{readable(image)}{image.suffix}", self._folder.image(image.id, image.suffix)),
            map=lambda image: named(f"{readable(image)}_map.png", self._folder.kept(key, f"{image.id}_map.png")),
            mask=lambda mask: named(f"mask_{mask.id}.png", self._folder.kept(key, f"{mask.id}_mask.png")),
            output=f"{key}.png",
        )

    def _read(self) -> Iterator[Render]:
        for key in self._folder.results():
            try:
                render = Render.model_validate_json(self._folder.kept(key, "render.json").read_bytes())
            except (OSError, ValidationError, MissingError):
                continue  # half written, or of someone else: its files stay, and are not shown
            if render.id != key:
                continue
            if render.state in ("queued", "running"):
                render.state = "queued"
            yield render


def result_view(render: Render, position: int | None = None) -> dict[str, Any]:
    """Return a render as the page gets it; `position` is its place in the queue, from 0."""
    finished = render.width > 0 and render.state in ("done", "stopped")
    base = f"/api/results/{render.id}"
    moment = (
        f"?t={int(1000 * render.created)}"  # browsers keep pictures, and a number may be that of a removed result
    )
    return {
        **render.model_dump(exclude={"images"}),
        "position": position,
        "url": f"{base}.png{moment}" if finished else None,
        "thumbnail": f"{base}/thumbnail{moment}" if finished else None,
        "plan": f"{base}/plan.zip",
        "layers": f"{base}/layers" if finished and render.layers else None,
    }
