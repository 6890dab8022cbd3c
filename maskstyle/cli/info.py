"""``maskstyle recipes``, ``weights`` and ``samples``: lists of recipes, weights files and sample pictures."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from maskstyle.cli.console import announce, messages, put, tables
from maskstyle.cli.group import Group

if TYPE_CHECKING:
    from maskstyle.networks.architectures import Architecture
    from maskstyle.recipes import Recipe


def recipes(
    name: Annotated[
        str | None, typer.Argument(help="A recipe to show in full.  (default: list all)", show_default=False)
    ] = None,
) -> None:
    """List the recipes, or show the settings of one."""
    from rich.markup import escape

    from maskstyle.cli.terminal import Table
    from maskstyle.recipes import RECIPES, find_recipe

    if name is not None:
        _print_settings(find_recipe(name))
        return
    table = Table("recipe", "description", "network", "optimizer", "steps")
    for recipe in RECIPES.values():
        chosen = recipe.settings
        table.add_row(recipe.name, escape(recipe.title), chosen.network, chosen.optimizer, str(chosen.steps))
    tables().print(table)


def _print_settings(recipe: Recipe) -> None:
    from rich.markup import escape
    from rich.table import Column

    from maskstyle.cli.options import DEFAULT_SIZE, flag_of, layer_mix_text
    from maskstyle.cli.terminal import Table

    console = tables()
    console.print(f"[bold]{recipe.name}[/]: {escape(recipe.title)}")
    console.print(escape(recipe.source), soft_wrap=True)
    table = Table("option", Column("value", overflow="fold"))
    for field in dataclasses.fields(recipe.settings):
        value = getattr(recipe.settings, field.name)
        text = layer_mix_text(value) if isinstance(value, tuple) else str(value)
        if isinstance(value, bool):
            text = "on" if value else "off"
        table.add_row(flag_of(field.name), escape(DEFAULT_SIZE if value is None else text))
    console.print(table)


weights = Group("Find or download network weights.")

NetworkName = Annotated[Literal["lite", "vgg16", "vgg19"], typer.Argument(help="The network.", show_default=False)]
DownloadName = Annotated[Literal["vgg16", "vgg19"], typer.Argument(help="The network.", show_default=False)]


@weights.command("list")
def list_weights() -> None:
    """List the networks and the weights files found."""
    from rich.markup import escape
    from rich.table import Column

    from maskstyle.cli.terminal import Table
    from maskstyle.networks.architectures import ARCHITECTURES
    from maskstyle.networks.search import WEIGHTS_FOLDER_VARIABLE, candidate_files, search_folders
    from maskstyle.networks.weights import EMBEDDED_FILES, fetch_command

    table = Table("network", Column("file", overflow="fold"), "layers")
    problems: dict[str, None] = {}
    for architecture in ARCHITECTURES.values():
        files, unreadable = candidate_files(architecture)
        problems |= dict.fromkeys(unreadable)
        for path in files:
            embedded = " (embedded)" if path == EMBEDDED_FILES.get(architecture) else ""
            table.add_row(architecture.name, escape(f"{path}{embedded}"), escape(_layers_in(path, architecture)))
        if not files:
            table.add_row(architecture.name, "none found", fetch_command(architecture))
    tables().print(table)
    folders = ", ".join(map(str, search_folders()))
    tables().print(f"searched: {escape(folders)} ({WEIGHTS_FOLDER_VARIABLE} adds a folder)", soft_wrap=True)
    for problem in problems:
        announce(problem, quiet=False, name="note")


def _layers_in(path: Path, architecture: Architecture) -> str:
    """Describe which layers of a network a file has, or why it cannot be read."""
    from maskstyle.errors import WeightsError
    from maskstyle.networks.weights import layer_names

    try:
        present = set(layer_names(path))
    except WeightsError as error:
        return str(error)
    names = [layer for layer in architecture.layers if layer in present]
    return f"{names[0]} to {names[-1]}" if names else "none of this network's layers"


@weights.command("path")
def weights_path(network: NetworkName) -> None:
    """Print the path of a network's weights file."""
    from maskstyle.networks.architectures import ARCHITECTURES
    from maskstyle.networks.search import find_weights
    from maskstyle.networks.weights import EMBEDDED_FILES, layer_names

    architecture = ARCHITECTURES[network]
    embedded = EMBEDDED_FILES.get(architecture)
    found = find_weights(architecture, architecture.layers if embedded is None else layer_names(embedded))
    for note in found.notes:
        announce(note, quiet=False, name="note")
    put(f"{found.path}\n")


@weights.command("fetch")
def fetch(network: DownloadName) -> None:
    """Download a network's ImageNet weights through Keras, which checks their hash."""
    from rich.markup import escape

    from maskstyle.networks.architectures import ARCHITECTURES
    from maskstyle.networks.search import fetch_weights
    from maskstyle.networks.tensorflow_import import import_tensorflow

    import_tensorflow()
    path = fetch_weights(ARCHITECTURES[network])
    messages().print(f"the weights of {network} are in {escape(str(path))}")


samples = Group("List or copy the sample pictures.")


@samples.command("list")
def list_samples() -> None:
    """List the files of the samples."""
    from maskstyle.studio.samples import sample_files

    put("".join(f"{path.name}\n" for path in sample_files()))


@samples.command("copy")
def copy_samples(
    folder: Annotated[Path, typer.Argument(help="Folder to copy the samples to.", metavar="FOLDER")] = Path(
        "samples"
    ),
    force: Annotated[bool, typer.Option("--force", help="Replace files that differ from the samples.")] = False,
) -> None:
    """Copy the sample pictures, maps, masks and plan into a folder."""
    from maskstyle.errors import ImageError
    from maskstyle.images.paths import opened, shown
    from maskstyle.images.writing import make_folder, replacing
    from maskstyle.studio.samples import sample_files

    make_folder(folder, parents=True)
    contents = {}
    for path in sample_files():
        with opened(path, "a sample") as file:
            contents[folder / path.name] = file.read()
    changed = [target for target, content in contents.items() if _holds_other(target, content)]
    if changed and not force:
        more = f" and {len(changed) - 1} more" if len(changed) > 1 else ""
        raise ImageError(
            f"{shown(changed[0])}{more} exists and differs from the sample; "
            "choose another folder, or replace it with `force`"
        )
    for target, content in contents.items():
        with replacing(target) as file:
            file.write(content)
    announce(f"{len(contents)} files in {shown(folder)}", quiet=False, name="copied")


def _holds_other(path: Path, content: bytes) -> bool:
    """Return whether a file exists and holds something else."""
    from maskstyle.images.paths import opened

    if not path.exists():
        return False
    with opened(path, "a sample") as file:
        return file.read() != content
