"""What a model's card says of what the models before it learned from."""

from __future__ import annotations

import dataclasses
import logging
import shutil
from pathlib import Path
from typing import Any

import pytest

from edge.vision.card import Dataset, ModelCard, read_card
from train.answers import card_of, with_theirs
from train.places import face
from train.places.run import DATASETS
from train.recipes import EMOTION
from train.run import _commands_before, with_lineage

ROOT = Path(__file__).resolve().parents[2]
WEIGHTS = sorted((ROOT / "train" / "weights").glob("*.keras"))
OWN = (Dataset(name="own images", terms="one's own"),)


def _card(place: Path, name: str) -> None:
    card = ModelCard(
        task="emotion", version="1", labels=("a",), input=EMOTION.input, datasets=(Dataset(name=name, terms=""),)
    )
    place.write_text(card.model_dump_json())


@pytest.mark.parametrize("weights", WEIGHTS, ids=lambda path: path.stem)
def test_weights_that_ship_have_a_card(weights: Path) -> None:
    card = card_of(weights)
    assert card is not None
    assert (card.task, card.labels, card.input) == ("emotion", EMOTION.labels, EMOTION.input)
    assert {"FER2013", "FER+"} <= {dataset.name for dataset in card.datasets}
    assert all(command.startswith("train-model ") for command in card.source["commands"])


def test_the_card_of_the_weights_is_that_of_the_model_converted_from_them() -> None:
    shipped, card = (
        read_card(ROOT / "edge" / "models" / "emotion.tflite"),
        card_of(ROOT / "train/weights/emotion.keras"),
    )
    assert card is not None
    assert (card.temperature, card.datasets) == (shipped.temperature, shipped.datasets)
    assert card.results == {"float": shipped.results["float"]}
    assert card.source == {name: value for name, value in shipped.source.items() if name != "conversion"}


def test_the_teacher_began_as_the_one_that_it_taught() -> None:
    teacher, taught = (card_of(ROOT / f"train/weights/{name}.keras") for name in ("emotion-teacher", "emotion"))
    assert teacher is not None
    assert taught is not None
    assert teacher.source["commands"][-2:] == taught.source["commands"][:2]
    assert set(teacher.datasets) < set(taught.datasets)


def test_a_run_on_ones_own_images_from_the_weights_that_ship_names_what_these_learned_from() -> None:
    start = ROOT / "train" / "weights" / "emotion.keras"
    names = [dataset.name for dataset in with_theirs(OWN, [start])]
    assert names[:3] == ["own images", "FER2013", "FER+"]
    assert any(name.startswith("VGGFace2") for name in names)
    assert _commands_before(start)[-1].startswith("train-model adjust emotion")


def test_a_card_of_the_models_own_name_comes_before_that_of_the_folder(tmp_path: Path) -> None:
    for name in ("one", "other"):
        shutil.copyfile(WEIGHTS[0], tmp_path / f"{name}.keras")
    _card(tmp_path / "card.json", "the folder's")
    _card(tmp_path / "one.card.json", "its own")
    found = [with_theirs((), [tmp_path / f"{name}.keras"])[0].name for name in ("one", "other")]
    assert found == ["its own", "the folder's"]


def test_a_detector_names_what_the_one_that_it_began_with_learned_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Nobody:
        def measure(self, answer: object) -> dict[str, float]:
            return {}

    def one_epoch(twin: object, *asked: Any) -> None:
        asked[-1](twin, 0)

    monkeypatch.setattr("train.places.run.fit_loop", one_epoch)
    start = tmp_path / "before.keras"
    face.FACE.network().save(start)
    _card(tmp_path / "before.card.json", "faces of a fleet")
    recipe = dataclasses.replace(face.RECIPE, start=start)
    face.FACE.fit(lambda _: iter(()), lambda: None, Nobody(), tmp_path / "run", recipe)
    card = card_of(tmp_path / "run" / "model.keras")
    assert card is not None
    assert [dataset.name for dataset in card.datasets] == [*(each.name for each in DATASETS), "faces of a fleet"]


def test_a_model_without_a_card_is_told_and_the_new_card_hides_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    start = tmp_path / "found.keras"
    start.write_bytes(b"weights")
    with caplog.at_level(logging.WARNING):
        recipe = with_lineage(EMOTION, [start, None, tmp_path / "missing.keras"])
    assert recipe.datasets[:-1] == EMOTION.datasets
    assert recipe.datasets[-1].name == "unknown: what found.keras learned from, which came without a card"
    (record,) = caplog.records
    assert record.getMessage().startswith(f"{start}: it has no card, so ")
