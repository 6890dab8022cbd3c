"""The record of a run: the plan that repeats it, its files with their hashes; and the plan made of a record."""

from __future__ import annotations

import hashlib
import os
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from maskstyle import __version__
from maskstyle.errors import ImageError, Mistakes, SettingsError, WeightsError
from maskstyle.images.files import READABLE_SUFFIXES
from maskstyle.images.hashes import hash_now, hash_of, note_read
from maskstyle.images.paths import local, opened, portable
from maskstyle.images.streams import STANDARD, is_stream, stream_bytes
from maskstyle.networks.load import NetworkChoice
from maskstyle.plans.checking import Source
from maskstyle.plans.load import LoadedPlan, plan_files, with_renamed_files
from maskstyle.plans.old_records import old_table
from maskstyle.plans.plan import Plan
from maskstyle.plans.read import plan_from_table
from maskstyle.plans.settings_table import FIELDS, RENAMED, RUN_FIELDS, settings_table
from maskstyle.plans.write import Table, plan_text, resolved_table
from maskstyle.schemas.values import Count, LayerPairs, Number, Sha256, Text, Unfit, fits, fitting
from maskstyle.synthesis.identity import digest
from maskstyle.synthesis.scene import Scene
from maskstyle.techniques.inputs import Inputs
from maskstyle.techniques.registry import TECHNIQUES


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
        "weights_sha256": choice.digest() if plan.weights is None else None,  # files named by the plan are below
        "notes": list(loaded.notes),
    }
    return {
        "inputs": inputs,
        "sha256": file_hashes(files.values(), output),
        "request": request_digest(plan, output, choice),
    }


def request_digest(plan: Plan, output: Path, choice: NetworkChoice) -> str:
    """Return a digest of what is asked for, from a plan as written and the bytes of its files: no image is decoded.

    Results with the same digest have the same record, but for its notes. The limits of the plan, which change no
    picture, do not count. Files are named from the folder of the result.
    """
    output = real_file(output)
    named = with_renamed_files(plan, lambda file: recorded_path(plan.file(file), output))
    asked = {
        "version": __version__,
        "technique": plan.technique,
        "values": named.values,
        "settings": plan.settings,
        "files": [named.initial, named.weights],
        "styles": named.styles,
        "regions": named.regions,
        "patches": plan.patches,
        "reading": plan.reading,
        "hashes": file_hashes(plan_files(plan).values(), output),
        "network": [choice.source, choice.digest()] if plan.weights is None else None,
    }
    return digest(asked)


RECORDED_SUFFIXES = (*READABLE_SUFFIXES, ".npz", ".h5", ".keras")
"""The ends of the names of the inputs of runs."""


def note_weights(weights: Path) -> None:
    """Note the hash of a weights file."""
    with opened(weights, "a weights file", WeightsError) as file:
        note_read(weights, file)


def recorded_path(path: Path, result: Path) -> str:
    """Return a file's path from the folder of a result, with forward slashes; ``-`` for a stream.

    Relative, so that a result can be moved together with its inputs and reveals little of the machine; the whole path
    where the file is on another drive. Folders that are links count as the folders that they lead to: the system goes
    up from there, too.

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
        return hash_now(path)
    except (ImageError, OSError):
        return None


def describe_changes(hashes: Mapping[str, str], result: Path) -> list[str]:
    """Return a note for each recorded file of a result that is missing or has changed; see `file_hashes`."""
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


@dataclass(frozen=True)
class RecordedInputs:
    """The inputs in the record of a result, since version 0.5."""

    plan: dict[str, Any]  # the plan, without its settings and output
    # The files of the initial image and of the weights, or the name of weights that were found.
    initial: Text | None = None
    weights: Text | None = None


@dataclass(frozen=True)
class RecordedRun:
    """The limits in the record of a result."""

    memory: Number | None = None
    tile_size: Count | None = None


@dataclass(frozen=True)
class Record:
    """What the record of a result must have, so that a plan can repeat it; plan and settings are checked as such."""

    # The network and the type of its convolutions that were used.
    network: Text
    compute_type: Text
    # All settings, and the inputs; those of version 0.4 differ from command to command.
    settings: dict[str, Any]
    inputs: dict[str, Any]
    run: RecordedRun | None = None  # the limits; with the settings in version 0.4


def plan_of_result(metadata: Mapping[str, Any], result: Path) -> Table:
    """Return the plan, of a plan file's shape, that repeats a result; its paths are relative to the result's folder.

    Raises SettingsError if the metadata, of `maskstyle.read_metadata`, is not enough, or its values are not those of
    a plan.
    """
    if "inputs" not in metadata:
        raise SettingsError(
            f"the metadata of {result} does not name its input files, as for a result saved from Python; expected a "
            "result that the command line wrote"
        )
    if isinstance(metadata.get("frame"), dict) and "previous" in metadata["frame"]:
        raise SettingsError(
            f"{result} is a frame of a clip, which goes on from the frame before; repeat it with maskstyle frames"
        )
    try:
        record = fitting(dict(metadata), Record)
        settings = {RENAMED.get(name, name): value for name, value in record.settings.items()}
        _check_understood(settings, result)
        table = _table(record, metadata, settings, result)
        _check_plan(table, result)
    except Unfit as error:
        raise SettingsError(
            f"the metadata of {result} is not enough for a plan ({error}); expected a result of maskstyle "
            f"{', '.join(name for name in TECHNIQUES if name != 'plan')} or run, of version 0.4 or later"
        ) from None
    return table


def recorded_hashes(metadata: Mapping[str, Any]) -> dict[str, str]:
    """Return the SHA-256 of each recorded file by its path from the result; those alone that are hashes."""
    recorded = metadata.get("sha256")
    hashes = recorded if isinstance(recorded, dict) else {}
    return {name: value for name, value in hashes.items() if fits(name, Text) and fits(value, Sha256)}


def _table(record: Record, metadata: Mapping[str, Any], settings: Mapping[str, Any], result: Path) -> Table:
    """Return the plan of a record; its values are still to be checked."""
    if "plan" in record.inputs:
        inputs = fitting(record.inputs, RecordedInputs)
        table = dict(inputs.plan)
    else:
        table = old_table(metadata, result)
        inputs = fitting({**record.inputs, "plan": table}, RecordedInputs)
    if table.get("technique") == "region" and "region" in table:  # as version 0.4 called plans with [[region]]
        table["technique"] = "plan"
    technique = TECHNIQUES.get(fitting(table.get("technique"), Text, "technique"))
    if technique is None:
        raise Unfit(f"there is no technique {table['technique']!r}")
    named = result if result.suffix else Path("result.png")  # standard input has no name
    again = f"{named.stem}_again{named.suffix}"  # not over the picture that the plan is made from
    table["output"] = portable(again)
    table["settings"] = _settings(record, settings, inputs.initial, technique)
    run = record.run or fitting(dict(settings), RecordedRun)
    limits = {"memory": run.memory, "tile_size": run.tile_size}
    if any(limits.values()):
        table["run"] = {name: value for name, value in limits.items() if value is not None}
    # Weights that a run found automatically are recorded by name only.
    if "weights" not in table and inputs.weights is not None and os.path.isfile(result.parent / inputs.weights):
        table["weights"] = inputs.weights
    return table


def _check_plan(table: Table, result: Path) -> None:
    """Raise Unfit if a table is no plan: what is written must be read again."""
    try:
        plan_from_table(table, result, Source())
        tomllib.loads(plan_text(table).encode().decode())
    except Mistakes as error:
        raise Unfit(error.sentences[0]) from None
    except (SettingsError, UnicodeEncodeError, tomllib.TOMLDecodeError) as error:
        raise Unfit(str(error)) from None


def _check_understood(settings: Mapping[str, Any], result: Path) -> None:
    """Raise SettingsError if a result has settings that plans lack: the plan would make another picture."""
    strange = [name for name in settings if name not in FIELDS and name not in RUN_FIELDS]
    if strange:
        raise SettingsError(
            f"{result} was made with {', '.join(strange)}, which plans do not support; make it again without them, "
            "or write a plan by hand"
        )


def _settings(record: Record, settings: Mapping[str, Any], initial: str | None, inputs: type[Inputs]) -> Table:
    """Return the settings that differ from the defaults, with the network and compute type that were used."""
    values = {name: settings[name] for name in FIELDS if name in settings and name not in inputs.without_effect}
    for name in ("content_layers", "style_layers"):
        if name in values:
            values[name] = fitting(values[name], LayerPairs, name)
    if values.get("init") == inputs.init and (values.get("style_weight") is None or inputs.init != "recolored"):
        values.pop("init")  # as the default means
    if values.get("init") == "image" and initial is None:
        raise Unfit("the initial image is missing")
    used = {"network": record.network, "compute_type": record.compute_type}
    try:
        changed = inputs.defaults.changed(**{**values, **used})
        if "underpainting" not in settings and changed.underpainted:  # painted before there was underpainting
            changed = changed.changed(underpainting="none")
    except SettingsError as error:
        raise Unfit(str(error)) from None
    file = initial if values.get("init") == "image" else None
    return settings_table(changed, inputs.defaults, file)
