"""Mutated files of weights: they are read, or refused with one error that names the file."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import h5py
import numpy as np
import pytest
from fuzz.mutations import Whole, changed_bytes, shapes, types
from fuzz.watching import read_safely
from hypothesis import given
from hypothesis import strategies as st
from reference import TINY19, he_weights

from maskstyle.networks.weights import layer_names, read_weights

LAYERS = ("block1_conv1", "block1_conv2")
WEIGHTS = he_weights(TINY19, LAYERS)
PARTS = ("kernel", "bias", "scale", "metric", "content_gain", "other")


def whole_npz():
    file = io.BytesIO()
    arrays = {f"{name}/{part}": getattr(WEIGHTS[name], part) for name in LAYERS for part in ("kernel", "bias")}
    np.savez_compressed(file, **arrays)
    return Whole(file.getvalue())


def whole_h5():
    file = io.BytesIO()
    with h5py.File(file, "w") as held:
        for name in LAYERS:
            for part in ("kernel", "bias"):
                held[f"{name}/{part}"] = getattr(WEIGHTS[name], part)
    return Whole(file.getvalue())


NPZ, H5 = whole_npz(), whole_h5()


@st.composite
def written_npz(draw):
    """Return an archive with arrays whose headers say anything."""
    file = io.BytesIO(NPZ)
    file.seek(0, io.SEEK_END)
    with zipfile.ZipFile(file, "a", draw(st.sampled_from([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED]))) as archive:
        for _ in range(draw(st.integers(1, 3))):
            header = (
                f"{{'descr': '{draw(types)}', 'fortran_order': {draw(st.booleans())}, 'shape': {draw(shapes)}, }}"
            )
            text = draw(st.sampled_from([header, header[: len(header) // 2], f"{header}(", "'''", "", "\\" * 99]))
            version = draw(st.sampled_from([b"\x01\x00", b"\x02\x00", b"\x09\x09"]))
            start = b"\x93NUMPY" + version + len(text).to_bytes(2, "little") + text.encode()
            name = f"{draw(st.sampled_from(LAYERS))}/{draw(st.sampled_from(PARTS))}.npy"
            archive.writestr(name, start + draw(st.sampled_from([b"", bytes(16), bytes(432), bytes(10**6)])))
    return file.getvalue()


@st.composite
def written_h5(draw):
    """Return an HDF5 file with data sets of any shape and type."""
    file = io.BytesIO()
    with h5py.File(file, "w") as held:
        for name in LAYERS:
            for part in draw(st.sampled_from([("kernel", "bias"), ("kernel",), ("kernel", "bias", "more")])):
                shape = draw(shapes.filter(lambda shape: all(0 <= side < 2**40 for side in shape)))
                dtype = draw(st.sampled_from(["<f4", "<f2", ">f8", "|i1", "<c8", "S4", h5py.string_dtype()]))
                chunks = None if 0 in shape or not shape else tuple(min(side, 4) for side in shape)
                held.create_dataset(f"{name}/{part}", shape, dtype, chunks=chunks)
    return file.getvalue()


def check(path, content):
    """Check that weights are read, or refused with one error that names the file."""
    path.write_bytes(content)
    with read_safely() as reading:
        layer_names(path)
    with read_safely() as reading:
        read = read_weights(path, TINY19, LAYERS)
        assert all(np.isfinite(weights.kernel).all() for weights in read.values())
    if reading.failed:
        assert reading.error.startswith(str(path))
        assert "\n" not in reading.error


def test_the_files_that_are_mutated_are_right(desk):
    for name, content in (("a.npz", NPZ), ("a.h5", H5)):
        Path(name).write_bytes(content)
        assert len(read_weights(Path(name), TINY19, LAYERS)) == 2


@pytest.mark.filterwarnings("ignore:Duplicate name")
@given(changed_bytes(NPZ) | written_npz())
def test_a_mutated_npz_is_read_or_refused(content):
    check(Path("a.npz"), content)


@given(changed_bytes(H5) | written_h5())
def test_a_mutated_h5_is_read_or_refused(content):
    check(Path("a.h5"), content)
