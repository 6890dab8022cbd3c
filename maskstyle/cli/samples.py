"""``maskstyle samples``: the sample pictures, maps, masks and plan, as files to try commands on."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from maskstyle.cli.console import announce

app = typer.Typer(help="List or copy the sample pictures.", no_args_is_help=True)


@app.command("list")
def list_samples() -> None:
    """List the files of the samples."""
    from maskstyle.cli.console import put
    from maskstyle.studio.samples import sample_files

    put("".join(f"{path.name}\n" for path in sample_files()))


@app.command("copy")
def copy_samples(
    folder: Annotated[Path, typer.Argument(help="Folder to copy the samples to.")] = Path("samples"),
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
