"""A narrower network begins with what mattered most in a wider one."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from train import architectures
from train.narrow import take_over

SHAPE = (16, 16, 1)
IMAGES = np.random.default_rng(0).normal(size=(3, *SHAPE)).astype("float32")


def test_of_the_same_width_all_weights_are_taken_over() -> None:
    old, new = (architectures.build("residual", SHAPE, 3, stem=4, stages=((6, 1), (8, 2))) for _ in range(2))
    take_over(old, new)
    np.testing.assert_allclose(new.predict(IMAGES, verbose=0), old.predict(IMAGES, verbose=0), atol=1e-5)


def test_channels_that_nothing_reads_are_the_ones_to_go() -> None:
    wide = architectures.build("residual", SHAPE, 3, stem=4, stages=((6, 1), (8, 2)))
    for weight in wide.weights:  # a channel that neither of its readers makes anything of
        if weight.path.endswith("logits/kernel") or tuple(weight.shape[-2:]) == (8, 8):
            values = keras.ops.convert_to_numpy(weight).copy()
            values[..., 5, :] = 0
            weight.assign(values)
    narrow = architectures.build("residual", SHAPE, 3, stem=4, stages=((6, 1), (7, 2)))
    take_over(wide, narrow)
    np.testing.assert_allclose(narrow.predict(IMAGES, verbose=0), wide.predict(IMAGES, verbose=0), atol=1e-4)


def test_answers_that_are_new_begin_untrained_beside_those_known() -> None:
    old = architectures.build("residual", SHAPE, 3, stem=4, stages=((6, 1),))
    new = architectures.build("residual", SHAPE, 5, stem=4, stages=((6, 1),))
    take_over(old, new)
    np.testing.assert_allclose(new.predict(IMAGES, verbose=0)[:, :3], old.predict(IMAGES, verbose=0), atol=1e-5)


def test_another_network_is_refused() -> None:
    old = architectures.build("residual", SHAPE, 3, stem=4, stages=((6, 1),))
    new = architectures.build("residual", SHAPE, 3, stem=4, stages=((6, 2),))
    with pytest.raises(ValueError, match="differ"):
        take_over(old, new)


def test_a_narrower_network_is_refused() -> None:
    old = architectures.build("residual", SHAPE, 3, stem=4, stages=((6, 1),))
    new = architectures.build("residual", SHAPE, 3, stem=4, stages=((7, 1),))
    with pytest.raises(ValueError, match="narrower"):
        take_over(old, new)
