"""Model files: a network and its card in one file, and what is said of a file that is none or does not fit."""

from __future__ import annotations

import io
import json
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edge.errors import ConfigError
from edge.vision.card import CARD_NAME, ModelCard, append_card, read_card, read_model
from edge.vision.emotion import EmotionReader
from edge.vision.eyes import EyeReader
from edge.vision.landmarks import LandmarkReader
from edge.vision.tflite import TfliteModel

NETWORK = b"\x1c\x00\x00\x00TFL3" + bytes(range(64))
CARD: dict[str, Any] = {
    "task": "eyes",
    "version": "1.2.3",
    "labels": ["open", "closed"],
    "input": {"width": 32, "height": 32, "channels": 1, "mean": 128.0, "std": 64.0},
    "temperature": 1.3,
    "datasets": [{"name": "drawn", "terms": "none"}],
    "results": {"auc": 0.99},
    "source": {"seed": 7},
}

Shipped = Callable[[str], Path]
WithCard = Callable[..., Path]


def refusal(load: Callable[[], object]) -> str:
    with pytest.raises(ConfigError) as caught:
        load()
    sentence = str(caught.value)
    assert "\n" not in sentence
    assert sentence.endswith(".")
    return sentence


def _zipped(content: dict[str, bytes], compression: int = zipfile.ZIP_STORED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        for name, text in content.items():
            archive.writestr(name, text)
    return buffer.getvalue()


@pytest.fixture
def write(tmp_path: Path) -> Callable[[bytes], Path]:
    def write(content: bytes) -> Path:
        path = tmp_path / "model.tflite"
        path.write_bytes(content)
        return path

    return write


@pytest.fixture
def card() -> ModelCard:
    return ModelCard.model_validate(CARD)


Write = Callable[[bytes], Path]


def test_network_and_card_come_back_as_they_were_put_together(write: Write, card: ModelCard) -> None:
    network, back = read_model(write(append_card(NETWORK, card)))
    assert network == NETWORK
    assert back.model_copy(update={"sha256": ""}) == card


def test_the_same_network_and_card_give_the_same_bytes(card: ModelCard) -> None:
    assert append_card(NETWORK, card) == append_card(NETWORK, card)


def test_the_network_stands_first_so_that_any_runtime_loads_the_file(card: ModelCard) -> None:
    assert append_card(NETWORK, card).startswith(NETWORK)


def test_the_card_is_a_plain_file_of_an_appended_zip(card: ModelCard) -> None:
    with zipfile.ZipFile(io.BytesIO(append_card(NETWORK, card))) as archive:
        assert archive.namelist() == [CARD_NAME]
        assert json.loads(archive.read(CARD_NAME))["labels"] == ["open", "closed"]


def test_a_card_that_says_more_than_this_version_knows_is_read(write: Write) -> None:
    text = json.dumps({**CARD, "licence": "Apache-2.0"}).encode()
    assert read_card(write(NETWORK + _zipped({CARD_NAME: text}))).version == "1.2.3"


def test_other_associated_files_beside_the_card_are_no_harm(write: Write) -> None:
    path = write(NETWORK + _zipped({"labels.txt": b"open", CARD_NAME: json.dumps(CARD).encode()}))
    assert read_model(path)[0] == NETWORK


@pytest.mark.parametrize("missing", ["task", "version", "labels", "input"])
def test_a_card_without_a_required_field_is_told_with_the_field(write: Write, missing: str) -> None:
    text = json.dumps({key: value for key, value in CARD.items() if key != missing}).encode()
    sentence = refusal(lambda: read_card(write(NETWORK + _zipped({CARD_NAME: text}))))
    assert f"card does not fit at {missing}" in sentence


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("task", "gaze"),
        ("labels", []),
        ("labels", ["open", "open"]),
        ("temperature", 0),
        ("input", {"width": 0, "height": 32}),
        ("input", {"width": 32, "height": 32, "channels": 2}),
        ("input", {"width": 32, "height": 32, "std": 0}),
    ],
)
def test_a_card_with_an_impossible_value_is_refused(write: Write, field: str, value: object) -> None:
    text = json.dumps({**CARD, field: value}).encode()
    assert "the model's card does not fit" in refusal(lambda: read_card(write(NETWORK + _zipped({CARD_NAME: text}))))


def test_a_card_that_is_no_json_is_refused(write: Write) -> None:
    path = write(NETWORK + _zipped({CARD_NAME: b"{task: eyes"}))
    assert "the model's card does not fit at card.json" in refusal(lambda: read_card(path))


@pytest.mark.parametrize(
    "content",
    [b"", b"TFL3", b"not a model at all", b"PK\x03\x04", b"\x89HDF\r\n\x1a\n" + bytes(64), NETWORK[4:]],
)
def test_a_foreign_file_is_no_model(write: Write, content: bytes) -> None:
    assert "this is not a TFLite model" in refusal(lambda: read_model(write(content)))


def test_a_model_without_a_card_is_told(write: Write) -> None:
    assert "has no card" in refusal(lambda: read_model(write(NETWORK)))


def test_a_model_with_foreign_metadata_alone_has_no_card(write: Write) -> None:
    assert "has no card" in refusal(lambda: read_model(write(NETWORK + _zipped({"labels.txt": b"cat"}))))


def test_an_encrypted_or_oddly_packed_card_is_no_card(write: Write) -> None:
    archive = bytearray(_zipped({CARD_NAME: json.dumps(CARD).encode()}))
    directory = archive.index(b"PK\x01\x02")
    archive[directory + 8] |= 1  # encrypted
    assert "has no card" in refusal(lambda: read_model(write(NETWORK + bytes(archive))))
    archive[directory + 8] &= ~1
    archive[directory + 10] = 99  # a way of packing that does not exist
    assert "has no card" in refusal(lambda: read_model(write(NETWORK + bytes(archive))))


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.999])
def test_a_truncated_model_is_refused(shipped: Shipped, write: Write, share: float) -> None:
    content = shipped("eyes").read_bytes()
    path = write(content[: int(len(content) * share)])
    assert "cut short or foreign" in refusal(lambda: read_model(path))


def test_one_flipped_bit_of_the_network_is_found(shipped: Shipped, write: Write) -> None:
    content = bytearray(shipped("eyes").read_bytes())
    content[len(content) // 2] ^= 1
    assert "the model is damaged" in refusal(lambda: read_model(write(bytes(content))))


def test_a_flipped_byte_anywhere_in_the_card_is_refused_or_harmless(write: Write, card: ModelCard) -> None:
    whole = append_card(NETWORK, card)
    for position in range(len(NETWORK), len(whole)):
        damaged = bytearray(whole)
        damaged[position] ^= 0x80 if position % 2 else 0x01
        path = write(bytes(damaged))
        try:
            network, back = read_model(path)
        except ConfigError:
            continue
        assert (network, back.labels) == (NETWORK, card.labels), f"byte {position}"


def test_a_missing_model_is_told_with_its_path(tmp_path: Path) -> None:
    sentence = refusal(lambda: read_model(tmp_path / "eyes.tflite"))
    assert sentence.startswith(f"{tmp_path / 'eyes.tflite'}: the model cannot be read (No such file or directory)")


def test_a_folder_is_no_model(tmp_path: Path) -> None:
    assert "cannot be read" in refusal(lambda: read_model(tmp_path))


@pytest.mark.parametrize("task", ["eyes", "emotion", "landmarks"])
def test_a_shipped_model_has_a_complete_card(shipped: Shipped, task: str) -> None:
    card = read_card(shipped(task))
    assert card.task == task
    assert card.sha256
    assert card.datasets
    assert all(dataset.name and dataset.terms for dataset in card.datasets)
    assert card.results
    assert card.source


@pytest.mark.parametrize("task", ["eyes", "emotion", "landmarks"])
def test_a_shipped_model_is_under_a_megabyte(shipped: Shipped, task: str) -> None:
    assert shipped(task).stat().st_size < 1_000_000


@pytest.mark.parametrize("task", ["eyes", "emotion"])
def test_a_shipped_model_gives_probabilities_of_its_labels(shipped: Shipped, task: str) -> None:
    model = TfliteModel(shipped(task))
    side = model.card.input.width
    shares = model.probabilities(np.random.default_rng(1).integers(0, 256, (side, side), np.uint8))
    assert set(shares) == set(model.card.labels)
    assert sum(shares.values()) == pytest.approx(1, abs=1e-5)


def test_the_same_patch_gives_the_same_scores(shipped: Shipped) -> None:
    patch = np.random.default_rng(1).integers(0, 256, (32, 32), np.uint8)
    first, second = TfliteModel(shipped("eyes")), TfliteModel(shipped("eyes"))
    scores = first.run(patch)
    first.run(255 - patch)
    assert np.array_equal(first.run(patch), scores)
    assert np.array_equal(second.run(patch), scores)


def test_pixels_and_scaled_input_meet_the_same_network(shipped: Shipped) -> None:
    model = TfliteModel(shipped("eyes"))
    spec = model.card.input
    patch = np.random.default_rng(1).integers(0, 256, (spec.height, spec.width), np.uint8)
    scaled = ((patch.astype(np.float32) - spec.mean) / spec.std)[:, :, None]
    assert np.array_equal(model.run(patch), model.run_scaled(scaled))


def test_temperature_divides_the_scores(with_card: WithCard) -> None:
    patch = np.full((32, 32), 160, np.uint8)
    patch[16:20] = 40  # a dark line, as of closed lids
    model = TfliteModel(with_card("eyes", temperature=8.0))
    shares, scores = model.probabilities(patch), model.run(patch)
    assert scores[0] != scores[1]
    assert np.log(shares["open"] / shares["closed"]) == pytest.approx((scores[0] - scores[1]) / 8, rel=1e-3)


def test_a_model_of_another_task_is_refused(shipped: Shipped) -> None:
    assert "this model is for eyes, not for emotion" in refusal(lambda: TfliteModel(shipped("eyes"), "emotion"))


def test_a_card_with_another_number_of_labels_is_refused(with_card: WithCard) -> None:
    path = with_card("eyes", labels=["open", "closed"])
    assert "has 2 labels, so 2 scores, the network has 3" in refusal(lambda: TfliteModel(path))


def test_a_card_with_another_size_is_refused(with_card: WithCard) -> None:
    path = with_card("eyes", input={**CARD["input"], "width": 64, "height": 64})
    told = refusal(lambda: TfliteModel(path))
    assert "the card says an input (1, 64, 64, 1) of int8 or float32, the network has int8 (1, 32, 32, 1)" in told


def test_an_eye_model_with_other_labels_is_refused(with_card: WithCard) -> None:
    path = with_card("eyes", labels=["awake", "asleep", "hidden"])
    assert "read by the labels open, closed, the card has awake, asleep, hidden" in refusal(lambda: EyeReader(path))


def test_an_emotion_model_with_other_labels_is_refused(with_card: WithCard) -> None:
    path = with_card("emotion", labels=["angry", "neutral", "sad", "surprise", "unknown"])
    assert "the rules need the labels" in refusal(lambda: EmotionReader(path))


def test_labels_may_stand_in_any_order(with_card: WithCard, shipped: Shipped) -> None:
    """The order on the card is the order of the scores, whatever it is."""
    labels = read_card(shipped("emotion")).labels
    patch = np.random.default_rng(1).integers(0, 256, (48, 48), np.uint8)
    as_shipped = TfliteModel(shipped("emotion")).probabilities(patch)
    path = with_card("emotion", labels=labels[::-1])
    EmotionReader(path)
    assert TfliteModel(path).probabilities(patch)[labels[0]] == as_shipped[labels[-1]]


def test_a_landmark_model_with_other_points_is_refused(with_card: WithCard, shipped: Shipped) -> None:
    labels = read_card(shipped("landmarks")).labels
    path = with_card("landmarks", labels=[*labels[:-1], "chin"])
    assert "names other points" in refusal(lambda: LandmarkReader(path))


def test_a_landmark_model_with_too_few_points_is_refused(with_card: WithCard, shipped: Shipped) -> None:
    labels = read_card(shipped("landmarks")).labels
    path = with_card("landmarks", labels=labels[:-1])
    assert "convert it again" in refusal(lambda: LandmarkReader(path))


def test_a_network_that_the_runtime_cannot_load_is_refused(write: Write, card: ModelCard) -> None:
    path = write(append_card(NETWORK, card))
    assert "the runtime cannot load the model" in refusal(lambda: TfliteModel(path))


def test_without_a_runtime_it_is_said_how_to_get_one(shipped: Shipped, monkeypatch: pytest.MonkeyPatch) -> None:
    for runtime in ("ai_edge_litert", "tflite_runtime"):
        monkeypatch.setitem(sys.modules, runtime, None)
        monkeypatch.setitem(sys.modules, f"{runtime}.interpreter", None)
    assert "pip install ai-edge-litert" in refusal(lambda: TfliteModel(shipped("eyes")))
