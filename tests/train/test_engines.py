"""What trains a network, Keras or its twin in PyTorch, does it alike, and goes on alike where it was interrupted."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import keras
import numpy as np
import pytest
from bars import bars
from sklearn.metrics import roc_auc_score

from edge.errors import UserError
from train import fit as fitting
from train.data import scaled
from train.recipes import EYES

TINY = dataclasses.replace(
    EYES,
    labels=("open", "closed"),
    options={"stem": 8, "stages": ((8, 1), (16, 1)), "dropout": 0.0},
    epochs=4,
    batch=16,
    steps=8,
    warm_up=0.1,
    learning_rate=1e-2,
    averaging=0.5,
)


def _trained(output: Path, engine: str, stop_after: int | None = None) -> fitting.State:
    return fitting.fit(TINY, bars(128), bars(32), output, seed=3, stop_after=stop_after, engine=engine, verbose=0)


@pytest.mark.parametrize("engine", fitting.ENGINES)
def test_both_learn(tmp_path: Path, engine: str) -> None:
    state = _trained(tmp_path, engine)
    assert state.best > 0.95
    losses = [record["loss"] for record in state.history or []]
    assert losses[-1] < 0.7 * losses[0]


def test_they_begin_alike(tmp_path: Path) -> None:
    first = [(_trained(tmp_path / engine, engine, 1).history or [])[0]["loss"] for engine in fitting.ENGINES]
    assert first[0] == pytest.approx(first[1], rel=0.03)  # bfloat16 rounds each kernel's sums otherwise


def test_what_pytorch_trained_is_what_keras_loads(tmp_path: Path) -> None:
    _trained(tmp_path, "torch")
    model = keras.saving.load_model(tmp_path / "model.keras", compile=False)
    shown = bars(32)
    logits = np.asarray(model.predict(scaled(shown.images, TINY.input), verbose=0))
    assert roc_auc_score(shown.labels["state"], logits[:, 1] - logits[:, 0]) > 0.95


def test_an_interrupted_run_gives_the_weights_of_one_that_was_not(tmp_path: Path) -> None:
    _trained(tmp_path / "whole", "torch")
    _trained(tmp_path / "parts", "torch", 2)
    _trained(tmp_path / "parts", "torch")
    with np.load(tmp_path / "whole/checkpoint.npz") as whole, np.load(tmp_path / "parts/checkpoint.npz") as parts:
        for name in set(whole.files) - {"state"}:
            np.testing.assert_allclose(whole[name], parts[name], rtol=0.02, atol=0.002, err_msg=name)


def test_what_pytorch_cannot_train_so_is_said(tmp_path: Path) -> None:
    asked = dataclasses.replace(TINY, optimizer="sgd")
    with pytest.raises(UserError, match="--engine torch trains with adamw"):
        fitting.fit(asked, bars(16), bars(16), tmp_path, seed=0, engine="torch", verbose=0)
    asked = dataclasses.replace(TINY, architecture="cbam", options={})
    with pytest.raises(UserError, match="cannot train this network"):
        fitting.fit(asked, bars(16), bars(16), tmp_path, seed=0, engine="torch", verbose=0)
