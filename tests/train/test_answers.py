"""Trained models that are used again: what they answer is put in order, what does not fit is told in a sentence."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import keras
import numpy as np
import pytest

from edge.errors import InputError
from edge.vision.card import InputSpec, ModelCard
from train.answers import answering, card_of
from train.evaluate import load
from train.recipes import EMOTION, Recipe

INPUT = InputSpec(width=8, height=8, mean=128, std=64)
FIVE = EMOTION.labels
FOUR = FIVE[:4]
IMAGES = np.random.default_rng(0).normal(size=(3, 8, 8, 1)).astype(np.float32)


def _run(folder: Path, labels: tuple[str, ...], task: str = "emotion", *, card: bool = True) -> Path:
    folder.mkdir()
    keras.utils.set_random_seed(1)
    image = keras.Input((8, 8, 1))
    logits = keras.layers.Dense(len(labels), name="logits")(keras.layers.Flatten()(image))
    keras.Model(image, logits).save(folder / "model.keras")
    if card:
        made = ModelCard(task=task, version="1", labels=labels, input=INPUT)
        (folder / "card.json").write_text(made.model_dump_json())
    return folder / "model.keras"


def _recipe(labels: tuple[str, ...]) -> Recipe:
    return dataclasses.replace(EMOTION, labels=labels, input=INPUT)


@pytest.mark.parametrize("card", [True, False], ids=["with a card", "without one"])
def test_of_a_model_that_answers_more_what_is_asked_is_taken(tmp_path: Path, card: bool) -> None:
    model = _run(tmp_path / "a", FIVE, card=card)
    whole = load(model).predict(IMAGES, verbose=0)
    asked = ("sad", "happy") if card else FOUR
    np.testing.assert_allclose(
        answering(model, _recipe(asked))(IMAGES), whole[:, [FIVE.index(label) for label in asked]], atol=1e-6
    )


def test_a_model_that_knows_the_first_labels_alone_gives_these(tmp_path: Path) -> None:
    assert answering(_run(tmp_path / "a", FOUR), _recipe(FIVE))(IMAGES).shape == (3, 4)


def test_a_model_of_other_labels_is_told(tmp_path: Path) -> None:
    model = _run(tmp_path / "a", ("sad", "happy"))
    with pytest.raises(InputError, match="it answers sad, happy, asked are happy, neutral"):
        answering(model, _recipe(FOUR))(IMAGES)


def test_a_model_of_another_task_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="it is a model of eyes, not of emotion; name another"):
        answering(_run(tmp_path / "a", ("open", "closed"), "eyes"), _recipe(FOUR))


def test_a_model_of_images_of_another_size_is_told(tmp_path: Path) -> None:
    model = _run(tmp_path / "a", FIVE)
    with pytest.raises(InputError, match="it does not read images of 48x48 pixels"):
        answering(model, EMOTION)(np.zeros((1, 48, 48, 1), np.float32))


@pytest.mark.parametrize("content", [b"{}", b"no json", b"\xff"])
def test_what_is_no_card_is_told_and_nothing_is_guessed(tmp_path: Path, content: bytes) -> None:
    model = _run(tmp_path / "a", FIVE, card=False)
    (model.parent / "card.json").write_bytes(content)
    with pytest.raises(InputError, match=r"card\.json: this is no card of a model"):
        card_of(model)


@pytest.mark.parametrize("at", [0.1, 0.3, 0.4, 0.5, 0.6, 0.7, 0.9, 0.99])
def test_a_damaged_file_is_told_in_a_sentence(tmp_path: Path, at: float) -> None:
    model = _run(tmp_path / "a", FIVE)
    content = bytearray(model.read_bytes())
    place = int(at * (len(content) - 1))
    content[place : place + 40] = bytes(255 - byte for byte in content[place : place + 40])
    model.write_bytes(content)
    with pytest.raises(InputError, match="this Keras model cannot be loaded"):
        load(model)


def test_weights_that_are_not_those_that_were_written_are_refused(tmp_path: Path) -> None:
    """Keras itself loads them without a word."""
    model = _run(tmp_path / "a", FIVE)
    weights = max((one.tobytes() for one in load(model).get_weights()), key=len)
    content = model.read_bytes()
    assert content.count(weights) == 1
    model.write_bytes(content.replace(weights, bytes(255 - byte for byte in weights)))
    with pytest.raises(InputError, match=r"this Keras model cannot be loaded \(model\.weights\.h5 in it is damaged\)"):
        load(model)
