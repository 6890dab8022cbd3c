"""The plan that repeats a result, made from the metadata of the result."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from maskstyle.errors import SettingsError
from maskstyle.plans.old_records import old_table
from maskstyle.plans.settings_table import FIELDS, RENAMED, RUN_FIELDS, settings_table
from maskstyle.plans.write import Table
from maskstyle.techniques.inputs import Inputs
from maskstyle.techniques.registry import TECHNIQUES


def plan_of_result(metadata: Mapping[str, Any], result: Path) -> Table:
    """Return the plan, of a plan file's shape, that repeats a result.

    Parameters
    ----------
    metadata : mapping
        From `maskstyle.read_metadata`.
    result : Path
        The file of the result; paths of the plan are relative to its folder.

    Raises
    ------
    SettingsError
        If the metadata is not enough.
    """
    if "inputs" not in metadata:
        raise SettingsError(
            f"the metadata of {result} does not name its input files, as for a result saved from Python; expected a "
            "result that the command line wrote"
        )
    try:
        inputs = metadata["inputs"]
        settings = {RENAMED.get(name, name): value for name, value in metadata["settings"].items()}
        _check_understood(settings, result)
        table = dict(inputs["plan"]) if "plan" in inputs else old_table(metadata, result)
        technique = table["technique"]
        if technique == "region" and "region" in table:  # as version 0.4 called plans with [[region]]
            technique = table["technique"] = "plan"
        table["output"] = result.name
        table["settings"] = _settings(metadata, settings, inputs.get("initial"), TECHNIQUES[technique])
        memory = metadata.get("run", settings).get("memory")
        if memory is not None:
            table["run"] = {"memory": memory}
        # Weights that a run found automatically are recorded by name only.
        if "weights" not in table and (result.parent / inputs["weights"]).is_file():
            table["weights"] = inputs["weights"]
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        missing = f"missing: {error.args[0]}" if isinstance(error, KeyError) else "damaged"
        raise SettingsError(
            f"the metadata of {result} is not enough for a plan ({missing}); expected a result of maskstyle "
            f"{', '.join(name for name in TECHNIQUES if name != 'plan')} or run, of version 0.4 or later"
        ) from None
    return table


def _check_understood(settings: Mapping[str, Any], result: Path) -> None:
    """Raise SettingsError if a result has settings that plans lack: the plan would make another picture."""
    strange = [name for name in settings if name not in FIELDS and name not in RUN_FIELDS]
    if strange:
        raise SettingsError(
            f"{result} was made with {', '.join(strange)}, which plans do not support; make it again without them, "
            "or write a plan by hand"
        )


def _settings(
    metadata: Mapping[str, Any], settings: Mapping[str, Any], initial: str | None, inputs: type[Inputs]
) -> Table:
    """Return the settings that differ from the defaults, with the network and compute type that were used."""
    values = {name: settings[name] for name in FIELDS if name in settings and name not in inputs.without_effect}
    for name in ("content_layers", "style_layers"):
        if name in values:
            values[name] = tuple((layer, float(weight)) for layer, weight in values[name])
    if values.get("init") == inputs.init and (values.get("style_weight") is None or inputs.init != "recolored"):
        values.pop("init")  # as the default means
    if values.get("init") == "image" and initial is None:
        raise KeyError("initial")
    used = {"network": metadata["network"], "compute_type": metadata["compute_type"]}
    changed = inputs.defaults.changed(**{**values, **used})
    file = initial if values.get("init") == "image" else None
    return settings_table(changed, inputs.defaults, file)
