"""Grey out of every form in which cameras give frames, at every size, with rows padded as hardware pads them."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from edge.cameras.grey import grey

WIDTHS, HEIGHTS = st.integers(160, 1920), st.integers(120, 1080)
PADDING = st.integers(0, 130)
Picture = NDArray[np.uint8]

pytestmark = pytest.mark.filterwarnings("error")


def luma(width: int, height: int) -> Picture:
    return np.random.default_rng(width * height).integers(0, 256, (height, width), np.uint8)


def yuv420(plane: Picture, padding: int, paired: bool) -> Picture:
    """The buffer of a picture as hardware writes it: the luma's rows padded, the colours below, planar or paired."""
    height, width = plane.shape
    stride = width + padding + (width + padding) % 2
    rows = height + 2 * ((height + 1) // 4 + 1) if not paired else height + (height + 1) // 2
    buffer = np.full((rows, stride), 77, np.uint8)
    buffer[:height, :width] = plane
    return buffer


@settings(max_examples=40, deadline=None)
@given(WIDTHS, HEIGHTS, PADDING, st.booleans())
def test_the_luma_of_yuv420_is_taken_as_it_is_and_not_copied(
    width: int, height: int, padding: int, paired: bool
) -> None:
    plane = luma(width, height)
    buffer = yuv420(plane, padding, paired)
    image = grey(buffer, (width, height))
    assert np.array_equal(image, plane)
    assert np.shares_memory(image, buffer)


@settings(max_examples=40, deadline=None)
@given(WIDTHS, HEIGHTS, PADDING)
def test_bgr_of_padded_rows_is_the_same_as_of_full_ones(width: int, height: int, padding: int) -> None:
    padded = np.random.default_rng(1).integers(0, 256, (height, width + padding, 3), np.uint8)
    image = grey(padded, (width, height))
    assert image.shape == (height, width)
    assert np.array_equal(image, cv2.cvtColor(padded[:, :width].copy(), cv2.COLOR_BGR2GRAY))


@settings(max_examples=40, deadline=None)
@given(WIDTHS, HEIGHTS, PADDING)
def test_grey_of_padded_rows_is_a_view(width: int, height: int, padding: int) -> None:
    padded = luma(width + padding, height)
    for given_ in (padded[:, :width], padded[:, :width, None]):
        image = grey(given_)
        assert np.array_equal(image, padded[:, :width])
        assert np.shares_memory(image, padded)
    assert np.array_equal(grey(padded, (width, height)), padded[:, :width])


def test_opencv_makes_the_same_luma_of_a_picture_that_it_turned_into_yuv420() -> None:
    picture = np.random.default_rng(1).integers(0, 256, (120, 160, 3), np.uint8)
    planes = np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2YUV_I420), np.uint8)
    studio = grey(planes, (160, 120)).astype(float)  # 16 to 235
    assert np.abs((studio - 16) * 255 / 219 - grey(picture)).max() <= 3


def test_a_fourth_channel_is_left_out() -> None:
    picture = np.random.default_rng(1).integers(0, 256, (120, 161, 4), np.uint8)
    assert np.array_equal(grey(picture), grey(picture[:, :, :3]))


@pytest.mark.parametrize(
    ("picture", "size", "reason"),
    [
        (np.zeros((120, 160), np.uint16), None, "must be of type uint8, not uint16"),
        (np.zeros((120, 160), np.float32), None, "must be of type uint8, not float32"),
        (np.zeros(19200, np.uint8), None, r"shape \(19200,\) is neither grey"),
        (np.zeros((120, 160, 5), np.uint8), None, r"shape \(120, 160, 5\) is neither grey"),
        (np.zeros((1, 120, 160, 3), np.uint8), None, r"shape \(1, 120, 160, 3\) is neither grey"),
        (np.zeros((0, 160), np.uint8), None, "160x0 pixels holds nothing"),
        (
            np.zeros((180, 160), np.uint8),
            (162, 120),
            "180 rows of 160 bytes or pixels do not hold a picture of 162x120",
        ),
        (
            np.zeros((100, 160), np.uint8),
            (160, 120),
            "100 rows of 160 bytes or pixels do not hold a picture of 160x120",
        ),
        (np.zeros((120, 160), np.uint8), (0, 120), "do not hold a picture of 0x120"),
    ],
)
def test_what_is_no_picture_is_refused_and_the_reason_named(
    picture: Picture, size: tuple[int, int] | None, reason: str
) -> None:
    with pytest.raises(ValueError, match=reason):
        grey(picture, size)
