"""Find the weights of a network on this machine, or fetch them."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from maskstyle.errors import WeightsError
from maskstyle.networks.architectures import LITE, Architecture
from maskstyle.networks.weights import EMBEDDED_FILES, SUFFIXES, fetch_command, missing_layers, span

WEIGHTS_FOLDER_VARIABLE = "MASKSTYLE_WEIGHTS_DIR"

LITE_OPTION = "--network lite, which needs no download"


@dataclass(frozen=True)
class FoundWeights:
    """The weights file to use."""

    path: Path
    notes: tuple[str, ...] = ()  # why each file before it in the order of search cannot be used


def search_folders() -> list[Path]:
    """Return the folders to search for weights, in order: MASKSTYLE_WEIGHTS_DIR, then the cache of Keras."""
    named = os.environ.get(WEIGHTS_FOLDER_VARIABLE)
    keras_home = os.environ.get("KERAS_HOME") or os.path.join(os.path.expanduser("~"), ".keras")
    # Without a home folder the tilde stays.
    return [Path(each) for each in (named, os.path.join(keras_home, "models")) if each and not each.startswith("~")]


class Candidates(NamedTuple):
    """The files that may hold the weights of a network."""

    files: list[Path]  # in order of search; the file in the package is the last
    problems: list[str]  # folders that cannot be read


def candidate_files(architecture: Architecture) -> Candidates:
    """Return the files with the name of a network in the search folders, and the file in the package.

    Within a folder, files without the classifier ("notop") come first; the rest is alphabetical. The only candidate
    for ``lite`` is the file in the package.
    """
    name = re.compile(rf"{re.escape(architecture.name)}(?![0-9a-z]).*", re.IGNORECASE)
    candidates = Candidates([], [])
    for folder in [] if architecture == LITE else search_folders():
        try:
            here = [path for path in folder.iterdir() if path.suffix in SUFFIXES and name.match(path.name)]
        except (FileNotFoundError, NotADirectoryError):
            continue
        except PermissionError:
            candidates.problems.append(f"the folder {folder} is not readable")
            continue
        candidates.files.extend(sorted(here, key=lambda path: ("notop" not in path.name, path.name)))
    if architecture in EMBEDDED_FILES:
        candidates.files.append(EMBEDDED_FILES[architecture])
    return candidates


def find_weights(architecture: Architecture, layers: Iterable[str]) -> FoundWeights:
    """Return the first candidate file that contains every layer up to the deepest of `layers`.

    If there is none, the error lists the missing layers of each candidate.
    """
    needed = architecture.up_to_deepest(layers)
    files, problems = candidate_files(architecture)
    for path in files:
        problem = _problem(path, needed, embedded=path == EMBEDDED_FILES.get(architecture))
        if not problem:
            return FoundWeights(path, tuple(problems))
        problems.append(problem)
    if problems:
        extent = f" up to {needed[-1]}" if needed else ""
        raise WeightsError(
            f"no weights of {architecture.name}{extent} were found: {'; '.join(problems)}; "
            f"run: {fetch_command(architecture)}, pass --weights FILE, choose other layers, or use {LITE_OPTION}"
        )
    folders = [f"{folder}{'' if os.path.isdir(folder) else ' (no such folder)'}" for folder in search_folders()]
    raise WeightsError(
        f"no weights of {architecture.name} were found in {', '.join(folders)}; "
        f"run: {fetch_command(architecture)}, pass --weights FILE, set {WEIGHTS_FOLDER_VARIABLE}, "
        f"or use {LITE_OPTION}"
    )


def _problem(path: Path, needed: Sequence[str], *, embedded: bool) -> str:
    """Return why a file does not have the layers that are needed, or an empty string."""
    try:
        missing = missing_layers(path, needed)
    except WeightsError as error:
        return str(error)
    if not missing:
        return ""
    lack = f"lacks {span(missing)}" if len(missing) < len(needed) else "has none of its layers"
    return f"{'the embedded file' if embedded else path} {lack}"


def fetch_weights(architecture: Architecture) -> Path:
    """Download the ImageNet weights of a network with Keras, which verifies their hash, and return the file."""
    import keras

    models = {"vgg16": keras.applications.VGG16, "vgg19": keras.applications.VGG19}
    try:
        models[architecture.name](include_top=False, weights="imagenet")
    except Exception as error:  # Keras raises a bare Exception if the download fails
        reason = " ".join(str(error).split())
        raise WeightsError(
            f"Keras could not fetch the weights of {architecture.name} ({reason}); check the connection, or "
            "copy the file from another machine and pass --weights FILE"
        ) from error
    return find_weights(architecture, architecture.layers).path
