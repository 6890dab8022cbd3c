"""``maskstyle weights list``, ``path`` and ``fetch``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.markup import escape
from rich.table import Column, Table

from maskstyle.cli.console import messages, tables
from maskstyle.errors import WeightsError
from maskstyle.networks.architectures import ARCHITECTURES, Architecture

app = typer.Typer(help="Find or fetch the networks' weights.", no_args_is_help=True)

NetworkName = Annotated[Literal["lite", "vgg16", "vgg19"], typer.Argument(help="The network.", show_default=False)]
FetchedName = Annotated[Literal["vgg16", "vgg19"], typer.Argument(help="The network.", show_default=False)]


@app.command("list")
def list_weights() -> None:
    """List the networks and the weights files that were found."""
    from maskstyle.networks.weights import WEIGHTS_FOLDER_VARIABLE, candidate_files, fetch_command, search_folders

    table = Table("network", Column("file", overflow="fold"), "layers", box=None, pad_edge=False)
    for architecture in ARCHITECTURES.values():
        files = candidate_files(architecture)
        for path in files:
            table.add_row(architecture.name, escape(str(path)), escape(_held(path, architecture)))
        if not files:
            table.add_row(architecture.name, "none found", fetch_command(architecture))
    tables().print(table)
    folders = ", ".join(map(str, search_folders()))
    tables().print(f"searched: {escape(folders)} ({WEIGHTS_FOLDER_VARIABLE} adds a folder)", soft_wrap=True)


def _held(path: Path, architecture: Architecture) -> str:
    from maskstyle.networks.weights import layer_names

    try:
        held = set(layer_names(path))
    except WeightsError as error:
        return str(error)
    names = [layer for layer in architecture.layers if layer in held]
    return f"{names[0]} to {names[-1]}" if names else "none of this network's layers"


@app.command("path")
def weights_path(network: NetworkName) -> None:
    """Print the file that would be used for all layers of a network."""
    from maskstyle.networks.weights import find_weights

    architecture = ARCHITECTURES[network]
    typer.echo(str(find_weights(architecture, architecture.layers)))


@app.command("fetch")
def fetch(network: FetchedName) -> None:
    """Download a network's ImageNet weights through Keras, which checks their hash."""
    from maskstyle.networks.tensorflow_import import import_tensorflow
    from maskstyle.networks.weights import fetch_weights

    import_tensorflow()
    path = fetch_weights(ARCHITECTURES[network])
    messages().print(f"the weights of {network} are in {escape(str(path))}")
