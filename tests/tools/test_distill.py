"""tools/distill: its algebra equals NumPy's in float64, and its training pictures are what they should be."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import tensorflow as tf
from numpy.testing import assert_allclose, assert_array_equal
from PIL import Image
from reference import TINY19, he_weights, random_image

from maskstyle.networks.architectures import LITE
from maskstyle.networks.vgg import FeatureNetwork

FOLDER = Path(__file__).parents[2] / "tools" / "distill"


@pytest.fixture(scope="module")
def distill():
    """Return the modules of the tool, which is not a package."""
    sys.path.insert(0, str(FOLDER))
    try:
        names = ("deep", "export", "factored", "lite_file", "pictures", "report", "student", "train", "training")
        return SimpleNamespace(**{name: importlib.import_module(name) for name in names})
    finally:
        sys.path.remove(str(FOLDER))


def test_the_report_compares_pictures_that_one_network_has_painted(distill):
    assert not distill.report.SETTINGS.changed(network="vgg19").underpainted


def test_every_layer_of_the_network_is_trained(distill):
    assert (*distill.train.LAYERS, *distill.deep.LAYERS) == LITE.layers


@pytest.mark.parametrize("shape", [(12, 5), (5, 5), (3, 5)])
def test_distances_under_the_metric_are_those_of_the_prediction(distill, shape):
    rng = np.random.default_rng(0)
    prediction = rng.normal(size=shape)
    metric = distill.lite_file.metric(prediction)
    assert metric.shape == (min(shape), shape[1])
    features = rng.normal(size=(7, shape[1]))
    assert_allclose(np.linalg.norm(features @ metric.T, axis=1), np.linalg.norm(features @ prediction.T, axis=1))
    for _ in range(3):
        half = rng.normal(size=(shape[1], shape[1]))
        difference = half + half.T
        assert_allclose(
            np.linalg.norm(metric @ difference @ metric.T), np.linalg.norm(prediction @ difference @ prediction.T)
        )


def test_a_network_has_the_trained_kernels_and_metrics(distill):
    rng = np.random.default_rng(1)
    layers = LITE.layers[:2]
    weights = he_weights(LITE, layers)
    predictions = {layer: rng.normal(size=(40, LITE.kernel_shape(layer)[3])) for layer in layers}
    trained = {layer: (weights[layer].kernel, weights[layer].bias, predictions[layer]) for layer in layers}
    network = distill.lite_file.as_network(distill.lite_file.layer_weights(trained), layers, compute_type="float32")
    image = random_image(0, 6, 7)
    for layer, features in network(image).items():
        predicted = features.numpy().astype(np.float64) @ predictions[layer].T
        lengths = np.linalg.norm(network.measured(layer, features), axis=-1)
        assert_allclose(lengths, np.linalg.norm(predicted, axis=-1), rtol=1e-4)


def test_the_written_file_is_read_as_the_network(distill, tmp_path):
    from maskstyle.networks.weights import read_weights

    rng = np.random.default_rng(2)
    weights = he_weights(LITE, LITE.layers[:3])
    layers = {
        layer: (parts.kernel, parts.bias, rng.normal(size=(2 * len(parts.bias), len(parts.bias))))
        for layer, parts in weights.items()
    }
    distill.export.write(tmp_path / "lite.npz", layers, {})
    for layer, read in read_weights(tmp_path / "lite.npz", LITE, weights).items():
        assert_allclose(read.kernel, weights[layer].kernel, rtol=1e-3, atol=1e-6)
        assert_allclose(read.bias, weights[layer].bias, rtol=1e-3)
        exact = layers[layer][2]
        assert_allclose(read.metric.T @ read.metric, exact.T @ exact, rtol=5e-3, atol=5e-3 * (exact**2).sum(0).max())

    layers["block1_conv1"] = (weights["block1_conv1"].kernel * 1e6, *layers["block1_conv1"][1:])
    with np.errstate(over="ignore"), pytest.raises(ValueError, match="block1_conv1/kernel exceed the range"):
        distill.export.write(tmp_path / "too_large.npz", layers, {})
    assert not (tmp_path / "too_large.npz").exists()


@pytest.fixture(scope="module")
def pair():
    """Return the features of a teacher and a student for three images, and the prediction between them."""
    rng = np.random.default_rng(3)
    student = rng.uniform(0, 2, (3, 6, 5, 4))
    prediction = rng.normal(size=(7, 4))
    teacher = student @ prediction.T + 0.5 * rng.normal(size=(3, 6, 5, 7))
    return teacher, student, prediction


def errors_of(distill, teacher, student, prediction):
    teacher, student, prediction = (tf.constant(each, tf.float32) for each in (teacher, student, prediction))
    return distill.student.errors(teacher, distill.student.measures(teacher), student, prediction)


def test_measures_equal_numpy(distill, pair):
    teacher, _, _ = pair
    energy, square = distill.student.measures(tf.constant(teacher, tf.float32))
    gram = np.einsum("nhwi,nhwj->nij", teacher, teacher) / (6 * 5)
    assert_allclose(energy.numpy(), np.trace(gram, axis1=1, axis2=2), rtol=1e-5)
    assert_allclose(square.numpy(), (gram**2).sum((1, 2)), rtol=1e-5)


@pytest.mark.parametrize("strength", [1.0, 0.7, 0.0])
def test_errors_are_relative_and_equal_numpy(distill, pair, strength):
    teacher, student, prediction = pair
    prediction = prediction * strength
    feature_error, gram_error = errors_of(distill, teacher, student, prediction)
    predicted = student @ prediction.T
    squares = ((teacher - predicted) ** 2).sum((1, 2, 3)) / (teacher**2).sum((1, 2, 3))
    grams = [np.einsum("nhwi,nhwj->nij", each, each) for each in (teacher, predicted)]
    gaps = np.linalg.norm(grams[0] - grams[1], axis=(1, 2)) / np.linalg.norm(grams[0], axis=(1, 2))
    assert feature_error.shape == gram_error.shape == (3,)
    # The denominators have a floor of 1e-4 of the batch's energy, for flat images.
    assert_allclose(feature_error.numpy(), squares, rtol=3e-4, atol=1e-5)
    assert_allclose(gram_error.numpy(), gaps, rtol=3e-4, atol=1e-5)


def test_a_perfect_prediction_has_no_error_even_for_an_empty_image(distill, pair):
    _, student, prediction = pair
    student = student.copy()
    student[1] = 0
    teacher = student @ prediction.T
    feature_error, gram_error = errors_of(distill, teacher, student, prediction)
    assert_allclose(feature_error.numpy(), 0, atol=1e-5)
    # Differences of large numbers in float32, before a square root.
    assert_allclose(gram_error.numpy(), 0, atol=2e-3)


@pytest.fixture(scope="module")
def fitted(distill):
    """Return inputs, what a teacher of two blocks makes of them, and the student that is fitted to it."""
    rng = np.random.default_rng(4)
    names = ("block1_conv2", "block2_conv1")
    kernels = {names[0]: rng.normal(0, 0.3, (3, 3, 4, 6)), names[1]: rng.normal(0, 0.3, (3, 3, 6, 8))}
    layers = [
        (name, kernel.astype(np.float32), np.full(kernel.shape[3], 0.1, np.float32))
        for name, kernel in kernels.items()
    ]
    inputs = rng.uniform(0, 1, (12, 16, 14, 4)).astype(np.float32)
    features = distill.student.stack(inputs, layers, compute_type=tf.float32)
    targets = {name: each.numpy() for name, each in features.items()}
    return inputs, targets, distill.student.fitted_start(inputs, targets, {names[0]: 6, names[1]: 5})


def test_a_start_as_wide_as_the_teacher_is_the_teacher(distill, fitted):
    inputs, targets, student = fitted
    own = distill.student.stack(inputs, student.layers, compute_type=tf.float32)
    scale, prediction = student.scales["block1_conv2"], student.prediction("block1_conv2").numpy()
    predicted = own["block1_conv2"].numpy() @ prediction.T * scale
    expected = targets["block1_conv2"]
    assert ((predicted - expected) ** 2).sum() < 0.01 * (expected**2).sum()


def test_a_narrow_start_explains_most_of_the_teacher(distill, fitted):
    inputs, targets, student = fitted
    assert student.kernels["block2_conv1"].shape == (3, 3, 6, 5)
    own = distill.student.stack(inputs, student.layers, compute_type=tf.float32)
    scaled = {name: tf.constant(each) / student.scales[name] for name, each in targets.items()}
    measured = {name: distill.student.measures(each) for name, each in scaled.items()}
    found = distill.student.layer_errors(scaled, measured, own, student).numpy()
    assert found.shape == (2, 2)
    assert (found < 0.3).all()


def test_layers_are_read_from_a_training_and_from_a_packages_file(distill, tmp_path):
    rng = np.random.default_rng(5)
    weights = he_weights(LITE, LITE.layers[:2])
    layers = {
        layer: (parts.kernel, parts.bias, rng.normal(size=(40, len(parts.bias)))) for layer, parts in weights.items()
    }
    distill.training.save_trained(tmp_path / "student.npz", layers)
    distill.export.write(tmp_path / "lite.npz", layers, {})
    for file in ("student.npz", "lite.npz"):
        read = distill.lite_file.read_layers(tmp_path / file, layers)
        assert list(read) == list(layers)
        for layer, (kernel, _, prediction) in read.items():
            assert_allclose(kernel, layers[layer][0], rtol=1e-3, atol=1e-6)
            gram, exact = (each.T @ each for each in (prediction, layers[layer][2]))
            assert_allclose(gram, exact, rtol=5e-3, atol=5e-3 * exact.max())


LOW = ("block4_conv1", "block4_conv2", "block5_conv1")


@pytest.fixture(scope="module")
def factored(distill):
    """Return inputs, what a teacher of two blocks makes of them, and layers of rank 9 that are fitted to it."""
    rng = np.random.default_rng(6)
    shapes = {"block4_conv1": (3, 3, 4, 16), "block4_conv2": (3, 3, 16, 16), "block5_conv1": (3, 3, 16, 16)}
    kernels = {name: rng.normal(0, np.sqrt(2 / np.prod(shape[:3])), shape) for name, shape in shapes.items()}
    layers = [
        (name, kernel.astype(np.float32), rng.normal(0, 0.1, 16).astype(np.float32))
        for name, kernel in kernels.items()
    ]
    inputs = rng.uniform(0, 1, (12, 16, 14, 4)).astype(np.float32)
    current, targets = tf.constant(inputs), {}
    for name, kernel, bias in layers:
        current = distill.factored.pooled(name, current) if targets else current
        current = tf.nn.relu(tf.nn.conv2d(current, kernel, 1, "SAME") + bias)
        targets[name] = current.numpy()
    return inputs, targets, distill.factored.fitted_factors(inputs, kernels, targets, dict.fromkeys(targets, 9))


def test_layers_of_low_rank_start_near_the_teacher(distill, factored):
    inputs, targets, layers = factored
    assert [layer.reduction is None for layer in layers.values()] == [True, False, False]
    own = distill.factored.forward(tf.constant(inputs), layers)
    for name, exact in targets.items():
        assert own[name].shape == exact.shape
        assert ((own[name].numpy() - exact) ** 2).sum() < 0.25 * (exact**2).sum(), name


def test_layers_of_full_rank_start_at_the_teacher(distill, factored):
    inputs, targets, _ = factored
    kernel = {"block4_conv1": np.zeros((3, 3, 4, 16), np.float32)}  # unused: there is nothing to reduce
    layers = distill.factored.fitted_factors(
        inputs, kernel, {"block4_conv1": targets["block4_conv1"]}, {"block4_conv1": 16}
    )
    own = distill.factored.forward(tf.constant(inputs), layers)["block4_conv1"].numpy()
    exact = targets["block4_conv1"]
    assert ((own - exact) ** 2).sum() < 0.01 * (exact**2).sum()


def test_errors_of_layers_of_low_rank_equal_numpy(distill):
    rng = np.random.default_rng(7)
    exact, own = rng.uniform(0, 1, (3, 4, 5, 6)), rng.uniform(0, 1, (3, 4, 5, 6))
    found = distill.factored.layer_errors(
        {"a": tf.constant(exact, tf.float32)}, {"a": tf.constant(own, tf.float32)}, ["a"]
    )
    energy = (exact**2).sum((1, 2, 3))
    floor = 0.01 * energy.mean()
    squares = ((exact - own) ** 2).sum((1, 2, 3)) / (energy + floor)
    grams = [np.einsum("nhwi,nhwj->nij", each, each) for each in (exact, own)]
    gaps = ((grams[0] - grams[1]) ** 2).sum((1, 2)) / ((grams[0] ** 2).sum((1, 2)) + floor**2)
    assert_allclose(found.numpy(), [[squares.mean(), np.sqrt(gaps).mean()]], rtol=1e-5)


def test_folded_layers_are_what_was_trained(distill, factored):
    inputs, _, layers = factored
    arrays = distill.deep.folded(layers)
    weights = distill.lite_file.factor_weights(arrays)
    assert {f"{name}/{part}" for name, parts in weights.items() for part in parts._fields} >= set(arrays)
    current = tf.constant(inputs)
    for place, (name, exact) in enumerate(distill.factored.forward(current, layers).items()):
        parts = weights[name]
        current = distill.factored.pooled(name, current) if place else current
        current = current if parts.reduction is None else tf.matmul(current, parts.reduction)
        current = tf.nn.conv2d(current, parts.kernel, 1, "SAME")
        current = tf.nn.relu(tf.matmul(current, parts.expansion) + parts.bias)
        assert_allclose(current.numpy(), exact.numpy(), atol=1e-4)


def test_a_start_is_written_once_and_read_again(distill, factored, tmp_path, monkeypatch):
    _, _, layers = factored
    named = dict(zip(distill.deep.LAYERS, layers.values(), strict=False))
    monkeypatch.setattr(distill.deep, "LAYERS", tuple(named))
    file = tmp_path / "start.npz"
    first = distill.deep.saved_start(file, lambda: named)
    again = distill.deep.saved_start(file, lambda: pytest.fail("the file is there"))
    for name, layer in named.items():
        for given, one, other in zip(layer, first[name], again[name], strict=True):
            assert (given is None) == (one is None) == (other is None)
            if given is not None:
                assert_array_equal(one.numpy(), given.numpy())
                assert_array_equal(other.numpy(), given.numpy())


def test_a_work_folder_of_another_version_is_refused(distill, tmp_path):
    distill.deep.check_work(tmp_path)  # nothing is there yet
    np.savez(tmp_path / "deep_start.npz", **{"block4_conv1/kernel": np.zeros(1)})
    with pytest.raises(SystemExit, match=r"deep_start.npz is of another version"):
        distill.deep.check_work(tmp_path)
    (tmp_path / "features" / "00").mkdir(parents=True)
    with pytest.raises(SystemExit, match=r"block3_conv4.npy is missing; expected .* name another folder as --work"):
        distill.deep.check_work(tmp_path)
    np.save(tmp_path / "features" / "00" / "block3_conv4.npy", np.zeros((2, 3)))
    with pytest.raises(SystemExit, match=r"block3_conv4.npy is \(2, 3\); expected"):
        distill.deep.check_work(tmp_path)


def test_batches_of_stored_crops_go_through_every_part(distill):
    rows = distill.deep.BATCH // 2
    parts = [{distill.deep.INPUT: np.arange(first, first + rows)} for first in (0, rows)]
    batches = distill.deep.batches(parts, np.random.default_rng(0))
    for _ in range(3):
        assert sorted(next(batches)[distill.deep.INPUT]) == list(range(2 * rows))


def test_the_stack_equals_the_package(distill):
    weights = he_weights(TINY19, TINY19.layers)
    layers = [(layer, *weights[layer][:2]) for layer in TINY19.layers]
    images = np.stack([random_image(seed, 37, 34) for seed in (0, 1)])
    features = distill.student.stack(distill.student.centered(tf.constant(images)), layers, compute_type=tf.float32)
    network = FeatureNetwork(TINY19, weights, layers=TINY19.layers, pooling="max", padding="edge")
    assert list(features) == list(TINY19.layers)
    for position, image in enumerate(images):
        for layer, expected in network(image).items():
            size = np.abs(expected.numpy()).max()
            assert_allclose(features[layer][position].numpy(), expected.numpy(), rtol=1e-4, atol=1e-5 * size)


def test_the_stack_computes_in_bfloat16_by_default(distill):
    weights = he_weights(TINY19, TINY19.layers[:2])
    layers = [(layer, *weights[layer][:2]) for layer in weights]
    features = distill.student.stack(distill.student.centered(tf.constant(random_image(0, 8, 8)[None])), layers)
    assert {each.dtype for each in features.values()} == {tf.bfloat16}


def picture(seed, height, width):
    return Image.fromarray(np.uint8(random_image(seed, height, width) * 255))


PHOTOS, PAINTINGS = [picture(0, 40, 60), picture(1, 70, 50)], [picture(2, 20, 30)]
POOL = [random_image(3, 32, 48).astype(np.float16), random_image(4, 64, 32).astype(np.float16)]


def crops(distill, *, pool=POOL, side=32, seed=0):
    return distill.pictures.Crops(PHOTOS, PAINTINGS, pool, side, np.random.default_rng(seed))


def check_crop(crop, side=32):
    assert crop.shape == (side, side, 3)
    assert np.isfinite(crop).all()
    assert crop.min() >= 0
    assert crop.max() <= 1


@pytest.mark.parametrize("pool", [POOL, []], ids=["with a pool", "without a pool"])
@pytest.mark.parametrize("side", [32, 16])
def test_crops(distill, side, pool):
    batch = crops(distill, pool=pool, side=side).batch(150)
    assert batch.dtype == np.float32
    assert batch.shape == (150, side, side, 3)
    for crop in batch:
        check_crop(crop, side)
    assert len(np.unique(batch, axis=0)) > 140


def test_every_kind_of_crop_has_its_share(distill):
    flat = {name: Image.new("RGB", (60, 60), (level,) * 3) for name, level in (("photo", 51), ("painting", 204))}
    pool = [np.full((40, 40, 3), 0.5, np.float16)]
    source = distill.pictures.Crops([flat["photo"]], [flat["painting"]], pool, 32, np.random.default_rng(0))
    kinds = [kind_of(crop) for crop in source.batch(300)]
    assert 100 < kinds.count("pool") < 200
    assert all(kinds.count(kind) > 10 for kind in ("photo", "painting", "another color", "not flat"))


def kind_of(crop):
    if np.ptp(crop, axis=(0, 1)).max() > 1e-3:
        return "not flat"
    levels = {"pool": 0.5, "photo": 0.2, "painting": 0.8}
    return next((kind for kind, level in levels.items() if np.allclose(crop, level, atol=1e-3)), "another color")


def test_the_same_seed_gives_the_same_crops(distill):
    first, again, other = (crops(distill, seed=seed).batch(40) for seed in (7, 7, 8))
    assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_a_growing_pool_is_used(distill):
    pool = []
    source = crops(distill, pool=pool)
    source.batch(4)
    pool.append(np.full((32, 32, 3), 0.25, np.float16))
    batch = source.batch(40)
    assert any((crop == 0.25).all() for crop in batch)


def test_snapshots_smaller_than_a_crop_are_left_out(distill):
    small, large = np.full((32, 70, 3), 0.25, np.float16), np.full((70, 40, 3), 0.75, np.float16)
    batch = crops(distill, pool=[small, large, small], side=40).batch(60)
    assert batch.shape == (60, 40, 40, 3)
    assert any((crop == 0.75).all() for crop in batch)
    assert not any((crop == 0.25).all() for crop in batch)
    assert crops(distill, pool=[small], side=40).batch(20).shape == (20, 40, 40, 3)


def test_held_out_pictures_are_never_trained_on(distill, tmp_path):
    counts = {"photos": distill.pictures.HELD_OUT_PHOTOS + 3, "paintings": distill.pictures.HELD_OUT_PAINTINGS + 2}
    for kind, count in counts.items():
        (tmp_path / kind).mkdir()
        for number in range(count):
            (tmp_path / kind / f"{number:03d}{('.jpg', '.PNG', '.jpeg')[number % 3]}").touch()
        (tmp_path / kind / "README.md").touch()
    training = distill.pictures.training_files(tmp_path)
    held_out = distill.pictures.held_out_files(tmp_path)
    assert [len(files) for files in training] == [3, 2]
    assert [len(files) for files in held_out] == [
        distill.pictures.HELD_OUT_PHOTOS,
        distill.pictures.HELD_OUT_PAINTINGS,
    ]
    every = distill.pictures.picture_files(tmp_path)
    for trained, held, both in zip(training, held_out, every, strict=True):
        assert not set(trained) & set(held)
        assert trained + held == both


def test_pictures_are_read_as_rgb(distill, tmp_path):
    picture(0, 4, 6).convert("L").save(tmp_path / "gray.png")
    read = distill.pictures.read(tmp_path / "gray.png")
    assert (read.mode, read.size) == ("RGB", (6, 4))
