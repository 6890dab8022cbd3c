"""The inputs that all techniques share, and how a technique declares its own.

The inputs of a technique are listed once, as the fields of a frozen dataclass with `declare`. The command line, plan
files, records of results, checkpoints and the API function are made from these fields.
"""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, ClassVar, ParamSpec, TypeVar

import numpy as np
from numpy.typing import NDArray

from maskstyle.errors import SettingsError, concerning
from maskstyle.guidance.layout import Layout, StyleImage
from maskstyle.guidance.seen_styles import seen_styles
from maskstyle.images.pixels import RGBA, Image, Mask, Size
from maskstyle.images.transparency import visible_alpha
from maskstyle.maps.assignment import NAMES, MapNames
from maskstyle.schemas.arguments import convert_fields
from maskstyle.settings import WHERE, Bounds, Settings
from maskstyle.synthesis.scene import Scene
from maskstyle.synthesis.schedule import result_size, size_notes, small_style_note
from maskstyle.techniques.checks import (
    check_alpha,
    check_picture,
    check_style,
    check_visible,
    checked_alpha,
    strength_notes,
    style_notes,
)

NAMES_OF_MAIN = {"content": "the content image", "doodle": "the doodle"}
"""What messages call the main input, where it has no file."""

if TYPE_CHECKING:
    from maskstyle.synthesis.paint import Run
    from maskstyle.synthesis.result import Result

OF_IMAGES = ("image", "style", "styles", "masked styles")
"""The kinds of inputs that are images, or sequences of images; they may be RGBA."""

KINDS = {
    "image": "an image file",
    "style": "a style image file",
    "styles": "style image files, each with its share",
    "map": "a semantic map file",
    "masked styles": "style image files, each with a mask file",
    "plan regions": "regions and masks, each with its style",
    "colors": "map colors",
    "mapping": "pairs of map colors",
    "strengths": "pairs of a map color and a strength",
    "choice": "one of several words",
    "number": "a number",
    "flag": "true or false",
    "patches": "settings of patches",
}
"""The kinds of inputs; the command line and plan files know how to read each."""


@dataclass(frozen=True)
class Declared:
    """The properties of an input that the command line and plan files need."""

    kind: str  # one of `KINDS`
    help: str  # a noun phrase or an imperative of at most twelve words
    panel: str = WHERE  # help panel, one of `maskstyle.settings.PANELS`
    flag: str = ""  # option on the command line; by default, made from the name of the input
    # For a map: the image that it describes. For colors and strengths: the map that has the colors.
    of: str = ""
    choices: tuple[str, ...] = ()  # the allowed values of a choice
    bounds: Bounds | None = None  # the allowed values of a number


def declare(
    kind: str, help: str, *, default: Any = dataclasses.MISSING, positional: bool = False, **more: Any
) -> Any:
    """Declare a field of inputs; for the parameters see `Declared`."""
    metadata = {"input": Declared(kind, help, **more)}
    if default is dataclasses.MISSING:
        return field(metadata=metadata, kw_only=not positional)
    return field(default=default, metadata=metadata, kw_only=not positional)


@dataclass(frozen=True, eq=False, kw_only=True)
class Inputs:
    """The inputs that all techniques share.

    A technique sets the class variables: its name, the defaults of its settings, the meaning of ``init="auto"``, the
    settings that have no effect, the main input, and whether it accepts soft maps.

    Wherever an image, a map or a mask is taken, a path, a picture from `maskstyle.load_image` or an array of 8-bit
    values may be given too. The functions, such as `maskstyle.transfer_basic`, copy arrays; inputs keep them.

    Parameters
    ----------
    alpha : (H, W) float array, optional
        Opacity of the content image in [0, 1], carried over to the result; transparent pixels do not count. The
        fourth channel of an RGBA content image has the same effect.
    initial : (H', W', 3) float array, optional
        The initial image in [0, 1], to continue from an earlier result; it overrides ``settings.init``.
    settings : Settings, optional
        All settings; by default, those of the technique.
    run : Run, optional
        How to paint: network, memory limit, callbacks and checkpoints.
    names : mapping of str to str
        Names of inputs in messages, such as their files, by field. By default, "the content image" and the like.
    """

    technique: ClassVar[str]
    defaults: ClassVar[Settings] = Settings()
    init: ClassVar[str] = "recolored"
    without_effect: ClassVar[tuple[str, ...]] = ()
    main: ClassVar[str] = "content"
    soft_maps: ClassVar[bool] = False

    alpha: Mask | None = None
    initial: Image | None = None
    settings: Settings | None = None
    run: Run | None = None
    names: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Check and convert all inputs by their types: an image, map or mask may be a file or 8-bit values, too."""
        declared = declared_inputs(type(self))
        images = {name for name, each in declared.items() if each.kind in OF_IMAGES} | {"initial"}
        for each in dataclasses.fields(self):
            given = getattr(self, each.name)
            if each.name in images and not (given is None and each.default is None):
                object.__setattr__(self, each.name, _image_of(given, each.name))
        convert_fields(self, *(each.name for each in dataclasses.fields(self) if each.name not in images))

    def scene(self) -> Scene:
        """Check all inputs, once, and return the resolved scene.

        Raises
        ------
        ImageError, SettingsError
            If the inputs are invalid.
        """
        raise NotImplementedError

    def name_of(self, name: str, default: str) -> str:
        """Return the name of an input in messages."""
        return self.names.get(name, default)

    def map_names(self) -> MapNames:
        """Return the names of the maps and their images in messages."""
        return MapNames(**{name: self.name_of(name, text) for name, text in NAMES._asdict().items()})

    def resolved_settings(self) -> Settings:
        """Return the settings with ``init`` resolved."""
        settings = self.defaults if self.settings is None else self.settings
        if self.initial is not None:
            return settings.changed(init="image")
        if settings.init != "auto":
            return settings
        raw = self.init == "recolored" and settings.chosen_strength is None
        return settings.changed(init="content" if raw else self.init)

    def checked(self, name: str) -> Image:
        """Return an image among the inputs, checked; hidden pixels have colors that extend the visible ones."""
        alpha = self.alpha if name == self.main else None
        return check_picture(getattr(self, name), f"{name} image", alpha)[0]

    def checked_style(self, name: str = "style") -> StyleImage:
        """Return a style image among the inputs, checked, without a map."""
        style = StyleImage(getattr(self, name), name=self.name_of(name, "the style image"))
        return check_style(style, f"{name} image")

    def main_alpha(self) -> Mask | None:
        """Return the alpha of the main input, checked; None: opaque."""
        given = getattr(self, self.main)
        if declared_inputs(type(self))[self.main].kind == "image":
            return checked_alpha(given, f"{self.main} image", self.alpha)
        return None if self.alpha is None else visible_alpha(check_alpha(self.alpha, given.size, self.main))

    def made_scene(self, layout: Layout, size: Size, *, content: Image | None, **more: Any) -> Scene:
        """Return the scene of a layout and of the inputs that all techniques share."""
        settings = self.resolved_settings()
        if settings.full_size and content is None:
            with concerning("settings"):
                raise SettingsError("full_size has no effect without a content image; leave it out")
        initial = None if self.initial is None else self.checked("initial")
        alpha = more.pop("alpha") if "alpha" in more else self.main_alpha()
        of_strength = strength_notes(layout, settings)
        layout = replace(layout.painting(settings.chosen_strength), visible=alpha)
        layout, notes = check_visible(layout)
        of_styles = style_notes(layout.styles(), settings)
        notes = (
            *more.pop("notes", ()),
            *of_strength,
            *notes,
            *of_styles,
            *self._notes_on_sizes(layout, size, settings),
        )
        styles = more.pop("styles", None) or seen_styles(layout, content)
        scene = Scene(
            technique=self.technique,
            settings=settings,
            size=size,
            layout=layout,
            styles=styles,
            content=content,
            initial=initial,
            identity=self.identity(),
            notes=notes,
            **more,
        )
        _ = scene.sizes  # checked with the rest of the inputs
        return scene

    def _notes_on_sizes(self, layout: Layout, size: Size, settings: Settings) -> list[str]:
        """Return notes on the size of the result, and on style images that are small for it."""
        notes = size_notes(size, settings, self.name_of(self.main, NAMES_OF_MAIN[self.main]))
        result = result_size(size, settings)
        small = (small_style_note(style.size, result, settings, style.name) for style in layout.styles())
        return notes + [note for note in small if note is not None]

    def identity(self) -> dict[str, Any]:
        """Return the inputs by readable names, for checkpoints."""
        kinds = {name: each.kind for name, each in declared_inputs(type(self)).items()} | {"initial": "image"}
        suffix = {"image": " image", "style": " image", "styles": " images"}
        identity = {}
        for each in dataclasses.fields(self):
            if each.name not in ("settings", "run", "names"):
                kind, value = kinds.get(each.name, ""), getattr(self, each.name)
                if kind == "patches" and value is not None:
                    value = dataclasses.asdict(value)  # so that a message can say which of them differs
                identity[each.name.replace("_", " ") + suffix.get(kind, "")] = value
        return identity


def _image_of(given: Any, name: str) -> Any:
    """Return an image, or a list of images, as RGB or RGBA arrays."""
    if isinstance(given, list | tuple) or getattr(given, "ndim", 0) == 4:  # a stack of images
        return [RGBA.converted(each, f"{name}[{place}]") for place, each in enumerate(given)]
    return RGBA.converted(given, name)


def declared_inputs(inputs: type[Inputs]) -> dict[str, Declared]:
    """Return the declared inputs of a technique by name, in order."""
    return {each.name: each.metadata["input"] for each in dataclasses.fields(inputs) if each.metadata}


P = ParamSpec("P")


def transfer_function(inputs: Callable[P, Inputs]) -> Callable[P, Result]:
    """Return the API function of a technique: its inputs are the parameters."""

    def transfer(*arguments: P.args, **inputs_by_name: P.kwargs) -> Result:
        from maskstyle.synthesis.paint import paint  # which loads TensorFlow
        from maskstyle.techniques.without_effect import idle_inputs

        theirs = [each for value in (*arguments, *inputs_by_name.values()) for each in arrays_in(value)]
        given = inputs(*arguments, **inputs_by_name)
        given = apart(given, theirs, shared=(given.run, given.settings))
        held = sum(each.nbytes for each in {id(each): each for each in theirs}.values())
        scene = given.scene()
        notes = (*scene.notes, *idle_inputs(given, scene))
        return paint(replace(scene, notes=notes, held_bytes=held), given.run)

    assert isinstance(inputs, type)
    transfer.__name__ = transfer.__qualname__ = f"transfer_{inputs.technique}"  # type: ignore[attr-defined]
    transfer.__signature__ = inspect.signature(inputs).replace(return_annotation="Result")  # type: ignore[attr-defined]
    transfer.__doc__ = _function_doc(inputs)
    transfer.__module__ = inputs.__module__
    return transfer


SHARED_DOC = """alpha, initial, settings, run
    See `maskstyle.techniques.inputs.Inputs`.

Returns
-------
Result

Raises
------
ImageError, SettingsError, WeightsError, CheckpointError
    If the inputs are invalid; raised before painting starts.
NumericalError
    If a loss is not finite; its ``image`` is the last good image."""
"""The end of the docstring of every API function, after the inputs of the technique."""


def _function_doc(inputs: type[Inputs]) -> str:
    """Return the docstring of an API function: that of its inputs, with the shared part."""
    own = inspect.cleandoc(inputs.__doc__ or "")
    ends = [own.find(f"\n\n{section}\n---") for section in ("Notes", "References", "Examples")]
    end = min((each for each in ends if each >= 0), default=len(own))
    return f"{own[:end]}\n{SHARED_DOC}{own[end:]}\n"


Value = TypeVar("Value")


def arrays_in(value: Any) -> Iterator[NDArray[Any]]:
    """Yield the arrays of a value: of its items, or of its fields.

    >>> [each.shape for each in arrays_in([np.zeros(2), (np.ones(3), "a")])]
    [(2,), (3,)]
    """
    if isinstance(value, np.ndarray):
        yield value
    elif isinstance(value, list | tuple):
        for each in value:
            yield from arrays_in(each)
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        for field in dataclasses.fields(value):
            yield from arrays_in(getattr(value, field.name))


def apart(value: Value, theirs: list[NDArray[Any]], *, shared: tuple[Any, ...] = ()) -> Value:
    """Return a value with copies of the arrays that share memory with the caller's; the others stay, uncopied.

    A run takes long, and its callbacks may change the arrays of the caller. What is `shared` is not copied, whatever
    it has, such as a loaded network.
    """
    own = [each for each in arrays_in(value) if not any(np.may_share_memory(each, other) for other in theirs)]
    return deepcopy(value, {id(each): each for each in (*own, *shared)})
