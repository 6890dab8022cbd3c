"""A technique needs one file and one line: a sixth one, added to a copy of the package, has all that others have."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from PIL import Image

import maskstyle

LISTING = "LISTED = (\n"
LINE = '    Technique("bands", "Apply the style where the content image is bright.", "BandsInputs"),\n'

QUICK = [
    *("--network", "lite", "--optimizer", "adam", "--scales", "1", "--steps", "2"),
    *("--content-layers", "block1_conv2", "--style-layers", "block1_conv1"),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Return a folder with a copy of the package that has one more technique, and two pictures."""
    folder = tmp_path_factory.mktemp("new_technique")
    package = folder / "maskstyle"
    shutil.copytree(Path(maskstyle.__file__).parent, package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(Path(__file__).with_name("bands.py"), package / "techniques" / "bands.py")
    registry = package / "techniques" / "registry.py"
    text = registry.read_text(encoding="utf-8")
    assert text.count(LISTING) == 1
    registry.write_text(text.replace(LISTING, LISTING + LINE), encoding="utf-8")
    rows, columns = np.mgrid[:24, :96]
    for name, channels in (("content", (columns * 2, rows * 10, rows)), ("style", (rows * 9, columns * 7, rows * 5))):
        Image.fromarray(np.stack(channels, axis=-1).astype(np.uint8)).save(folder / f"{name}.png")
    return folder


STARTED = """
import json
from pathlib import Path
import maskstyle
from maskstyle.cli.app import app
from typer.testing import CliRunner

assert Path(maskstyle.__file__).is_relative_to(Path.cwd())

def run(*arguments):
    result = CliRunner().invoke(app, arguments, prog_name="maskstyle")
    assert result.exit_code == 0, (arguments, result.stdout, result.stderr, result.exception)
    return result
"""


def python(folder, program):
    """Return what a program printed that finds the copy first."""
    environment = {**os.environ, "PYTHONPATH": str(folder), "COLUMNS": "200", "TF_CPP_MIN_LOG_LEVEL": "3"}
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, cwd=folder, env=environment, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def pixels(path):
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"))


PAINTING = """
listed = run("--help").stdout + run("bands", "--help").stdout

import tensorflow
tensorflow.config.run_functions_eagerly(True)  # compiling would take longer than a few steps

base = ["bands", "content.png", "style.png", "--threshold", "0.4", *QUICK]
run(*base, "-o", "out.png", "--json", "out.json")
run("plan", "from", "out.png", "-o", "again.toml")
run("run", "again.toml", "-o", "again.png")
table = run("run", "plan.toml", "--dry-run").stdout
run("run", "plan.toml")
run(*base, "--tile-size", "64", "-o", "tiles.png")
forecast = run(*base, "--dry-run", "-o", "nothing.png").stdout

from maskstyle import Checkpoints, Run, Settings, load_image, save_image
from maskstyle.techniques.bands import BandsInputs
from maskstyle.techniques.inputs import transfer_function

transfer = transfer_function(BandsInputs)
content, style = (load_image(f"{name}.png").pixels for name in ("content", "style"))
layers = {"content_layers": (("block1_conv2", 1.0),), "style_layers": (("block1_conv1", 1.0),)}
settings = Settings(network="lite", optimizer="adam", scales=1, steps=2, **layers)
save_image("by_function.png", transfer(content, style, threshold=0.4, settings=settings).image)

interrupted = Run(should_stop=lambda: True, checkpoints=Checkpoints("resumed.png.checkpoint"))
transfer(content, style, threshold=0.4, settings=settings, run=interrupted)
resumed = run(*base, "--resume", "-o", "resumed.png").stderr
print(json.dumps({"listed": listed, "table": table, "forecast": forecast, "resumed": resumed}))
"""

PLAN = """
technique = "bands"
content = "content.png"
threshold = 0.4
output = "by_plan.png"
styles.flowers.image = "style.png"
[settings]
network = "lite"
optimizer = "adam"
scales = 1
steps = 2
content_layers = { block1_conv2 = 1.0 }
style_layers = { block1_conv1 = 1.0 }
"""


@pytest.fixture(scope="module")
def painted(folder):
    """Paint with the new technique in every way, in one process that loads TensorFlow; return what was printed."""
    (folder / "plan.toml").write_text(PLAN, encoding="utf-8")
    return json.loads(python(folder, f"{STARTED}\nQUICK = {QUICK}\n{PAINTING}").splitlines()[-1])


def test_it_has_a_command_with_options_of_its_own(painted):
    listed = painted["listed"]
    assert "Apply the style where the content image is bright." in listed
    assert "--threshold" in listed
    assert "Luminance above which pixels are painted.  (default: 0.5)" in listed


def test_the_command_paints_bright_pixels_alone(folder, painted):
    before, after = pixels(folder / "content.png"), pixels(folder / "out.png")
    bright = before / 255 @ [0.2126, 0.7152, 0.0722] > 0.4
    assert_array_equal(after[~bright], before[~bright])
    assert (after[bright] != before[bright]).any()


def test_the_record_and_the_metadata_have_its_inputs(folder, painted):
    record = json.loads((folder / "out.json").read_text(encoding="utf-8"))
    assert record["command"] == "bands"
    assert record["inputs"]["plan"]["threshold"] == 0.4
    assert maskstyle.read_metadata(folder / "out.png")["inputs"] == record["inputs"]


@pytest.mark.parametrize("name", ["again", "by_plan", "by_function"])
def test_plans_and_the_function_paint_the_same_picture(folder, painted, name):
    assert_array_equal(pixels(folder / f"{name}.png"), pixels(folder / "out.png"))


def test_it_resumes(folder, painted):
    assert "resuming from resumed.png.checkpoint: 96x24, after step 1" in painted["resumed"]
    assert_array_equal(pixels(folder / "resumed.png"), pixels(folder / "out.png"))
    assert not (folder / "resumed.png.checkpoint").exists()


def test_it_works_in_tiles(folder, painted):
    difference = pixels(folder / "tiles.png").astype(int) - pixels(folder / "out.png")
    assert np.abs(difference).max() <= 2


def test_dry_runs_describe_it(folder, painted):
    assert "the bright band" in painted["table"]
    assert "96x24" in painted["forecast"]
    assert not (folder / "nothing.png").exists()
