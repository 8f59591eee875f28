"""Frames of any size become one input, and the network's numbers become faces in the frame's pixels."""

from __future__ import annotations

import numpy as np
import pytest

from edge.records import Box
from edge.vision import face_decode as detector


def _cells(*faces: tuple[int, float, float, float]) -> np.ndarray:
    """A network's output in which cells say: number, score, width, height; nothing else is seen."""
    cells = np.zeros((detector.ROWS * detector.COLUMNS, len(detector.CHANNELS)), np.float32)
    cells[:, 0] = -0.4
    for number, score, width, height in faces:
        cells[number, 0] = score
        cells[number, 1:3] = np.log(np.array([width, height]) / 36.0) / 2.0
    return cells.reshape(-1)


@pytest.mark.parametrize("size", [(160, 120), (640, 480), (641, 479), (1920, 1080), (120, 160), (1, 1), (2000, 3)])
def test_a_frame_of_any_size_fits_the_input(size: tuple[int, int]) -> None:
    framed, scale = detector.framed(np.full((size[1], size[0]), 90, np.uint8))
    assert framed.shape == (detector.HEIGHT, detector.WIDTH)
    assert scale == pytest.approx(min(160 / size[0], 128 / size[1]))


def test_a_place_goes_into_the_input_and_back() -> None:
    image = np.zeros((480, 640), np.uint8)
    image[200:216, 400:416] = 255
    framed, scale = detector.framed(image)
    y, x = np.argwhere(framed > 200).mean(axis=0)
    found = detector.to_frame(detector.Detection(Box(0, 0, 10, 10), np.array([[x, y]], np.float32), 1.0), scale)
    assert found.points[0] == pytest.approx((407.5, 207.5), abs=1.0)
    assert found.box.width == pytest.approx(40.0)


def test_nothing_seen_is_no_face() -> None:
    assert detector.decode(_cells()) == []


def test_neighbouring_cells_that_see_one_face_give_one() -> None:
    found = detector.decode(_cells((85, 0.3, 48, 60), (86, 0.35, 48, 60)))
    assert len(found) == 1
    middle = found[0].box.x + found[0].box.width / 2
    assert 5 * 8 + 3.5 < middle < 6 * 8 + 3.5  # between the two, each has its say


def test_two_faces_stay_two_and_the_surest_comes_first() -> None:
    found = detector.decode(_cells((63, 0.1, 24, 30), (75, 0.4, 24, 30)))
    assert [round(one.box.x + one.box.width / 2 - 3.5) for one in found] == [120, 24]
    assert found[0].score > found[1].score
