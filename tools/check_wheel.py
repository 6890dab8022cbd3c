"""Check what the wheel and the source distribution hold, and run the README's commands outside the clone.

    python -m build --outdir dist
    python tools/check_wheel.py dist/*
    python tools/check_wheel.py --program ENVIRONMENT/bin/maskstyle     # where the wheel is installed

Commands that paint are dry runs.
"""

from __future__ import annotations

import argparse
import os
import re
import shlex
import subprocess
import tarfile
import tempfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAINTING = ("basic", "region", "mask", "patch", "doodle", "run", "batch")

IN_WHEEL = (
    "maskstyle/py.typed",
    "maskstyle/networks/vgg19.npz",
    "maskstyle/networks/lite.npz",
    "maskstyle/studio/page/index.html",
    "maskstyle/studio/samples/coffee.jpg",
    "maskstyle/studio/samples/plan.toml",
)
IN_SOURCES = (
    "README.md",
    "LICENSE",
    "docs/conf.py",
    "samples/coffee.jpg",
    "tests/conftest.py",
    "maskstyle/networks/lite.npz",
)


def names_in(archive: Path) -> dict[str, int]:
    """Return the files of a wheel or a source distribution, with their sizes in bytes."""
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as wheel:
            return {each.filename: each.file_size for each in wheel.infolist()}
    with tarfile.open(archive) as sources:
        return {each.name.partition("/")[2]: each.size for each in sources if each.isfile()}


def check(archive: Path) -> None:
    """List what an archive holds by folder, and fail if something is missing or does not belong there."""
    names = names_in(archive)
    wanted = IN_WHEEL if archive.suffix == ".whl" else IN_SOURCES
    missing = [name for name in wanted if name not in names]
    foreign = [name for name in names if re.search(r"__pycache__|\.pyc$|^build/|^dist/|^out/", name)]
    folders: dict[str, int] = {}
    for name, size in names.items():
        folder = "/".join(name.split("/")[:2][: name.count("/")]) or "."
        folders[folder] = folders.get(folder, 0) + size
    print(f"{archive.name}: {len(names)} files, {archive.stat().st_size / 1e6:.1f} MB")
    for folder, size in sorted(folders.items(), key=lambda item: -item[1])[:12]:
        print(f"  {size / 1e6:6.1f} MB  {folder}")
    if missing or foreign:
        raise SystemExit(
            f"{archive.name} lacks {missing or 'nothing'}, and should not hold {foreign or 'anything else'}"
        )


def readme_commands() -> list[list[str]]:
    """Return the commands of the README, those that paint as dry runs; the studio waits for a person."""
    blocks = re.findall(r"^```\n(.*?)^```$", (ROOT / "README.md").read_text(encoding="utf-8"), re.M | re.S)
    lines = [part for block in blocks for line in block.splitlines() for part in line.split(" && ")]
    commands = [shlex.split(line, comments=True)[1:] for line in lines if line.startswith("maskstyle ")]
    return [
        [*each, "--dry-run"] if each[0] in PAINTING and "--dry-run" not in each else each
        for each in commands
        if each[0] not in ("studio", "plan")  # which need a browser, and a picture that was painted
    ]


def run_readme(program: Path) -> None:
    """Run the README's commands with an installed program, in an empty folder outside the clone."""
    variables = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    with tempfile.TemporaryDirectory() as desk:
        for words in readme_commands():
            print(f"+ maskstyle {shlex.join(words)}", flush=True)
            subprocess.run(
                [program.resolve(), *words], cwd=desk, env=variables, check=True, stdout=subprocess.DEVNULL
            )


def main() -> None:
    """Check the archives, and run the commands if a program is given."""
    parser = argparse.ArgumentParser(description="Check archives, and run the README's commands.")
    parser.add_argument("archives", nargs="*", type=Path)
    parser.add_argument("--program", type=Path, help="an installed maskstyle")
    given = parser.parse_args()
    for archive in given.archives:
        check(archive)
    if given.program is not None:
        run_readme(given.program)


if __name__ == "__main__":
    main()
