"""A folder of one's own images: read, split, cleaned, trained on, refused with one sentence where it does not fit."""

from __future__ import annotations

import dataclasses
import json
import logging
import os
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
from click.testing import CliRunner

from convert import cli as converting
from edge.cameras.images import read_image
from edge.errors import InputError
from edge.vision.card import ModelCard
from train import cli
from train.data import folder, held_out, representative
from train.guards import check_classes
from train.recipes import EMOTION

LABELS = ("happy", "neutral", "sad", "surprise")


def _made(place: Path, count: int = 40, labels: tuple[str, ...] = LABELS) -> Path:
    """`count` images a label: its stripes in noise, no two alike."""
    random = np.random.default_rng(0)
    for number, label in enumerate(labels):
        (place / label).mkdir(parents=True)
        for image in range(count):
            pixels = random.integers(90, 160, (60, 50)).astype(np.uint8)
            pixels[:: number + 2] //= 3
            cv2.imwrite(str(place / label / f"{image:03d}.png"), pixels)
    return place


def _read(place: Path) -> dict[str, folder.Examples]:
    return folder.read(place, folder.recipe_for(EMOTION, place))


def test_images_go_into_three_parts_by_their_names_alone(tmp_path: Path) -> None:
    parts = _read(_made(tmp_path))
    names = [f"{number:03d}" for number in range(40)]
    assert len(parts["validation"]) == 4 * sum(folder.tenth(name) == folder.VALIDATION for name in names)
    assert len(parts["test"]) == 4 * sum(folder.tenth(name) == folder.TEST for name in names)
    assert sum(map(len, parts.values())) == 160
    assert parts["training"].images.shape[1:] == (48, 48)


def test_a_larger_input_gets_the_larger_image(tmp_path: Path) -> None:
    recipe = folder.recipe_for(EMOTION, _made(tmp_path))
    larger = dataclasses.replace(recipe, input=recipe.input.model_copy(update={"width": 96, "height": 96}))
    assert folder.read(tmp_path, larger)["training"].images.shape[1:] == (96, 96)


def test_only_the_labels_that_are_there_are_asked(tmp_path: Path) -> None:
    recipe = folder.recipe_for(EMOTION, _made(tmp_path, labels=(*LABELS, "angry")))
    assert recipe.labels == LABELS
    assert recipe.also == ("anger",)
    assert recipe.thresholds == {"sad": 0.35}
    assert [each.name for each in recipe.datasets] == ["own images"]


def test_patches_without_a_face_teach_unknown(tmp_path: Path) -> None:
    parts = _read(_made(tmp_path, labels=(*LABELS, "unknown")))
    unknown = parts["test"].source == "no_face"
    assert unknown.any()
    assert (parts["test"].labels["own"][unknown] == -1).all()
    assert (parts["test"].targets[unknown].argmax(axis=1) == 4).all()


def test_of_identical_images_one_stays_and_none_under_two_labels(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    _made(tmp_path)
    happy = (tmp_path / "happy" / "000.png").read_bytes()
    (tmp_path / "happy" / "again.png").write_bytes(happy)
    (tmp_path / "sad" / "other.png").write_bytes((tmp_path / "neutral" / "001.png").read_bytes())
    with caplog.at_level(logging.WARNING):
        parts = _read(tmp_path)
    images = np.concatenate([part.images for part in parts.values()])
    assert len(images) == len({image.tobytes() for image in images}) == 159
    assert "left out 3 identical images; the labels of 1 groups of them contradict each other" in caplog.text


def test_an_unreadable_image_is_named_skipped_and_counted(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    _made(tmp_path)
    (tmp_path / "happy" / "torn.jpg").write_bytes(b"\xff\xd8\xff cut")
    with caplog.at_level(logging.WARNING):
        parts = _read(tmp_path)
    assert sum(map(len, parts.values())) == 160
    assert "left out 1 of 161 images, which cannot be read: happy/torn.jpg" in caplog.text


def test_more_than_one_unreadable_image_in_a_hundred_is_refused(tmp_path: Path) -> None:
    _made(tmp_path)
    for number in range(2):
        (tmp_path / "sad" / f"torn{number}.png").write_bytes(b"")
    with pytest.raises(InputError, match=r"2 of 162 images cannot be read \(sad/torn0.png, sad/torn1.png\), more than"):
        _read(tmp_path)


def test_jpegs_cut_short_are_left_out_and_counted(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """OpenCV reads such a file, with a grey rest."""
    _made(tmp_path)
    whole = cv2.imencode(".jpg", np.random.default_rng(1).integers(0, 256, (200, 200), np.uint8))[1].tobytes()
    (tmp_path / "sad" / "cut0.jpg").write_bytes(whole[: len(whole) // 3])
    assert cv2.imread(str(tmp_path / "sad" / "cut0.jpg"), cv2.IMREAD_GRAYSCALE) is not None
    with caplog.at_level(logging.WARNING):
        assert sum(map(len, _read(tmp_path).values())) == 160
    assert "left out 1 of 161 images, which cannot be read: sad/cut0.jpg" in caplog.text
    (tmp_path / "sad" / "cut1.jpg").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match=r"2 of 162 images cannot be read \(sad/cut0.jpg, sad/cut1.jpg\), more than"):
        _read(tmp_path)


def test_a_name_that_is_not_utf_8_is_read_as_any_other(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """cv2.imread ended the process there."""
    _made(tmp_path)
    pixels = np.random.default_rng(1).integers(0, 256, (60, 50), np.uint8)
    happy = os.fsencode(tmp_path / "happy")
    Path(os.fsdecode(happy + b"/m\xfcller.png")).write_bytes(cv2.imencode(".png", pixels)[1].tobytes())
    Path(os.fsdecode(happy + b"/torn\xfc.png")).write_bytes(b"cut")
    with caplog.at_level(logging.WARNING):
        assert sum(map(len, _read(tmp_path).values())) == 161
    assert "left out 1 of 162 images, which cannot be read: happy/torn\\xfc.png" in caplog.text


def test_an_image_too_large_to_be_read_is_left_out(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    _made(tmp_path)
    small = cv2.imencode(".bmp", np.zeros((60, 50), np.uint8))[1].tobytes()
    (tmp_path / "happy" / "huge.bmp").write_bytes(small[:18] + 2 * (60_000).to_bytes(4, "little") + small[26:])
    with caplog.at_level(logging.WARNING):
        assert sum(map(len, _read(tmp_path).values())) == 160
    assert "left out 1 of 161 images, which cannot be read: happy/huge.bmp" in caplog.text


def test_a_folder_whose_every_image_has_two_labels_is_refused(tmp_path: Path) -> None:
    _made(tmp_path, labels=("happy",))
    for label in LABELS[1:]:
        shutil.copytree(tmp_path / "happy", tmp_path / label)
    with pytest.raises(InputError, match="every image in it also stands under another label; keep each under the one"):
        _read(tmp_path)


def test_sound_images_are_read_as_opencv_reads_files(tmp_path: Path) -> None:
    noise = cv2.GaussianBlur(np.random.default_rng(1).integers(0, 256, (70, 90, 3), np.uint8), (0, 0), 2)
    deep = noise.astype(np.uint16) * 257
    for number, (suffix, image) in enumerate(
        [(suffix, noise) for suffix in folder.SUFFIXES] + [(".jpg", noise[..., 0]), (".png", deep)]
    ):
        path = tmp_path / f"{number}{suffix}"
        cv2.imwrite(str(path), image)
        np.testing.assert_array_equal(read_image(path), cv2.imread(str(path), cv2.IMREAD_GRAYSCALE))


def test_a_label_that_does_not_fit_is_told(tmp_path: Path) -> None:
    _made(tmp_path, 1, (*LABELS, "bored"))
    with pytest.raises(InputError, match="'bored' is no label; name the folder one of: happy, neutral, sad, surprise"):
        folder.recipe_for(EMOTION, tmp_path)


def test_an_empty_and_a_missing_folder_are_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no image in it; put them into a folder a label"):
        folder.recipe_for(EMOTION, tmp_path)
    with pytest.raises(InputError, match="there is no such folder; --images must name"):
        folder.recipe_for(EMOTION, tmp_path / "nowhere")


def test_a_class_without_an_image_is_refused(tmp_path: Path) -> None:
    _made(tmp_path, labels=("happy", "neutral", "sad"))
    recipe = folder.recipe_for(EMOTION, tmp_path)
    with pytest.raises(InputError, match="no image of surprise"):
        folder.read(tmp_path, recipe)


def test_too_few_to_keep_some_out_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="falls to the tenth kept out for validation; add some"):
        _read(_made(tmp_path, 1))


def test_a_class_under_a_fiftieth_of_the_largest_is_refused_unless_weighed(tmp_path: Path) -> None:
    training = _read(_made(tmp_path))["training"]
    recipe = folder.recipe_for(EMOTION, tmp_path)
    happy = np.flatnonzero(training.labels["own"] == 0)
    unlike = training.take(np.concatenate([np.tile(happy, 60), np.flatnonzero(training.labels["own"] > 0)]))
    with pytest.raises(InputError, match=r"images of \w+ beside \d+ of happy; .* --class-weights"):
        check_classes(unlike, recipe, tmp_path)
    check_classes(unlike, dataclasses.replace(recipe, class_weights="balanced"), tmp_path)
    check_classes(training, recipe, tmp_path)


def test_an_absent_class_and_no_image_at_all_are_refused(tmp_path: Path) -> None:
    training = _read(_made(tmp_path))["training"]
    recipe = folder.recipe_for(EMOTION, tmp_path)
    with pytest.raises(InputError, match="there is no image to train on of sad; add some"):
        check_classes(training.take(training.labels["own"] != 2), recipe, tmp_path)
    with pytest.raises(InputError, match="there is no image to train on; add some of: happy"):
        check_classes(training.take(np.zeros(len(training), bool)), recipe, tmp_path)


def test_a_model_of_ones_own_images_is_trained_and_measured_with_two_commands(tmp_path: Path) -> None:
    images, output = _made(tmp_path / "images"), tmp_path / "run"
    network = tmp_path / "best.json"
    small = {"architecture": "residual", "options": {"stem": 4, "stages": [[8, 1]]}, "learning_rate": 0.01}
    network.write_text(json.dumps(small))
    arguments = ["fit", "emotion", "--images", str(images), "--output", str(output), "--network", str(network)]
    done = CliRunner().invoke(cli.group, [*arguments, "--epochs", "1", "--batch", "16", "--quiet"])
    assert done.exit_code == 0, done.output
    card = json.loads((output / "card.json").read_text())
    assert card["labels"] == list(LABELS)
    assert "--images DIR" in card["source"]["commands"][0]
    assert "--network best.json" in card["source"]["commands"][0]
    figures = tmp_path / "figures.json"
    arguments = ["evaluate", "emotion", str(output / "model.keras"), "--images", str(images)]
    done = CliRunner().invoke(cli.group, [*arguments, "--json", str(figures)])
    assert done.exit_code == 0, done.output
    assert json.loads(figures.read_text())["labels"]["own"]["images"] == 4 * sum(
        folder.tenth(f"{number:03d}") == folder.TEST for number in range(40)
    )
    converted = tmp_path / "model.tflite"
    arguments = [str(output / "model.keras"), "--task", "emotion", "--images", str(images), "-o", str(converted)]
    done = CliRunner().invoke(converting.main, [*arguments, "--report", str(tmp_path / "report.json")])
    assert json.loads((tmp_path / "report.json").read_text())["comparison"], (
        done.output
    )  # little learned, may be refused


def test_conversion_refuses_images_of_other_labels_than_the_models(tmp_path: Path) -> None:
    spec = EMOTION.input
    card = ModelCard(task="emotion", version="1", labels=("happy", "neutral", "sad", "surprise", "unknown"), input=spec)
    with pytest.raises(InputError, match=r"holds happy, neutral, sad, surprise, the model answers happy, .*unknown"):
        held_out("emotion", _made(tmp_path), card, own=True)


def test_conversion_takes_images_of_the_cards_size(tmp_path: Path) -> None:
    spec = EMOTION.input.model_copy(update={"width": 96, "height": 96})
    card = ModelCard(task="emotion", version="1", labels=LABELS, input=spec)
    calibration = representative("emotion", _made(tmp_path), 12, 0, card, own=True)
    inputs, labels = held_out("emotion", tmp_path, card, own=True)
    assert calibration.shape == (12, 96, 96, 1)
    assert inputs.shape[1:] == (96, 96, 1)
    assert set(labels.tolist()) == {0, 1, 2, 3}
