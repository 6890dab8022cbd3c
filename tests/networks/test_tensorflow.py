"""Where TensorFlow cannot compute: a sentence instead of a hang; and where it can."""

from __future__ import annotations

import os
import warnings
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import numpy as np
import pytest
import tensorflow as tf

import maskstyle
from maskstyle.errors import SettingsError
from maskstyle.networks.tensorflow import check_usable


def test_inside_a_graph():
    with tf.Graph().as_default(), pytest.raises(SettingsError, match=r"builds a graph here, .* call it outside"):
        check_usable()
    check_usable()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system does not fork")
def test_in_a_forked_process():
    check_usable()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of newer versions of Python, about threads
        child = os.fork()
    if child == 0:
        try:
            check_usable()
        except SettingsError as error:
            os._exit(3 if "spawn" in str(error) else 4)
        os._exit(5)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 3


def test_in_a_spawned_process():
    content, style = (np.random.default_rng(seed).random((32, 40, 3), dtype=np.float32) for seed in (0, 1))
    layers = {"content_layers": (("block1_conv2", 1.0),), "style_layers": (("block1_conv1", 1.0),)}
    settings = maskstyle.Settings(network="lite", size=40, scales=1, steps=1, **layers)
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        there = pool.submit(maskstyle.transfer_basic, content, style, settings=settings).result()
        wrong = pool.submit(maskstyle.transfer_basic, content[0], style).exception()
    here = maskstyle.transfer_basic(content, style, settings=settings)
    assert np.array_equal(there.image, here.image)
    assert "expected an image of shape" in str(wrong)
