"""Old home of the exit codes."""

from maskstyle.cli.app import EXIT_INTERRUPTED as EXIT_INTERRUPTED
