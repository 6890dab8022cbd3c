"""Run the command line: ``python -m maskstyle``."""

import os
import sys


def main() -> None:
    """Run the command line, which Ctrl-C may meet before it is loaded."""
    try:
        from maskstyle.cli.app import main as run

        run()
    except KeyboardInterrupt:
        print("error: interrupted", file=sys.stderr, flush=True)
        os._exit(130)  # Python would end by the signal after an import that it interrupted


if __name__ == "__main__":
    main()
