"""A result that hangs on a last digit is none: what is told stays told where every frame is changed a little."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.cameras.camera import CameraEnded
from edge.cameras.recording import RecordingCamera
from edge.config import Config
from edge.records import GreyImage, Signal
from edge.replay.evaluate import Score, score
from edge.replay.truth import read_truth
from edge.rules.policy import Policy
from edge.vision.pipeline import Pipeline

Change = Callable[[GreyImage], GreyImage]


def noise(seed: int) -> Change:
    """Of one grey level."""
    chance = np.random.default_rng(seed)
    return lambda image: _grey(image + chance.integers(-1, 2, image.shape, np.int8).astype(np.int16))


def light(times: float) -> Change:
    return lambda image: _grey(np.rint(image * np.float32(times)))


def shift(right: float, down: float) -> Change:
    """By pixels or parts of one."""
    matrix = np.array([[1, 0, right], [0, 1, down]], np.float32)

    def shifted(image: GreyImage) -> GreyImage:
        size = (image.shape[1], image.shape[0])
        return _grey(cv2.warpAffine(image, matrix, size, borderMode=cv2.BORDER_REPLICATE))

    return shifted


def nearer(times: float) -> Change:
    """By a camera so much nearer: the middle of the frame, enlarged."""

    def enlarged(image: GreyImage) -> GreyImage:
        height, width = image.shape
        matrix = cv2.getRotationMatrix2D((width / 2, height / 2), 0, times)
        return _grey(cv2.warpAffine(image, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE))

    return enlarged


CHANGES: dict[str, Callable[[], Change]] = {
    "noise": lambda: noise(1),
    "darker": lambda: light(0.97),
    "part of a pixel": lambda: shift(-0.4, 0.3),
    "two pixels": lambda: shift(2.0, -1.0),
    "nearer": lambda: nearer(1.3),
}


@pytest.mark.parametrize("name", ["car_yawn_eyes_closed", "car_laughing"])
@pytest.mark.parametrize("change", CHANGES.values(), ids=list(CHANGES))
def test_a_little_change_changes_nothing_that_is_told(
    recordings: Path, name: str, change: Callable[[], Change]
) -> None:
    result = _replayed(recordings / name, change())
    assert (result.missed, result.false) == ([], [])


def _replayed(recording: Path, change: Change) -> Score:
    config = Config()
    pipeline, policy = Pipeline(config.vision), Policy(config.rules)
    signals: list[Signal] = []
    time = 0.0
    with RecordingCamera(recording) as camera:
        while True:
            try:
                frame = camera.read(config.camera.stall_s)
            except CameraEnded:
                break
            time = frame.time
            seen = pipeline.see(replace(frame, image=change(frame.image)))
            signals += policy.step(seen).signals
    return score(recording.name, time, [], [*signals, *policy.close(time)], read_truth(recording), config.rules)


def _grey(image: np.ndarray) -> GreyImage:
    return np.clip(image, 0, 255).astype(np.uint8)
