"""The smoothing of the contour points: a face at rest is still, one that moves is where it is."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from edge.vision.smoothing import OneEuro

EYE_DISTANCE = 60.0
JITTER = 0.012 * EYE_DISTANCE
"""Standard deviation of a point of a still face, as measured."""

Path = Callable[[NDArray[np.float64]], NDArray[np.float64]]


def follow(path: Path, rate: float, seconds: float = 4.0, jitter: float = JITTER) -> tuple[np.ndarray, np.ndarray]:
    """True and smoothed places float[frames, 20, 2] of twenty points that move together."""
    random = np.random.default_rng(3)
    times = np.arange(0, seconds, 1 / rate)
    true = np.repeat(np.stack([path(times), np.zeros_like(times)], axis=1)[:, None], 20, axis=1)
    noisy = (true + random.normal(0, jitter, true.shape)).astype(np.float32)
    smoother = OneEuro()
    smooth = [smoother.smooth(points, time, EYE_DISTANCE) for points, time in zip(noisy, times.tolist(), strict=True)]
    return true, np.array(smooth)


@pytest.mark.parametrize("rate", [10, 15, 30, 60])
def test_a_face_at_rest_jitters_less(rate: float) -> None:
    true, smooth = follow(np.zeros_like, rate)
    assert (smooth - true)[rate:].std() < 0.75 * JITTER


def test_at_thirty_frames_a_second_jitter_falls_to_half() -> None:
    _, smooth = follow(np.zeros_like, 30)
    assert np.diff(smooth[30:], axis=0).std() < 0.5 * np.sqrt(2) * JITTER


@pytest.mark.parametrize("rate", [15, 30])
def test_a_turning_head_is_followed_with_less_than_half_a_frame_of_lag(rate: float) -> None:
    """One and a half eye distances a second, as when a driver looks into a mirror."""
    speed = 1.5 * EYE_DISTANCE
    true, smooth = follow(lambda times: speed * times, rate)
    lag = (true - smooth)[rate:, :, 0].mean() / speed
    assert 0 <= lag < 0.5 / rate


def test_smoothing_goes_by_time_and_not_by_frame() -> None:
    """The same fade at rest over the same time, however many frames fell into it."""
    places = {}
    for rate in (15, 60):
        smoother = OneEuro()
        smoother.smooth(np.zeros((1, 2), np.float32), 0.0, 1e9)  # so large a unit that nothing moves fast
        for frame in range(1, rate + 1):
            place = smoother.smooth(np.ones((1, 2), np.float32), frame / rate, 1e9)
            if frame == rate // 15 * 3:
                places[rate] = place[0, 0]
    assert places[15] == pytest.approx(places[60], abs=0.1)


def test_a_new_track_knows_nothing_of_the_one_before() -> None:
    smoother = OneEuro()
    smoother.smooth(np.zeros((3, 2), np.float32), 0.0, EYE_DISTANCE)
    smoother.reset()
    there = np.full((3, 2), 300, np.float32)
    assert smoother.smooth(there, 0.033, EYE_DISTANCE) is there


@pytest.mark.parametrize("time", [1.0, 0.5])
def test_a_time_that_does_not_rise_begins_a_new_track(time: float) -> None:
    smoother = OneEuro()
    smoother.smooth(np.zeros((3, 2), np.float32), 1.0, EYE_DISTANCE)
    there = np.full((3, 2), 300, np.float32)
    assert smoother.smooth(there, time, EYE_DISTANCE) is there


def test_after_a_long_gap_the_new_place_is_believed() -> None:
    smoother = OneEuro()
    smoother.smooth(np.zeros((3, 2), np.float32), 0.0, EYE_DISTANCE)
    there = np.full((3, 2), 30, np.float32)
    assert smoother.smooth(there, 5.0, EYE_DISTANCE) == pytest.approx(there, abs=0.6)
