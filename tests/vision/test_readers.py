"""The readers of eyes, face and emotion, on the frames of the synthetic recording."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.cameras.recording import RecordingCamera
from edge.config import FaceConfig
from edge.errors import ConfigError
from edge.records import Box, Face, GreyImage
from edge.vision.emotion import EmotionReader
from edge.vision.eyes import EyeReader
from edge.vision.face import face_detector
from edge.vision.haar import HaarDetector
from edge.vision.landmarks import LandmarkReader
from edge.vision.points import square_of_eyes

Shipped = Callable[[str], Path]


@pytest.fixture(scope="module")
def portrait(synthetic_recording: Path) -> GreyImage:
    """The synthetic recording's first frame: one face, eyes open, 384x288."""
    with RecordingCamera(synthetic_recording) as camera:
        return camera.read(1.0).image


def is_on(face: Face, point: tuple[float, float], tolerance: float) -> bool:
    x, y = face.right_eye
    return abs(x - point[0]) < tolerance and abs(y - point[1]) < tolerance


@pytest.fixture(scope="module")
def face(portrait: GreyImage) -> Face:
    found = HaarDetector(FaceConfig()).find(portrait, None)
    assert len(found) == 1
    return found[0]


def test_the_eyes_of_a_found_face_are_level_within_its_box(face: Face) -> None:
    for x, y in (face.right_eye, face.left_eye, face.mouth):
        assert face.box.x < x < face.box.x + face.box.width
        assert face.box.y < y < face.box.y + face.box.height
    assert face.right_eye[0] < face.left_eye[0]


def test_nothing_is_found_where_there_is_nothing(portrait: GreyImage) -> None:
    assert HaarDetector(FaceConfig()).find(np.full_like(portrait, 127), None) == []


def test_a_face_is_found_again_near_its_last_place(portrait: GreyImage, face: Face) -> None:
    again = HaarDetector(FaceConfig()).find(portrait, face.box)
    assert len(again) == 1
    assert is_on(again[0], face.right_eye, 0.15 * face.box.width)


def test_a_last_place_that_is_wrong_hides_no_face(portrait: GreyImage, face: Face) -> None:
    found = HaarDetector(FaceConfig()).find(portrait, Box(0, 200, 40, 40))
    assert [is_on(one, face.right_eye, 4) for one in found] == [True]


@pytest.mark.parametrize(
    "near", [Box(-500, -500, 100, 100), Box(5000, 5000, 100, 100), Box(100, 100, 0, 0), Box(-50, -50, 900, 900)]
)
def test_a_last_place_may_lie_anywhere(portrait: GreyImage, near: Box) -> None:
    assert len(HaarDetector(FaceConfig()).find(portrait, near)) == 1


def test_a_large_frame_gives_the_face_at_its_own_scale(portrait: GreyImage, face: Face) -> None:
    large = cv2.resize(portrait, None, fx=3, fy=3)
    (found,) = HaarDetector(FaceConfig()).find(large, None)
    assert found.box.width == pytest.approx(3 * face.box.width, rel=0.15)


def test_the_smallest_face_is_a_share_of_a_small_frame_too(portrait: GreyImage) -> None:
    """A third of a frame 120 pixels high is above the smallest share of a fifth."""
    frame = np.full((120, 160), 120, np.uint8)
    head = portrait[20:240, 80:300]
    frame[20:90, 40:110] = cv2.resize(head, (70, 70), interpolation=cv2.INTER_AREA)
    assert len(HaarDetector(FaceConfig()).find(frame, None)) == 1


@pytest.mark.parametrize(
    "size", [(48, 64), (1, 1), (1, 4000), (4000, 1), (24, 24), (40000, 64), (64, 32000), (23, 500)]
)
def test_a_frame_of_any_size_is_searched(size: tuple[int, int]) -> None:
    assert HaarDetector(FaceConfig()).find(np.full(size, 127, np.uint8), None) == []


def test_an_opencv_without_haar_cascades_is_told_with_its_mend(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(cv2, "CascadeClassifier")
    with pytest.raises(ConfigError, match=r"has no Haar cascades; pip install 'opencv-python-headless>=4\.12,<5'"):
        face_detector(FaceConfig(detector="haar"))


@pytest.fixture(scope="module")
def frames(synthetic_recording: Path) -> dict[float, GreyImage]:
    """By time: the first open eyes, the middle of the closure, open eyes after it."""
    wanted, kept = {1.0, 10.0, 13.0}, {}
    with RecordingCamera(synthetic_recording) as camera:
        while wanted:
            frame = camera.read(1.0)
            due = {time for time in wanted if frame.time >= time - 1e-3}
            kept.update(dict.fromkeys(due, frame.image))
            wanted -= due
    return kept


def _settled(reader: LandmarkReader, image: GreyImage) -> Face:
    found = HaarDetector(FaceConfig()).find(image, None)[0]
    return reader.read(image, square_of_eyes(found.right_eye, found.left_eye)).face()


def test_the_landmarks_find_the_face_that_the_detector_found(shipped: Shipped, portrait: GreyImage, face: Face) -> None:
    contours = LandmarkReader(shipped("landmarks")).read(portrait, square_of_eyes(face.right_eye, face.left_eye))
    assert contours.presence > 0.9
    assert is_on(contours.face(), face.right_eye, 0.1 * face.box.width)


def test_there_is_no_face_in_what_is_none(shipped: Shipped) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (288, 384), np.uint8)
    reader = LandmarkReader(shipped("landmarks"))
    squares = [square_of_eyes((x, 100.0), (x + 40, 100.0)) for x in range(40, 300, 20)]
    found = [reader.read(image, square).presence for image in (noise, np.full_like(noise, 127)) for square in squares]
    assert np.mean(np.array(found) > 0.7) < 0.1


def test_shut_eyes_are_told_from_open_ones(shipped: Shipped, frames: dict[float, GreyImage]) -> None:
    landmarks, eyes = LandmarkReader(shipped("landmarks")), EyeReader(shipped("eyes"))
    closed = {time: eyes.read(image, _settled(landmarks, image)).closed or 0.0 for time, image in frames.items()}
    assert closed[10.0] > 0.6
    assert max(closed[1.0], closed[13.0]) < 0.4


def _moved(face: Face, x: float) -> Face:
    """The face with its right eye at x."""
    shift = x - face.right_eye[0]
    moved = [(point[0] + shift, point[1]) for point in (face.right_eye, face.left_eye, face.mouth)]
    return Face(face.box, moved[0], moved[1], moved[2], face.score)


@pytest.mark.parametrize("x", [-1.0, -40.0])
def test_an_eye_beyond_the_frame_is_not_visible(shipped: Shipped, portrait: GreyImage, face: Face, x: float) -> None:
    away = math.floor(face.right_eye[0] - x)  # the frame begins there: the other eye is where it was
    cut_off = np.ascontiguousarray(portrait[:, away:])
    eyes = EyeReader(shipped("eyes")).read(cut_off, _moved(face, face.right_eye[0] - away))
    assert eyes.right is None
    assert eyes.left is not None


def test_eyes_of_a_face_far_away_are_not_visible(shipped: Shipped, portrait: GreyImage) -> None:
    far = Face(Box(100, 100, 30, 30), (110, 110), (122, 110), (116, 120), 1.0)
    assert EyeReader(shipped("eyes")).read(portrait, far).closed is None


def test_a_smile_is_read_as_happy(shipped: Shipped, portrait: GreyImage) -> None:
    """The portrait smiles broadly."""
    face = _settled(LandmarkReader(shipped("landmarks")), portrait)
    emotion = EmotionReader(shipped("emotion")).read(portrait, face)
    assert emotion.happy == max(emotion.happy, emotion.neutral, emotion.sad, emotion.surprise)


def test_the_four_emotions_share_one(shipped: Shipped, portrait: GreyImage, face: Face) -> None:
    emotion = EmotionReader(shipped("emotion")).read(portrait, face)
    assert emotion.happy + emotion.neutral + emotion.sad + emotion.surprise == pytest.approx(1, abs=1e-5)
