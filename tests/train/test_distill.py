"""A student learns what its teachers answer beside what the labels say."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import keras
import numpy as np
import pytest
from click.testing import CliRunner

from edge.errors import InputError, UserError
from edge.vision.crops import level
from train.cli import group
from train.data import Examples, unlabelled
from train.distill import SHARE, taught
from train.recipes import EMOTION, EYES

SHAPE = (EMOTION.input.height, EMOTION.input.width, 1)


def _teacher(path: Path, sure_of: int) -> Path:
    """A network that always answers the same label."""
    image = keras.Input(SHAPE)
    model = keras.Model(image, keras.layers.Dense(len(EMOTION.labels))(keras.layers.Flatten()(image)))
    kernel, bias = model.get_weights()
    bias[sure_of] = 50
    model.set_weights([0 * kernel, bias])
    model.save(path)
    return path


@pytest.fixture
def examples() -> Examples:
    targets = np.zeros((2, len(EMOTION.labels) + len(EMOTION.also)), np.float32)
    targets[0, 1] = 1.0  # neutral
    targets[1, [2, 5]] = 0.4, 0.6  # a little sad, mostly what the shipped model does not answer
    images = np.zeros((2, *SHAPE[:2]), np.uint8)
    return Examples(images, targets, np.ones(2, np.float32), {}, np.full(2, "fer2013"))


def test_the_teachers_answers_are_mixed_into_the_targets(examples: Examples, tmp_path: Path) -> None:
    both = [_teacher(tmp_path / "happy.keras", 0), _teacher(tmp_path / "sad.keras", 2)]
    found = taught(examples, EMOTION, both).targets
    np.testing.assert_allclose(found[0, :4], [SHARE / 2, 1 - SHARE, SHARE / 2, 0], atol=1e-6)


def test_what_the_teachers_do_not_answer_keeps_its_part(examples: Examples, tmp_path: Path) -> None:
    found = taught(examples, EMOTION, [_teacher(tmp_path / "happy.keras", 0)]).targets
    assert found[1, 5] == pytest.approx(0.6)
    np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-6)


def test_teachers_see_faces_in_the_light_that_the_vehicle_gives_them(examples: Examples, tmp_path: Path) -> None:
    image = keras.Input(SHAPE)
    mean = keras.layers.GlobalAveragePooling2D()(image)  # happy the surer, the brighter the image
    teacher = keras.Model(image, keras.layers.Dense(len(EMOTION.labels), use_bias=False)(mean))
    teacher.set_weights([np.eye(1, len(EMOTION.labels), dtype=np.float32)])
    teacher.save(tmp_path / "brightness.keras")
    face = np.random.default_rng(0).integers(60, 200, examples.images.shape[1:])
    dark = dataclasses.replace(examples, images=np.stack([face, face // 4]).astype(np.uint8))
    found = taught(dark, EMOTION, [tmp_path / "brightness.keras"]).targets
    assert found[0, 0] == pytest.approx(SHARE * 0.2, abs=0.01)  # of five alike
    assert found[1, 0] == pytest.approx(0.4 * SHARE * 0.2, abs=0.01)


def test_without_teachers_the_labels_stay(examples: Examples) -> None:
    assert taught(examples, EMOTION, []) is examples


def _eye_teacher(path: Path, **share: float) -> Path:
    """A network that answers so much of each label, whatever it sees."""
    image = keras.Input((EYES.input.height, EYES.input.width, 1))
    model = keras.Model(image, keras.layers.Dense(len(EYES.labels))(keras.layers.Flatten()(image)))
    kernel, _ = model.get_weights()
    model.set_weights([0 * kernel, np.log([share[label] for label in EYES.labels])])
    model.save(path)
    return path


def test_teachers_of_eyes_answer_for_whole_pictures_alone(tmp_path: Path) -> None:
    teacher = _eye_teacher(tmp_path / "teacher.keras", open=0.7, closed=0.2, not_visible=0.1)
    source = np.array(["nir", "mirrored", "face"])
    eyes = Examples(
        np.zeros((3, 48, 48), np.uint8), np.eye(3, dtype=np.float32)[[1, 1, 1]], np.ones(3, np.float32), {}, source
    )
    found = taught(eyes, EYES, [teacher]).targets
    np.testing.assert_allclose(found, [[0, 1, 0], [0, 1, 0], [0.7 * SHARE, 1 - 0.8 * SHARE, 0.1 * SHARE]], atol=1e-5)


def test_a_teacher_that_is_missing_is_named(examples: Examples, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"gone\.keras: there is no such model file"):
        taught(examples, dataclasses.replace(EMOTION), [tmp_path / "gone.keras"])


def test_of_faces_without_a_label_only_the_teachers_tell(examples: Examples, tmp_path: Path) -> None:
    both = [_teacher(tmp_path / "happy.keras", 0), _teacher(tmp_path / "sad.keras", 2)]
    faces = np.full((3, *SHAPE[:2]), 90, np.uint8)
    found = taught(examples, EMOTION, both, (faces, np.array([False, False, True])))
    assert len(found) == 5
    np.testing.assert_allclose(found.targets[2:4, [0, 2]], 0.5, atol=1e-6)
    assert found.targets[4, EMOTION.labels.index("unknown")] == 1  # a yawn, whatever the teachers call it
    np.testing.assert_allclose(found.targets.sum(axis=1), 1, atol=1e-6)
    assert (found.images[2:] == 90).all()
    np.testing.assert_array_equal(found.targets[:2], taught(examples, EMOTION, both).targets)


def test_faces_without_a_label_are_framed_like_those_with_one(data: Path) -> None:
    found, yawning = unlabelled.read(data, 48)
    assert 6000 < len(found) < 9000
    assert 300 < yawning.sum() < 800
    # The mean face's eyes are dark where those of FER2013 are: at 0.37 of the height, 0.31 and 0.69 of the width.
    mean = np.stack([level(face) for face in found]).mean(axis=0)
    eyes, cheeks = mean[15:21, [12, 13, 14, 15, 32, 33, 34, 35]].mean(), mean[24:30, 12:36].mean()
    assert eyes < cheeks - 10


def test_faces_without_a_label_want_a_teacher(tmp_path: Path) -> None:
    asked = ["fit", "emotion", "--data", str(tmp_path), "--output", str(tmp_path / "run"), "--unlabelled"]
    result = CliRunner().invoke(group, asked)
    assert isinstance(result.exception, UserError)
    assert "--unlabelled is for emotion with --data and --teacher" in str(result.exception)
