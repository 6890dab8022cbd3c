"""Run the command line: ``python -m maskstyle``."""

from maskstyle.cli.app import main

if __name__ == "__main__":
    main()
