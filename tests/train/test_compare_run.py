"""A run of the comparison: it can be broken off, it keeps to its limits, and it measures what a vehicle would run."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from compared import write_fer2013

from edge.errors import InputError
from edge.vision.card import InputSpec, ModelCard
from train.architectures import pretrained
from train.comparison import device, fit, run
from train.comparison.data import Splits, read
from train.comparison.fit import Limits, Trained
from train.comparison.recipes import REPORTS

BATCHES = 4
"""Of an epoch: 79 images, 16 a batch."""
ANN = dataclasses.replace(REPORTS["ann"], batch=16, epochs=3)
ASKED = run.Asked(("logistic_regression", "ann"), limits=Limits(epochs=1))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_fer2013(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="module")
def splits(made: Path) -> Splits:
    return read(made, 4, 0.0)


def _fit(splits: Splits, folder: Path, limits: Limits | None = None, **more: Any) -> Trained:
    given: dict[str, Any] = {"settings": {"seed": 0}, "limits": limits or Limits()} | more
    return fit.fit("ann", ANN, splits.training, splits.validation, folder, reference="fer2013", seed=0, **given)


@pytest.fixture(scope="module")
def whole(splits: Splits, tmp_path_factory: pytest.TempPathFactory) -> Trained:
    return _fit(splits, tmp_path_factory.mktemp("whole"))


def _break_off(splits: Splits, folder: Path, after: int) -> None:
    heard = []

    def told(share: float, text: str) -> None:
        heard.append(text)
        if sum("loss" in text for text in heard) == after:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        _fit(splits, folder, told=told)


def test_a_training_that_is_broken_off_within_an_epoch_goes_on_there(
    splits: Splits, whole: Trained, tmp_path: Path
) -> None:
    _break_off(splits, tmp_path, BATCHES + 2)
    heard: list[str] = []
    trained = _fit(splits, tmp_path, told=lambda _, text: heard.append(text))
    assert sum("loss" in text for text in heard) == 2 * BATCHES - 2
    assert trained.epochs == 3
    assert trained.ended == "all epochs"
    for ours, theirs in zip(trained.history, whole.history, strict=True):
        assert ours["batches"] == theirs["batches"] == BATCHES


def test_a_training_ends_within_an_epoch_when_its_minutes_are_over(splits: Splits, tmp_path: Path) -> None:
    trained = _fit(splits, tmp_path, Limits(minutes=1e-6))
    assert trained.ended == "--minutes"
    assert trained.epochs == 2 / BATCHES  # the first batch of a process is not timed
    assert (tmp_path / "model.keras").is_file()


def test_with_more_minutes_it_goes_on_where_they_had_ended(splits: Splits, tmp_path: Path) -> None:
    _fit(splits, tmp_path, Limits(minutes=1e-6))
    trained = _fit(splits, tmp_path, Limits(epochs=1))
    assert trained.epochs == 1
    assert trained.ended == "--epochs"


def test_another_question_is_not_mixed_with_this_one(splits: Splits, tmp_path: Path) -> None:
    _fit(splits, tmp_path, Limits(epochs=1))
    with pytest.raises(InputError, match="another seed; give the same options or another folder"):
        _fit(splits, tmp_path, settings={"seed": 1})


def _small_backbone(include_top: bool, weights: str | None, input_shape: tuple[int, int, int]) -> keras.Model:
    image = keras.Input(input_shape)
    x = keras.layers.BatchNormalization()(keras.layers.Conv2D(4, 3, strides=4)(image))
    return keras.Model(image, keras.layers.Conv2D(4, 3, activation="relu")(x))


def test_fine_tuning_goes_on_in_its_second_part(
    splits: Splits, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the first part all learns, as no weights are given; in the second the upper convolution and the head do."""
    monkeypatch.setattr(keras.applications, "ResNet50V2", _small_backbone)
    monkeypatch.setattr(pretrained, "FINE_TUNED_FROM", 3)
    report = dataclasses.replace(REPORTS["resnet50v2_finetuned"], batch=16, epochs=60)

    def train_for(epochs: int, told: Callable[[float, str], None] = lambda *_: None) -> Trained:
        return fit.fit(
            "resnet50v2_finetuned",
            report,
            splits.training,
            splits.validation,
            tmp_path,
            reference="fer2013",
            seed=0,
            limits=Limits(epochs=epochs),
            settings={},
            told=told,
        )

    def lose_power(share: float, text: str) -> None:
        if text.startswith("epoch 2, loss") and share > 0.7:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_for(2, lose_power)
    trained = train_for(2)
    assert [record["rate"] for record in trained.history] == [1e-4, 1e-5]
    assert trained.epochs == 2


@pytest.fixture(scope="module")
def output(made: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of two classifiers, an epoch each."""
    folder = tmp_path_factory.mktemp("run")
    run.run(made, folder, ASKED, {}, shown=False)
    return folder


def _result(output: Path, name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((output / name / "result.json").read_text())
    return found


def test_a_network_is_measured_as_the_vehicle_would_run_it(output: Path) -> None:
    device = _result(output, "ann")["device"]
    assert device["multiply_adds"] == 2304 * 256 + 256 * 128 + 128 * 4
    assert 600_000 < device["bytes"] < 700_000
    assert device["median_ms"] > 0
    assert device["agreement"] > 0.8
    assert (output / "ann" / "int8.tflite").stat().st_size > device["bytes"]  # its card is appended


def test_what_is_done_is_not_trained_again(made: Path, output: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in output.rglob("*") if path.is_file()}
    rows = run.run(made, output, ASKED, {}, shown=False)
    assert [row["name"] for row in rows] == ["logistic_regression", "ann"]
    assert {path: path.stat().st_mtime_ns for path in before} == before


def test_a_result_of_another_seed_is_refused(made: Path, output: Path) -> None:
    with pytest.raises(InputError, match="holds a run with another seed; give the same options or another --output"):
        run.run(made, output, dataclasses.replace(ASKED, seed=1), {}, shown=False)


def test_a_ready_int8_model_is_a_row(made: Path, output: Path) -> None:
    asked = dataclasses.replace(ASKED, architectures=())
    rows = run.run(made, output, asked, {"ready": output / "ann" / "int8.tflite"}, shown=False)
    row = rows[-1]
    assert row["name"] == "ready"
    assert row["device"]["multiply_adds"] == _result(output, "ann")["device"]["multiply_adds"]
    assert row["temperature"] == _result(output, "ann")["temperature"]


def test_a_converter_that_crashes_is_told_and_ends_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    crashing = tmp_path / "crashing"
    crashing.write_text("#!/bin/sh\nkill -SEGV $$\n")
    crashing.chmod(0o755)
    monkeypatch.setattr(device.sys, "executable", str(crashing))
    card = ModelCard(task="emotion", version="0", labels=("a", "b"), input=InputSpec(width=48, height=48))
    none = np.zeros((1, 48, 48, 1), np.float32)
    found = device.convert(tmp_path / "model.keras", card, none, none)
    assert found == {"failed": "TensorFlow's converter crashed (signal 11)"}
