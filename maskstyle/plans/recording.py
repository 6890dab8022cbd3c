"""The inputs of a run in the record of its result: the plan that repeats it, and its files with their hashes."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

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
    plan = loaded.plan
    files = plan_files(plan)
    inputs = {
        "plan": resolved_table(loaded, scene, lambda path: recorded_path(path, output)),
        "initial": None if plan.initial is None else recorded_path(plan.file(plan.initial), output),
        # The path of weights that were found would reveal folders of this machine.
        "weights": choice.source if plan.weights is None else recorded_path(files["weights",], output),
        "notes": list(loaded.notes),
    }
    return {"inputs": inputs, "sha256": file_hashes(files.values(), output)}


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
        path where the file is on another drive.

    Examples
    --------
    >>> recorded_path(Path("photos/cat.jpg"), Path("results/cat.png"))
    '../photos/cat.jpg'
    """
    if is_stream(path):
        return str(STANDARD)
    try:
        return Path(os.path.relpath(path, result.parent)).as_posix()
    except ValueError:  # another drive, on Windows
        return path.absolute().as_posix()


def file_hashes(paths: Iterable[Path], result: Path) -> dict[str, str]:
    """Return the SHA-256 of each file by its recorded path."""
    hashes = {}
    for path in dict.fromkeys(paths):
        if is_stream(path):
            hashes[recorded_path(path, result)] = hashlib.sha256(stream_bytes(path)).hexdigest()
            continue
        with path.open("rb") as file:
            hashes[recorded_path(path, result)] = hashlib.file_digest(file, "sha256").hexdigest()
    return hashes


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
        path = result.parent / name
        if name == str(STANDARD):
            notes.append(f"{result.name} was made from standard input; replace {STANDARD} in the plan by its file")
        elif not os.path.isfile(path):
            notes.append(f"{path} no longer exists")
        elif file_hashes([path], path) != {path.name: expected}:
            notes.append(f"{path} has changed since {result.name} was made")
    return notes
