"""Ignore regions of a map, such as void outlines: their pixels go to the nearest other regions."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence

import numpy as np
import scipy

from maskstyle.errors import ImageError, SettingsError
from maskstyle.maps.colors import RegionKey, format_region, id_color
from maskstyle.maps.naming import find_named_region, find_region
from maskstyle.maps.pixels import dilate
from maskstyle.maps.semantic_map import Absorbed, LabelMap, SemanticMap

VOID = 255
"""The id that VOC, Cityscapes and many programs give to pixels of no class."""

_PALE = 192  # of all channels, in the outlines of VOC and of paint programs


def ignore_regions(
    semantic_map: SemanticMap, ignore: Sequence[RegionKey | str], *, name: str = "the map"
) -> SemanticMap:
    """Give the pixels of some regions to the nearest other regions.

    Parameters
    ----------
    semantic_map : SemanticMap
        The map.
    ignore : sequence of Color, int or str
        Colors, ids or names of the regions to ignore; those that the map lacks have no effect.
    name : str
        Name of the map in messages.

    Returns
    -------
    SemanticMap
        The map without these regions, which `SemanticMap.ignored` lists.

    Raises
    ------
    ImageError
        If no other region is left.

    Examples
    --------
    >>> outlined = SemanticMap(np.array([[0, 0, 1, 2, 2]]), ((0, 0, 0), (255, 255, 255), (255, 0, 0)))
    >>> ignore_regions(outlined, [(255, 255, 255)]).labels.tolist()
    [[0, 0, 0, 1, 1]]
    """
    gone = sorted(set(_present(semantic_map, ignore)))
    if not gone:
        return semantic_map
    left = [index for index in range(len(semantic_map.colors)) if index not in gone]
    if not left:
        raise ImageError(f"`ignore` lists all regions of {name}, so none is left; leave at least one of them out")
    labels = semantic_map.labels
    void = np.isin(labels, gone)
    nearest = scipy.ndimage.distance_transform_edt(void | (labels < 0), return_distances=False, return_indices=True)
    filled = np.where(void, labels[tuple(nearest)], labels)
    rank = np.full(len(semantic_map.colors) + 1, -1, np.int32)  # the last is for -1
    rank[left] = np.arange(len(left))
    shares = semantic_map.shares
    if shares is not None:
        shares = shares[left]
        shares[:, void] = rank[filled[void]] == np.arange(len(left))[:, np.newaxis]
        total = shares.sum(axis=0)
        shares /= np.where(total > 0, total, 1)
    return dataclasses.replace(
        semantic_map,
        labels=rank[filled],
        colors=tuple(semantic_map.colors[index] for index in left),
        ids=None if semantic_map.ids is None else tuple(semantic_map.ids[index] for index in left),
        names=tuple(semantic_map.names[index] for index in left) if semantic_map.names else (),
        shares=shares,
        ignored=tuple(_record(semantic_map, index, filled[labels == index]) for index in gone),
    )


def likely_void(semantic_map: SemanticMap) -> tuple[RegionKey, ...]:
    """Return the regions that look like void: the id 255 among lower ids, or thin pale outlines."""
    if semantic_map.named_by_id and semantic_map.ids is not None:
        return (VOID,) if VOID in semantic_map.ids and len(semantic_map.ids) > 1 else ()
    if len(semantic_map.colors) < 3:
        return ()
    return tuple(
        color
        for index, color in enumerate(semantic_map.colors)
        if (color == id_color(VOID) or min(color) >= _PALE) and _is_outline(semantic_map, index)
    )


def advice_on_void(void: Sequence[RegionKey]) -> str:
    """Return what to do about regions that look like void."""
    keys = ",".join(map(format_region, void))
    return f"set `ignore` to {keys} to give the pixels of void or outlines to the regions beside them"


def unused_keys(ignore: Iterable[str], maps: Iterable[SemanticMap]) -> list[str]:
    """Return the keys to ignore that no map had a region for."""
    records = [each for semantic_map in maps for each in semantic_map.ignored]
    return [key for key in ignore if not any(_means(key, each) for each in records)]


def _means(key: str, record: Absorbed) -> bool:
    whole = SemanticMap(
        np.zeros((1, 1), np.int32),
        (record.color,),
        ids=None if record.id is None else (record.id,),
        colorless=record.id is not None and record.color == id_color(record.id),
        names=(record.name,),
    )
    return bool(_present(whole, [key]))


def _present(semantic_map: SemanticMap, keys: Sequence[RegionKey | str]) -> list[int]:
    """Return the indices of the regions that have one of the keys."""
    found = []
    for key in keys:
        try:
            if isinstance(key, str):
                found.append(find_named_region(key, semantic_map, name=""))
            else:
                found.append(find_region(key, semantic_map, name=""))
        except (ImageError, SettingsError):  # another map may have it
            continue
    return found


def _record(semantic_map: SemanticMap, index: int, given: LabelMap) -> Absorbed:
    counts = np.bincount(given[given >= 0], minlength=len(semantic_map.colors))
    into = sorted(np.flatnonzero(counts), key=lambda other: -counts[other])
    number = None if semantic_map.ids is None else semantic_map.ids[index]
    received = tuple(semantic_map.colors[other] for other in into)
    name = semantic_map.names[index] if semantic_map.names else ""
    return Absorbed(semantic_map.colors[index], int(given.size), received, number, name)


def _is_outline(semantic_map: SemanticMap, index: int) -> bool:
    """Return whether a region is at most about six pixels wide and touches at least two others."""
    inside = semantic_map.mask(index)
    core = inside.copy()
    for _ in range(3):
        core &= ~dilate(~core)
    around = semantic_map.labels[dilate(inside) & ~inside]
    return not core.any() and len(np.unique(around[around >= 0])) >= 2
