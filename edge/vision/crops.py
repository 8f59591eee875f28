"""Patches cut from a frame, the one way that the vehicle and training both use."""

from __future__ import annotations

import math
from dataclasses import dataclass

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
        placed: NDArray[np.float32] = (points - _HALF) @ np.array(((cos, sin), (-sin, cos)), np.float32)
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
    shrink = int(square.side / size)
    x, y, side = square.x, square.y, square.side
    if shrink >= 2:
        reach = side * 0.5 * (abs(math.cos(square.roll)) + abs(math.sin(square.roll))) + 2 * shrink
        left, top = max(0, math.floor(x - reach)), max(0, math.floor(y - reach))
        image = image[top : max(0, math.ceil(y + reach)), left : max(0, math.ceil(x + reach))]
        width, height = image.shape[1] // shrink, image.shape[0] // shrink
        if not (width and height):  # beside the frame, or a frame of a few pixels
            return np.zeros((size, size), np.uint8)
        image = image[: height * shrink, : width * shrink]  # whole blocks: many times as fast as parts of pixels
        x, y, side = (x - left + 0.5) / shrink - 0.5, (y - top + 0.5) / shrink - 0.5, side / shrink
        image = np.asarray(cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA), np.uint8)
    cos, sin = math.cos(square.roll) * side / size, math.sin(square.roll) * side / size
    middle = (size - 1) / 2
    to_source = np.array([[cos, -sin, x - middle * (cos - sin)], [sin, cos, y - middle * (sin + cos)]], np.float64)
    patch = cv2.warpAffine(
        image, to_source, (size, size), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP, borderMode=cv2.BORDER_REPLICATE
    )
    return np.asarray(patch, np.uint8)


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
    mean, std = cv2.meanStdDev(patch)
    gain = 48.0 / max(std.item(), 4.0)
    table = _GREY * gain
    table += 128.5 - mean.item() * gain
    np.maximum(table, 0.0, out=table)
    np.minimum(table, 255.0, out=table)
    return np.asarray(cv2.LUT(patch, table.astype(np.uint8)), np.uint8)
