"""The smoothing on a real driver with glasses: what jitters less and what does not lag, with and without it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edge.cameras.camera import CameraEnded
from edge.cameras.recording import RecordingCamera
from edge.config import VisionConfig
from edge.records import Observation
from edge.vision.pipeline import Pipeline
from edge.vision.smoothing import OneEuro

RATE = 30


def _seen(recording: Path) -> list[Observation]:
    pipeline, seen = Pipeline(VisionConfig()), []
    with RecordingCamera(recording) as camera:
        while True:
            try:
                seen.append(pipeline.see(camera.read(1e9)))
            except CameraEnded:
                return seen


@pytest.fixture(scope="module")
def both(recordings: Path) -> tuple[list[Observation], list[Observation]]:
    """With smoothing, and without."""
    smooth = _seen(recordings / "desk_glasses_blinks")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(OneEuro, "smooth", lambda self, points, time, unit: points)
        return smooth, _seen(recordings / "desk_glasses_blinks")


def _eyes(seen: list[Observation]) -> np.ndarray:
    """float[frames, 4]: both eye centres, in eye distances."""
    places = np.array([one.face.right_eye + one.face.left_eye for one in seen if one.face])
    assert len(places) == len(seen)
    return places / np.median(np.hypot(*(places[:, 2:] - places[:, :2]).T))


def _course(eyes: np.ndarray) -> np.ndarray:
    """Where the eyes really go: the mean over a quarter of a second around each frame."""
    window = np.ones(7) / 7
    return np.stack([np.convolve(column, window, "same") for column in eyes.T], axis=1)


def _jitter(values: np.ndarray, still: np.ndarray) -> float:
    """Root mean square of the second difference where the face rests."""
    return float(np.sqrt((np.diff(values, 2, axis=0)[still[1:-1]] ** 2).mean()))


def _speed(course: np.ndarray) -> np.ndarray:
    """Eye distances a second."""
    velocity = np.gradient(course, 1 / RATE, axis=0)
    return np.hypot(velocity[:, [0, 2]].mean(axis=1), velocity[:, [1, 3]].mean(axis=1))


def test_a_still_face_jitters_less_than_half_as_much(both: tuple[list[Observation], list[Observation]]) -> None:
    smooth, raw = (_eyes(seen) for seen in both)
    still = _speed(_course(raw)) < 0.15
    assert still.sum() > 150
    assert _jitter(smooth, still) < 0.5 * _jitter(raw, still)


def test_the_pose_of_a_still_head_jitters_less_too(both: tuple[list[Observation], list[Observation]]) -> None:
    still = _speed(_course(_eyes(both[1]))) < 0.15
    smooth, raw = (np.array([(o.pose.yaw, o.pose.pitch, o.pose.roll) for o in seen if o.pose]) for seen in both)
    assert _jitter(smooth, still) < 0.7 * _jitter(raw, still)


def test_a_moving_face_lags_by_less_than_half_a_frame(both: tuple[list[Observation], list[Observation]]) -> None:
    smooth, raw = (_eyes(seen) for seen in both)
    course = _course(raw)
    moving = _speed(course) > 0.6
    moving[:4] = moving[-4:] = False  # there the mean has no frames on one side
    assert moving.sum() > 100
    velocity = np.gradient(course, 1 / RATE, axis=0)[moving]
    lag = ((course - smooth)[moving] * velocity).sum() / (velocity**2).sum()
    assert abs(lag) < 0.5 / RATE


def test_closed_eyes_are_told_as_soon_with_smoothing(both: tuple[list[Observation], list[Observation]]) -> None:
    """The lids' state is read from patches, which only lie more quietly."""
    starts = []
    for seen in both:
        closed = np.array([(one.eyes.closed or 0.0) > 0.6 for one in seen])
        starts.append(
            [one.time for one, now, before in zip(seen[1:], closed[1:], closed, strict=False) if now > before]
        )
    smooth, raw = (np.array(times) for times in starts)
    near = np.abs(smooth[:, None] - raw[None]).min(axis=1)
    assert len(smooth) <= len(raw) + 2
    assert np.median(near) <= 1 / RATE + 1e-6
