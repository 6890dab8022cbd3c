"""The Typer application, and the one place where errors become messages and exit codes."""

from __future__ import annotations

import sys
from typing import Annotated, Any

import typer
from rich.markup import escape
from typer.core import TyperGroup

from maskstyle import __version__
from maskstyle.cli.console import messages
from maskstyle.cli.exit_codes import EXIT_BAD_INPUT, EXIT_FAILURE, EXIT_INTERRUPTED
from maskstyle.errors import MaskstyleError, NumericalError, OutputError


class _Interrupted(Exception):
    """A KeyboardInterrupt, which Typer would end without a word."""


class _Group(TyperGroup):
    """The commands, with every expected error turned into one sentence and its exit code."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt as error:
            raise _Interrupted(str(error) or "interrupted") from None

    def main(self, *args: Any, **options: Any) -> Any:
        options["standalone_mode"] = False
        try:
            code = super().main(*args, **options)
        except (NumericalError, OutputError) as error:
            sys.exit(_complain(str(error), EXIT_FAILURE))
        except MaskstyleError as error:
            sys.exit(_complain(str(error), EXIT_BAD_INPUT))
        except MemoryError as error:
            said = f" ({error})" if str(error) else ""
            way_out = "choose a smaller --size, or set --memory lower, where the command has them"
            sys.exit(_complain(f"there is not enough memory{said}; {way_out}", EXIT_FAILURE))
        except _Interrupted as error:
            sys.exit(_complain(str(error), EXIT_INTERRUPTED))
        except Exception as error:
            if not hasattr(error, "format_message"):
                raise
            sys.exit(_complain_of_usage(error))
        sys.exit(code if isinstance(code, int) else 0)


def _complain(message: str, code: int) -> int:
    sentence = " ".join(message.split())
    messages().print(f"[bold red]error:[/] {escape(sentence)}")
    return code


def _complain_of_usage(error: Any) -> int:
    """Complain of a wrong option or argument, which is an error of Typer's or, in older versions, of Click's."""
    message = error.format_message().rstrip(".").replace("Value error, ", "").replace("Input should be", "expected")
    message = message.partition(", unable to parse")[0]
    if not message or type(error).__name__ == "NoArgsIsHelpError":
        return EXIT_BAD_INPUT  # a command was missing, and the help has been printed instead
    context = getattr(error, "ctx", None)
    hint = "" if context is None or message.endswith("?") else f"; see: {context.command_path} --help"
    return _complain(f"{message[0].lower()}{message[1:]}{hint}", EXIT_BAD_INPUT)


app = typer.Typer(
    cls=_Group,
    name="maskstyle",
    help="Region- and mask-guided neural style transfer on a plain CPU.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"maskstyle {__version__}")
        raise typer.Exit


@app.callback()
def _common(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    """Take the options that belong to no command."""


def main() -> None:
    """Run the command line."""
    app()


def _register() -> None:
    from maskstyle.cli import (
        basic,
        compare,
        doodle,
        evaluate,
        maps_check,
        maps_draft,
        mask,
        masks,
        patch,
        plan,
        recipes,
        region,
        run,
        weights,
    )

    app.command("basic")(basic.basic)
    app.command("region")(region.region)
    app.command("patch")(patch.patch)
    # A painting without --style is explained instead of refused as an extra argument.
    app.command("mask", context_settings={"allow_extra_args": True})(mask.mask)
    app.command("doodle")(doodle.doodle)
    app.command("run")(run.run)
    app.add_typer(plan.app, name="plan")
    app.command("compare")(compare.compare)
    app.command("evaluate")(evaluate.evaluate)
    app.command("recipes")(recipes.recipes)
    app.add_typer(masks.app, name="masks")
    app.add_typer(weights.app, name="weights")
    maps = typer.Typer(help="Draft and check semantic maps.", no_args_is_help=True)
    maps.command("check")(maps_check.check)
    maps.command("draft")(maps_draft.draft)
    app.add_typer(maps, name="maps")


_register()
