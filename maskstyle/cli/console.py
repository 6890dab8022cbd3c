"""The terminal: messages, tables, and how Ctrl-C and SIGTERM stop a run."""

from __future__ import annotations

import codecs
import os
import signal
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from io import TextIOWrapper
from pathlib import Path
from types import FrameType
from typing import IO, TYPE_CHECKING, Any, TextIO, cast

if TYPE_CHECKING:
    from rich.console import Console

    from maskstyle.cli.terminal import Table
    from maskstyle.maps.colors import Color

EXIT_INTERRUPTED = 130

SWATCH = "\N{FULL BLOCK}"
"""The character that tables show the color of a region with, twice."""

PIPED_WIDTH = 1000
"""Columns of a table that goes to a file or a pipe: wide enough that no line wraps."""


def prepare_streams() -> None:
    """Let the standard streams take any character, and put the null device in the place of closed ones.

    Without that, the first file that is opened would get the number of a closed stream, and what TensorFlow prints
    would go into that file.
    """
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            with suppress(OSError):
                _reopen(number, name)
    for stream, errors in ((sys.stdout, "replace"), (sys.stderr, "backslashreplace")):
        if isinstance(stream, TextIOWrapper):
            codecs.register_error(f"maskstyle.{errors}", partial(_plain_swatches, errors))
            stream.reconfigure(errors=f"maskstyle.{errors}")


def _plain_swatches(errors: str, error: UnicodeError) -> tuple[str | bytes, int]:
    """Return ## for the swatches of tables that an encoding lacks, and what `errors` makes of other characters."""
    assert isinstance(error, UnicodeEncodeError)
    text = error.object[error.start : error.end]
    swatch = len(text) - len(text.lstrip(SWATCH))
    if swatch:
        return "#" * swatch, error.start + swatch
    error.end = error.start + len(text.partition(SWATCH)[0])
    return codecs.lookup_error(errors)(error)


def swatch(color: Color) -> str:
    """Return a patch of a color for a table, as markup."""
    from maskstyle.maps.colors import format_color

    return f"[{format_color(color)}]{SWATCH * 2}[/]"


def _reopen(number: int, name: str) -> None:
    opened = os.open(os.devnull, os.O_RDONLY if number == 0 else os.O_WRONLY)
    if opened != number:
        os.dup2(opened, number)
        os.close(opened)
    stream = open(number, "r" if number == 0 else "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    setattr(sys, name, stream)


def messages() -> Console:
    """Return a console on standard error, which keeps standard output free for tables.

    A message that cannot be written is dropped: the reader may be gone, or the disk of a log full.
    """
    from maskstyle.cli.terminal import SafeConsole

    return SafeConsole(file=_lasting(sys.stderr, OSError), highlight=False, soft_wrap=True, emoji=False)


def tables() -> Console:
    """Return a console on standard output."""
    from maskstyle.cli.terminal import SafeConsole

    width = None if sys.stdout is not None and sys.stdout.isatty() else PIPED_WIDTH
    return SafeConsole(file=_lasting(sys.stdout, BrokenPipeError), highlight=False, emoji=False, width=width)


def put(text: str) -> None:
    """Write a text on standard output as it is, such as JSON for another program; a file or pipe gets UTF-8."""
    stream = sys.stdout
    if stream is None:
        return
    lasting = _Lasting(stream, BrokenPipeError)
    if stream.isatty() or not hasattr(stream, "buffer"):
        lasting.write(text)
    else:
        with lasting.dropping():
            stream.buffer.write(text.encode("utf-8", "surrogateescape"))
    lasting.flush()


def _lasting(stream: TextIO | None, dropped: type[OSError]) -> IO[str] | None:
    return None if stream is None else cast("IO[str]", _Lasting(stream, dropped))


class _Lasting:
    """A stream that drops what it cannot write: a message must not end the run that it is about.

    After one of the errors `dropped`, everything written to the stream is dropped.
    """

    def __init__(self, stream: TextIO, dropped: type[OSError]) -> None:
        self._stream, self._dropped = stream, dropped

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        """Write a text, or drop it."""
        with self.dropping():
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        """Flush the stream, or drop what it holds."""
        with self.dropping():
            self._stream.flush()

    @contextmanager
    def dropping(self) -> Iterator[None]:
        """Drop what cannot be written inside the block, and everything after it."""
        try:
            yield
        except (self._dropped, UnicodeError):
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


AGAIN = 2.0
"""Seconds after which a signal is a new request. Before that, a wrapper may have forwarded what the terminal sent, or
someone pressed the keys twice."""

PROCESSOR_TIME = getattr(signal, "SIGXCPU", None)
"""The signal of ``ulimit -t``, which comes again every second."""

_NAMES = ("SIGINT", "SIGTERM", "SIGHUP", "SIGXCPU", "SIGUSR1", "SIGUSR2")

SIGNALS = tuple(getattr(signal, name) for name in _NAMES if hasattr(signal, name))
"""The signals that ask a run to stop: SIGHUP comes from a terminal that is closed, the last three from the schedulers
of clusters before they end a job."""


class Interrupt:
    """A request to stop, made by a signal.

    The first signal stops the run after the current step and keeps the image. Another of the same kind ends the
    process at once, unless it comes within `AGAIN` seconds or is that of the processor time.

    Set `began` after the first step: before that, there is no image to keep and a signal stops at once. Set
    `finishing` while the image is written: the first signals are then ignored. A progress bar must share the console
    that prints the reply to a signal, or the two overwrite each other.
    """

    def __init__(self) -> None:
        self.began = False
        self.finishing = False
        self.console = messages()
        self._seen: dict[int, float] = {}

    def asked(self) -> bool:
        """Return whether a signal has arrived."""
        return bool(self._seen)

    def handle(self, number: int, frame: FrameType | None) -> None:
        """Handle a signal."""
        now, is_first = time.monotonic(), not self._seen
        insists = now - self._seen.setdefault(number, now) >= AGAIN and number != PROCESSOR_TIME
        if insists:
            self._end("interrupted twice; stopped without saving the image")
        elif not self.began and not self.finishing:
            raise KeyboardInterrupt("interrupted before the first step; nothing was written")
        elif is_first and not self.finishing:
            self._say("stopping after this step; the image so far will be saved")

    def _end(self, message: str) -> None:
        """End the process from inside the signal: an exception could meet TensorFlow where none may pass."""
        self._say(f"[bold red]error:[/] {message}")
        os._exit(EXIT_INTERRUPTED)

    def _say(self, message: str) -> None:
        with suppress(RuntimeError):  # the signal interrupted another write to the same stream
            self.console.print(message)


@contextmanager
def interruptible() -> Iterator[Interrupt]:
    """Route the signals that ask to stop to an Interrupt while the block runs; those that are ignored stay so."""
    interrupt = Interrupt()
    before = {}
    if threading.current_thread() is threading.main_thread():
        heeded = [number for number in SIGNALS if signal.getsignal(number) not in (signal.SIG_IGN, None)]
        before = {number: signal.signal(number, interrupt.handle) for number in heeded}
    try:
        yield interrupt
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
