"""Ctrl-C and SIGTERM: finish the step at hand and keep its picture; the same once more stops at once."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType

from maskstyle.cli.console import messages


class Interrupt:
    """Remembers that the person asked to stop.

    Attributes
    ----------
    began : bool
        Set once there is a picture worth keeping; before that a signal stops at once.
    finishing : bool
        Set while the picture is being written, which no signal breaks off.
    console : rich.console.Console
        Where the answer to a signal is printed; a progress bar must share it, to make room.
    """

    def __init__(self) -> None:
        self.began = False
        self.finishing = False
        self.console = messages()
        self._seen: set[int] = set()

    def asked(self) -> bool:
        """Say whether to stop."""
        return bool(self._seen)

    def handle(self, number: int, frame: FrameType | None) -> None:
        """Take a signal."""
        again, first = number in self._seen, not self._seen
        self._seen.add(number)
        if self.finishing:
            return
        if not self.began:
            raise KeyboardInterrupt("interrupted before the first step; nothing was written")
        if again:
            raise KeyboardInterrupt("interrupted twice; stopped at once, without waiting for the picture")
        if not first:  # as where a supervisor sends SIGTERM after SIGINT
            return
        with suppress(RuntimeError):  # where the signal came amid another write to the same stream
            self.console.print("stopping after this step; the picture so far will be written")


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
