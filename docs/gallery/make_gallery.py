"""Make the pictures of the gallery: run the commands of gallery.toml, and record what each took.

    python docs/gallery/make_gallery.py            # what is missing or has changed; stop and repeat at will
    python docs/gallery/make_gallery.py coast      # only these, again

The site is built from results.json, so that every picture stands beside the command that made it.
"""

from __future__ import annotations

import contextlib
import json
import resource
import shlex
import subprocess
import sys
import tempfile
import tomllib
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from PIL import Image
from typer.testing import CliRunner

import maskstyle
from maskstyle.cli.app import app
from maskstyle.networks.tensorflow_import import import_tensorflow

FOLDER = Path(__file__).parent
SAMPLES = FOLDER.parents[1] / "samples"
RESULTS = FOLDER / "results.json"
MOST_BYTES = 300_000
THUMBNAIL = (320, 240)


class Picture(NamedTuple):
    """A picture of the gallery, as gallery.toml lists it."""

    name: str
    technique: str
    title: str
    commands: list[str]
    files: dict[str, str]


def listed() -> list[Picture]:
    """Return the pictures of gallery.toml."""
    text = (FOLDER / "gallery.toml").read_text(encoding="utf-8")
    return [Picture(**{"files": {}, **entry}) for entry in tomllib.loads(text)["picture"]]


def read_results() -> dict[str, dict[str, Any]]:
    """Return what has been recorded, by the names of the pictures."""
    found: dict[str, dict[str, Any]] = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
    return found


def processor_seconds() -> float:
    """Return the processor seconds of this process so far, and of those that it started."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


@cache
def start() -> float:
    """Load what a command loads, and return the processor seconds that this took: every command's share of them."""
    import_tensorflow()
    return processor_seconds()


def run(command: str) -> float:
    """Run a command in the working folder; return the processor seconds that it takes from its start to its end."""
    program, *arguments = shlex.split(command)
    if program != "maskstyle":
        subprocess.run([sys.executable, *arguments], check=True)
        return 0.0
    loading, before = start(), processor_seconds()
    done = CliRunner().invoke(app, arguments, prog_name="maskstyle")
    if done.exit_code:
        raise SystemExit(f"{command}\n{done.stderr or done.exception!r}")
    return loading + processor_seconds() - before


def save_light(picture: Image.Image, path: Path) -> None:
    """Write a WebP of the best quality that is light enough."""
    for quality in range(88, 40, -6):
        picture.save(path, quality=quality, method=6)
        if path.stat().st_size <= MOST_BYTES:
            return
    raise SystemExit(f"{path.name} has more than {MOST_BYTES} bytes; paint it smaller")


def make(entry: Picture) -> dict[str, Any]:
    """Run the commands of a picture, write it and its thumbnail, and return its record."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "samples").symlink_to(SAMPLES)
        for file, text in entry.files.items():
            (folder / file).write_text(text.lstrip(), encoding="utf-8")
        with contextlib.chdir(folder):
            seconds = max(run(command) for command in entry.commands)  # that which paints; the others take little
        result = folder / f"{entry.name}.png"
        metadata = maskstyle.read_metadata(result) or {}
        picture = Image.open(result).convert("RGB")
    save_light(picture, FOLDER / f"{entry.name}.webp")
    size = picture.size
    picture.thumbnail(THUMBNAIL)
    picture.save(FOLDER / "thumbnails" / f"{entry.name}.webp", quality=75, method=6)
    recorded = {key: metadata[key] for key in ("version", "network", "compute_type")}
    return {**entry._asdict(), **recorded, "size": size, "cpu_seconds": round(seconds, 1)}


def main(names: list[str]) -> None:
    """Make the pictures that are named, or else all that are missing or have changed, those with lite first."""
    (FOLDER / "thumbnails").mkdir(exist_ok=True)
    for entry in sorted(listed(), key=lambda entry: "lite" not in str(entry)):
        done = read_results().get(entry.name, {}).get("commands") == entry.commands
        if entry.name not in names if names else done:
            continue
        made = make(entry)
        order = [each.name for each in listed()]
        results = {name: each for name, each in {**read_results(), entry.name: made}.items() if name in order}
        ordered = dict(sorted(results.items(), key=lambda item: order.index(item[0])))
        RESULTS.write_text(json.dumps(ordered, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
