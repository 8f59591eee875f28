"""Several models as one that is measured and converted like any other."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
import pytest
from click.testing import CliRunner

from convert.network import load
from edge.errors import InputError
from edge.vision.card import InputSpec, ModelCard
from train import cli, ensemble
from train.calibrate import softmax
from train.evaluate import scorer
from train.run import temperature_of

LABELS = ("open", "closed", "not_visible")


def _run(folder: Path, seed: int, temperature: float = 1.0, labels: tuple[str, ...] = LABELS, **source: bool) -> Path:
    """A run folder with a small model, its answers random but fixed by the seed."""
    folder.mkdir()
    keras.utils.set_random_seed(seed)
    image = keras.Input((16, 16, 1), name="image")
    x = keras.layers.Conv2D(4, 3, activation="relu")(image)
    logits = keras.layers.Dense(len(labels), name="logits")(keras.layers.Flatten()(x))
    keras.Model(image, logits, name="residual").save(folder / "model.keras")
    spec = InputSpec(width=16, height=16, mean=128, std=64)
    card = ModelCard(task="eyes", version="1", labels=labels, input=spec, temperature=temperature, source=source)
    (folder / "card.json").write_text(card.model_dump_json())
    return folder / "model.keras"


@pytest.fixture
def pair(tmp_path: Path) -> list[Path]:
    return [_run(tmp_path / "a", 1, 2.0), _run(tmp_path / "b", 2, 0.5)]


IMAGES = np.random.default_rng(0).normal(0, 3, (5, 16, 16, 1)).astype(np.float32)


def test_it_answers_with_the_mean_of_calibrated_probabilities(pair: list[Path], tmp_path: Path) -> None:
    output = tmp_path / "both" / "model.keras"
    done = CliRunner().invoke(cli.group, ["ensemble", *map(str, pair), "-o", str(output)])
    assert done.exit_code == 0, done.output
    mean = (softmax(scorer(pair[0])(IMAGES) / 2.0) + softmax(scorer(pair[1])(IMAGES) / 0.5)) / 2
    np.testing.assert_allclose(softmax(scorer(output)(IMAGES)), mean, atol=1e-4)
    assert temperature_of(output) == 1


def test_convert_takes_it_as_one_network(pair: list[Path], tmp_path: Path) -> None:
    output = tmp_path / "both" / "model.keras"
    ensemble.write(pair, output)
    network = load(output)
    assert (network.input_shape, network.outputs) == ((16, 16, 1), 3)


def test_its_card_names_its_members(pair: list[Path], tmp_path: Path) -> None:
    card = ensemble.write(pair, tmp_path / "both" / "model.keras")
    assert card.source["members"] == ["a", "b"]
    assert card.labels == LABELS


def test_one_model_is_no_ensemble(pair: list[Path], tmp_path: Path) -> None:
    with pytest.raises(InputError, match="of two models at least; name more"):
        ensemble.write(pair[:1], tmp_path / "both" / "model.keras")


def test_models_of_other_labels_do_not_go_together(pair: list[Path], tmp_path: Path) -> None:
    other = _run(tmp_path / "c", 3, labels=("open", "closed"))
    with pytest.raises(InputError, match=r"another task, labels or input than .*; name models of one kind"):
        ensemble.members([pair[0], other])


def test_a_model_that_reads_points_is_left_out(pair: list[Path], tmp_path: Path) -> None:
    with pytest.raises(InputError, match="it reads points beside the pixels"):
        ensemble.members([pair[0], _run(tmp_path / "c", 3, points=True)])


def test_a_model_without_a_card_is_told(pair: list[Path], tmp_path: Path) -> None:
    (tmp_path / "b" / "card.json").unlink()
    with pytest.raises(InputError, match=r"there is no card\.json beside it"):
        ensemble.members(pair)


def test_another_models_card_is_not_written_over(pair: list[Path], tmp_path: Path) -> None:
    with pytest.raises(InputError, match="another model's card; write the ensemble into a folder of its own"):
        ensemble.write(pair, tmp_path / "a" / "both.keras")


def test_a_damaged_model_is_told(pair: list[Path], tmp_path: Path) -> None:
    pair[1].write_bytes(b"PK cut")
    with pytest.raises(InputError, match="this Keras model cannot be loaded"):
        ensemble.write(pair, tmp_path / "both" / "model.keras")
