"""The contour points and the crop that follows from them."""

from __future__ import annotations

import math

import numpy as np
import pytest

from edge.vision import points as contour


def _face(eye_distance: float = 60.0, roll: float = 0.0, at: tuple[float, float] = (200.0, 150.0)) -> contour.Points:
    """A plain frontal face: each part where faces have it, x to the image's right, in eye distances."""
    shape = np.zeros((contour.COUNT, 2), np.float32)
    ring = np.linspace(0, 2 * np.pi, 8, endpoint=False)
    for part, x in ((contour.RIGHT_EYE, -0.5), (contour.LEFT_EYE, 0.5)):
        shape[part] = np.stack([x + 0.2 * np.cos(ring), 0.08 * np.sin(ring)], axis=1)
    for part, x in ((contour.RIGHT_BROW, -0.5), (contour.LEFT_BROW, 0.5)):
        shape[part] = np.stack([x + np.linspace(-0.3, 0.3, 5), np.full(5, -0.35)], axis=1)
    shape[contour.NOSE] = np.stack([np.zeros(9), np.linspace(0, 0.7, 9)], axis=1)
    for part, size in ((contour.OUTER_LIPS, 0.4), (contour.INNER_LIPS, 0.3)):
        ten = np.linspace(np.pi, 3 * np.pi, 10, endpoint=False)
        shape[part] = np.stack([size * np.cos(ten), 1.1 + 0.4 * size * np.sin(ten)], axis=1)
    shape[contour.OVAL] = np.stack([np.sin(ring), 0.45 - 1.3 * np.cos(ring)], axis=1)
    cos, sin = math.cos(roll), math.sin(roll)
    return (shape @ np.array([[cos, sin], [-sin, cos]]) * eye_distance + at).astype(np.float32)


def test_eye_centres_are_the_middles_of_the_contours() -> None:
    right, left = contour.eye_centres(_face())
    assert right == pytest.approx((170, 150), abs=1e-3)
    assert left == pytest.approx((230, 150), abs=1e-3)


@pytest.mark.parametrize("roll", [-1.0, -0.3, 0.0, 0.5])
def test_the_crop_turns_with_the_head(roll: float) -> None:
    assert contour.face_square(_face(roll=roll)).roll == pytest.approx(roll, abs=1e-3)


def test_the_crop_holds_the_whole_face_with_room_around_it() -> None:
    face = _face()
    inside = contour.face_square(face).from_frame(face)
    assert inside.min() > 0.05
    assert inside.max() < 0.95


def test_a_crop_of_the_eyes_alone_is_about_the_same() -> None:
    face = _face(roll=0.3)
    by_points, by_eyes = contour.face_square(face), contour.square_of_eyes(*contour.eye_centres(face))
    assert math.dist((by_points.x, by_points.y), (by_eyes.x, by_eyes.y)) < 0.12 * by_points.side
    assert by_eyes.side == pytest.approx(by_points.side, rel=0.2)
    assert by_eyes.roll == pytest.approx(by_points.roll, abs=1e-3)


def test_a_mirrored_face_is_named_the_right_way_round() -> None:
    face = _face(at=(0.0, 0.0))
    mirror = (face * np.array([-1, 1], np.float32))[contour.MIRRORED]
    for part in (contour.RIGHT_EYE, contour.LEFT_EYE, contour.RIGHT_BROW, contour.LEFT_BROW):
        assert mirror[part].mean(axis=0) == pytest.approx(face[part].mean(axis=0), abs=1e-3)
    assert mirror[contour.OUTER_LIPS][[0, 5]] == pytest.approx(face[contour.OUTER_LIPS][[0, 5]], abs=1e-3)
    assert mirror[contour.OVAL] == pytest.approx(face[contour.OVAL], abs=1e-3)


def test_every_point_has_a_name_of_its_own() -> None:
    assert len(set(contour.LABELS)) == contour.COUNT == len(set(contour.MESH))
