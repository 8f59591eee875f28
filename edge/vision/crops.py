"""Patches cut from a frame, the one way that the vehicle and training both use."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.records import Face, GreyImage

EYE_SIDE = 0.6
"""Side of an eye patch over the distance between the eye centres: lids and lashes, little of the brow."""

EMOTION_SIDE = 2.6
EMOTION_LIFT = 0.15
"""Framing of a face as FER2013 does it; see `emotion_square`."""

_HALF = np.float32(0.5)
_GREY = np.arange(256, dtype=np.float64)
_SUMMED = (3, 4)
"""OpenCV is fast at blocks of 2 x 2 pixels and goes one by one through larger ones. Whole rows added take half of its
time at these, and as long at larger ones, of which there are few."""
_FROM_SOURCE = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP


@dataclass(frozen=True, slots=True)
class Square:
    """A square in the frame: centre and side in pixels, and its turn in radians (positive: clockwise in the image)."""

    x: float
    y: float
    side: float
    roll: float = 0.0

    def to_frame(self, points: NDArray[np.float32]) -> NDArray[np.float32]:
        """Points float32[n, 2] of the patch (0..1 from its top left corner) as pixels of the frame."""
        cos, sin = math.cos(self.roll) * self.side, math.sin(self.roll) * self.side
        placed: NDArray[np.float32] = (points - _HALF).dot(np.array(((cos, sin), (-sin, cos)), np.float32))
        placed += np.array((self.x, self.y), np.float32)
        return placed

    def from_frame(self, points: NDArray[np.float32]) -> NDArray[np.float32]:
        """Pixels of the frame, float32[n, 2], as points of the patch; the inverse of `to_frame`."""
        cos, sin = math.cos(self.roll) / self.side, math.sin(self.roll) / self.side
        turn = np.array([[cos, -sin], [sin, cos]], np.float32)
        placed = (points - np.array([self.x, self.y], np.float32)) @ turn + 0.5
        return placed.astype(np.float32)


def cut(image: GreyImage, square: Square, size: int) -> GreyImage:
    """The square as uint8[size, size], turned level; beyond the frame its edge is repeated.

    A square much larger than the patch is shrunk by area first, so that fine texture does not alias.
    """
    x, y, side = square.x, square.y, square.side
    cos, sin = math.cos(square.roll), math.sin(square.roll)
    shrink = int(side / size)
    if shrink >= 2:
        reach = side * 0.5 * (abs(cos) + abs(sin)) + 2 * shrink
        left, top = max(0, math.floor(x - reach)), max(0, math.floor(y - reach))
        image = image[top : max(0, math.ceil(y + reach)), left : max(0, math.ceil(x + reach))]
        if min(image.shape) < shrink:  # beside the frame, or a frame of a few pixels
            return np.zeros((size, size), np.uint8)
        x, y, side = (x - left + 0.5) / shrink - 0.5, (y - top + 0.5) / shrink - 0.5, side / shrink
        image = _shrunk(image, shrink)
    cos, sin, middle = cos * side / size, sin * side / size, (size - 1) / 2
    to_source = np.array([[cos, -sin, x - middle * (cos - sin)], [sin, cos, y - middle * (sin + cos)]], np.float64)
    patch = cv2.warpAffine(image, to_source, (size, size), flags=_FROM_SOURCE, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(patch, np.uint8)


def _shrunk(image: GreyImage, shrink: int) -> GreyImage:
    """The mean of each block of shrink x shrink pixels, as OpenCV rounds it; what is left at the edges is cut off."""
    height, width = image.shape[0] // shrink, image.shape[1] // shrink
    image = image[: height * shrink, : width * shrink]
    if shrink in _SUMMED:
        columns = cv2.transpose(_sum_rows(image.astype(np.uint16), shrink))
        sums = cv2.transpose(_sum_rows(columns, shrink))
        return np.asarray(cv2.convertScaleAbs(sums, alpha=1 / shrink**2), np.uint8)
    if shrink == 2:  # a copy brings a new frame from memory in half of the time that the mean would wait for it
        image = image.copy()
    return np.asarray(cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA), np.uint8)


def _sum_rows(image: NDArray[Any], together: int) -> NDArray[Any]:
    """uint16[height / together, width]: so many rows at a time, added."""
    sums = image[::together]
    for row in range(1, together):
        sums = cv2.add(sums, image[row::together])
    return sums


def eye_squares(face: Face) -> tuple[Square, Square]:
    """The right and the left eye's square, level with the line through the eyes."""
    side, roll = EYE_SIDE * face.eye_distance, face.roll
    return Square(*face.right_eye, side, roll), Square(*face.left_eye, side, roll)


def emotion_square(face: Face) -> Square:
    """The square that frames a face as FER2013 does, where its eyes are level.

    Measured on 486 of its images with YuNet: the eyes' middle stands at 0.37 of the height, the mouth's at 0.74, and
    the side is 2.6 times the larger of eye distance and 0.95 of the way from eyes to mouth (one of the two shrinks
    where the head is turned or bowed).
    """
    eyes_x, eyes_y = (face.right_eye[0] + face.left_eye[0]) / 2, (face.right_eye[1] + face.left_eye[1]) / 2
    roll = face.roll
    size = max(face.eye_distance, 0.95 * math.dist((eyes_x, eyes_y), face.mouth))
    side, lift = EMOTION_SIDE * size, EMOTION_LIFT * size
    x, y = (eyes_x + face.mouth[0]) / 2, (eyes_y + face.mouth[1]) / 2
    return Square(x + lift * math.sin(roll), y - lift * math.cos(roll), side, roll)


def level(patch: GreyImage) -> GreyImage:
    """The patch with mean 128 and standard deviation 48, as eyes and lamps of any brightness give it.

    A patch without contrast stays without: what is flat has nothing to be stretched.
    """
    return np.asarray(cv2.LUT(patch, levels(patch)), np.uint8)


def levels(patch: GreyImage) -> NDArray[np.uint8]:
    """What each grey of the patch becomes where it is levelled, uint8[256, 1]; see `level`."""
    mean, std = cv2.meanStdDev(patch)
    gain = 48.0 / max(std.item(), 4.0)
    # rounded and kept within 0..255 by the type
    table = cv2.addWeighted(_GREY, gain, _GREY, 0.0, 128.0 - mean.item() * gain, dtype=cv2.CV_8U)
    return np.asarray(table, np.uint8)
