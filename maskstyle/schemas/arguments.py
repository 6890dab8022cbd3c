"""Check and convert the arguments of public functions and values: each wrong one is an error that names it.

Every public name goes through the door of its room, `attach`, which checks arguments by the types of the parameters.
Calls inside maskstyle do not pay for that.
"""

from __future__ import annotations

import builtins
import dataclasses
import inspect
import math
import os
import sys
from collections.abc import Callable, Mapping
from functools import cache, wraps
from importlib import import_module
from pathlib import Path
from typing import Any, get_args, get_origin

import lazy_loader

from maskstyle.errors import ImageError, MaskstyleError, SettingsError
from maskstyle.settings import LARGEST_WHOLE, as_plain

SLACK = 1.0
"""How far values of images and masks may lie outside [0, 1]: filters overshoot, 8-bit values go to 255."""

WORDS: Mapping[Any, str] = {
    bool: "True or False",
    int: "a whole number",
    float: "a finite number",
    str: "a text",
    Path: "a path",
    type(None): "None",
}

_COLOR = tuple[int, int, int]
"""The type of a color."""

LOADERS: Mapping[str, str] = {"SemanticMap": "maskstyle.maps.io:load_map"}
"""``module:function`` that reads a file where a value of a class is taken."""


@dataclasses.dataclass(frozen=True)
class Pixels:
    """Marks the type of an array of pixels in [0, 1]."""

    words: str  # what messages expect
    channels: tuple[int, ...]  # the length of the last of three axes; empty for two axes
    loader: str  # ``module:function`` that reads a file
    keeps_alpha: bool = False  # whether the alpha of a loaded picture becomes a fourth channel

    def converted(self, value: Any, name: str) -> Any:
        """Return pixels as float32: of a file, of a loaded picture, or of 8-bit values; see `attach`."""
        if isinstance(value, str | Path):
            value = _loaded(self.loader)(value)
        if hasattr(value, "pixels") and hasattr(value, "alpha"):
            if self.keeps_alpha:
                value = _loaded("maskstyle.images.transparency:with_alpha")(value.pixels, value.alpha)
            elif value.alpha is not None:
                raise _wrong(
                    name, "a picture with transparency", "its pixels, and its alpha where there is one for it"
                )
            else:
                value = value.pixels
        array = _floats(value, name, self.words)
        fits = array.ndim == 2 if not self.channels else array.ndim == 3 and array.shape[2] in self.channels
        if not fits or 0 in array.shape:
            raise ImageError(f"`{name}` has shape {array.shape}; expected {self.words}")
        low, high = float(array.min()), float(array.max())
        if math.isnan(low):
            raise _not_numbers(array, name)
        if low < -SLACK or high > 1 + SLACK:
            raise ImageError(f"`{name}` has values from {low:g} to {high:g}; expected values in [0, 1]; rescale them")
        return array


def attach(package: str, file: str) -> tuple[Callable[[str], Any], Callable[[], list[str]], list[str]]:
    """Return ``__getattr__``, ``__dir__`` and ``__all__`` of a room: its public names, imported on first use.

    Functions check and convert their arguments: numbers and booleans of NumPy are those of Python, 8-bit values of an
    image or a mask are floats in [0, 1], and a file or a loaded picture may stand for its pixels. Any other type is
    a MaskstyleError that names the parameter.
    """
    get, names, public = lazy_loader.attach_stub(package, file)

    @cache
    def get_checked(name: str) -> Any:
        value = get(name)
        found = checked(value, package) if inspect.isfunction(value) else value
        setattr(sys.modules[package], name, found)
        return found

    return get_checked, names, public


def checked(function: Callable[..., Any], module: str = "") -> Callable[..., Any]:
    """Return a function that checks and converts its arguments by the types of its parameters; see `attach`."""
    signature = inspect.signature(function)

    @wraps(function)
    def door(*arguments: Any, **by_name: Any) -> Any:
        bound = signature.bind(*arguments, **by_name)
        for name, value in bound.arguments.items():
            parameter = signature.parameters[name]
            hint = _hint(function, name)
            if parameter.kind is inspect.Parameter.VAR_POSITIONAL:
                bound.arguments[name] = tuple(converted(each, hint, name) for each in value)
            elif parameter.kind is not inspect.Parameter.VAR_KEYWORD:
                bound.arguments[name] = converted(value, hint, name)
        return function(*bound.args, **bound.kwargs)

    door.__module__ = module or function.__module__  # where pickle finds it
    return door


def convert_fields(value: Any, *names: str) -> None:
    """Check and convert the fields of a dataclass by their types, in place; all fields, or those of some names."""
    for each in dataclasses.fields(value):
        if not names or each.name in names:
            hint = _hint(type(value), each.name)
            object.__setattr__(value, each.name, converted(getattr(value, each.name), hint, each.name))


def converted(value: Any, hint: Any, name: str) -> Any:
    """Return a value as a type has it; raises SettingsError or ImageError, with the name, if it is of another type.

    >>> import numpy as np
    >>> converted(np.int64(96), int | None, "size")
    96
    >>> converted("a.png", int, "size")
    Traceback (most recent call last):
    maskstyle.errors.SettingsError: `size` is 'a.png'; expected a whole number
    """
    marker = _marker(hint)
    if marker is not None:
        return marker.converted(value, name)
    if hint in WORDS:
        return _plain(value, hint, name)
    origin = get_origin(hint)
    if origin is None:
        return _instance(value, hint, name) if isinstance(hint, type) and hint is not Any else value
    return _CONVERTERS.get(getattr(origin, "__name__", ""), _unchanged)(value, hint, name)


def _marker(hint: Any) -> Pixels | None:
    return next((each for each in getattr(hint, "__metadata__", ()) if isinstance(each, Pixels)), None)


def _unchanged(value: Any, hint: Any, name: str) -> Any:
    return value


def _choice(value: Any, hint: Any, name: str) -> Any:
    if not isinstance(value, str) or value not in get_args(hint):
        raise _wrong(name, _shown(value), f"one of {', '.join(map(str, get_args(hint)))}")
    return value


def _table(value: Any, hint: Any, name: str) -> Any:
    if not isinstance(value, Mapping):
        raise _wrong(name, _shown(value), "a mapping")
    of_key, of_value = get_args(hint)
    return {converted(key, of_key, name): converted(each, of_value, name) for key, each in value.items()}


def _function(value: Any, hint: Any, name: str) -> Any:
    if not callable(value):
        raise _wrong(name, _shown(value), "a function")
    return value


def _one_of(value: Any, hint: Any, name: str) -> Any:
    """Return a value as the first of several types that it fits."""
    hints = get_args(hint)
    if value is None and type(None) in hints:
        return None
    errors = []
    for each in hints:
        if each is not type(None):
            try:
                return converted(value, each, name)
            except MaskstyleError as error:
                errors.append(error)
    if isinstance(value, str) and _COLOR in hints:
        words = "(red, green, blue) in 0..255 or a number; maskstyle.maps.parse_color reads the name of a color"
        raise _wrong(name, _shown(value), words)
    if len(errors) == 1 or isinstance(value, str | Path) or _is_arraylike(value):
        raise errors[0]
    raise _wrong(name, _shown(value), " or ".join(dict.fromkeys(_described(hint) for hint in hints)))


def _plain(value: Any, kind: type, name: str) -> Any:
    """Return a number, a boolean, a text or a path; those of NumPy as Python's."""
    value = as_plain(value)
    if kind is bool and isinstance(value, bool):
        return value
    if kind is int and isinstance(value, int) and not isinstance(value, bool) and abs(value) <= LARGEST_WHOLE:
        return value
    if kind is float and isinstance(value, int | float) and not isinstance(value, bool):
        number = float(value) if abs(value) <= sys.float_info.max else math.inf
        if math.isfinite(number):
            return value
    if kind is str and isinstance(value, str):
        return str(value)
    if kind is Path and isinstance(value, str | os.PathLike) and isinstance(os.fspath(value), str):
        return Path(value)
    large = kind is int and isinstance(value, int) and abs(value) > LARGEST_WHOLE
    raise _wrong(name, _shown(value), f"a whole number of at most {LARGEST_WHOLE}" if large else WORDS[kind])


def _several(value: Any, hint: Any, name: str) -> Any:
    """Return a sequence with each of its values converted."""
    origin, inner = get_origin(hint), get_args(hint)
    if isinstance(value, str | bytes | Mapping | set | frozenset) or not hasattr(value, "__iter__"):
        raise _wrong(name, _shown(value), "a sequence")
    try:
        values = list(value)
    except TypeError:  # an array without axes
        raise _wrong(name, _shown(value), "a sequence") from None
    if origin is tuple and (len(inner) < 2 or inner[1] is not Ellipsis):
        if len(values) != len(inner):
            raise _wrong(name, f"of length {len(values)}", f"{len(inner)} values")
        return tuple(converted(each, hint, name) for each, hint in zip(values, inner, strict=True))
    result = [converted(each, inner[0], f"{name}[{place}]") for place, each in enumerate(values)]
    return result if isinstance(value, builtins.list) and origin is not tuple else tuple(result)


def _instance(value: Any, kind: type, name: str) -> Any:
    if isinstance(value, str | Path) and kind.__name__ in LOADERS:
        value = _loaded(LOADERS[kind.__name__])(value)
    if not isinstance(value, kind):
        raise _wrong(name, _shown(value), _described(kind))
    if hasattr(value, "_fields"):  # a named tuple checks nothing itself
        parts: Any = value
        fields = {each: converted(getattr(parts, each), _hint(kind, each), each) for each in parts._fields}
        return parts._replace(**fields)
    return value


def _array(value: Any, hint: Any, name: str) -> Any:
    """Return an array whose type has no marker: of the type's kind of numbers."""
    inner = get_args(hint)
    import numpy as np

    wanted = get_args(inner[1])[0] if len(inner) > 1 and get_args(inner[1]) else np.floating
    if not (isinstance(wanted, type) and issubclass(wanted, np.generic)):
        return value
    if issubclass(wanted, np.floating):
        return _floats(value, name, "an array of floats")
    array = _as_array(value, name, f"an array of {wanted.__name__}")
    if not (np.issubdtype(array.dtype, wanted) or np.can_cast(array.dtype, wanted)):
        raise ImageError(f"`{name}` has type {array.dtype}; expected {wanted.__name__}")
    return array


def _floats(value: Any, name: str, words: str) -> Any:
    """Return an array of floats; 8-bit values and booleans as floats in [0, 1]."""
    import numpy as np

    array = _as_array(value, name, words)
    if array.dtype == np.uint8:
        return array.astype(np.float32) / np.float32(255)
    if array.dtype == np.bool_:
        return array.astype(np.float32)
    if not np.issubdtype(array.dtype, np.floating):
        raise ImageError(f"`{name}` has type {array.dtype}; expected {words}, in floats or 8 bits")
    with np.errstate(over="ignore"):  # what is too large for float32 is infinite, and out of range
        return array.astype(np.float32, copy=False)


def _not_numbers(array: Any, name: str) -> ImageError:
    import numpy as np

    return ImageError(
        f"`{name}` has no numbers in places ({np.count_nonzero(np.isnan(array))} of {array.size} values are NaN); "
        "expected values in [0, 1]; replace them, for instance with numpy.nan_to_num"
    )


def _as_array(value: Any, name: str, words: str) -> Any:
    import numpy as np

    mode = getattr(value, "mode", None)
    if hasattr(value, "getbands") and mode not in ("1", "L", "RGB", "RGBA", "F"):
        raise ImageError(
            f"`{name}` is a Pillow image of mode {mode}, whose values are no colors; expected {words}; convert it to "
            "RGB, RGBA or L"
        )
    if np.ma.is_masked(value):
        raise ImageError(
            f"`{name}` is a masked array, whose hidden values would be used; expected {words}; replace them by its "
            "method filled"
        )
    try:
        array = np.asarray(value)
    except Exception as error:  # objects may raise anything
        raise ImageError(f"`{name}` is {_shown(value)}; expected {words}") from error
    if array.dtype.kind in "OUSVmMc":
        what = f"has type {array.dtype}" if isinstance(value, np.ndarray) else f"is {_shown(value)}"
        raise ImageError(f"`{name}` {what}; expected {words}")
    return array


def _hint(owner: Any, name: str) -> Any:
    """Return the type of a parameter or field; Any where it is not imported at run time."""
    for holder in owner.__mro__ if isinstance(owner, type) else (owner,):
        written = getattr(holder, "__annotations__", {}).get(name)
        if written is not None:
            return _evaluated(written, holder.__module__)
    return Any


@cache
def _evaluated(written: Any, module: str) -> Any:
    if not isinstance(written, str):
        return (getattr(written, "__forward_arg__", None) and _evaluated(written.__forward_arg__, module)) or written
    try:
        return eval(written, vars(sys.modules[module]))  # the annotation of a module of maskstyle
    except NameError:
        return Any


@cache
def _loaded(target: str) -> Callable[..., Any]:
    module, _, attribute = target.partition(":")
    function: Callable[..., Any] = getattr(import_module(module), attribute)
    return function


def _is_arraylike(value: Any) -> bool:
    return hasattr(value, "dtype") and hasattr(value, "shape") and value.shape != ()


def _described(hint: Any) -> str:
    """Return a type in words."""
    if hint in WORDS:
        return WORDS[hint]
    marker = _marker(hint)
    if marker is not None:
        return marker.words
    if _CONVERTERS.get(getattr(get_origin(hint), "__name__", "")) is _several:
        return "a sequence"
    if getattr(hint, "__name__", "") == "SemanticMap":
        return "a SemanticMap, as maskstyle.load_map returns, or its file"
    return f"maskstyle.{getattr(hint, '__name__', hint)}(...)"


def _shown(value: Any) -> str:
    """Return a value in a message; the type of one that is long."""
    if isinstance(value, str | int | float | bool | None):
        try:
            text = repr(value)
        except ValueError:  # a number of thousands of digits
            return "a number of thousands of digits"
        if len(text) <= 60:
            return text
    return f"of type {type(value).__name__}"


def _wrong(name: str, found: str, words: str) -> SettingsError:
    return SettingsError(f"`{name}` is {found}; expected {words}")


_CONVERTERS: Mapping[str, Callable[[Any, Any, str], Any]] = {
    **dict.fromkeys(("Union", "UnionType"), _one_of),
    **dict.fromkeys(("Sequence", "Iterable", "list", "tuple"), _several),
    **dict.fromkeys(("Mapping", "dict"), _table),
    "Literal": _choice,
    "Callable": _function,
    "ndarray": _array,
}
"""What converts a value, by the name of the generic type of its parameter."""
