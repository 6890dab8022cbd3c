"""Run the command line: ``python -m maskstyle``."""

import sys


def main() -> None:
    """Run the command line, which Ctrl-C may meet before it is loaded."""
    try:
        from maskstyle.cli.app import main as run

        run()
    except KeyboardInterrupt:
        print("error: interrupted", file=sys.stderr)
        sys.exit(130)


if __name__ == "__main__":
    main()
