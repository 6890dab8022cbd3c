"""Weights: the search for files, their formats, and the message for each kind of damage."""

from __future__ import annotations

import os
import re
import struct
import zipfile
from pathlib import Path

import h5py
import numpy as np
import pytest
from numpy.testing import assert_array_equal
from reference import TINY16, TINY19, he_weights, with_metrics, write_npz

from maskstyle.errors import WeightsError
from maskstyle.networks.architectures import LITE, VGG16, VGG19, Architecture
from maskstyle.networks.search import FoundWeights, candidate_files, fetch_weights, find_weights, search_folders
from maskstyle.networks.weights import EMBEDDED_FILES, layer_names, missing_layers, read_weights

LAYERS = ("block1_conv1", "block1_conv2", "block2_conv1")
WEIGHTS = he_weights(TINY19, LAYERS)


@pytest.fixture
def named(tmp_path, monkeypatch):
    """Return the folder that MASKSTYLE_WEIGHTS_DIR names."""
    folder = tmp_path / "named"
    folder.mkdir()
    monkeypatch.setenv("MASKSTYLE_WEIGHTS_DIR", str(folder))
    return folder


@pytest.fixture
def keras_cache(tmp_path, monkeypatch):
    """Return Keras' models folder."""
    folder = tmp_path / "keras" / "models"
    folder.mkdir(parents=True)
    monkeypatch.setenv("KERAS_HOME", str(folder.parent))
    return folder


def touch(folder, *names):
    for name in names:
        (folder / name).touch()
    return [folder / name for name in names]


def write_old_h5(path, weights):
    """Write the layout of Keras 1 and 2's weights files: datasets in a group for each layer."""
    with h5py.File(path, "w") as file:
        for layer, (kernel, bias, *_) in weights.items():
            group = file.create_group(layer)
            group[f"{layer}_W_1:0"] = kernel
            group[f"{layer}_b_1:0"] = bias
        file.create_group("block1_pool")
    return path


def write_new_h5(path, weights):
    """Write the layout of whole models: a group for each layer's variables inside its group."""
    with h5py.File(path, "w") as file:
        for layer, (kernel, bias, *_) in weights.items():
            file[f"model_weights/{layer}/{layer}/kernel:0"] = kernel
            file[f"model_weights/{layer}/{layer}/bias:0"] = bias
        file["model_weights/fc1/fc1/kernel:0"] = np.zeros((4, 4), np.float32)
        file["optimizer_weights/learning_rate"] = 0.1
    return path


WRITERS = {"vgg19.npz": write_npz, "vgg19_old.h5": write_old_h5, "vgg19_new.h5": write_new_h5}


def assert_same(read, expected):
    assert list(read) == list(expected)
    for layer in expected:
        assert read[layer].content_gain == expected[layer].content_gain
        for got, wanted in zip(read[layer][:3], expected[layer][:3], strict=True):
            if wanted is None:
                assert got is None
                continue
            assert got.dtype == np.float32
            assert_array_equal(got, wanted)


@pytest.mark.parametrize("name", WRITERS)
def test_every_format_is_read(tmp_path, name):
    path = WRITERS[name](tmp_path / name, WEIGHTS)
    assert layer_names(path) == sorted(LAYERS)
    assert_same(read_weights(path, TINY19, LAYERS), WEIGHTS)


@pytest.mark.parametrize("name", WRITERS)
def test_layers_below_are_read_and_layers_above_are_not(tmp_path, name):
    weights = WEIGHTS | {"block2_conv1": WEIGHTS["block2_conv1"]._replace(bias=np.full(6, np.nan, np.float32))}
    path = WRITERS[name](tmp_path / name, weights)
    read = read_weights(path, TINY19, ["block1_conv2"])
    assert_same(read, {layer: WEIGHTS[layer] for layer in LAYERS[:2]})


def test_doubles_are_read_as_float32(tmp_path):
    weights = with_metrics(WEIGHTS, lambda rng, channels: rng.normal(size=(3, channels)))
    doubles = {
        layer: type(parts)(*(array.astype(np.float64) for array in parts[:3])) for layer, parts in weights.items()
    }
    assert_same(read_weights(write_npz(tmp_path / "a.npz", doubles), TINY19, LAYERS), weights)


def test_metrics_are_read_where_there_are_some(tmp_path):
    metrics = with_metrics(WEIGHTS, lambda rng, channels: rng.normal(size=(channels + 2, channels)))
    weights = metrics | {"block1_conv2": WEIGHTS["block1_conv2"]}
    path = write_npz(tmp_path / "a.npz", weights)
    assert layer_names(path) == sorted(LAYERS)
    assert_same(read_weights(path, TINY19, LAYERS), weights)


@pytest.mark.parametrize(
    ("shape", "needed"),
    [((4, 5), "(4, 4)"), ((3, 8), "(3, 4)"), ((4,), "(4, 4)"), ((), "(1, 4)"), ((4, 4, 1), "(4, 4)")],
)
def test_a_metric_of_a_wrong_shape(tmp_path, shape, needed):
    weights = WEIGHTS | {"block1_conv2": WEIGHTS["block1_conv2"]._replace(metric=np.ones(shape, np.float32))}
    path = write_npz(tmp_path / "a.npz", weights)
    with pytest.raises(WeightsError) as caught:
        read_weights(path, TINY19, LAYERS)
    assert f"{path}: the metric of block1_conv2 has shape {shape}, but tiny19 needs {needed}" in str(caught.value)


def test_content_gains_are_read_where_there_are_some(tmp_path):
    weights = WEIGHTS | {"block1_conv2": WEIGHTS["block1_conv2"]._replace(content_gain=1.25)}
    read = read_weights(write_npz(tmp_path / "a.npz", weights), TINY19, LAYERS)
    assert [read[layer].content_gain for layer in LAYERS[:3]] == [1.0, 1.25, 1.0]


@pytest.mark.parametrize("value", [0.0, -1.0, np.nan, np.inf])
def test_a_bad_content_gain(tmp_path, value):
    weights = WEIGHTS | {"block1_conv2": WEIGHTS["block1_conv2"]._replace(content_gain=value)}
    path = write_npz(tmp_path / "a.npz", weights)
    with pytest.raises(WeightsError, match="the content_gain of block1_conv2 has values that are not finite or not"):
        read_weights(path, TINY19, LAYERS)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_metric_that_is_not_finite(tmp_path, value):
    metric = np.eye(4, dtype=np.float32)
    metric[1, 2] = value
    weights = WEIGHTS | {"block1_conv2": WEIGHTS["block1_conv2"]._replace(metric=metric)}
    path = write_npz(tmp_path / "a.npz", weights)
    with pytest.raises(WeightsError, match="the metric of block1_conv2 has values that are not finite"):
        read_weights(path, TINY19, LAYERS)
    assert_same(read_weights(path, TINY19, LAYERS[:1]), {LAYERS[0]: WEIGHTS[LAYERS[0]]})


def test_real_shapes(random_vgg19_weights):
    read = read_weights(random_vgg19_weights, VGG19, ["block3_conv4"])
    assert list(read) == list(VGG19.up_to_deepest(["block3_conv4"]))
    assert read["block3_conv4"].kernel.shape == (3, 3, 256, 256)


def test_search_folders(monkeypatch, tmp_path):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "home"))
    assert search_folders() == [tmp_path / "home" / "models"]
    monkeypatch.setenv("MASKSTYLE_WEIGHTS_DIR", str(tmp_path / "named"))
    assert search_folders() == [tmp_path / "named", tmp_path / "home" / "models"]
    monkeypatch.delenv("KERAS_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    assert search_folders()[1] == tmp_path / ".keras" / "models"


def test_candidates_named_folder_first_then_notop_then_names(named, keras_cache):
    touch(named, "vgg19_b.npz", "vgg19_a.h5", "vgg19_weights_notop.h5")
    touch(keras_cache, "vgg19_weights_tf_dim_ordering_tf_kernels_notop.h5", "vgg19_weights.h5")
    assert [path.name for path in candidate_files(VGG19).files] == [
        "vgg19_weights_notop.h5",
        "vgg19_a.h5",
        "vgg19_b.npz",
        "vgg19_weights_tf_dim_ordering_tf_kernels_notop.h5",
        "vgg19_weights.h5",
        "vgg19.npz",
    ]
    assert candidate_files(VGG19).files[-1] == EMBEDDED_FILES[VGG19]


def test_candidates_are_named_after_the_network(named):
    touch(named, "vgg16.npz", "vgg190.npz", "vgg19bn.npz", "my_vgg19.npz", "vgg19.txt", "vgg19.NPZ.part", "vgg19.pth")
    expected = touch(named, "VGG19.npz", "vgg19-mine.h5", "vgg19.npz", "vgg19_x.npz")
    assert sorted(candidate_files(VGG19).files[:-1]) == sorted(expected)


def test_candidates_without_folders(monkeypatch, tmp_path):
    monkeypatch.setenv("MASKSTYLE_WEIGHTS_DIR", str(tmp_path / "nowhere"))
    assert candidate_files(VGG16) == ([], [])
    assert candidate_files(VGG19) == ([EMBEDDED_FILES[VGG19]], [])


def test_find_takes_the_first_file_that_holds_the_layers(named, keras_cache):
    shallow = write_npz(named / "tiny19_a.npz", {"block1_conv1": WEIGHTS["block1_conv1"]})
    deep = write_old_h5(keras_cache / "tiny19.h5", WEIGHTS)
    assert find_weights(TINY19, ["block1_conv1"]) == FoundWeights(shallow)
    lack = f"{shallow} lacks block1_conv2, block2_conv1"
    assert find_weights(TINY19, ["block2_conv1"]) == FoundWeights(deep, (lack,))


def test_find_prefers_files_without_the_classifier(named):
    write_npz(named / "tiny19.npz", WEIGHTS)
    preferred = write_npz(named / "tiny19_notop.npz", WEIGHTS)
    assert find_weights(TINY19, LAYERS) == FoundWeights(preferred)


def test_find_passes_over_damaged_files_and_foreign_ones_and_says_so(named):
    touch(named, "tiny19_a.npz", "tiny19_b.h5")
    np.savez(named / "tiny19_c.npz", conv0=np.zeros(3))
    (named / "tiny19_d.npz").mkdir()
    good = write_npz(named / "tiny19_e.npz", WEIGHTS)
    found = find_weights(TINY19, LAYERS)
    assert found.path == good
    assert [re.search(r"tiny19_.\.\w+", note)[0] for note in found.notes] == [
        f"tiny19_{name}" for name in ("a.npz", "b.h5", "c.npz", "d.npz")
    ]


def test_find_names_every_file_and_what_it_lacks(named):
    first = write_npz(named / "tiny19_a.npz", {"block1_conv1": WEIGHTS["block1_conv1"]})
    (second,) = touch(named, "tiny19_b.npz")
    with pytest.raises(WeightsError) as caught:
        find_weights(TINY19, ["block2_conv1"])
    message = str(caught.value)
    assert message.startswith("no weights of tiny19 up to block2_conv1 were found: ")
    assert f"{first} lacks block1_conv2, block2_conv1; " in message
    assert f"{second} cannot be read" in message
    assert "maskstyle weights fetch tiny19" in message
    assert message.endswith("or use --network lite, which needs no download")


def test_find_names_the_first_and_last_of_many_missing_layers(named):
    path = write_npz(named / "tiny19.npz", {"block1_conv1": WEIGHTS["block1_conv1"]})
    with pytest.raises(WeightsError) as caught:
        find_weights(TINY19, ["block3_conv4"])
    assert f"{path} lacks block1_conv2 to block3_conv4; " in str(caught.value)


def test_find_without_any_file_names_the_folders_and_what_to_do(named, keras_cache):
    with pytest.raises(WeightsError) as caught:
        find_weights(VGG16, ["block1_conv1"])
    for part in (str(named), str(keras_cache), "maskstyle weights fetch vgg16", "--weights", "MASKSTYLE_WEIGHTS_DIR"):
        assert part in str(caught.value)
    assert str(caught.value).endswith("or use --network lite, which needs no download")


def test_lite_is_the_packages_own_file_whatever_lies_in_the_folders(named):
    touch(named, "lite.npz", "lite_notop.h5")
    assert candidate_files(LITE).files == [EMBEDDED_FILES[LITE]]
    assert find_weights(LITE, LITE.layers) == FoundWeights(EMBEDDED_FILES[LITE])


def test_a_folder_that_cannot_be_read_is_noted(named, monkeypatch):
    def refuse(folder):
        raise PermissionError

    monkeypatch.setattr(Path, "iterdir", refuse)
    found = find_weights(VGG19, ["block1_conv1"])
    assert found.path == EMBEDDED_FILES[VGG19]
    assert found.notes[0] == f"the folder {named} is not readable"


def test_find_for_no_layers_at_all(named):
    touch(named, "tiny19.npz")
    with pytest.raises(WeightsError, match="cannot be read"):
        find_weights(TINY19, [])


def test_missing_layers(tmp_path):
    path = write_npz(tmp_path / "a.npz", WEIGHTS)
    assert missing_layers(path, ["block5_conv1", "block1_conv1", "block3_conv1"]) == ["block5_conv1", "block3_conv1"]


def truncated(path):
    complete = (write_npz if path.suffix == ".npz" else write_old_h5)(path, WEIGHTS).read_bytes()
    path.write_bytes(complete[: len(complete) // 2])


def with_flipped_bytes(path):
    data = bytearray(write_npz(path, WEIGHTS).read_bytes())
    data[400:420] = bytes(byte ^ 0xFF for byte in data[400:420])
    path.write_bytes(data)


def with_flipped_compressed_bytes(path):
    np.savez_compressed(path, **{"block1_conv1/kernel": WEIGHTS["block1_conv1"].kernel})
    data = bytearray(path.read_bytes())
    name_length, extra_length = struct.unpack_from("<HH", data, 26)
    data[30 + name_length + extra_length] = 0xFF  # not a block type of deflate
    path.write_bytes(data)


def single_array(path):
    with path.open("wb") as file:
        np.save(file, np.zeros(3))


def with_kernel(kernel):
    """Return a function that writes a kernel with a correct bias."""

    def write(path):
        arrays = {"block1_conv1/kernel": kernel, "block1_conv1/bias": np.zeros(4)}
        if path.suffix == ".npz":
            np.savez(path, **arrays)
        else:
            with h5py.File(path, "w") as file:
                for name, array in arrays.items():
                    file[name] = array

    return write


def without_bias(path):
    np.savez(path, **{"block1_conv1/kernel": WEIGHTS["block1_conv1"].kernel})


def test_shapes_are_checked_before_values_are_read(tmp_path):
    path = tmp_path / "vgg19.h5"
    with h5py.File(path, "w") as file:
        file.create_dataset("block1_conv1/kernel", (3, 3, 30_000, 40_000), "<f4", chunks=(3, 3, 10, 10))  # 43 GB
        file["block1_conv1/bias"] = np.zeros(40_000)
    with pytest.raises(WeightsError, match=r"has shape \(3, 3, 30000, 40000\), but tiny19 needs \(3, 3, 3, 4\)"):
        read_weights(path, TINY19, ["block1_conv1"])


def with_a_third_array(path):
    with h5py.File(write_old_h5(path, WEIGHTS), "a") as file:
        file["block1_conv1/moving_mean"] = np.zeros(4)


def with_header(text):
    """Return a function that writes a kernel with a header of its own, and many zeros after it."""

    def write(path):
        header = b"\x93NUMPY\x01\x00" + struct.pack("<H", 118) + text.encode().ljust(117) + b"\n"
        np.savez(path, **{"block1_conv1/bias": np.zeros(4)})
        with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("block1_conv1/kernel.npy", header + bytes(50_000_000))

    return write


def of_another_file(path):
    with h5py.File(path, "w") as file:
        layer = file.create_group("block1_conv1")
        layer.create_dataset("kernel", (3, 3, 3, 4), "<f4", external=[(os.devnull, 0, 432)])
        layer["bias"] = np.zeros(4)


RECORDS = np.zeros((3, 3, 3, 4), [("a", float), ("b", float)])
DAMAGES = {
    "empty": (".npz", Path.touch),
    "not a zip": (".npz", lambda path: path.write_bytes(b"these are not weights" * 99)),
    "truncated": (".npz", truncated),
    "flipped bytes": (".npz", with_flipped_bytes),
    "flipped compressed bytes": (".npz", with_flipped_compressed_bytes),
    "single array": (".npz", single_array),
    "object array": (".npz", with_kernel(np.array([{}, None], object))),
    "records": (".npz", with_kernel(RECORDS)),
    "text": (".npz", with_kernel(np.full((3, 3, 3, 4), "x"))),
    "complex": (".npz", with_kernel(np.zeros((3, 3, 3, 4), complex))),
    "dates": (".npz", with_kernel(np.zeros((3, 3, 3, 4), "datetime64[s]"))),
    "not Python": (".npz", with_header("{'descr': '<f4', 'fortran_order': False, 'shape': (3, '''")),
    "gigabytes": (".npz", with_header("{'descr': '<f4', 'fortran_order': False, 'shape': (3, 3, 3, 4), }")),
    "kernel without bias": (".npz", without_bias),
    "empty h5": (".h5", Path.touch),
    "not h5": (".h5", lambda path: path.write_bytes(b"these are not weights" * 99)),
    "truncated h5": (".h5", truncated),
    "h5 of complex": (".h5", with_kernel(np.zeros((3, 3, 3, 4), complex))),
    "h5 of another file": (".h5", of_another_file),
    "h5 of records": (".h5", with_kernel(RECORDS)),
    "h5 with a third array": (".h5", with_a_third_array),
}


@pytest.mark.parametrize(("suffix", "damage"), DAMAGES.values(), ids=DAMAGES)
def test_damaged_files_give_one_sentence_with_the_file(tmp_path, suffix, damage):
    path = tmp_path / f"vgg19{suffix}"
    damage(path)
    with pytest.raises(WeightsError) as caught:
        read_weights(path, TINY19, ["block1_conv1"])
    message = str(caught.value)
    assert message.startswith(f"{path} cannot be read as {path.suffix} weights: it seems damaged (")
    assert message.endswith("fetch or copy it again")
    assert "\n" not in message


@pytest.mark.parametrize("read", [layer_names, lambda path: read_weights(path, TINY19, ["block1_conv1"])])
def test_missing_file_wrong_suffix_and_folder(tmp_path, read):
    with pytest.raises(WeightsError, match=r"there is no weights file .*gone.npz"):
        read(tmp_path / "gone.npz")
    (tmp_path / "vgg19.pth").touch()
    with pytest.raises(WeightsError, match=r"vgg19.pth is not a weights file: expected the suffix .npz or .h5"):
        read(tmp_path / "vgg19.pth")
    (tmp_path / "folder.npz").mkdir()
    with pytest.raises(WeightsError, match=r"folder.npz"):
        read(tmp_path / "folder.npz")


@pytest.mark.parametrize("name", WRITERS)
def test_a_missing_layer_is_named_with_those_that_are_there(tmp_path, name):
    path = WRITERS[name](tmp_path / name, WEIGHTS)
    with pytest.raises(WeightsError) as caught:
        read_weights(path, TINY19, ["block2_conv2"])
    message = str(caught.value)
    assert message.startswith(f"{path} lacks block2_conv2 of tiny19; it has block1_conv1 to block2_conv1; ")


def test_another_networks_file(tmp_path):
    path = write_npz(tmp_path / "a.npz", he_weights(TINY19, TINY19.up_to_deepest(["block3_conv4"])))
    with pytest.raises(WeightsError, match="has a layer block3_conv4, but tiny16 does not"):
        read_weights(path, TINY16, ["block1_conv1"])


@pytest.mark.parametrize("content", [{}, {"conv0": np.zeros(3)}, {"block1_conv1": np.zeros(3)}])
def test_files_without_layers(tmp_path, content):
    path = tmp_path / "a.npz"
    np.savez(path, **content)
    with pytest.raises(
        WeightsError, match="has no layer with a name like block1_conv1; expected the weights of tiny19"
    ):
        read_weights(path, TINY19, ["block1_conv1"])


@pytest.mark.parametrize("what", ["kernel", "bias"])
@pytest.mark.parametrize("name", WRITERS)
def test_wrong_shapes_and_values_that_are_not_finite(tmp_path, name, what):
    right = getattr(WEIGHTS["block1_conv2"], what)
    wrong = np.concatenate([right, right], axis=-1)
    broken = WEIGHTS | {"block1_conv2": WEIGHTS["block1_conv2"]._replace(**{what: wrong})}
    path = WRITERS[name](tmp_path / name, broken)
    with pytest.raises(WeightsError) as caught:
        read_weights(path, TINY19, LAYERS)
    assert f"{path}: the {what} of block1_conv2 has shape {wrong.shape}, but tiny19 needs {right.shape}" in str(
        caught.value
    )

    for value in (np.nan, np.inf):
        spoilt = right.copy()
        spoilt.flat[1] = value
        path = WRITERS[name](
            tmp_path / name, WEIGHTS | {"block1_conv2": WEIGHTS["block1_conv2"]._replace(**{what: spoilt})}
        )
        with pytest.raises(WeightsError, match=f"the {what} of block1_conv2 has values that are not finite"):
            read_weights(path, TINY19, LAYERS)


@pytest.mark.parametrize("architecture", [VGG16, VGG19], ids=lambda architecture: architecture.name)
def test_a_failed_download_is_one_sentence_with_the_reason_of_keras(monkeypatch, architecture):
    import keras

    asked = {}

    def fail(**arguments):
        asked.update(arguments)
        raise Exception("URL fetch failure:\n no route to host")

    monkeypatch.setattr(keras.applications, architecture.name.upper(), fail)
    with pytest.raises(WeightsError) as caught:
        fetch_weights(architecture)
    assert asked == {"include_top": False, "weights": "imagenet"}
    message = str(caught.value)
    assert message.startswith(
        f"Keras could not fetch the weights of {architecture.name} (URL fetch failure: no route"
    )
    assert "--weights FILE" in message
    assert "\n" not in message


def test_fetch_returns_the_file_that_keras_saved(monkeypatch, keras_cache):
    import keras

    own = Architecture("vgg19", TINY19.widths)

    def download(**_):
        write_old_h5(keras_cache / "vgg19_weights_notop.h5", he_weights(own, own.layers))

    monkeypatch.setattr(keras.applications, "VGG19", download)
    assert fetch_weights(own) == keras_cache / "vgg19_weights_notop.h5"


LOW_RANK = Architecture("low", ((4,), (8, 8)), ranks={2: 5})


def test_the_factors_of_convolutions_of_low_rank_are_read(tmp_path):
    weights = he_weights(LOW_RANK, LOW_RANK.layers)
    read = read_weights(write_npz(tmp_path / "low.npz", weights), LOW_RANK, LOW_RANK.layers)
    for layer, parts in weights.items():
        for got, wanted in zip(read[layer], parts, strict=True):
            assert (got is None) == (wanted is None)
            if wanted is not None:
                assert_array_equal(got, wanted)


def test_a_missing_factor_is_named(tmp_path):
    weights = he_weights(LOW_RANK, LOW_RANK.layers)
    weights["block2_conv2"] = weights["block2_conv2"]._replace(expansion=None)
    path = write_npz(tmp_path / "low.npz", weights)
    with pytest.raises(WeightsError, match="block2_conv2 has no expansion"):
        read_weights(path, LOW_RANK, LOW_RANK.layers)


def test_a_factor_that_the_network_does_not_use_is_refused(tmp_path):
    parts = WEIGHTS["block1_conv1"]
    weights = {**WEIGHTS, "block1_conv1": parts._replace(expansion=np.eye(4, dtype=np.float32))}
    path = write_npz(tmp_path / "tiny.npz", weights)
    with pytest.raises(WeightsError, match="block1_conv1 has an expansion, which tiny19 does not use"):
        read_weights(path, TINY19, LAYERS)
