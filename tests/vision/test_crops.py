"""Patches: where they are cut, how they are turned, and what light does to them."""

from __future__ import annotations

import math

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from edge.records import Box, Face, GreyImage
from edge.vision.crops import EYE_SIDE, Square, _shrunk, cut, emotion_square, eye_squares, level

SIDES = st.floats(8, 2000)
PLACES = st.floats(-500, 2500)
ROLLS = st.floats(-math.pi, math.pi)
SQUARES = st.builds(Square, PLACES, PLACES, SIDES, ROLLS)


def spot(x: float, y: float, width: int = 200, height: int = 160, radius: float = 3.0) -> GreyImage:
    """A soft bright spot on black, centred on the pixel (x, y)."""
    down, right = np.mgrid[:height, :width]
    return (255 * np.exp(-((right - x) ** 2 + (down - y) ** 2) / (2 * radius**2))).astype(np.uint8)


def centre(image: GreyImage) -> tuple[float, float]:
    """Centre of brightness, x and y in pixels."""
    weights = image.astype(np.float64)
    down, right = np.mgrid[: image.shape[0], : image.shape[1]]
    return float((weights * right).sum() / weights.sum()), float((weights * down).sum() / weights.sum())


def points(*pairs: tuple[float, float]) -> NDArray[np.float32]:
    return np.array(pairs, np.float32)


@settings(deadline=None)
@given(SQUARES, st.lists(st.tuples(st.floats(-1, 2), st.floats(-1, 2)), min_size=1, max_size=5))
def test_points_come_back_from_the_frame_as_they_went(square: Square, inside: list[tuple[float, float]]) -> None:
    given_points = points(*inside)
    back = square.from_frame(square.to_frame(given_points))
    assert np.abs(back - given_points).max() < 1e-4 * (1 + 3000 / square.side)


@settings(deadline=None)
@given(SQUARES)
def test_the_middle_of_a_patch_is_the_squares_centre(square: Square) -> None:
    assert square.to_frame(points((0.5, 0.5)))[0] == pytest.approx((square.x, square.y), abs=1e-3)


@settings(deadline=None)
@given(SQUARES)
def test_a_squares_corners_are_a_side_apart(square: Square) -> None:
    top_left, top_right, bottom_left = square.to_frame(points((0, 0), (1, 0), (0, 1)))
    assert math.dist(top_left, top_right) == pytest.approx(square.side, rel=1e-3)
    assert math.dist(top_left, bottom_left) == pytest.approx(square.side, rel=1e-3)


def test_a_positive_roll_turns_the_square_clockwise_in_the_image() -> None:
    right_edge = Square(100, 100, 50, math.radians(90)).to_frame(points((1.0, 0.5)))[0]
    assert right_edge == pytest.approx((100, 125), abs=1e-3)  # down, where y grows


def test_a_square_of_the_patches_size_is_copied_pixel_by_pixel() -> None:
    image = np.random.default_rng(1).integers(0, 256, (60, 80), np.uint8)
    patch = cut(image, Square(10 + 15.5, 20 + 15.5, 32), 32)
    assert np.array_equal(patch, image[20:52, 10:42])


def test_a_shift_by_half_a_pixel_is_kept() -> None:
    whole, half = Square(100, 80, 32), Square(100.5, 80, 32)
    image = spot(100, 80)
    moved = centre(cut(image, whole, 32))[0] - centre(cut(image, half, 32))[0]
    assert moved == pytest.approx(0.5, abs=0.05)


@pytest.mark.parametrize("side", [20, 32, 50, 63, 65, 100, 150])
@pytest.mark.parametrize("roll", [0.0, 0.4, -1.2])
def test_what_stands_in_the_frame_stands_in_the_patch_where_the_square_says(side: float, roll: float) -> None:
    square, size = Square(101.3, 79.6, side, roll), 32
    x, y = 101.3 + 0.15 * side, 79.6 - 0.1 * side
    patch = cut(spot(x, y, radius=max(2.0, side / 20)), square, size)
    # from_frame counts from the corner of the first pixel, an image's index from its middle
    expected = square.from_frame(points((x, y)))[0] * size - 0.5
    assert centre(patch) == pytest.approx(tuple(expected), abs=0.3)


def test_a_tilted_face_is_cut_level() -> None:
    face = Face(Box(0, 0, 1, 1), (80, 70), (120, 90), (90, 120), 1.0)
    image = np.maximum(spot(*face.right_eye), spot(*face.left_eye))
    middle = Square(100, 80, 90, face.roll)
    patch = cut(image, middle, 90)
    assert centre(patch[:, :45])[1] == pytest.approx(centre(patch[:, 45:])[1], abs=0.3)


def test_fine_texture_is_averaged_where_a_large_square_is_shrunk() -> None:
    stripes = np.zeros((400, 400), np.uint8)
    stripes[:, ::2] = 255
    patch = cut(stripes, Square(200, 200, 320), 32)
    assert np.abs(patch.astype(int) - 127).max() <= 2


@pytest.mark.parametrize("shrink", [2, 3, 4, 5, 16])
def test_a_square_is_shrunk_as_opencv_does_it_by_area(shrink: int) -> None:
    image = np.random.default_rng(shrink).integers(0, 256, (101, 148), np.uint8)[1:, 3:]
    height, width = 100 // shrink, 145 // shrink
    whole = np.ascontiguousarray(image[: height * shrink, : width * shrink])
    expected = cv2.resize(whole, (width, height), interpolation=cv2.INTER_AREA)
    assert np.array_equal(_shrunk(image, shrink), expected)


def test_shrinking_does_not_shift_the_patch() -> None:
    just_under, just_over = Square(100, 80, 63.9), Square(100, 80, 64.1)
    image = spot(110, 85, radius=6)
    before, after = centre(cut(image, just_under, 32)), centre(cut(image, just_over, 32))
    assert before == pytest.approx(after, abs=0.2)


def test_beyond_the_frame_its_edge_is_repeated() -> None:
    image = np.full((100, 100), 50, np.uint8)
    image[:, :1] = 200
    patch = cut(image, Square(0, 50, 32), 32)
    assert (patch[:, :15] == 200).all()
    assert (patch[:, 20:] == 50).all()


@pytest.mark.parametrize("x", [-400.0, 500.0])
@pytest.mark.parametrize("y", [-400.0, 50.0, 500.0])
@pytest.mark.parametrize("side", [30.0, 300.0])
def test_a_square_wholly_outside_the_frame_gives_a_patch_still(x: float, y: float, side: float) -> None:
    patch = cut(np.full((100, 100), 50, np.uint8), Square(x, y, side), 32)
    assert patch.shape == (32, 32)


@settings(deadline=None, max_examples=60)
@given(SQUARES, st.integers(1, 90), st.integers(1, 90), st.sampled_from([24, 32, 48, 96]))
def test_any_square_of_any_frame_gives_a_patch(square: Square, height: int, width: int, size: int) -> None:
    patch = cut(np.full((height, width), 50, np.uint8), square, size)
    assert (patch.shape, patch.dtype) == ((size, size), np.uint8)


FACE = Face(Box(40, 40, 80, 100), (60, 70), (100, 70), (80, 110), 1.0)


def test_eye_patches_stand_on_the_eyes_and_grow_with_their_distance() -> None:
    right, left = eye_squares(FACE)
    assert (right.x, right.y, left.x, left.y) == (60, 70, 100, 70)
    assert right.side == left.side == pytest.approx(EYE_SIDE * 40)


def test_eye_patches_follow_the_roll() -> None:
    tilted = Face(Box(0, 0, 1, 1), (60, 70), (100, 90), (70, 120), 1.0)
    assert [square.roll for square in eye_squares(tilted)] == [tilted.roll] * 2


def test_the_emotion_patch_frames_eyes_and_mouth_as_fer2013_does() -> None:
    face = Face(Box(0, 0, 1, 1), (60, 70), (100, 70), (80, 110), 1.0)
    eyes, mouth = emotion_square(face).from_frame(points((80, 70), face.mouth))
    assert eyes == pytest.approx((0.5, 0.37), abs=0.01)
    assert mouth == pytest.approx((0.5, 0.74), abs=0.02)


def test_the_emotion_patch_turns_with_the_face() -> None:
    turn = np.array([[math.cos(0.5), math.sin(0.5)], [-math.sin(0.5), math.cos(0.5)]])
    upright = np.array([[60, 70], [100, 70], [80, 110]], np.float64)
    right, left, mouth = (tuple(p) for p in ((upright - (80, 90)) @ turn + (80, 90)).tolist())
    framed = emotion_square(Face(Box(0, 0, 1, 1), right, left, mouth, 1.0))
    placed = framed.from_frame(points(right, left, mouth))
    level_ones = emotion_square(FACE).from_frame(points(FACE.right_eye, FACE.left_eye, FACE.mouth))
    assert np.abs(placed - level_ones).max() < 1e-3


def test_a_face_turned_aside_is_framed_by_its_height() -> None:
    """The eyes come together in profile, the way from eyes to mouth stays."""
    profile = Face(Box(0, 0, 1, 1), (78, 70), (82, 70), (80, 110), 1.0)
    assert emotion_square(profile).side == pytest.approx(2.6 * 0.95 * 40)


def face_like(seed: int = 1) -> GreyImage:
    """Soft light and shade between 60 and 180."""
    noise = np.random.default_rng(seed).integers(0, 256, (48, 48)).astype(np.uint8)
    return np.asarray(cv2.normalize(cv2.GaussianBlur(noise, (0, 0), 3), None, 60, 180, cv2.NORM_MINMAX), np.uint8)


def test_a_patch_has_the_same_mean_and_contrast_in_any_light() -> None:
    patch = level(face_like())
    assert patch.mean() == pytest.approx(128, abs=2)
    assert patch.std() == pytest.approx(48, abs=3)


def test_half_the_light_gives_the_same_patch() -> None:
    bright = face_like()
    dim = (bright * 0.6).astype(np.uint8)
    assert np.abs(level(bright).astype(int) - level(dim)).mean() < 4


def test_a_brighter_background_gives_the_same_patch() -> None:
    patch = face_like()
    assert np.abs(level(patch).astype(int) - level(patch + np.uint8(40))).max() <= 1


@pytest.mark.parametrize("grey", [0, 1, 128, 255])
def test_a_flat_patch_stays_flat(grey: int) -> None:
    assert np.ptp(level(np.full((32, 32), grey, np.uint8))) == 0


def test_noise_on_a_flat_patch_is_not_blown_up_to_a_face() -> None:
    noise = np.random.default_rng(1).integers(127, 130, (32, 32)).astype(np.uint8)
    assert level(noise).std() < 15


def test_lamps_are_cut_off_and_do_not_wrap_round() -> None:
    patch = face_like()
    patch[20:24, 20:24] = 255
    assert (level(patch)[20:24, 20:24] == 255).all()


def test_darker_stays_darker() -> None:
    ramp = np.tile(np.arange(0, 256, 8, np.uint8), (32, 1))
    assert (np.diff(level(ramp).astype(int), axis=1) >= 0).all()
