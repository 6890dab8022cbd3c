"""Imports point one way, TensorFlow starts where it should, and the public names are there."""

from __future__ import annotations

import ast
import importlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

import maskstyle

PACKAGE = Path(maskstyle.__file__).parent

# From the ground up; a module imports from lines above its own alone. A line that ends in ".*" is a package whose
# modules may import one another, all others on a line may not.
LAYERS = """
errors free_memory tensorflow_import
settings image_files identity
recipes image_decoding
images
schedule
companions step_records
checkpoint_file
checkpoints
mask_making mask_combining mask_preview edge_aware color_modes
blending
denoise sheet masks map_colors guidance guidance.gradients guidance.regions networks networks.architectures
semantic_map map_pixels pyramid
map_dither map_palette map_soft map_likeness
map_matching
map_snapping
map_parsing
maps
guidance.pairs guidance.soft_regions mask_feathering
guidance.colors guidance.patches guidance.planned
guidance.matching guidance.pair_styles guidance.settling
guidance.planned_styles guidance.planned_cover tiling tiling.cuts
networks.weights gram tiling.members tiling.slopes
patch_grams tiling.grams
networks.vgg
networks.load tiling.forward
tiling.stored
drafting drafting.superpixels drafting.features drafting.borders drafting.palette
drafting.cuts drafting.likeness drafting.network_features
drafting.scribbles
losses
patch_losses
tiling.patches
tiling.objective
guides objective
soft_guides
patch_guides planned_guides
optimize
synthesis
result
techniques techniques.plan
estimate map_check map_draft
memory_limit map_preview
techniques.setup evaluation evaluation.plan evaluation.untouched evaluation.distances
evaluation.result evaluation.measure
techniques.basic techniques.doodle techniques.gradient_mask techniques.patch techniques.planned
techniques.region evaluation.regions evaluation.heatmap
plans.*
cli.*
__main__
"""
ORDER = [line.split() for line in LAYERS.split("\n") if line]
TENSORFLOW_STARTS_AT = {"gram", "networks.vgg", "tiling.slopes"}
BELOW_YET_IN_NEED = {"networks.weights", "tensorflow_import"}  # inside functions


def modules():
    names = (path.relative_to(PACKAGE).with_suffix("").as_posix().replace("/", ".") for path in PACKAGE.rglob("*.py"))
    return sorted({name.removesuffix(".__init__") for name in names} - {"__init__"})


def rank(module):
    for number, line in enumerate(ORDER):
        if module in line or f"{module.partition('.')[0]}.*" in line:
            return number
    raise AssertionError(f"maskstyle/{module.replace('.', '/')}.py has no place in LAYERS; give it one")


def imports(module):
    """Return what a module imports, `maskstyle.x` as x and others by their root, and whether at the top level."""
    path = PACKAGE / (module.replace(".", "/") + ".py")
    tree = ast.parse((path if path.exists() else path.with_suffix("") / "__init__.py").read_text(encoding="utf-8"))
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}: relative imports hide the order"
            inside = [f"{node.module}.{alias.name}" for alias in node.names]
            names = [each if each.removeprefix("maskstyle.") in modules() else node.module for each in inside]
        else:
            continue
        for name in names:
            root, _, rest = name.partition(".")
            found.add((rest if root == "maskstyle" else root, node in tree.body))
    return found


def imported_modules(module):
    return {name for name, _ in imports(module)} & set(modules())


@pytest.mark.parametrize("module", modules())
def test_imports_point_one_way(module):
    allowed_within = any(f"{module.partition('.')[0]}.*" in line for line in ORDER)
    for imported in imported_modules(module):
        same_package = allowed_within and rank(imported) == rank(module)
        assert rank(imported) < rank(module) or same_package, f"{module} imports {imported}"


def test_the_order_names_only_what_there_is():
    named = {name for line in ORDER for name in line if not name.endswith(".*")}
    assert named <= set(modules())


def test_techniques_never_import_one_another():
    shared = {"techniques", "techniques.plan", "techniques.setup"}
    techniques = {module for module in modules() if module.startswith("techniques.")} - shared
    assert techniques
    for module in techniques:
        assert not imported_modules(module) & (techniques - {module})


@pytest.mark.parametrize("module", modules())
def test_tensorflow_starts_at_gram_and_networks(module):
    start = min(rank(each) for each in TENSORFLOW_STARTS_AT)
    heavy = {(name, top) for name, top in imports(module) if name in ("tensorflow", "keras")}
    if rank(module) < start or module in BELOW_YET_IN_NEED:
        assert not any(top for _, top in heavy)
    if rank(module) < start and module not in BELOW_YET_IN_NEED:
        assert not heavy


def loaded_by(statement):
    """Return the names of the modules that a fresh interpreter has loaded after a statement."""
    program = f"{statement}\nimport sys\nprint('\\n'.join(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=PACKAGE.parent
    )
    return set(done.stdout.split())


def test_importing_the_package_loads_nothing_heavy():
    loaded = loaded_by("import maskstyle; assert 'transfer_basic' in dir(maskstyle)")
    assert "maskstyle" in loaded
    assert not loaded & {"tensorflow", "keras", "numpy", "scipy", "PIL", "skimage", "h5py"}


def test_what_comes_before_the_long_work_does_not_load_tensorflow():
    loaded = loaded_by(
        "import maskstyle, maskstyle.cli.app, maskstyle.techniques.plan\n"
        "maskstyle.Settings, maskstyle.RECIPES, maskstyle.load_image, maskstyle.choose_network"
    )
    assert {"maskstyle.networks.load", "maskstyle.images"} <= loaded
    assert not loaded & {"tensorflow", "keras"}


def test_public_names():
    assert sorted(maskstyle.__all__) == sorted(maskstyle._HOMES)
    assert set(dir(maskstyle)) == {*maskstyle.__all__, "__version__"}
    for name in maskstyle.__all__:
        value = getattr(maskstyle, name)
        assert value is getattr(importlib.import_module(f"maskstyle.{maskstyle._HOMES[name]}"), name)
        if callable(value):
            assert value.__doc__
    with pytest.raises(AttributeError, match="no attribute 'transfer_nothing'"):
        maskstyle.transfer_nothing  # noqa: B018


def test_public_names_are_those_that_type_checkers_see():
    tree = ast.parse((PACKAGE / "__init__.py").read_text(encoding="utf-8"))
    seen = {
        alias.name: node.module.removeprefix("maskstyle.")
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module.startswith("maskstyle.")
        for alias in node.names
    }
    assert seen == maskstyle._HOMES


def test_tensorflow_starts_quietly_unless_a_level_is_set():
    silencers = ("TF_CPP_MIN_LOG_LEVEL", "KERAS_BACKEND", "TF_ENABLE_ONEDNN_OPTS")
    environment = {name: value for name, value in os.environ.items() if name not in silencers}
    program = "import maskstyle, os; maskstyle.transfer_basic; print(os.environ['TF_CPP_MIN_LOG_LEVEL'])"
    for level, expected in (({}, "3"), ({"TF_CPP_MIN_LOG_LEVEL": "1"}, "1")):
        done = subprocess.run(
            [sys.executable, "-c", program],
            capture_output=True,
            text=True,
            check=True,
            cwd=PACKAGE.parent,
            env={**environment, **level},
        )
        assert done.stdout.strip() == expected
        if not level:
            assert done.stderr == ""
