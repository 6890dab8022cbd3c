"""``maskstyle studio``: a page in the browser to paint maps and see the result."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

PASSWORD = "MASKSTYLE_STUDIO_PASSWORD"
"""The environment variable with the password; an option would show it to everyone on the machine."""


def studio(
    folder: Annotated[Path, typer.Argument(help="Folder of the project; made if missing.", metavar="FOLDER")] = Path(
        "studio"
    ),
    port: Annotated[
        int | None,
        typer.Option(
            "--port", help="Port to listen on.  (default: 8765, or a free one)", show_default=False, min=0, max=65535
        ),
    ] = None,
    host: Annotated[
        str, typer.Option("--host", help="Address to listen on; others than 127.0.0.1 need a password.")
    ] = "127.0.0.1",
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Do not open the browser.")] = False,
) -> None:
    """Paint maps and see the result in a browser page."""
    from rich.markup import escape

    from maskstyle.cli.console import messages
    from maskstyle.studio.serve import serve

    console = messages()
    serve(
        folder,
        host=host,
        port=port,
        password=os.environ.get(PASSWORD) or None,
        browser=not no_browser,
        say=lambda line: console.print(escape(line), soft_wrap=True),
    )
