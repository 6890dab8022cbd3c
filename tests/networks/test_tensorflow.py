"""Where TensorFlow cannot compute: a sentence instead of a hang."""

from __future__ import annotations

import os
import warnings

import pytest
import tensorflow as tf

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
