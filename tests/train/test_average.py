"""Two trainings of one network as one, weight by weight."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
import pytest
from click.testing import CliRunner

from edge.errors import InputError
from edge.vision.card import InputSpec, ModelCard
from train import cli
from train.average import between

LABELS = ("open", "closed", "not_visible")


def _model(seed: int, filters: int = 4) -> keras.Model:
    keras.utils.set_random_seed(seed)
    image = keras.Input((8, 8, 1), name="image")
    x = keras.layers.Conv2D(filters, 3)(image)
    return keras.Model(image, keras.layers.Dense(len(LABELS), name="logits")(keras.layers.Flatten()(x)))


def _run(folder: Path, task: str = "eyes") -> Path:
    folder.mkdir()
    _model(1).save(folder / "model.keras")
    card = ModelCard(task=task, version="1", labels=LABELS, input=InputSpec(width=8, height=8, mean=128, std=64))
    (folder / "card.json").write_text(card.model_dump_json())
    return folder / "model.keras"


def test_every_weight_lies_so_far_on_the_way_from_the_first_to_the_second() -> None:
    first, second = _model(1), _model(2)
    a, b = first.get_weights(), second.get_weights()
    for was, other, now in zip(a, b, between(first, second, 0.8).get_weights(), strict=True):
        np.testing.assert_allclose(now, was + 0.8 * (other - was), atol=1e-6)


@pytest.mark.parametrize("share", [0, 1])
def test_at_either_end_it_answers_as_that_model(share: int) -> None:
    images = np.random.default_rng(0).normal(size=(5, 8, 8, 1)).astype(np.float32)
    ends = [_model(seed).predict(images, verbose=0) for seed in (1, 2)]
    now = between(_model(1), _model(2), share).predict(images, verbose=0)
    np.testing.assert_allclose(now, ends[share], atol=1e-5)


def test_two_networks_are_refused() -> None:
    with pytest.raises(InputError, match="not one network; name two runs of one"):
        between(_model(1), _model(2, filters=5), 0.5)


def test_models_of_two_tasks_are_refused_in_one_sentence(tmp_path: Path) -> None:
    pair = [_run(tmp_path / "a"), _run(tmp_path / "b", task="landmarks")]
    done = CliRunner().invoke(
        cli.group, ["average", "eyes", *map(str, pair), "--data", str(tmp_path), "--output", str(tmp_path / "c")]
    )
    assert isinstance(done.exception, InputError)
    assert "b/model.keras: it is a model of landmarks, not of eyes; name another" in str(done.exception)
    assert not (tmp_path / "c").exists()


def test_what_cannot_be_begun_leaves_nothing_that_is_in_the_way(tmp_path: Path) -> None:
    pair = [_run(tmp_path / "a"), _run(tmp_path / "b")]  # their data are missing
    done = CliRunner().invoke(
        cli.group, ["average", "eyes", *map(str, pair), "--data", str(tmp_path), "--output", str(tmp_path / "c")]
    )
    assert isinstance(done.exception, InputError)
    assert not (tmp_path / "c").exists()


def test_models_of_another_task_than_named_are_refused(tmp_path: Path) -> None:
    pair = [_run(tmp_path / "a"), _run(tmp_path / "b")]
    done = CliRunner().invoke(
        cli.group, ["average", "emotion", *map(str, pair), "--data", str(tmp_path), "--output", str(tmp_path / "c")]
    )
    assert "it is a model of eyes, not of emotion" in str(done.exception)
