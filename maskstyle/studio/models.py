"""The state of a project, as ``studio.json`` keeps it and the page changes it: each value is checked here."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator

from maskstyle.errors import MaskstyleError
from maskstyle.images import READABLE_SUFFIXES
from maskstyle.maps import MAX_REGIONS, color_name, parse_color

MOST_IMAGES = 64
"""Most images of a project."""

MOST_MASKS = 32

MOST_OF_PAGE = 16 * 1024
"""Most characters that the page keeps for itself."""

SizeName: TypeAlias = Literal["draft", "screen", "print", "original"]

SIZES: tuple[SizeName, ...] = ("draft", "screen", "print", "original")

DRAFT: Literal["draft"] = "draft"
SCREEN: Literal["screen"] = "screen"
PRINT: Literal["print"] = "print"
ORIGINAL = "original"

LONGER_SIDE = {DRAFT: 512, SCREEN: 1024, PRINT: 2480}
"""Longer side in pixels of the named sizes: a glance, a window, and a page of A5 at 300 pixels per inch."""

Id: TypeAlias = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{8}$")]
"""Ids are made by the server, and are the only part of a file's name that a request may give."""

HexColor: TypeAlias = Annotated[str, StringConstraints(pattern=r"^#[0-9a-f]{6}$", to_lower=True)]

Name: TypeAlias = Annotated[str, StringConstraints(min_length=1, max_length=80, strip_whitespace=True)]

Share: TypeAlias = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]

Stroke: TypeAlias = Annotated[float, Field(ge=0.1, le=10, allow_inf_nan=False)]

Pixels: TypeAlias = Annotated[float, Field(ge=-100_000, le=100_000, allow_inf_nan=False)]

Colors: TypeAlias = Literal["style", "content", "luminance", "match"]

Mode: TypeAlias = Literal["photo", "doodle"]


class Strict(BaseModel):
    """A value without unknown keys."""

    model_config = ConfigDict(extra="forbid")


class StoredImage(Strict):
    """An image of a project, or the canvas of a doodle, with what is known of its map."""

    id: Id
    name: Name
    suffix: str = ""
    """The end of its file's name; empty for the canvas of a doodle, which has no image."""
    width: Annotated[int, Field(ge=1, le=1_000_000)]
    height: Annotated[int, Field(ge=1, le=1_000_000)]
    shown: tuple[int, int]
    """(width, height) as the page shows it: that of its map."""
    map_version: Annotated[int, Field(ge=0)] = 0
    """How often its map was saved; 0: it has none."""
    colors: dict[HexColor, Annotated[int, Field(ge=0)]] = Field(default_factory=dict, max_length=MAX_REGIONS)
    """Pixels of each color of its map, in the order in which they first appeared."""
    names: dict[HexColor, Name] = Field(default_factory=dict, max_length=MAX_REGIONS)
    """Names that someone gave to its regions."""
    notes: list[Annotated[str, Field(max_length=500)]] = Field(default_factory=list, max_length=10)
    """What of its file is not read, such as further frames."""

    def usual_names(self) -> dict[str, str]:
        """Return the names of its regions before someone gives them others: their colors, and numbers where alike."""
        names: dict[str, str] = {}
        for number, color in enumerate(self.colors, start=1):
            name = color_name(parse_color(color))
            names[color] = f"{name} {number}" if name in names.values() else name
        return names

    @field_validator("suffix")
    @classmethod
    def _known(cls, suffix: str) -> str:
        if suffix and suffix not in READABLE_SUFFIXES:
            raise ValueError(f"{suffix} is not the end of an image's name")
        return suffix


class Assignment(Strict):
    """What a region of the content image gets."""

    keep: bool = False
    style: Id | None = None
    style_color: HexColor | None = None
    strength: Share | None = None
    scale: Stroke | None = None
    colors: Colors | None = None


class RegionChange(Assignment):
    """What changes of a region, found by its color. What the page got of its map may come back, and is not used."""

    color: HexColor
    name: Name | None = None
    number: int | None = None
    share: float | None = None

    def changes(self) -> dict[str, Any]:
        """Return what changes of its assignment."""
        return {name: getattr(self, name) for name in Assignment.model_fields if name in self.model_fields_set}


class Linear(Strict):
    """A fade along a line, in pixels of the image as shown: from all of the style to none of it."""

    x0: Pixels
    y0: Pixels
    x1: Pixels
    y1: Pixels


class Radial(Strict):
    """A fade around a point, in pixels of the image as shown."""

    x: Pixels
    y: Pixels
    radius: Annotated[float, Field(gt=0, le=100_000, allow_inf_nan=False)]


class Painted(Strict):
    """A mask that the page painted; see ``PUT /api/masks/ID/painting``."""


class MaskChange(Strict):
    """A mask as the page gives it."""

    name: Name = "mask"
    kind: Literal["linear", "radial", "painted"]
    geometry: Linear | Radial | Painted = Field(default_factory=Painted)
    feather: Share = 1.0
    complement: bool = False
    style: Id | None = None
    style_color: HexColor | None = None
    strength: Share | None = None
    scale: Stroke | None = None
    colors: Colors | None = None

    @field_validator("geometry")
    @classmethod
    def _of_kind(cls, geometry: Any, info: Any) -> Any:
        kinds: dict[str, type[Strict]] = {"linear": Linear, "radial": Radial, "painted": Painted}
        kind = info.data.get("kind")
        if kind in kinds and not isinstance(geometry, kinds[kind]):
            keys = ", ".join(kinds[kind].model_fields) or "nothing"
            raise ValueError(f"a {kind} mask has {keys} as its geometry")
        return geometry


class StoredMask(MaskChange):
    """A mask of a project."""

    id: Id
    content: Id
    """The image that it lies on."""
    version: Annotated[int, Field(ge=1)] = 1
    painted: bool = False
    """Whether someone painted it."""


class SentMask(StoredMask):
    """A mask that the page got and sends back; its address is not used."""

    url: str | None = Field(default=None, exclude=True)


class StudioSettings(Strict):
    """The settings that the page shows."""

    strength: Share = 0.5
    colors: Colors = "style"
    stroke: Stroke = 1.0
    size: SizeName | Annotated[int, Field(ge=64, le=16_384)] = SCREEN
    feather: Annotated[float, Field(ge=0, le=500, allow_inf_nan=False)] = 0.0
    denoise: Share = 0.0
    seed: Annotated[int, Field(ge=0, le=2**31 - 1)] = 0
    network: Literal["auto", "lite"] = "auto"
    steps: Annotated[int, Field(ge=1, le=500)] | None = None


class Saved(Strict):
    """All of a project that is not in its images, maps and masks: the content of studio.json."""

    format: Literal[1] = 1
    version: Annotated[int, Field(ge=0)] = 0
    mode: Mode = "photo"
    content: Id | None = None
    doodle: Id | None = None
    styles: list[Id] = Field(default_factory=list, max_length=MOST_IMAGES)
    images: dict[Id, StoredImage] = Field(default_factory=dict, max_length=MOST_IMAGES)
    regions: dict[Id, dict[HexColor, Assignment]] = Field(default_factory=dict)
    masks: list[StoredMask] = Field(default_factory=list, max_length=MOST_MASKS)
    settings: StudioSettings = Field(default_factory=StudioSettings)
    page: dict[str, Any] = Field(default_factory=dict)
    """What the page keeps for itself, such as the opacity of its overlay."""

    @property
    def canvas(self) -> StoredImage | None:
        """The content image or, in doodle mode, the doodle."""
        chosen = self.content if self.mode == "photo" else self.doodle
        return None if chosen is None else self.images[chosen]


class ImageChange(Strict):
    """A new name of an image."""

    id: Id
    name: Name


class ProjectChange(Strict):
    """What the page changes at once; what it leaves out stays."""

    version: int
    mode: Mode | None = None
    styles: list[Id] | None = None
    images: list[ImageChange] | None = Field(default=None, max_length=MOST_IMAGES)
    regions: list[RegionChange] | None = Field(default=None, max_length=MAX_REGIONS)
    masks: list[SentMask] | None = Field(default=None, max_length=MOST_MASKS)
    settings: dict[str, Any] | None = None
    names: dict[Id, dict[HexColor, Name | None]] | None = None
    page: dict[str, Any] | None = None

    @field_validator("page")
    @classmethod
    def _small(cls, page: dict[str, Any] | None) -> dict[str, Any] | None:
        if page is not None and len(json.dumps(page)) > MOST_OF_PAGE:
            raise ValueError(f"the page keeps at most {MOST_OF_PAGE // 1024} KB for itself")
        return page


class DraftRequest(Strict):
    """How to draft a map."""

    regions: Annotated[int, Field(ge=1, le=32)] = 5


class DoodleRequest(Strict):
    """An empty canvas."""

    width: Annotated[int, Field(ge=64, le=2000)]
    height: Annotated[int, Field(ge=64, le=2000)]


class RenderRequest(Strict):
    """How large to render; by default, as the settings say."""

    size: SizeName | Annotated[int, Field(ge=64, le=16_384)] | None = None


_LINE_OF_PLAN = re.compile(r"^.{1,4096}?\.toml, line \d+: ")
"""Where a plan is wrong: a person at the page has not seen the plan."""


def sentence_of_request(errors: Sequence[Any]) -> str:
    """Return the first of pydantic's errors as one sentence: where, what arrived, and what was expected.

    >>> wrong = {"loc": ("body", "strength"), "msg": "Input should be less than or equal to 1", "input": 3}
    >>> sentence_of_request([wrong])
    'strength is 3; expected less than or equal to 1'
    """
    first = errors[0]
    place = ".".join(str(each) for each in first.get("loc", ()) if each not in ("body", "path", "query"))
    text = str(first.get("msg", "invalid")).removeprefix("Value error, ")
    if first.get("type") == "missing":
        return f"{place or 'the request'} is missing"
    if first.get("type") == "extra_forbidden":
        return f"there is no {place}; leave it out"
    given = first.get("input")
    shown = repr(given) if isinstance(given, str | int | float | bool) or given is None else "of another shape"
    expected = text.replace("Input should be", "expected").removeprefix("expected ")
    return f"{place or 'the request'} is {shown[:60]}; expected {expected[:1].lower()}{expected[1:]}"


def sentence_of(error: Exception, root: Path | None = None) -> str:
    """Return an exception as one sentence; files in the folder `root` are named without it.

    >>> sentence_of(ValueError("too few"))
    'something unexpected went wrong (ValueError: too few)'
    >>> sentence_of(MaskstyleError("results/0001.toml, line 3: the mask is empty; enlarge it"))
    'the mask is empty; enlarge it'
    """
    if isinstance(error, MaskstyleError):
        text = _LINE_OF_PLAN.sub("", " ".join(str(error).split()))
        return text if root is None else text.replace(f"{root}{os.sep}", "")
    if isinstance(error, MemoryError):
        return "there is not enough memory; render at a smaller size"
    return f"something unexpected went wrong ({type(error).__name__}: {error})"
