"""The inputs of a run in the record of its result: the plan that repeats it, and its files with their hashes."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from maskstyle.errors import ImageError, WeightsError
from maskstyle.images.files import READABLE_SUFFIXES
from maskstyle.images.hashes import digest_of, hash_of, note_read
from maskstyle.images.paths import local, opened, portable
from maskstyle.images.streams import STANDARD, is_stream, stream_bytes
from maskstyle.networks.load import NetworkChoice
from maskstyle.plans.load import LoadedPlan, plan_files
from maskstyle.plans.write import resolved_table
from maskstyle.synthesis.scene import Scene


def run_record(loaded: LoadedPlan, scene: Scene, output: Path, choice: NetworkChoice) -> dict[str, Any]:
    """Return the record of the inputs of a run: the plan that repeats it, and the hashes of its files.

    Parameters
    ----------
    loaded : LoadedPlan
        The plan with its files read.
    scene : Scene
        The scene that it describes.
    output : Path
        The result, from whose folder files are named.
    choice : NetworkChoice
        The network.

    Returns
    -------
    dict
        For the metadata of the result, beside those of `maskstyle.Result`.
    """
    plan, output = loaded.plan, real_file(output)
    files = plan_files(plan)
    if plan.weights is not None:
        note_weights(files["weights",])  # again: they were read in between
    inputs = {
        "plan": resolved_table(loaded, scene, lambda path: recorded_path(path, output)),
        "initial": None if plan.initial is None else recorded_path(plan.file(plan.initial), output),
        # The path of weights that were found would reveal folders of this machine.
        "weights": choice.source if plan.weights is None else recorded_path(files["weights",], output),
        "notes": list(loaded.notes),
    }
    return {"inputs": inputs, "sha256": file_hashes(files.values(), output)}


RECORDED_SUFFIXES = (*READABLE_SUFFIXES, ".npz", ".h5", ".keras")
"""The ends of the names of the inputs of runs."""


def note_weights(weights: Path) -> None:
    """Note the hash of a weights file."""
    with opened(weights, "a weights file", WeightsError) as file:
        note_read(weights, file)


def recorded_path(path: Path, result: Path) -> str:
    """Return a file's path from the folder of a result, with forward slashes; ``-`` for a stream.

    Parameters
    ----------
    path : Path
        The file.
    result : Path
        The result.

    Returns
    -------
    str
        Relative, so that a result can be moved together with its inputs and reveals little of the machine; the whole
        path where the file is on another drive. Folders that are links count as the folders that they lead to: the
        system goes up from there, too.

    Examples
    --------
    >>> recorded_path(Path("photos/cat.jpg"), Path("results/cat.png"))
    '../photos/cat.jpg'
    """
    if is_stream(path):
        return str(STANDARD)
    try:
        path = Path(local(str(path)))
        own = os.path.join(os.path.realpath(path.parent), path.name)
        recorded = Path(os.path.relpath(own, os.path.realpath(result.parent))).as_posix()
    except ValueError:  # another drive, on Windows
        recorded = path.absolute().as_posix()
    return portable(recorded)  # records are read back in other locales


def file_hashes(paths: Iterable[Path], result: Path) -> dict[str, str]:
    """Return the SHA-256 of each file by its recorded path."""
    hashes = {}
    for path in dict.fromkeys(paths):
        if is_stream(path):
            hashes[recorded_path(path, result)] = hashlib.sha256(stream_bytes(path)).hexdigest()
            continue
        hashes[recorded_path(path, result)] = hash_of(path)
    return hashes


def real_file(result: Path) -> Path:
    """Return the file that a path leads to; its folder is where recorded paths begin."""
    return Path(os.path.realpath(result)) if os.path.islink(result) else result


def _hash_now(path: Path) -> str | None:
    try:
        with opened(path) as file:
            return digest_of(file)
    except (ImageError, OSError):
        return None


def describe_changes(hashes: Mapping[str, str], result: Path) -> list[str]:
    """Return a note for each recorded file that is missing or has changed.

    Parameters
    ----------
    hashes : mapping from str to str
        From `file_hashes`.
    result : Path
        The result that recorded them.
    """
    notes = []
    for name, expected in hashes.items():
        path = result.parent / local(name)
        if name == str(STANDARD):
            notes.append(f"{result.name} was made from standard input; replace {STANDARD} in the plan by its file")
        elif os.path.isabs(name) or path.suffix.lower() not in RECORDED_SUFFIXES:
            # Anyone can write a record; it must not decide what is opened.
            notes.append(f"{name} was not compared: only images and weights at relative paths are")
        elif not os.path.isfile(path):
            notes.append(f"{path} no longer exists")
        elif _hash_now(path) != expected:
            notes.append(f"{path} has changed since {result.name} was made")
    return notes
