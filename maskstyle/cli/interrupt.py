"""Old home of the interrupt handler."""

from maskstyle.cli.console import Interrupt as Interrupt
from maskstyle.cli.console import interruptible as interruptible
