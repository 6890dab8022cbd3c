"""An objective with graphs that are compiled once, and serve pictures of any size and any style.

`Objective` compiles its targets and cells into its graph, which takes half a second or more for every size of every
run. Here they are arguments of the graph, so that a change of the picture costs no compilation. The values are those
of `Objective` up to rounding. A graph for styles that cover the whole picture is as fast as that of `Objective`; the
*general* graph, which serves whole pictures, regions and masks alike, is slower, and takes more memory for masks that
overlap.

It is a second form because `Objective` with its arrays as arguments would be neither general nor as fast: its graph
is unrolled by slices of cells, groups of masks and levels of overlap, and has the sizes of targets as numbers, all
those of one picture, so that few rows are gathered at a time. A graph for any picture has to gather all of them at
once. Both sum the same numbers in another order, which the optimizer amplifies: after six steps, pictures differ by
up to 0.025.
"""

from __future__ import annotations

import hashlib
import math
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from maskstyle.images.pixels import Image, Mask
from maskstyle.networks.tensorflow import Tensor, tf
from maskstyle.networks.vgg import FeatureNetwork
from maskstyle.objective.gram import PixelWeights, inverse_order, observe_grams, slices_of
from maskstyle.objective.objective import enough_memory
from maskstyle.objective.terms import (
    Guide,
    LimitedContentTerm,
    StyleTerm,
    TemporalTerm,
    Term,
    TotalVariationTerm,
    chosen_pixels,
    content_penalty,
    corner_weights,
    divisor_of,
    temporal_difference,
    variation,
)

LARGEST_SIDE = 512
"""Longer side in pixels of the largest picture by default; larger ones gain more from graphs of their own."""

LARGE_SIDE = 1024
"""Longer side of the largest picture of a batch, or frame of a clip, that shares graphs. Beyond, compiling is less
than a thirtieth of the work, and the general graph takes a quarter more memory."""

REMEMBERED = 256 * 1024 * 1024
"""Most bytes of features and Gram matrices of images that are remembered: a preview, or a frame of a clip, often sees
the images of the one before. The features of an image of 256x256 pixels take 33 MB with VGG19."""

FEWEST_GUIDES = 8
"""Guides that a graph has at least; their number is doubled as needed, so that few graphs serve all."""

Arguments = dict[str, Any]

General: TypeAlias = Literal["always", "else", "never"]
"""Which pictures the general graph serves: all; those whose styles do not cover the whole; none."""


class Held(NamedTuple):
    """Something that is remembered, and its bytes."""

    value: Any
    size: int


class SharedGraphs:
    """Compiled graphs, and features of the last images, that runs of small pictures share.

    Pass one object to the `maskstyle.Run` of each run, with the same loaded network; it is for one thread. Runs that
    it cannot serve, such as large ones or those that match patches, compile graphs of their own as usual.

    Parameters
    ----------
    largest_side : int
        Longer side in pixels of the largest picture that shares graphs.
    general : {"always", "else", "never"}
        Which pictures share the general graph, whose steps are slower: all of them, as suits previews; those whose
        styles do not cover the whole picture, as suits clips; or none.
    """

    def __init__(self, largest_side: int = LARGEST_SIDE, *, general: General = "always") -> None:
        self.largest_side, self.general = largest_side, general
        self._graphs: dict[tuple[Any, ...], Callable[..., Any]] = {}
        self._remembered: OrderedDict[Any, Held] = OrderedDict()

    def features(self, network: FeatureNetwork, image: Image) -> dict[str, Tensor]:
        """Return the features (H_l, W_l, C_l) of an image by layer."""
        evaluate = self.of_images((network, "features"), network.__call__)
        found: dict[str, Tensor] = self.remembered(
            (network, fingerprint(image)), lambda: evaluate(tf.constant(image))
        )
        return found

    def of_images(self, key: tuple[Any, ...], function: Callable[[Tensor], Any]) -> Callable[[Tensor], Any]:
        """Return the graph of a function of images of any size; the key determines the function."""
        spec = tf.TensorSpec((None, None, 3), tf.float32)
        return self.compiled(key, lambda: tf.function(function, input_signature=[spec], autograph=False))

    def remembered(self, key: Any, compute: Callable[[], Any]) -> Any:
        """Return what was computed for a key, if it is remembered, or compute it; the oldest make room for it."""
        if key in self._remembered:
            self._remembered.move_to_end(key)
            return self._remembered[key].value
        value = compute()
        held = Held(value, bytes_of(value))
        if held.size <= REMEMBERED:
            self._remembered[key] = held
            while sum(each.size for each in self._remembered.values()) > REMEMBERED:
                self._remembered.popitem(last=False)
        return value

    def compiled(self, key: tuple[Any, ...], make: Callable[[], Callable[..., Any]]) -> Callable[..., Any]:
        """Return the graph that has a key, which is compiled at its first evaluation."""
        if key not in self._graphs:
            self._graphs[key] = make()
        return self._graphs[key]


def bytes_of(arrays: Any) -> int:
    """Return the bytes of nested tensors and arrays."""
    return sum(math.prod(each.shape) * tf.as_dtype(each.dtype).size for each in tf.nest.flatten(arrays))


def fingerprint(array: NDArray[Any] | None) -> tuple[Any, ...]:
    """Return what tells an array from others, for a key."""
    if array is None:
        return ()
    return array.shape, hashlib.blake2b(array.tobytes(), digest_size=16).digest()


def can_share(graphs: SharedGraphs, image_size: tuple[int, int], terms: Sequence[Term], margin: int) -> bool:
    """Return whether shared graphs can evaluate terms for images of a (height, width)."""
    known = (LimitedContentTerm, StyleTerm, TotalVariationTerm, TemporalTerm)
    used = [term for term in terms if term.weight > 0]
    return (
        max(image_size) <= graphs.largest_side
        and margin <= min(image_size)
        and bool(used)
        and all(isinstance(term, known) for term in used)
        and (graphs.general != "never" or all(_is_whole(term) for term in used))
    )


def _is_whole(term: Term) -> bool:
    """Return whether the styles of a term, if it has any, cover the whole picture."""
    return not isinstance(term, StyleTerm) or all(
        cells is None and weights is None
        for layer, _ in term.layers
        for cells, weights in (chosen_pixels(guide, layer) for guide in term.guides_at(layer))
    )


class SharedObjective:
    """A weighted sum of terms for images of one size, with its gradient, as `Objective` computes it.

    For the parameters see there; the terms are ones that `can_share` accepts.
    """

    def __init__(
        self,
        graphs: SharedGraphs,
        network: FeatureNetwork,
        size: tuple[int, int],
        terms: Sequence[Term],
        *,
        free: Mask | None = None,
        margin: int = 0,
    ) -> None:
        self.terms = tuple(term for term in terms if term.weight > 0)
        seen = size[0] + 2 * margin, size[1] + 2 * margin
        structure: list[Any] = []
        arguments: Arguments = {"free": np.ones(size, np.float32) if free is None else free}
        for place, term in enumerate(self.terms):
            kind, values = _arguments_of(term, network, size, seen, graphs.general)
            structure.append(kind)
            arguments[f"term {place}"] = values
        arguments = tf.nest.map_structure(_as_tensor, arguments)
        self._arguments = arguments
        self._evaluate = graphs.compiled(
            (network, margin, tuple(structure)), lambda: _compiled(network, margin, structure, arguments)
        )

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the terms, in order."""
        return tuple(term.name for term in self.terms)

    def value_and_gradient(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """Return the weighted value of each term, and the gradient of their sum; see `Objective`."""
        with enough_memory(image):
            return self._evaluate(tf.convert_to_tensor(image, tf.float32), self._arguments)  # type: ignore[no-any-return]


def _as_tensor(value: Any) -> Tensor:
    return tf.constant(value) if getattr(value, "dtype", None) == np.int32 else tf.constant(value, tf.float32)


def _compiled(
    network: FeatureNetwork, margin: int, structure: Sequence[tuple[Any, ...]], arguments: Arguments
) -> Callable[[Tensor, Arguments], tuple[Tensor, Tensor]]:
    """Return the graph for a structure of terms."""
    evaluations = [_evaluation_of(kind, network) for kind in structure]

    def value_and_gradient(image: Tensor, given: Arguments) -> tuple[Tensor, Tensor]:
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(image)
            padding = [[margin, margin], [margin, margin], [0, 0]]
            seen = tf.pad(image, padding, "SYMMETRIC") if margin else image
            distances: list[dict[str, Tensor]] = [{} for _ in structure]

            def observe(layer: str, features: Tensor) -> Tensor:
                for place, kind in enumerate(structure):
                    if kind[0] == "whole" and layer in kind[1]:
                        own = given[f"term {place}"]["layers"][layer]
                        features, distances[place][layer] = _whole_distances(network, layer, features, own, kind[2])
                return features

            features = network(seen, observe)
            values = [
                given[f"term {place}"]["weight"] * evaluate(image, found or features, given[f"term {place}"])
                for place, (evaluate, found) in enumerate(zip(evaluations, distances, strict=True))
            ]
            total = tf.add_n(values)
        gradient = tape.gradient(total, image, unconnected_gradients=tf.UnconnectedGradients.ZERO)
        return tf.stack(values), gradient * given["free"][..., tf.newaxis]

    specs = tf.nest.map_structure(_any_size, arguments)
    image = tf.TensorSpec((None, None, 3), tf.float32)
    compiled: Any = tf.function(value_and_gradient, input_signature=[image, specs], autograph=False)
    return compiled  # type: ignore[no-any-return]


def _any_size(tensor: Tensor) -> Any:
    return tf.TensorSpec([None] * len(tensor.shape), tensor.dtype)


def _arguments_of(
    term: Term, network: FeatureNetwork, size: tuple[int, int], seen: tuple[int, int], general: General
) -> tuple[tuple[Any, ...], Arguments]:
    """Return the structure of a term, and its values as arguments of a graph."""
    if isinstance(term, StyleTerm):
        if general != "always" and _is_whole(term):
            return _whole_arguments(term, network, size, seen)
        return _style_arguments(term, network, size, seen)
    if isinstance(term, LimitedContentTerm):
        assert term.limits is not None
        layers = [layer for layer, _ in term.layers]
        values: Arguments = {"weight": term.weight, "limits": term.limits.limits, "shares": term.limits.shares}
        values["targets"] = {layer: tf.cast(term.targets[layer], tf.float32) for layer in layers}
        values["weights"] = {layer: term.limits.weights[layer] for layer in layers}
        return ("content", tuple(layers)), values
    if isinstance(term, TemporalTerm):
        return ("temporal",), {"weight": term.weight, "target": term.target, "trusted": term.trusted}
    assert isinstance(term, TotalVariationTerm)
    counted = (
        np.ones((size[0] - 1, size[1] - 1), np.float32) if term.visible is None else corner_weights(term.visible)
    )
    values = {"weight": term.weight * term.factor(size), "counted": counted}
    return ("variation", term.exponent, term.pixel_range), values


def _style_arguments(
    term: StyleTerm, network: FeatureNetwork, size: tuple[int, int], seen: tuple[int, int]
) -> tuple[tuple[Any, ...], Arguments]:
    layers: Arguments = {}
    most = max((len(term.guides_at(layer)) for layer, _ in term.layers), default=0)
    room = FEWEST_GUIDES
    while room < most:
        room *= 2
    for layer, layer_weight in term.layers:
        if term.guides_at(layer):
            grid = network.architecture.grid(seen, layer)
            arguments = _guide_arguments(term, layer, grid, size, room)
            layers[layer] = arguments | {"layer weight": layer_weight}
    # A large picture gains more from a faster graph than from one that serves regions and masks alike.
    weighted = max(size) <= LARGEST_SIDE or any((each["weights"] != 1).any() for each in layers.values())
    return ("style", tuple(layers), room, weighted), {"weight": term.weight, "layers": layers}


def _whole_arguments(
    term: StyleTerm, network: FeatureNetwork, size: tuple[int, int], seen: tuple[int, int]
) -> tuple[tuple[Any, ...], Arguments]:
    """Return the structure and the arguments of a style term whose guides cover the whole picture."""
    layers: Arguments = {}
    for layer, layer_weight in term.layers:
        guides = term.guides_at(layer)
        if guides:
            grid = network.architecture.grid(seen, layer)
            scales = np.array(term.scales(guides, layer, grid, float(np.prod(size))), np.float32)
            layers[layer] = {
                "targets": np.stack([_target(term, guide, layer, grid) for guide in guides]),
                "factors": np.float32(layer_weight) * scales,
            }
    return ("whole", tuple(layers), slices_of(seen)), {"weight": term.weight, "layers": layers}


def _target(term: StyleTerm, guide: Guide, layer: str, grid: tuple[int, int]) -> NDArray[np.float32]:
    target: NDArray[np.float32] = guide.targets[layer] * np.float32(term.target_factor(guide, layer, grid))
    return target


def _guide_arguments(
    term: StyleTerm, layer: str, grid: tuple[int, int], size: tuple[int, int], room: int
) -> Arguments:
    """Return the cells, targets and factors of the guides of a layer, with empty guides up to `room`."""
    guides = term.guides_at(layer)
    cells, weights = zip(*(_cells_of(guide, layer, grid) for guide in guides), strict=True)
    empty = room - len(guides)
    order = np.concatenate(cells)
    targets = [_target(term, guide, layer, grid) for guide in guides]
    scales = term.scales(guides, layer, grid, float(np.prod(size)))
    return {
        "order": order,
        "inverse": inverse_order(order, grid[0] * grid[1]),
        "weights": np.concatenate(weights),
        "counts": np.array([len(each) for each in cells] + [0] * empty, np.int32),
        "divisors": np.array([divisor_of(guide, layer, grid) for guide in guides] + [1.0] * empty, np.float32),
        "targets": np.stack([*targets, *[np.zeros_like(targets[0])] * empty]),
        "scales": np.array([*scales, *[0.0] * empty], np.float32),
    }


def _cells_of(guide: Guide, layer: str, grid: tuple[int, int]) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """Return the cells of a guide that count, and their weights."""
    cells, weights = chosen_pixels(guide, layer)
    if weights is None:
        cells = np.arange(grid[0] * grid[1], dtype=np.int32) if cells is None else cells.astype(np.int32)
        return cells, np.ones(len(cells), np.float32)
    flat = weights.ravel()
    cells = np.flatnonzero(flat).astype(np.int32)
    return cells, flat[cells].astype(np.float32)


def _evaluation_of(
    kind: tuple[Any, ...], network: FeatureNetwork
) -> Callable[[Tensor, Mapping[str, Tensor], Arguments], Tensor]:
    """Return the function of an image, its features and the arguments of a term that gives its unweighted value.

    In place of the features, the style of the whole gets the distances that were observed at each layer.
    """
    name, *rest = kind
    if name == "whole":
        return lambda image, found, given: tf.add_n(
            [tf.reduce_sum(given["layers"][layer]["factors"] * found[layer]) for layer in rest[0]]
        )
    if name == "style":
        layers, *how = rest
        return lambda image, features, given: tf.add_n(
            [_style_at(network, layer, features[layer], given["layers"][layer], *how) for layer in layers]
        )
    if name == "content":
        return lambda image, features, given: _content(network, rest[0], features, given)
    if name == "temporal":
        return lambda image, features, given: temporal_difference(image, given["target"], given["trusted"])
    exponent, pixel_range = rest
    return lambda image, features, given: variation(image * pixel_range, exponent, given["counted"][..., tf.newaxis])


def _whole_distances(
    network: FeatureNetwork, layer: str, features: Tensor, given: Arguments, slices: int
) -> tuple[Tensor, Tensor]:
    """Return the features to go on from, and the squared distances (K,) of their Gram matrix to the targets."""

    def distances(grams: Tensor) -> Tensor:
        return tf.reduce_sum(tf.square(network.measured_gram(layer, grams) - given["targets"]), axis=(1, 2))

    return observe_grams(features, [PixelWeights()], distances, slices=slices)


def _style_at(
    network: FeatureNetwork, layer: str, features: Tensor, given: Arguments, room: int, weighted: bool
) -> Tensor:
    channels = features.shape[-1]
    rows = tf.cast(tf.reshape(features, (-1, channels)), tf.float32)
    gathered = _take(rows, given["order"], given["inverse"])
    parts = [tf.split(gathered, given["counts"], num=room)] * 2
    if weighted:
        parts[1] = tf.split(gathered * given["weights"][:, tf.newaxis], given["counts"], num=room)
    grams = tf.stack([tf.matmul(own, part, transpose_a=True) for part, own in zip(*parts, strict=True)])
    measured = network.measured_gram(layer, grams / given["divisors"][:, tf.newaxis, tf.newaxis])
    distances = tf.reduce_sum(tf.square(measured - given["targets"]), axis=(1, 2))
    return given["layer weight"] * tf.reduce_sum(given["scales"] * distances)


@tf.custom_gradient  # type: ignore[untyped-decorator]
def _take(rows: Tensor, order: Tensor, inverse: Tensor) -> tuple[Tensor, Callable[[Tensor], Any]]:
    """Gather rows; its gradient gathers, too, which is faster than the automatic scatter."""

    def gradient(upstream: Tensor) -> Any:
        joined = tf.concat([upstream, tf.zeros((1, tf.shape(rows)[1]))], axis=0)
        return tf.reduce_sum(tf.gather(joined, inverse), axis=0), None, None

    return tf.gather(rows, order), gradient


def _content(
    network: FeatureNetwork, layers: Sequence[str], features: Mapping[str, Tensor], given: Arguments
) -> Tensor:
    distances = []
    for layer in layers:
        own = tf.cast(network.measured(layer, features[layer]), tf.float32)
        squares = tf.reduce_sum(tf.square(own - given["targets"][layer]), axis=-1)
        distances.append(tf.linalg.matvec(given["weights"][layer], tf.reshape(squares, [-1])))
    return content_penalty(tf.add_n(distances), given["limits"], given["shares"])
