"""Head pose: points of a head that is turned by known angles give these angles back."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from edge.records import HeadPose
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


def read(points: Points) -> HeadPose | None:
    """Of a head that is seen for the first time."""
    return pose.PoseReader().read(points, WIDTH, HEIGHT)


@pytest.mark.parametrize(
    ("yaw", "pitch", "roll"), [(0, 0, 0), (30, 0, 0), (-40, 0, 0), (0, 25, 0), (0, -30, 0), (0, 0, 20), (25, -15, 0)]
)
def test_a_turned_head_gives_its_angles_back(yaw: float, pitch: float, roll: float) -> None:
    found = read(seen(yaw, pitch, roll))
    assert found is not None
    assert (found.yaw, found.pitch, found.roll) == pytest.approx((yaw, pitch, roll), abs=2.5)


def test_a_head_that_is_followed_is_turned_as_one_seen_for_the_first_time() -> None:
    """Up to 200 degrees a second, of points that fit no mean head: each is moved by two pixels."""
    moved = np.random.default_rng(1).normal(0, 2, (COUNT, 2)).astype(np.float32)
    reader = pose.PoseReader()
    for number in range(60):
        points = seen(45 * np.sin(number / 6), 20 * np.sin(number / 4), 10 * np.sin(number / 9)) + moved
        followed, first = reader.read(points, WIDTH, HEIGHT), read(points)
        assert followed is not None
        assert first is not None
        assert (followed.yaw, followed.pitch, followed.roll) == pytest.approx(
            (first.yaw, first.pitch, first.roll), abs=0.3
        )


def test_a_head_that_is_somewhere_else_at_once_is_read_as_ever() -> None:
    reader = pose.PoseReader()
    for yaw, pitch, distance in ((-40, 20, 400), (40, -20, 2000), (-30, 0, 500), (0, 30, 700)):
        found = reader.read(seen(yaw, pitch, 0, distance), WIDTH, HEIGHT)
        assert found is not None
        assert (found.yaw, found.pitch) == pytest.approx((yaw, pitch), abs=2.5)


def test_points_that_were_no_head_do_not_spoil_the_next_pose() -> None:
    reader = pose.PoseReader()
    for nothing in (np.full((COUNT, 2), 100.0, np.float32), np.full((COUNT, 2), np.nan, np.float32)):
        reader.read(seen(0, 0, 0), WIDTH, HEIGHT)
        reader.read(nothing, WIDTH, HEIGHT)
        found = reader.read(seen(20, -10, 5), WIDTH, HEIGHT)
        assert found is not None
        assert (found.yaw, found.pitch, found.roll) == pytest.approx((20, -10, 5), abs=2.5)


def test_a_head_far_away_is_turned_as_one_near() -> None:
    near, far = (read(seen(20, -10, 5, distance)) for distance in (400, 2000))
    assert near is not None
    assert far is not None
    assert (far.yaw, far.pitch) == pytest.approx((near.yaw, near.pitch), abs=1.5)


def test_points_that_fall_together_give_no_pose_or_a_finite_one() -> None:
    found = read(np.full((COUNT, 2), 100.0, np.float32))
    assert found is None or np.isfinite([found.yaw, found.pitch, found.roll]).all()


def test_opencv_answers_without_words(capfd: pytest.CaptureFixture[str]) -> None:
    cv2.setNumThreads(1)
    read(np.zeros((COUNT, 2), np.float32))
    assert capfd.readouterr().err == ""
