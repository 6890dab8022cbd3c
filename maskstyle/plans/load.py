"""Load a plan: read its files, find its colors in their maps, and make the inputs of its technique."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from maskstyle.errors import MaskstyleError, SettingsError
from maskstyle.guidance.layout import StyleImage
from maskstyle.images.io import Picture, load_image
from maskstyle.images.pixels import Image, Mask, size_of
from maskstyle.images.sidecars import check_aspect
from maskstyle.images.transparency import require_visible, with_alpha
from maskstyle.maps.assignment import region_name
from maskstyle.maps.colors import Color, format_color, parse_color
from maskstyle.maps.matching import find_named_region
from maskstyle.maps.semantic_map import SemanticMap, describe_absorbed
from maskstyle.masks.io import MaskFile, read_mask
from maskstyle.networks.architectures import ARCHITECTURES, VGG19
from maskstyle.plans.lines import KeyPath
from maskstyle.plans.plan import Plan, RegionEntry
from maskstyle.plans.schema import of_style
from maskstyle.plans.settings_table import patches_table
from maskstyle.settings import wanted_layers
from maskstyle.synthesis.scene import Scene
from maskstyle.techniques.inputs import Declared, Inputs, declared_inputs
from maskstyle.techniques.plan import WHOLE, PlanRegion


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


def check_files(plan: Plan) -> None:
    """Raise SettingsError, or Mistakes, if files of a plan file do not exist."""
    for path, file in plan_files(plan).items():
        if not file.is_file():
            what = "is a folder" if file.is_dir() else "does not exist"
            advice = "paths are relative to the plan"
            if any(not each.isprintable() for each in str(file)):
                advice = r"in double quotes \n and \t are escapes; write a path with backslashes in single quotes"
            plan.source.report(path, f"{path[-1]} is {str(file)!r}, which {what}; {advice}")
    plan.source.raise_found()


def load_plan(plan: Plan) -> LoadedPlan:
    """Read the files of a plan, and find its colors in their maps.

    Raises
    ------
    MaskstyleError
        If a file cannot be read or a color is not in its map; with the line of the plan.
    """
    loader = _Loader(plan)
    values = {name: loader.value(name, each) for name, each in declared_inputs(plan.inputs).items()}
    plan.source.raise_found()  # all colors that no map has
    given = {name: value for name, value in values.items() if value is not None} | loader.beside
    initial = None
    if plan.initial is not None:
        with plan.source.locating("settings", "init"):
            picture = load_image(plan.file(plan.initial))
            initial = with_alpha(picture.pixels, picture.alpha)
    inputs = plan.inputs(
        **given, alpha=loader.picture.alpha, initial=initial, settings=plan.settings, names=loader.names
    )
    return LoadedPlan(plan, inputs, loader.picture, loader.recorded(values), tuple(loader.notes), loader.advice())


def unmentioned_regions(plan: Plan, scene: Scene) -> str | None:
    """Return a note about regions of the content map that [[region]] does not mention; None without any."""
    content_map = scene.layout.content_map
    if content_map is None or not plan.regions:
        return None
    mentioned = {*scene.layout.kept, *scene.layout.unpainted, *scene.layout.painted()}
    left = [region_name(color) for label, color in enumerate(content_map.colors) if label not in mentioned]
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


class _Loader:
    """Reads each file of a plan once; collects names for messages, and notes."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.names: dict[str, str] = {}
        self.notes: list[str] = []
        self.beside: dict[str, Any] = {}
        self._maps: dict[str, SemanticMap] = {}
        self._masks: dict[Path, MaskFile] = {}
        self._absorbed: list[int] = []
        self._at_scales: dict[str, StyleImage] = {}
        main = plan.inputs.main
        with plan.source.locating(main):
            self.picture = load_image(plan.file(plan.main))
            require_visible(self.picture.alpha, str(plan.file(plan.main)))
        self._styles = {name: self._style_image(name) for name in plan.styles}
        self._note_unused_styles()

    def _note_unused_styles(self) -> None:
        used = {entry.style for entry in self.plan.regions}
        unused = [name for name in self._styles if used and name not in used]
        if unused:
            self.notes.append(f"no region or mask has the style {', '.join(unused)}")

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

    def advice(self) -> tuple[str, ...]:
        """Return how to keep the small patches that maps lost."""
        return (f"set `least_region` to {min(self._absorbed)} to keep them as regions",) if self._absorbed else ()

    def recorded(self, values: dict[str, Any]) -> dict[str, Any]:
        """Return the values at the top of the plan, with colors as they were found."""
        table: dict[str, Any] = {}
        for name, each in declared_inputs(self.plan.inputs).items():
            value = values[name]
            if each.kind == "patches" and self.plan.patches is not None:
                table[name] = patches_table(self.plan.patches)
            elif each.kind == "colors" and value is not None:
                table[name] = [format_color(color) for color in value]
            elif each.kind == "mapping" and value:
                table[name] = {format_color(here): format_color(there) for here, there in value}
            elif each.kind == "strengths" and value:
                table[name] = {format_color(color): strength for color, strength in value}
            elif name in self.plan.values:
                table[name] = self.plan.values[name]
        return table

    def _image(self, name: str, declared: Declared) -> Any:
        self.names[name] = str(self.plan.file(self.plan.values[name]))
        if name == self.plan.inputs.main:
            return self.picture.pixels
        with self.plan.source.locating(name):
            return load_image(self.plan.file(self.plan.values[name])).pixels

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
            self.names[name] = str(self.plan.file(entry.map or ""))
            self._maps[name] = style.map()
            return style.style_map
        file = self.plan.values.get(name)
        if file is None:
            return None
        self.names[name] = str(self.plan.file(file))
        image = None if name == self.plan.inputs.main else self.picture.pixels
        self._maps[name] = self._read_map(file, (name,), image, str(self.plan.file(self.plan.main)))
        return self._maps[name]

    def _read_map(self, file: str, path: KeyPath, image: Image | None, image_name: str) -> SemanticMap:
        """Read a map; its aspect is checked here so that no color is missed in the map of another image."""
        with self.plan.source.locating(*path):
            found = self.plan.reading.read(self.plan.file(file))
            if image is not None:
                size = size_of(image)
                name = str(self.plan.file(file))
                check_aspect(found.size, size, kind="map", name=name, image_name=image_name)
        self.notes += describe_absorbed(found, str(self.plan.file(file)))
        self._absorbed += [patch.count for patch in found.absorbed]
        return found

    def _style_image(self, name: str) -> StyleImage:
        style = self.plan.styles[name]
        with self.plan.source.locating("styles", name, "image"):
            picture = load_image(self.plan.file(style.image))
            require_visible(picture.alpha, str(self.plan.file(style.image)))
        image = with_alpha(picture.pixels, picture.alpha)
        file, style_map = str(self.plan.file(style.image)), None
        if style.map is not None:
            style_map = self._read_map(style.map, ("styles", name, "map"), image, file)
        return StyleImage(image, style_map, file, scale=style.scale)

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
        return [self._styles[entry.style or ""].image for entry in entries]

    def _mask(self, place: int, key: str, entry: RegionEntry) -> Mask | None:
        file = getattr(entry, key)
        if file is None:
            return None
        path = self.plan.file(file)
        if path not in self._masks:
            with self.plan.source.locating("region", place, key):
                self._masks[path] = read_mask(path)
            if self._masks[path].note is not None:
                self.notes.append(f"{path}: {self._masks[path].note}")
        mask = self._masks[path].mask
        mask = 1 - mask if key == "mask" and entry.complement else mask
        if (mask == (0 if self.plan.values.get("invert") else 1)).all():
            self.notes.append(f"{path} covers the whole image, so it limits nothing")
        return mask

    def _regions(self, name: str, declared: Declared) -> list[PlanRegion]:
        return [self._region(place, entry) for place, entry in enumerate(self.plan.regions)]

    def _region(self, place: int, entry: RegionEntry) -> PlanRegion:
        style = None if entry.style is None else self._scaled(entry.style, entry.scale)
        region: Color | None = None
        if entry.region is not None:
            content_map = self._map("content_map", declared_inputs(self.plan.inputs)["content_map"])
            assert content_map is not None  # as the text of the plan was checked for
            region = self._color(("region", place, "region"), entry.region, content_map, self.names["content_map"])
        style_region: Color | str | None = entry.style_region
        if entry.style_region not in (None, WHOLE) and style is not None and style.style_map is not None:
            file = str(self.plan.file(self.plan.styles[entry.style or ""].map or ""))
            path = ("region", place, "style_region")
            style_region = self._color(path, entry.style_region or "", style.style_map, file)
        return PlanRegion(
            region=region,
            mask=self._mask(place, "mask", entry),
            style=style,
            style_region=style_region,
            style_mask=self._mask(place, "style_mask", entry),
            strength=entry.strength,
            color=entry.color,
        )

    def _colors(self, name: str, declared: Declared) -> list[Color] | None:
        texts = self.plan.values.get(name)
        if texts is None:
            return None
        if self._map(declared.of, declared_inputs(self.plan.inputs)[declared.of]) is None:
            return [parse_color(text) for text in texts]  # the scene says that there is no map
        semantic_map = self._maps[declared.of]
        return [
            self._color((name, place), text, semantic_map, self.names[declared.of])
            for place, text in enumerate(texts)
        ]

    def _mapping(self, name: str, declared: Declared) -> list[tuple[Color, Color]]:
        texts = self.plan.values.get(name, {})
        content, style = "content_map" if "content_map" in self._maps else self.plan.inputs.main, "style_map"
        return [
            (
                self._color((name, here), here, self._maps[content], self.names[content]),
                self._color((name, here), there, self._maps[style], self.names[style]),
            )
            for here, there in texts.items()
        ]

    def _strengths(self, name: str, declared: Declared) -> list[tuple[Color, float]] | None:
        table = self.plan.values.get(name)
        if table is None:
            return None
        semantic_map = self._maps[declared.of]
        return [
            (self._color((name, text), text, semantic_map, self.names[declared.of]), float(strength))
            for text, strength in table.items()
        ]

    def _color(self, path: KeyPath, text: str, semantic_map: SemanticMap, name: str) -> Color:
        color: Color = (0, 0, 0)  # of no use where the region is not found: that is raised after all others
        with self.plan.source.collecting(), self.plan.source.locating(*path):
            try:
                color = semantic_map.colors[find_named_region(text, semantic_map, name=name)]
            except SettingsError as error:  # no color, and no name of a region either
                raise SettingsError(f"{path[0]} has no such region: {error}") from None
        return color
