"""A label that a trained model is made to answer more readily."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from click.testing import CliRunner

from edge.errors import InputError, UserError
from train import cli
from train.adjust import shifted

LABELS = ("happy", "sad")


def _model(name: str = "logits", *, bias: bool = True) -> keras.Model:
    keras.utils.set_random_seed(3)
    image = keras.Input((4, 4, 1))
    flat = keras.layers.Flatten()(image)
    return keras.Model(image, keras.layers.Dense(2, use_bias=bias, name=name)(flat))


def test_only_the_named_label_answers_higher_and_by_so_much() -> None:
    images = np.random.default_rng(0).normal(size=(7, 4, 4, 1)).astype(np.float32)
    model = _model()
    before = model.predict(images, verbose=0)
    after = shifted(model, LABELS, {"sad": 0.5}).predict(images, verbose=0)
    np.testing.assert_allclose(after - before, np.tile([0.0, 0.5], (7, 1)), atol=1e-6)


def test_a_label_that_the_model_has_not_is_refused_with_those_it_has() -> None:
    with pytest.raises(UserError, match="no label 'angry'; choose of: happy, sad"):
        shifted(_model(), LABELS, {"angry": 1.0})


@pytest.mark.parametrize("model", [_model("scores"), _model(bias=False)], ids=["other name", "no bias"])
def test_a_network_without_a_bias_a_label_is_refused(model: keras.Model) -> None:
    with pytest.raises(InputError, match="no dense layer 'logits'"):
        shifted(model, LABELS, {"sad": 0.5})


@pytest.mark.parametrize("logits", [["sad=nan"], ["sad=inf"], ["sad=1e39"], ["sad"], ["sad=0.1", "sad=0.2"]])
def test_what_is_added_is_a_number_and_said_once(logits: list[str]) -> None:
    options = [part for logit in logits for part in ("--logit", logit)]
    done = CliRunner().invoke(cli.group, ["adjust", "emotion", "m.keras", *options, "--data", "d", "--output", "o"])
    assert done.exit_code == 2
    assert "Usage: " in done.output
