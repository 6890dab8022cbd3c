"""Mutated checkpoints: the run resumes, or they are refused with one error that names the file."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
from fuzz.mutations import Whole, changed_bytes, changed_tree, json_only, plain, shapes, types
from fuzz.watching import read_safely
from hypothesis import given
from hypothesis import strategies as st
from small_scenes import CONTENT, LAYERS, SETTINGS, STYLE

from maskstyle import Checkpoints, Run, transfer_basic
from maskstyle.synthesis.checkpoint_file import read_checkpoint

PATH = Path("out.png.checkpoint")


@pytest.fixture(scope="module")
def resume(tiny_network):
    """Return a function that begins a run of two sizes with Adam, or resumes it from the checkpoint."""
    import tensorflow as tf

    network = tiny_network(LAYERS)
    settings = SETTINGS.changed(scales=2, steps=2, optimizer="adam")

    def resume(**options):
        run = Run(network, checkpoints=Checkpoints(PATH, every=options.pop("every", 1e9), **options))
        return transfer_basic(CONTENT, STYLE, settings=settings, run=run)

    tf.config.run_functions_eagerly(True)
    yield resume
    tf.config.run_functions_eagerly(False)


@pytest.fixture(scope="module")
def content(resume, desk):
    """Return the content of a checkpoint at the second size."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(desk)
        resume(every=1e-9)
        return Whole(PATH.read_bytes())


def members(content):
    """Return the members of a checkpoint by name."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@st.composite
def changed_members(draw, content):
    """Return a checkpoint with another header, or with arrays whose own headers say anything."""
    held = members(content)
    header = json.loads(held["header.json"])
    if draw(st.booleans()):
        held["header.json"] = json.dumps(draw(changed_tree(header, plain | json_only))).encode()
    else:
        name = draw(st.sampled_from([name for name in held if name != "header.json"]))
        text = f"{{'descr': '{draw(types)}', 'fortran_order': {draw(st.booleans())}, 'shape': {draw(shapes)}, }}"
        start = b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode()
        held[name] = start + draw(st.sampled_from([b"", bytes(2304), bytes(10**6)]))
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", draw(st.sampled_from([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED]))) as archive:
        for name, data in held.items():
            archive.writestr(name, data)
    return file.getvalue()


def test_the_checkpoint_that_is_mutated_is_right(content, resume):
    PATH.write_bytes(content)
    assert read_checkpoint(PATH).progress.scale == 2
    assert len(resume(resume=True).scales) == 2


@given(st.data())
def test_a_run_resumes_from_a_mutated_checkpoint_or_refuses_it(content, resume, data):
    PATH.write_bytes(data.draw(changed_bytes(content) | changed_members(content)))
    with read_safely() as reading:
        read_checkpoint(PATH)
    if reading.failed:
        assert str(PATH) in reading.error
        assert "\n" not in reading.error
        return
    with read_safely():
        assert np.isfinite(resume(resume=True).image).all()
