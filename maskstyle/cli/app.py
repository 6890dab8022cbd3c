"""The ``maskstyle`` command: its subcommands, and the conversion of errors into messages and exit codes."""

from __future__ import annotations

import errno
import os
import re
import sys
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import typer
from typer.core import TyperCommand, TyperGroup

from maskstyle import __version__
from maskstyle.cli.console import EXIT_INTERRUPTED, messages, prepare_streams, put
from maskstyle.errors import MaskstyleError, Mistakes, NumericalError, OutputError, WorkerError
from maskstyle.techniques.registry import LISTED

EXIT_FAILURE = 1
EXIT_BAD_INPUT = 2

OTHER_FLAGS = {
    "initial": "--init",
    "mapping": "--map",
    "masks": "--mask",
    "styles": "--style",
    "share": "the share of a style",
}
"""What the command line calls parameters of other names."""


class Command(NamedTuple):
    """A subcommand, which is imported when it runs."""

    target: str  # ``module:attribute`` in `maskstyle.cli`: a function, or a `typer.Typer` for a group of commands
    summary: str  # its line in ``maskstyle --help``
    panel: str  # its panel there
    context_settings: dict[str, Any] | None = None  # how it parses its arguments

    def listed(self, name: str) -> TyperCommand:
        """Return a stand-in that ``maskstyle --help`` can list without importing the command."""
        return TyperCommand(name=name, help=self.summary, rich_help_panel=self.panel)

    def load(self, name: str) -> Any:
        """Import the command and build its parser."""
        from maskstyle.cli.group import Group

        module, _, attribute = self.target.partition(":")
        loaded = getattr(import_module(f"maskstyle.cli.{module}"), attribute)
        holder = Group(self.summary)
        holder.callback()(lambda: None)  # so that a single command is still a member of a group
        if isinstance(loaded, typer.Typer):
            holder.add_typer(loaded, name=name, help=self.summary)
        else:
            holder.command(name, help=self.summary, context_settings=self.context_settings)(loaded)
        group = typer.main.get_command(holder)
        assert isinstance(group, TyperGroup)
        return group.commands[name]


_TRANSFER, _PREPARE, _INSPECT = "Transfer style", "Prepare maps, masks and plans", "Compare and inspect"

COMMANDS = {
    # A style image without --style is explained instead of refused as an extra argument.
    **{
        each.name: Command(f"paint:{each.name}", each.summary, _TRANSFER, {"allow_extra_args": each.name == "mask"})
        for each in LISTED
        if each.name != "plan"
    },
    "run": Command("run:run", "Paint the picture that a plan file describes.", _TRANSFER),
    "studio": Command("studio:studio", "Paint maps and see the result in a browser page.", _TRANSFER),
    "batch": Command("batch:app", "Paint many pictures in one run.", _TRANSFER),
    "frames": Command("frames:app", "Paint the frames of a clip or video without flicker.", _TRANSFER),
    "maps": Command("maps:app", "Make and check semantic maps.", _PREPARE),
    "masks": Command("masks:app", "Make soft masks.", _PREPARE),
    "plan": Command("run:plans", "Make plan files.", _PREPARE),
    "evaluate": Command("evaluate:evaluate", "Measure how well a result matches its style, by region.", _INSPECT),
    "compare": Command("compare:compare", "Render one pair of images with several recipes or networks.", _INSPECT),
    "recipes": Command("info:recipes", "List the recipes, or show the settings of one.", _INSPECT),
    "samples": Command("info:samples", "List or copy the sample pictures.", _INSPECT),
    "weights": Command("info:weights", "Find or download network weights.", _INSPECT),
}
"""The subcommands by name, in the order of the help."""


class _Interrupted(Exception):
    """A KeyboardInterrupt, which Typer would end without a message."""


@cache
def _loaded(name: str) -> Any:
    return COMMANDS[name].load(name)


def _forget_files() -> None:
    """Let a command read its own streams and files where an earlier one of this process read others."""
    if "maskstyle.images.streams" in sys.modules:
        import_module("maskstyle.images.streams").forget_streams()
    import_module("maskstyle.images.hashes").begin_noting()


class _Group(TyperGroup):
    """The subcommands, imported on use, with expected errors reported as one sentence and an exit code."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**{**attributes, "commands": {name: each.listed(name) for name, each in COMMANDS.items()}})

    def list_commands(self, ctx: Any) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: Any, name: str) -> Any:
        return _loaded(name) if name in COMMANDS else None

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """List the stand-ins: importing every command would make the help slow."""
        listing = TyperGroup(
            name=self.name,
            commands=dict(self.commands),
            help=self.help,
            params=self.params,
            rich_markup_mode=self.rich_markup_mode,
            context_settings=self.context_settings,
        )
        listing.format_help(ctx, formatter)

    def make_context(self, *arguments: Any, **options: Any) -> Any:
        try:
            return super().make_context(*arguments, **options)
        except KeyboardInterrupt:
            raise _Interrupted("interrupted") from None

    def invoke(self, ctx: Any) -> Any:
        _forget_files()
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt as error:
            raise _Interrupted(str(error) or "interrupted") from None

    def main(self, *args: Any, **options: Any) -> Any:
        options["standalone_mode"] = False
        prepare_streams()
        os.environ["KERAS_BACKEND"] = "tensorflow"  # before Keras is imported; this process is the command's own
        try:
            code = super().main(*args, **options)
        except (NumericalError, OutputError, WorkerError) as error:
            sys.exit(_report(str(error), EXIT_FAILURE))
        except MaskstyleError as error:
            sys.exit(_report_all(error))
        except MemoryError as error:
            detail = f" ({error})" if str(error) else ""
            advice = "use a smaller --size, --memory or --tile-size, if the command has them"
            sys.exit(_report(f"not enough memory{detail}; {advice}", EXIT_FAILURE))
        except OSError as error:
            sys.exit(_report_system(error))
        except _Interrupted as error:
            sys.exit(_report(str(error), EXIT_INTERRUPTED))
        except (KeyboardInterrupt, typer.Abort):
            sys.exit(_report("interrupted", EXIT_INTERRUPTED))
        except Exception as error:
            if not hasattr(error, "format_message"):
                raise
            sys.exit(_report_usage(error))
        sys.exit(code if isinstance(code, int) else 0)


def _report(message: str, code: int) -> int:
    """Print an error on one line and return its exit code."""
    from rich.markup import escape

    sentence = " ".join(with_flags(message).split())
    messages().print(f"[bold red]error:[/] {escape(sentence)}")
    return code


def _report_system(error: OSError) -> int:
    """Report what the system refused outside of any check."""
    from maskstyle.images.paths import shown, trouble, working_folder_is_gone

    if error.errno == errno.ENOSPC:
        return _report("no space is left to write the output; free some, or write elsewhere", EXIT_FAILURE)
    if working_folder_is_gone(Path()):
        return _report("this is the working folder, which no longer exists; change to another folder", EXIT_BAD_INPUT)
    if error.errno == errno.EPIPE:  # nobody reads any more
        return EXIT_FAILURE
    if error.filename is None:
        if error.errno is None:
            raise error
        return _report(f"the system refused ({error.strerror}); check files, folders and permissions", EXIT_FAILURE)
    path = Path(os.fsdecode(error.filename)) if not isinstance(error.filename, int) else Path(str(error.filename))
    what, advice = trouble(path, error)
    return _report(f"{shown(path)} {what}; {advice}", EXIT_BAD_INPUT)


def _report_all(error: MaskstyleError) -> int:
    """Print an error, or each of several mistakes on a line of its own."""
    for sentence in error.sentences if isinstance(error, Mistakes) else (str(error),):
        _report(sentence, EXIT_BAD_INPUT)
    return EXIT_BAD_INPUT


def with_flags(message: str) -> str:
    """Replace parameter names in backticks by command-line flags.

    >>> with_flags("`style_weight` is 'on'; set `mapping` or set `unmatched` to keep")
    "--style-weight is 'on'; set --map or set --unmatched to keep"
    """

    def flag(match: re.Match[str]) -> str:
        return OTHER_FLAGS.get(match[1], "--" + match[1].replace("_", "-"))

    return re.sub(r"`([a-z][a-z0-9_]*)`", flag, message)


def _report_usage(error: Any) -> int:
    """Report a wrong option or argument: an error of Typer or, in older versions, of Click."""
    from maskstyle.cli.usage import usage_sentence

    sentence = usage_sentence(error)
    return _report(sentence, EXIT_BAD_INPUT) if sentence else EXIT_BAD_INPUT


app = typer.Typer(
    cls=_Group,
    name="maskstyle",
    help="Region- and mask-guided neural style transfer on the CPU.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(wanted: bool) -> None:
    if wanted:
        put(f"maskstyle {__version__}\n")
        raise typer.Exit


@app.callback()
def _common(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    """Handle the options of ``maskstyle`` itself."""


def main() -> None:
    """Run the command line."""
    app()
