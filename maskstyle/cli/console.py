"""The terminal: messages, tables, and how Ctrl-C and SIGTERM stop a run."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from io import TextIOWrapper
from pathlib import Path
from types import FrameType
from typing import IO, TYPE_CHECKING, Any, TextIO, cast

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

PIPED_WIDTH = 1000
"""Columns of a table that goes to a file or a pipe: wide enough that no line wraps."""


def encode_anything() -> None:
    """Let the standard streams replace characters that their encoding lacks, such as in a Windows code page."""
    for stream, errors in ((sys.stdout, "replace"), (sys.stderr, "backslashreplace")):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors=errors)


def messages() -> Console:
    """Return a console on standard error, which keeps standard output free for tables.

    A message that cannot be written is dropped: the reader may be gone, or the disk of a log full.
    """
    from rich.console import Console

    return Console(file=_lasting(sys.stderr, OSError), highlight=False, soft_wrap=True, emoji=False)


def tables() -> Console:
    """Return a console on standard output."""
    from rich.console import Console

    width = None if sys.stdout is not None and sys.stdout.isatty() else PIPED_WIDTH
    return Console(file=_lasting(sys.stdout, BrokenPipeError), highlight=False, emoji=False, width=width)


def _lasting(stream: TextIO | None, dropped: type[OSError]) -> IO[str] | None:
    return None if stream is None else cast("IO[str]", _Lasting(stream, dropped))


class _Lasting:
    """A stream that drops what it cannot write: a message must not end the run that it is about.

    Parameters
    ----------
    stream : file
        The stream.
    dropped : type of OSError
        The errors after which everything written to the stream is dropped.
    """

    def __init__(self, stream: TextIO, dropped: type[OSError]) -> None:
        self._stream, self._dropped = stream, dropped

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        """Write a text, or drop it."""
        with self._dropping():
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        """Flush the stream, or drop what it holds."""
        with self._dropping():
            self._stream.flush()

    @contextmanager
    def _dropping(self) -> Iterator[None]:
        try:
            yield
        except self._dropped:
            with suppress(OSError, ValueError):  # a stream without a descriptor
                nowhere = os.open(os.devnull, os.O_WRONLY)
                os.dup2(nowhere, self._stream.fileno())  # so that Python's own flush at the end does not fail either
                os.close(nowhere)


def print_wide(console: Console, table: Table) -> None:
    """Print a table, without wrapping it where the console is a file or a pipe."""
    if not console.is_terminal:
        console.width = PIPED_WIDTH
    console.print(table)


def announce(text: str, *, quiet: bool, name: str) -> None:
    """Print a named line on standard error, such as the network and why it is used."""
    from rich.markup import escape

    if not quiet:
        messages().print(f"{escape(name)}: {escape(text)}")


def note_files(paths: Iterable[Path | None], *, quiet: bool) -> None:
    """Print notes on what of some image files is not read: further frames or pages, or pixels."""
    from maskstyle.images.headers import file_notes

    for path in dict.fromkeys(paths):
        for note in [] if path is None else file_notes(path):
            announce(note, quiet=quiet, name="note")


class Interrupt:
    """A request to stop, made by a signal.

    The first signal stops the run after the current step and keeps the image. A second signal of the same
    kind stops at once.

    Attributes
    ----------
    began : bool
        Set it after the first step. Before that, there is no image to keep and a signal stops at once.
    finishing : bool
        Set it while the image is written: signals are then ignored.
    console : rich.console.Console
        Prints the reply to a signal. A progress bar must share it, or the two overwrite each other.
    """

    def __init__(self) -> None:
        self.began = False
        self.finishing = False
        self.console = messages()
        self._seen: set[int] = set()

    def asked(self) -> bool:
        """Return whether a signal has arrived."""
        return bool(self._seen)

    def handle(self, number: int, frame: FrameType | None) -> None:
        """Handle a signal."""
        again, first = number in self._seen, not self._seen
        self._seen.add(number)
        if self.finishing:
            return
        if not self.began:
            raise KeyboardInterrupt("interrupted before the first step; nothing was written")
        if again:
            raise KeyboardInterrupt("interrupted twice; stopped without saving the image")
        if not first:  # a supervisor may send SIGTERM after SIGINT
            return
        with suppress(RuntimeError):  # the signal interrupted another write to the same stream
            self.console.print("stopping after this step; the image so far will be saved")


@contextmanager
def interruptible() -> Iterator[Interrupt]:
    """Route SIGINT and SIGTERM to an Interrupt while the block runs."""
    interrupt = Interrupt()
    before = {number: signal.signal(number, interrupt.handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield interrupt
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
