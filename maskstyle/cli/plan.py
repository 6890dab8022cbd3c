"""``maskstyle plan from``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from maskstyle.cli.console import messages

app = typer.Typer(help="Make plan files, which `maskstyle run` runs.", no_args_is_help=True)


@app.callback()
def _plans() -> None:
    """Keep ``from`` a command of its own, although it is the only one."""


@app.command("from")
def plan_from(
    result: Annotated[Path, typer.Argument(help="A picture that maskstyle made.", show_default=False)],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The plan to write; else it is printed.")
    ] = None,
) -> None:
    """Turn the metadata of RESULT back into a plan that makes the same picture."""
    from maskstyle import __version__
    from maskstyle.cli.output_files import check_distinct
    from maskstyle.errors import SettingsError
    from maskstyle.images.files import check_replaceable, write_text_atomically
    from maskstyle.images.io import read_metadata
    from maskstyle.plans.from_result import plan_of_result
    from maskstyle.plans.recording import describe_changes, recorded_path
    from maskstyle.plans.table import moved, plan_text

    if output is not None:
        check_distinct({"--output": output}, [result])
        check_replaceable(output)
    metadata = read_metadata(result)
    if metadata is None:
        raise SettingsError(f"{result} holds no metadata of maskstyle; name a picture that maskstyle made")
    plan = output or Path("plan.toml")  # what is printed goes into a file of the working folder
    table = moved(plan_of_result(metadata, result), lambda path: recorded_path(result.parent / path, plan))
    text = plan_text(table, f"makes {result.name} again; written by maskstyle {__version__}")
    hashes = metadata.get("sha256")
    for remark in describe_changes(hashes if isinstance(hashes, dict) else {}, result):
        messages().print(f"note: {escape(remark)}")
    if output is None:
        typer.echo(text, nl=False)
    else:
        write_text_atomically(output, text)
        messages().print(f"wrote {escape(str(output))}")
