"""A run: what it leaves behind, and how it goes on after an interruption."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from bars import bars

from edge.errors import InputError
from train import checkpoint
from train import fit as fitting
from train.batches import Batches
from train.data import Examples
from train.recipes import EYES

TINY = dataclasses.replace(
    EYES,
    labels=("open", "closed"),
    options={"stem": 4, "stages": ((4, 1),), "dropout": 0.0},
    epochs=2,
    batch=16,
    steps=3,
    warm_up=0.0,
)


def _fit(output: Path, recipe: Any = TINY, seed: int = 0) -> checkpoint.State:
    return fitting.fit(recipe, bars(64), bars(32), output, seed=seed, verbose=0)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    output = tmp_path_factory.mktemp("run")
    _fit(output)
    return output


class _PowerCut(Exception):
    pass


def _fit_until_the_power_is_cut(output: Path) -> None:
    """Runs one epoch, saves its checkpoint, and stops."""
    save = checkpoint.save

    def save_then_cut(path: Path, state: checkpoint.State, *rest: Any) -> None:
        save(path, state, *rest)
        raise _PowerCut

    with pytest.MonkeyPatch.context() as cut:
        cut.setattr(checkpoint, "save", save_then_cut)
        with pytest.raises(_PowerCut):
            _fit(output)


@pytest.fixture(scope="module")
def resumed(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, checkpoint.State, Path]:
    """What stood in the checkpoint when the power was cut, then the state and the folder of the run that went on."""
    output = tmp_path_factory.mktemp("resumed")
    _fit_until_the_power_is_cut(output)
    with np.load(output / "checkpoint.npz") as file:
        first = str(file["state"])
    return first, _fit(output), output


def test_an_interrupted_run_goes_on_where_it_was(resumed: tuple[str, checkpoint.State, Path]) -> None:
    first, state, output = resumed
    assert '"epoch": 1' in first
    assert state.epoch == 2
    assert state.history is not None
    assert f'"seconds": {state.history[0]["seconds"]}' in first  # the first epoch was not trained again
    with np.load(output / "checkpoint.npz") as file:
        steps = [int(file[key]) for key in file.files if key.startswith("optimizer_") and file[key].shape == ()]
    assert TINY.epochs * TINY.steps in steps  # the optimizer's own counter went on, and so the learning rate


def test_an_interrupted_run_ends_as_one_that_was_not(resumed: tuple[str, checkpoint.State, Path], run: Path) -> None:
    with np.load(run / "checkpoint.npz") as whole, np.load(resumed[2] / "checkpoint.npz") as other:
        for key in (key for key in whole.files if key.startswith(("weights_", "average_"))):
            # not to the bit: sums of many threads have no fixed order, and the inner layers compute in bfloat16
            np.testing.assert_allclose(other[key], whole[key], atol=0.02)


def test_a_finished_run_is_not_trained_again(run: Path) -> None:
    before = (run / "model.keras").read_bytes()
    assert _fit(run).epoch == 2
    assert (run / "model.keras").read_bytes() == before


def test_the_model_of_a_run_is_plain_float32(run: Path) -> None:
    model = keras.saving.load_model(run / "model.keras", compile=False)
    assert {layer.dtype_policy.name for layer in model.layers} == {"float32"}
    assert model.output_shape == (None, 2)


def test_a_run_with_other_options_is_not_mixed_with_this_one(run: Path) -> None:
    with pytest.raises(InputError, match="another epochs, seed; give the same options or another folder"):
        _fit(run, dataclasses.replace(TINY, epochs=3), seed=1)


def test_a_refining_run_begins_with_the_weights_of_the_earlier_one(run: Path, tmp_path: Path) -> None:
    recipe = dataclasses.replace(TINY, epochs=1, learning_rate=1e-12, weight_decay=0.0)
    fitting.fit(recipe, bars(64), bars(32), tmp_path, seed=1, start=run / "model.keras", verbose=0)
    before, after = (keras.saving.load_model(folder / "model.keras", compile=False) for folder in (run, tmp_path))
    np.testing.assert_allclose(after.trainable_weights[0].numpy(), before.trainable_weights[0].numpy(), atol=1e-6)


def test_weights_of_another_network_are_refused(run: Path, tmp_path: Path) -> None:
    larger = dataclasses.replace(TINY, options={"stem": 8, "stages": ((4, 1),), "dropout": 0.0})
    with pytest.raises(InputError, match="its weights do not fit this network"):
        fitting.fit(larger, bars(16), bars(16), tmp_path, seed=0, start=run / "model.keras", verbose=0)


def test_the_last_epochs_see_milder_changes() -> None:
    mild = dataclasses.replace(TINY.augmentation, rotation=0.0, erase=0.0, blur=0.0, highlight=0.0, noise=(0.0, 0.0))
    recipe = dataclasses.replace(TINY, epochs=4, settled=mild, settle_at=0.5)

    def fine_texture(epoch: int) -> float:
        inputs = Batches(_flat(), recipe, seed=0, epoch=epoch)[0][0]
        return float(np.abs(np.diff(inputs[..., 0], n=2, axis=2)).mean())

    assert fine_texture(2) < 0.5 * fine_texture(1)


def _flat() -> Examples:
    examples = bars(64)
    ramp = np.tile(np.linspace(60, 200, 48).astype(np.uint8), (64, 48, 1))
    return dataclasses.replace(examples, images=ramp)


def test_a_damaged_checkpoint_is_told(tmp_path: Path) -> None:
    (tmp_path / "checkpoint.npz").write_bytes(b"PK\x03\x04 cut")
    with pytest.raises(InputError, match="checkpoint cannot be read; delete it"):
        _fit(tmp_path)


def test_an_output_that_is_a_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "run").write_text("")
    with pytest.raises(InputError, match="run folder cannot be made"):
        _fit(tmp_path / "run")


def test_it_learns(tmp_path: Path) -> None:
    recipe = dataclasses.replace(
        TINY,
        options={"stem": 8, "stages": ((16, 1),), "dropout": 0.0},
        augmentation=dataclasses.replace(TINY.augmentation, erase=0.0, blur=0.0, highlight=0.0),
        epochs=2,
        steps=25,
        learning_rate=5e-3,
        averaging=0.8,
    )
    assert _fit(tmp_path, recipe).best > 0.95
