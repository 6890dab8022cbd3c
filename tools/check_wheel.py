"""Check what the wheel and the source distribution hold, install each, and run the README's commands elsewhere.

    python -m build --outdir dist
    python tools/check_wheel.py dist/*

The wheel is installed with the lowest Python that `pyproject.toml` names, and the source distribution with the
newest, each in an empty environment; where this machine lacks one, it is named, and the Python that runs this takes
its place, so that no archive passes without a test. The first command paints a small picture, and the others that
paint are dry runs.
"""

from __future__ import annotations

import argparse
import os
import re
import shlex
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
import tomllib
import zipfile
from collections.abc import Iterator
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


def versions() -> list[str]:
    """Return the versions of Python that `pyproject.toml` names, from the lowest to the newest."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    named = [each.rpartition(" ")[2] for each in project["classifiers"] if re.search(r":: 3\.\d+$", each)]
    return sorted(named, key=lambda version: int(version.partition(".")[2]))


def interpreter(version: str) -> str | None:
    """Return the path of a Python of a version on this machine, if there is one."""
    places = [shutil.which(f"python{version}"), shutil.which("python3")]
    places += map(str, Path.home().glob(f".pyenv/versions/{version}.*/bin/python"))
    if shutil.which("uv"):
        found = subprocess.run(["uv", "python", "find", version], capture_output=True, text=True, check=False)
        places.append(found.stdout.strip())
    return next((place for place in places if place and _is_python(place, version)), None)


def _is_python(program: str, version: str) -> bool:
    told = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)
    return told.stdout.startswith(f"Python {version}.")


def readme_commands() -> Iterator[list[str]]:
    """Yield the commands of the README that need no person, the first at a small size and the others as dry runs."""
    blocks = re.findall(r"^```\n(.*?)^```$", (ROOT / "README.md").read_text(encoding="utf-8"), re.M | re.S)
    lines = [part for block in blocks for line in block.splitlines() for part in line.split(" && ")]
    small = ["--size", "64", "--steps", "2"]
    for words in (shlex.split(line, comments=True)[1:] for line in lines if line.startswith("maskstyle ")):
        if words[0] in PAINTING and "--dry-run" not in words:
            yield [*words, *small]
            small = ["--dry-run"]
        elif words[0] not in ("studio", "plan"):  # which need a browser, and a picture that was painted
            yield words


def run_readme(program: Path) -> None:
    """Run the README's commands with an installed program, in an empty folder outside the clone."""
    variables = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    with tempfile.TemporaryDirectory() as desk:
        for words in readme_commands():
            print(f"+ maskstyle {shlex.join(words)}", flush=True)
            subprocess.run([program, *words], cwd=desk, env=variables, check=True, stdout=subprocess.DEVNULL)


def python_for(version: str) -> tuple[str, str]:
    """Return the path and the version of a Python of a version, or of the one that runs this in its place."""
    program = interpreter(version)
    if program is not None:
        return program, version
    own = "{}.{}".format(*sys.version_info)
    print(f"NOT TESTED: Python {version}, which this machine does not have; Python {own} takes its place", flush=True)
    return sys.executable, own


def install_and_run(archive: Path, version: str) -> None:
    """Install an archive into an empty environment of a version of Python, and run the README's commands there."""
    start = time.perf_counter()
    program, version = python_for(version)
    with tempfile.TemporaryDirectory() as folder:
        scripts = Path(folder, "Scripts" if os.name == "nt" else "bin")
        subprocess.run([program, "-m", "venv", folder], check=True)
        pip = [str(scripts / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, str(archive.resolve())], cwd=folder, check=True)
        run_readme(scripts / "maskstyle")
    print(f"{archive.name} with Python {version}: {time.perf_counter() - start:.0f} s", flush=True)


def main() -> None:
    """Check the archives, install them, and run the commands."""
    parser = argparse.ArgumentParser(description="Check archives, install them, and run the README's commands.")
    parser.add_argument("archives", nargs="+", type=Path)
    archives = parser.parse_args().archives
    for archive in archives:
        check(archive)
    lowest, *_, newest = versions()
    for archive in archives:
        install_and_run(archive, lowest if archive.suffix == ".whl" else newest)


if __name__ == "__main__":
    main()
