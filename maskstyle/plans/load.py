"""Load a plan: read its files, find its colors in their maps, and make the inputs of its technique."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Collection, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from maskstyle.errors import MaskstyleError, SettingsError
from maskstyle.guidance.layout import StyleImage
from maskstyle.images.decoding import upright
from maskstyle.images.headers import file_notes
from maskstyle.images.io import Picture, load_image
from maskstyle.images.paths import alike, problem, shown
from maskstyle.images.pixels import Image, Mask, Size, resize_mask, size_of
from maskstyle.images.streams import is_stream
from maskstyle.images.transparency import require_visible, with_alpha
from maskstyle.maps.colors import EVERYTHING_ELSE, RegionKey, format_region, parse_region
from maskstyle.maps.naming import find_listed_regions, left_over, resolved_list, resolved_pairs
from maskstyle.maps.semantic_map import SemanticMap
from maskstyle.masks.io import MaskFile, read_mask
from maskstyle.networks.architectures import ARCHITECTURES, VGG19
from maskstyle.plans.lines import KeyPath
from maskstyle.plans.map_reading import MapReading, ReadingUse
from maskstyle.plans.plan import Plan, RegionEntry
from maskstyle.plans.schema import of_style
from maskstyle.plans.settings_table import patches_table
from maskstyle.settings import wanted_layers
from maskstyle.synthesis.scene import Scene
from maskstyle.techniques.inputs import Declared, Inputs, declared_inputs
from maskstyle.techniques.plan import WHOLE, PlanRegion
from maskstyle.techniques.without_effect import Painting, without_effect


@dataclass(frozen=True, eq=False)
class LoadedPlan:
    """A plan with its files read.

    Parameters
    ----------
    plan : Plan
        The plan.
    inputs : Inputs
        The inputs of its technique.
    picture : Picture
        The content image, or the picture of the doodle.
    values : dict of str to anything
        The values of the declared inputs with every color found in its map, as TOML's types.
    notes : tuple of str
        How maps and masks were read where a person may not expect it, and which styles have no use.
    advice : tuple of str
        What to do about the notes; parameters stand in backticks.
    """

    plan: Plan
    inputs: Inputs
    picture: Picture
    values: dict[str, Any]
    notes: tuple[str, ...]
    advice: tuple[str, ...] = ()

    def without_effect(self, scene: Scene) -> tuple[str, ...]:
        """Return notes on settings and inputs that the plan gives, but that have no effect on its scene."""
        return without_effect(self.plan.given, scene, Painting(self.plan.limits, self.plan.snapshot_every))

    def scene(self) -> Scene:
        """Return the scene; an error names the line of the plan."""
        _check_layers(self.plan)
        with _locating(self.plan):
            return self.inputs.scene()


def plan_files(plan: Plan) -> dict[KeyPath, Path]:
    """Return the files that a plan reads, by the key paths that name them."""
    named: dict[KeyPath, str | None] = {
        (name,): plan.values.get(name)
        for name, each in declared_inputs(plan.inputs).items()
        if each.kind in ("image", "map") and not of_style(each)
    }
    named["weights",] = plan.weights
    named["settings", "init"] = plan.initial
    for name, style in plan.styles.items():
        named["styles", name, "image"] = style.image
        named["styles", name, "map"] = style.map
    for place, region in enumerate(plan.regions):
        named["region", place, "mask"] = region.mask
        named["region", place, "style_mask"] = region.style_mask
    return {path: plan.file(file) for path, file in named.items() if file is not None}


def with_renamed_files(plan: Plan, rename: Callable[[str], str]) -> Plan:
    """Return a plan that names its files otherwise."""

    def renamed(file: str | None) -> str | None:
        return None if file is None else rename(file)

    named = [path[0] for path in plan_files(plan) if len(path) == 1 and path != ("weights",)]
    return replace(
        plan,
        values={**plan.values, **{str(name): rename(plan.values[str(name)]) for name in named}},
        weights=renamed(plan.weights),
        initial=renamed(plan.initial),
        styles={
            name: replace(style, image=rename(style.image), map=renamed(style.map))
            for name, style in plan.styles.items()
        },
        regions=tuple(
            replace(each, mask=renamed(each.mask), style_mask=renamed(each.style_mask)) for each in plan.regions
        ),
    )


def check_files(plan: Plan) -> None:
    """Raise SettingsError, or Mistakes, if files of a plan file do not exist."""
    for path, file in plan_files(plan).items():
        what = None if is_stream(file) else problem(file)
        if what is not None:
            beside = alike(file)
            where = "paths are relative to the plan" if plan.source.option(path) is None else "check the path"
            advice = where if beside is None else f"did you mean {shown(file.with_name(beside))}?"
            if path[-1] == "mask" and re.match(r"1\s*-", file.name):
                advice = "to invert a mask, name it without 1-, and add complement = true"
            if any(not each.isprintable() for each in str(file)):
                advice = r"in double quotes \n and \t are escapes; write a path with backslashes in single quotes"
            plan.source.report(path, f"{path[-1]} is {shown(file)!r}, which {what}; {advice}")
    plan.source.raise_found()


class FileReader:
    """Reads the files of a plan. A subclass may remember what it read, or return it smaller."""

    def image(self, path: Path) -> Picture:
        """Return an image."""
        return load_image(path)

    def map(self, path: Path, reading: MapReading, image: Path | None) -> SemanticMap:
        """Return a map, read as the plan says; `image` is the file of its image."""
        return reading.read(path, image)

    def mask(self, path: Path) -> MaskFile:
        """Return a mask."""
        return read_mask(path)


def load_plan(plan: Plan, reader: FileReader | None = None) -> LoadedPlan:
    """Read the files of a plan, and find its colors in their maps.

    Parameters
    ----------
    plan : Plan
        The plan.
    reader : FileReader, optional
        Reads its files.

    Raises
    ------
    MaskstyleError
        If a file cannot be read or a color is not in its map; with the line of the plan.
    """
    loader = _Loader(plan, reader or FileReader())
    plan = loader.plan
    values = {name: loader.value(name, each) for name, each in declared_inputs(plan.inputs).items()}
    plan.source.raise_found()  # all colors that no map has
    given = {name: value for name, value in values.items() if value is not None} | loader.beside
    initial = None
    if plan.initial is not None:
        with plan.source.locating("settings", "init"):
            picture = loader.reader.image(plan.file(plan.initial))
            initial = with_alpha(picture.pixels, picture.alpha)
    inputs = plan.inputs(
        **given, alpha=loader.picture.alpha, initial=initial, settings=plan.settings, names=loader.names
    )
    notes = (*_notes_on_files(plan), *loader.notes, *loader.use.notes())
    advice = plan.reading.advice(loader.use.maps)
    return LoadedPlan(plan, inputs, loader.picture, loader.recorded(values), notes, advice)


def _notes_on_files(plan: Plan) -> list[str]:
    """Return notes on what of the image files is not read."""
    declared = declared_inputs(plan.inputs)
    images = ("image", "init", *(name for name, each in declared.items() if each.kind == "image"))
    files = {file: path[-1] not in images for path, file in plan_files(plan).items() if path != ("weights",)}
    return [note for file, labels in files.items() for note in file_notes(file, labels=labels)]


def unmentioned_regions(plan: Plan, scene: Scene) -> str | None:
    """Return a note about regions of the content map that [[region]] does not mention; None without any."""
    content_map = scene.layout.content_map
    if content_map is None or not plan.regions:
        return None
    mentioned = {*scene.layout.kept, *scene.layout.unpainted, *scene.layout.painted()}
    left = [content_map.name(label) for label in range(len(content_map.colors)) if label not in mentioned]
    fate = "only masks paint there" if scene.layout.masked() else "nothing is painted there"
    return f"the plan does not mention {', '.join(left)}: {fate}" if left else None


def _check_layers(plan: Plan) -> None:
    """Raise SettingsError if a layer is none of the network's: no size would be right for it."""
    architecture = ARCHITECTURES.get(plan.settings.network, VGG19)
    wanted = wanted_layers(plan.settings)
    for name in ("content_layers", "style_layers"):
        with plan.source.locating("settings", name):
            architecture.check_layers(layer for layer, _ in getattr(plan.settings, name) if layer in wanted)


@contextmanager
def _locating(plan: Plan) -> Iterator[None]:
    """Name the line of the input at fault in any error of the block."""
    try:
        yield
    except MaskstyleError as error:
        raise type(error)(plan.source.message(_key_path(plan, error), str(error))) from None


def _key_path(plan: Plan, error: MaskstyleError) -> KeyPath:
    """Return the key path of the input that an error is about."""
    about = error.about
    first = next(iter(plan.styles), "")
    if about[:1] == ("style_map",):
        return ("styles", first, "map")
    if about[:1] == ("masks",):
        return ("region", *about[1:], "mask")
    if about[:1] == ("regions",) and "region" not in plan.values and plan.regions and len(about) > 1:
        place = about[1]
        if about[2:] == ("style",) and isinstance(place, int):  # a wrong style is one with a wrong map
            return ("styles", plan.regions[place].style or "", "map")
        return ("region", *about[1:])
    table = plan.values.get(str(about[0])) if len(about) == 2 else None
    if isinstance(table, dict) and isinstance(about[1], int):
        return (about[0], list(table)[about[1]])
    return about or ("settings",)


ABOUT_STYLE = ("style_region", "style_mask", "scale", "color")
"""The keys of an entry that say what of its style is taken, and how."""


def _takes_part(entry: RegionEntry) -> bool:
    """Return whether an entry takes a region of its style: one that it names, or that of its own color."""
    if entry.style_region is not None:
        return entry.style_region != WHOLE
    return entry.region is not None and entry.style_mask is None


class _Loader:
    """Reads each file of a plan once; collects names for messages, and notes."""

    def __init__(self, plan: Plan, reader: FileReader) -> None:
        self.plan, self.reader = plan, reader
        self.names: dict[str, str] = {}
        self.notes: list[str] = []
        self.beside: dict[str, Any] = {}
        self._maps: dict[str, SemanticMap] = {}
        self.use = ReadingUse(plan.reading)
        self._masks: dict[tuple[Path, Path], MaskFile] = {}
        self._at_scales: dict[str, StyleImage] = {}
        main = plan.inputs.main
        with plan.source.locating(main):
            self.picture = reader.image(plan.file(plan.main))
            require_visible(self.picture.alpha, str(plan.file(plan.main)))
        self._styles = {name: self._style_image(name) for name in plan.styles}
        if any(entry.region is not None for entry in plan.regions):
            self.plan = self._with_found_regions()
        self._note_unused_styles()
        self._note_unpainted_entries()

    def _with_found_regions(self) -> Plan:
        """Return the plan with the regions of its entries found; everything else becomes an entry for each region."""
        plan, lines = self.plan, dict(self.plan.source.lines)
        content_map = self._map("content_map", declared_inputs(self.plan.inputs)["content_map"])
        assert content_map is not None  # as the text of the plan was checked for
        entries, named, others = list(plan.regions), set[int](), list[int]()
        for place, entry in enumerate(entries):
            if entry.region is None:
                continue
            if str(entry.region).strip() == EVERYTHING_ELSE:
                others.append(place)
                continue
            with suppress(MaskstyleError):  # which `_region` reports
                label = find_listed_regions(str(entry.region), content_map, name=self.names["content_map"])[0]
                named.add(label)
                entries[place] = dataclasses.replace(entry, region=format_region(content_map.key(label)))
        for place in others:
            with plan.source.locating("region", place, "region"):
                left = left_over(range(len(content_map.colors)), named)
            named |= set(left)
            first, *rest = (
                dataclasses.replace(entries[place], region=format_region(content_map.key(label))) for label in left
            )
            entries[place] = first
            for entry in rest:  # an error in one of them is on the lines of the entry that stands for all
                own = {path[2:]: line for path, line in lines.items() if path[:2] == ("region", place)}
                lines |= {("region", len(entries), *path): line for path, line in own.items()}
                entries.append(entry)
        return dataclasses.replace(plan, regions=tuple(entries), source=dataclasses.replace(plan.source, lines=lines))

    def _note_unused_styles(self) -> None:
        used = {entry.style for entry in self.plan.regions}
        unused = [name for name in self._styles if used and name not in used]
        if unused:
            self.notes.append(f"no region or mask has the style {', '.join(unused)}")
        parts = {entry.style for entry in self.plan.regions if _takes_part(entry)}
        for name, style in self.plan.styles.items():
            if name in used - parts and style.map is not None:
                self.notes.append(f"no region or mask takes a part of {name}, so its map has no effect")

    def _note_unpainted_entries(self) -> None:
        """Note what entries of strength 0 say about their style."""
        for entry in self.plan.regions:
            idle = [key for key in ABOUT_STYLE if getattr(entry, key) is not None]
            if entry.strength == 0 and idle:
                named = f"region {entry.region}" if entry.mask is None else f"mask {entry.mask}"
                have = "has" if len(idle) == 1 else "have"
                self.notes.append(f"{named} has strength 0, so its {' and '.join(idle)} {have} no effect")

    def value(self, name: str, declared: Declared) -> Any:
        """Return the value of a declared input; None if the plan does not give it."""
        readers: dict[str, Callable[[str, Declared], Any]] = {
            "image": self._image,
            "style": self._style,
            "styles": self._blend,
            "map": self._map,
            "masked styles": self._masked_styles,
            "plan regions": self._regions,
            "colors": self._colors,
            "mapping": self._mapping,
            "strengths": self._strengths,
        }
        if declared.kind in readers:
            return readers[declared.kind](name, declared)
        if declared.kind == "patches":
            return self.plan.patches
        value = self.plan.values.get(name)
        return float(value) if declared.kind == "number" and value is not None else value

    def recorded(self, values: dict[str, Any]) -> dict[str, Any]:
        """Return the values at the top of the plan, with colors as they were found."""
        table: dict[str, Any] = {}
        for name, each in declared_inputs(self.plan.inputs).items():
            value = values[name]
            if each.kind == "patches" and self.plan.patches is not None:
                table[name] = patches_table(self.plan.patches)
            elif each.kind == "colors" and value is not None:
                table[name] = [format_region(color) for color in value]
            elif each.kind == "mapping" and value:
                table[name] = {format_region(here): format_region(there) for here, there in value}
            elif each.kind == "strengths" and value:
                table[name] = {format_region(color): strength for color, strength in value}
            elif name in self.plan.values:
                table[name] = self.plan.values[name]
        return table

    def _image(self, name: str, declared: Declared) -> Any:
        self.names[name] = str(self.plan.file(self.plan.values[name]))
        if name == self.plan.inputs.main:
            return self.picture.pixels
        with self.plan.source.locating(name):
            return self.reader.image(self.plan.file(self.plan.values[name])).pixels

    def _style(self, name: str, declared: Declared) -> Any:
        (style,) = self._styles.values()
        self.names[name] = style.name
        return style.image

    def _blend(self, name: str, declared: Declared) -> Any:
        self.beside["style_shares"] = [style.share for style in self.plan.styles.values()]
        self.names |= {f"style {place}": style.name for place, style in enumerate(self._styles.values(), start=1)}
        return [style.image for style in self._styles.values()]

    def _map(self, name: str, declared: Declared) -> SemanticMap | None:
        if name in self._maps:
            return self._maps[name]
        if of_style(declared):
            (style,) = self._styles.values()
            (entry,) = self.plan.styles.values()
            if entry.map is None:
                return None
            self.names[name] = str(self.plan.file(entry.map))
            self._maps[name] = style.map()
            return style.style_map
        file = self.plan.values.get(name)
        if file is None:
            return None
        self.names[name] = str(self.plan.file(file))
        image = None if name == self.plan.inputs.main else self.picture.pixels
        self._maps[name] = self._read_map(file, (name,), image, self.plan.file(self.plan.main))
        return self._maps[name]

    def _read_map(self, file: str, path: KeyPath, image: Image | None, image_file: Path) -> SemanticMap:
        """Read a map; its aspect is checked here so that no color is missed in the map of another image."""
        map_file = self.plan.file(file)
        with self.plan.source.locating(*path):
            own = None if image is None else image_file
            found, notes = self.use.read_map(map_file, own, lambda each: self.reader.map(map_file, each, own))
            self.notes += notes
            if image is not None:
                found, notes = self.use.lay_over(found, size_of(image), map_file, image_file)
                self.notes += notes
        return found

    def _style_image(self, name: str) -> StyleImage:
        style = self.plan.styles[name]
        with self.plan.source.locating("styles", name, "image"):
            picture = self.reader.image(self.plan.file(style.image))
            require_visible(picture.alpha, str(self.plan.file(style.image)))
        image = with_alpha(picture.pixels, picture.alpha)
        file, style_map = self.plan.file(style.image), None
        if style.map is not None:
            style_map = self._read_map(style.map, ("styles", name, "map"), image, file)
        return StyleImage(image, style_map, str(file), scale=style.scale)

    def _scaled(self, name: str, scale: float | None) -> StyleImage:
        """Return a style image at a further scale; regions that share both go on to share it."""
        if scale is None or scale == 1:
            return self._styles[name]
        key = f"{name} at {scale}"
        if key not in self._at_scales:
            style = self._styles[name]
            self._at_scales[key] = replace(style, scale=style.scale * scale)
        return self._at_scales[key]

    def _masked_styles(self, name: str, declared: Declared) -> Any:
        entries = self.plan.regions
        self.beside["masks"] = [self._mask(place, "mask", entry) for place, entry in enumerate(entries)]
        for place, entry in enumerate(entries):
            file = self.plan.file(entry.mask or "")
            self.names[f"mask {place + 1}"] = f"1-{file}" if entry.complement else str(file)
            self.names[f"style {place + 1}"] = self._styles[entry.style or ""].name
        self.beside["strengths"] = [entry.strength for entry in entries]
        self.beside["style_maps"] = [self._styles[entry.style or ""].style_map for entry in entries]
        self.beside["style_regions"] = [self._style_region(place, entry) for place, entry in enumerate(entries)]
        return [self._styles[entry.style or ""].image for entry in entries]

    def _mask(self, place: int, key: str, entry: RegionEntry) -> Mask | None:
        file = getattr(entry, key)
        if file is None:
            return None
        path = self.plan.file(file)
        content, style = self.plan.file(self.plan.main), self.plan.styles[entry.style or ""].image
        image = content if key == "mask" else self.plan.file(style)
        if (path, image) not in self._masks:
            with self.plan.source.locating("region", place, key):
                size = size_of(self.picture.pixels if key == "mask" else self._styles[entry.style or ""].image)
                self._masks[path, image] = self._read_mask(path, image, size)
        mask = self._masks[path, image].mask
        mask = 1 - mask if key == "mask" and entry.complement else mask
        if (mask == (0 if self.plan.values.get("invert") else 1)).all():
            self.notes.append(f"{path} covers the whole image, so it limits nothing")
        return mask

    def _read_mask(self, path: Path, image: Path, size: Size) -> MaskFile:
        """Read a mask, turned and stretched as the plan says; a mask of its image's aspect keeps its size."""
        found = self.reader.mask(path)
        if found.note is not None:
            self.notes.append(f"{path}: {found.note}")
        mask = np.ascontiguousarray(upright(found.mask, self.plan.reading.turn(path, image)))
        stretched, notes = self.use.fit(size_of(mask), size, path, image, kind="mask")
        self.notes += notes
        return found._replace(mask=resize_mask(mask, size) if stretched else mask)

    def _regions(self, name: str, declared: Declared) -> list[PlanRegion]:
        return [self._region(place, entry) for place, entry in enumerate(self.plan.regions)]

    def _region(self, place: int, entry: RegionEntry) -> PlanRegion:
        style = None if entry.style is None else self._scaled(entry.style, entry.scale)
        region: RegionKey | None = None
        if entry.region is not None:
            content_map = self._map("content_map", declared_inputs(self.plan.inputs)["content_map"])
            assert content_map is not None  # as the text of the plan was checked for
            region = self._color(("region", place, "region"), entry.region, content_map, self.names["content_map"])
        style_region = self._style_region(place, entry)
        return PlanRegion(
            region=region,
            mask=self._mask(place, "mask", entry),
            style=style,
            style_region=WHOLE if style_region is None and entry.style_region == WHOLE else style_region,
            style_mask=self._mask(place, "style_mask", entry),
            strength=entry.strength,
            color=entry.color,
        )

    def _style_region(self, place: int, entry: RegionEntry) -> RegionKey | None:
        """Return the region of the style map that an entry names; None for the whole image."""
        if entry.style_region in (None, WHOLE):
            return None
        style_map = self._styles[entry.style or ""].map()
        file = str(self.plan.file(self.plan.styles[entry.style or ""].map or ""))
        return self._color(("region", place, "style_region"), entry.style_region or "", style_map, file)

    def _colors(self, name: str, declared: Declared) -> list[RegionKey] | None:
        texts = self.plan.values.get(name)
        if texts is None:
            return None
        if self._map(declared.of, declared_inputs(self.plan.inputs)[declared.of]) is None:
            return [parse_region(str(text)) for text in texts]  # the scene says that there is no map
        semantic_map = self._maps[declared.of]
        labels = self._labels(name, semantic_map, self.names[declared.of], but=self._kept(name, semantic_map))
        return [semantic_map.key(label) for label in labels]

    def _labels(self, name: str, semantic_map: SemanticMap, map_name: str, *, but: Collection[int] = ()) -> list[int]:
        """Return the labels of the regions that a list at the top of the plan names."""

        def locating(place: int) -> AbstractContextManager[None]:
            return self._collecting(name, place)

        return resolved_list(
            [str(text) for text in self.plan.values[name]], semantic_map, name=map_name, but=but, locating=locating
        )

    @contextmanager
    def _collecting(self, *path: str | int) -> Iterator[None]:
        """Collect any error of the block, with its line; it is raised after all others."""
        with self.plan.source.collecting(), self.plan.source.locating(*path):
            try:
                yield
            except SettingsError as error:  # no color, and no name of a region either
                key = path[-1] if path[0] == "region" else path[0]
                raise SettingsError(f"{key} names no region: {error}") from None

    def _kept(self, name: str, semantic_map: SemanticMap) -> list[int]:
        """Return the labels of the regions that `keep` excludes from everything else in `regions`."""
        if name != "regions" or "keep" not in self.plan.values:
            return []
        return self._labels("keep", semantic_map, self.names["content_map"])

    def _paintable(self, semantic_map: SemanticMap) -> list[int] | None:
        """Return the labels of the regions that `regions` and `keep` let be painted; None: all."""
        given = [name for name in ("regions", "keep") if name in self.plan.values]
        if not given or self.plan.regions:
            return None
        listed = {name: self._labels(name, semantic_map, self.names["content_map"]) for name in given}
        kept = listed.get("keep", [])
        return [label for label in listed.get("regions", range(len(semantic_map.colors))) if label not in kept]

    def _mapping(self, name: str, declared: Declared) -> list[tuple[RegionKey, RegionKey]]:
        texts = self.plan.values.get(name, {})
        content, style = "content_map" if "content_map" in self._maps else self.plan.inputs.main, "style_map"
        if not texts:
            return []
        if style not in self._maps:
            raise self.plan.source.error(
                (name,), f"{name} needs a map of the style image; add one, or leave {name} out"
            )
        pairs, maps = [(here, str(there)) for here, there in texts.items()], (self._maps[content], self._maps[style])

        def locating(place: int) -> AbstractContextManager[None]:
            return self._collecting(name, pairs[place][0])

        labels = resolved_pairs(
            pairs,
            *maps,
            names=(self.names[content], self.names[style]),
            among=self._paintable(maps[0]),
            locating=locating,
        )
        return [(maps[0].key(here), maps[1].key(there)) for here, there in labels]

    def _strengths(self, name: str, declared: Declared) -> list[tuple[RegionKey, float]] | None:
        table = self.plan.values.get(name)
        if table is None:
            return None
        semantic_map = self._maps[declared.of]
        return [
            (self._color((name, text), text, semantic_map, self.names[declared.of]), float(strength))
            for text, strength in table.items()
        ]

    def _color(self, path: KeyPath, text: str, semantic_map: SemanticMap, name: str) -> RegionKey:
        key: RegionKey = 0  # of no use where the region is not found: that is raised after all others
        with self._collecting(*path):
            key = semantic_map.key(find_listed_regions(text, semantic_map, name=name)[0])
        return key
