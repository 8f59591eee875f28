"""The detector that ships, on the synthetic recording and on frames without anybody."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.errors import ConfigError
from edge.vision.native import NativeDetector

MODELS = Path(__file__).resolve().parents[2] / "edge" / "models"


@pytest.fixture(scope="module")
def detector() -> NativeDetector:
    return NativeDetector(MODELS / "face.tflite")


@pytest.fixture(scope="module")
def portrait(synthetic_recording: Path) -> np.ndarray:
    video = cv2.VideoCapture(str(synthetic_recording / "video.mp4"))
    _, image = video.read()
    video.release()
    return cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)


def test_the_face_is_found_with_its_eyes_above_its_mouth(detector: NativeDetector, portrait: np.ndarray) -> None:
    (face,) = detector.find(portrait, None)
    assert face.score > 0.7
    assert face.right_eye[0] < face.mouth[0] < face.left_eye[0]
    assert max(face.right_eye[1], face.left_eye[1]) < face.mouth[1]
    assert face.box.x < face.right_eye[0] < face.left_eye[0] < face.box.x + face.box.width


@pytest.mark.parametrize("size", [(160, 120), (641, 479), (1920, 1080)])
def test_the_face_is_found_in_a_frame_of_any_size(
    detector: NativeDetector, portrait: np.ndarray, size: tuple[int, int]
) -> None:
    scale = min(size[0] / portrait.shape[1], size[1] / portrait.shape[0])
    frame = np.full((size[1], size[0]), 60, np.uint8)
    small = cv2.resize(portrait, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    frame[: small.shape[0], : small.shape[1]] = small
    (face,) = detector.find(frame, None)
    (same,) = detector.find(portrait, None)
    assert np.hypot(face.right_eye[0] / scale - same.right_eye[0], face.right_eye[1] / scale - same.right_eye[1]) < (
        0.3 * same.eye_distance
    )


def test_a_much_darker_frame_shows_the_face_as_well(detector: NativeDetector, portrait: np.ndarray) -> None:
    assert len(detector.find(portrait // 8, None)) == 1


@pytest.mark.parametrize("grey", [0, 90, 255])
def test_an_empty_frame_has_no_face(detector: NativeDetector, grey: int) -> None:
    assert detector.find(np.full((480, 640), grey, np.uint8), None) == []


def test_another_tasks_model_is_refused() -> None:
    with pytest.raises(ConfigError, match="landmarks"):
        NativeDetector(MODELS / "landmarks.tflite")
