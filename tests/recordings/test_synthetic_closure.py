"""The shipped synthetic recording: what its truth says is what its frames show."""

from __future__ import annotations

from pathlib import Path

import cv2
import make_synthetic_closure as script
import numpy as np
import pytest
import yaml


@pytest.fixture(scope="module")
def video(synthetic_recording: Path) -> list[script.Image]:
    capture = cv2.VideoCapture(str(synthetic_recording / "video.mp4"))
    frames = []
    while True:
        ok, frame = capture.read()
        if not ok:
            return frames
        frames.append(frame[:, :, 0])


def test_it_is_twenty_seconds_of_fifteen_frames(synthetic_recording: Path, video: list[script.Image]) -> None:
    rate = cv2.VideoCapture(str(synthetic_recording / "video.mp4")).get(cv2.CAP_PROP_FPS)
    assert (rate, len(video), video[0].shape) == (15, 300, (288, 384))


def test_it_is_under_one_megabyte(synthetic_recording: Path) -> None:
    assert sum(path.stat().st_size for path in synthetic_recording.iterdir()) < 1_000_000


def test_its_script_makes_the_same_frames(video: list[script.Image]) -> None:
    for number, (made, shipped) in enumerate(zip(script.frames(), video, strict=True)):
        difference = np.abs(made.astype(int) - shipped)
        assert difference.mean() < 2.5, f"frame {number}"


def test_its_script_makes_the_same_truth(synthetic_recording: Path) -> None:
    assert (synthetic_recording / "truth.yaml").read_text() == script.truth()


def test_the_lids_are_down_exactly_in_the_closures_of_the_truth(synthetic_recording: Path) -> None:
    closures = yaml.safe_load((synthetic_recording / "truth.yaml").read_text())["eyes_closed_s"]
    for number in range(script.RATE * script.SECONDS):
        seconds = number / script.RATE
        within = any(start <= seconds < end for start, end in closures)
        assert (script.closedness(seconds) >= 0.8) == within, f"at {seconds:.3f} s"


def test_the_face_is_found_in_every_frame_shut_eyes_included(video: list[script.Image]) -> None:
    cascade = cv2.CascadeClassifier(str(Path(cv2.data.haarcascades) / "haarcascade_frontalface_default.xml"))
    missed = [n for n, frame in enumerate(video) if len(cascade.detectMultiScale(frame, 1.1, 5, 0, (80, 80))) != 1]
    assert missed == []
