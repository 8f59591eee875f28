"""Head pose: points of a head that is turned by known angles give these angles back."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from edge.vision import pose
from edge.vision.points import COUNT, Points

WIDTH, HEIGHT = 640, 480


def seen(yaw: float, pitch: float, roll: float, distance: float = 700.0) -> Points:
    """Contour points of the mean head at `distance` mm before the camera, turned by degrees: the person's left, up,
    clockwise in the image."""
    y, p, r = np.radians([yaw, pitch, roll])
    about_y = np.array([[np.cos(y), 0, -np.sin(y)], [0, 1, 0], [np.sin(y), 0, np.cos(y)]])
    about_x = np.array([[1, 0, 0], [0, np.cos(p), np.sin(p)], [0, -np.sin(p), np.cos(p)]])
    about_z = np.array([[np.cos(r), -np.sin(r), 0], [np.sin(r), np.cos(r), 0], [0, 0, 1]])
    turned = (about_z @ about_y @ about_x @ pose._MODEL.T).T + np.array([20.0, -10.0, distance])
    points = np.zeros((COUNT, 2), np.float32)
    points[pose._POINTS] = turned[:, :2] / turned[:, 2:] * WIDTH + np.array([WIDTH, HEIGHT]) / 2
    return points


@pytest.mark.parametrize(
    ("yaw", "pitch", "roll"), [(0, 0, 0), (30, 0, 0), (-40, 0, 0), (0, 25, 0), (0, -30, 0), (0, 0, 20), (25, -15, 0)]
)
def test_a_turned_head_gives_its_angles_back(yaw: float, pitch: float, roll: float) -> None:
    found = pose.head_pose(seen(yaw, pitch, roll), WIDTH, HEIGHT)
    assert found is not None
    assert (found.yaw, found.pitch, found.roll) == pytest.approx((yaw, pitch, roll), abs=2.5)


def test_a_head_far_away_is_turned_as_one_near() -> None:
    near, far = (pose.head_pose(seen(20, -10, 5, distance), WIDTH, HEIGHT) for distance in (400, 2000))
    assert near is not None
    assert far is not None
    assert (far.yaw, far.pitch) == pytest.approx((near.yaw, near.pitch), abs=1.5)


def test_points_that_fall_together_give_no_pose_or_a_finite_one() -> None:
    found = pose.head_pose(np.full((COUNT, 2), 100.0, np.float32), WIDTH, HEIGHT)
    assert found is None or np.isfinite([found.yaw, found.pitch, found.roll]).all()


def test_opencv_answers_without_words(capfd: pytest.CaptureFixture[str]) -> None:
    cv2.setNumThreads(1)
    pose.head_pose(np.zeros((COUNT, 2), np.float32), WIDTH, HEIGHT)
    assert capfd.readouterr().err == ""
