"""The contour points that the `landmarks` network gives: which they are, and what follows from where they stand.

63 of the 107 points of the face mesh that the training labels hold (their numbers in `MESH`). "Right" is the person's
right, at the image's left. Points are float32[63, 2], x and y in pixels of the frame or in any other one unit.
"""

from __future__ import annotations

import math
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from edge.records import GreyImage
from edge.vision.crops import Square, cut, level

Points = NDArray[np.float32]

RIGHT_EYE = slice(0, 8)
"""0 outer corner, 1-3 lower lid, 4 inner corner, 5-7 upper lid from the inside out; the left eye the same, mirrored."""
LEFT_EYE = slice(8, 16)
RIGHT_BROW = slice(16, 21)
"""From the outside in; the left brow the same, mirrored."""
LEFT_BROW = slice(21, 26)
NOSE = slice(26, 35)
"""0-6 the ridge from between the eyes to below the tip, 7 right and 8 left wing."""
OUTER_LIPS = slice(35, 45)
"""0 right corner, 1-4 below, 5 left corner, 6-9 above from left to right; the inner lips the same."""
INNER_LIPS = slice(45, 55)
OVAL = slice(55, 63)
"""0 middle of the forehead, 2 left cheek, 4 chin, 6 right cheek."""
COUNT = 63

MESH = tuple(
    chain(range(0, 16, 2), range(16, 32, 2), range(72, 91), range(32, 52, 2), range(52, 72, 2), range(91, 107, 2))
)
"""The number of each point among the 107 of the training labels."""

LABELS = tuple(
    f"{name}_{number}"
    for name, part in (
        ("right_eye", RIGHT_EYE),
        ("left_eye", LEFT_EYE),
        ("right_brow", RIGHT_BROW),
        ("left_brow", LEFT_BROW),
        ("nose", NOSE),
        ("outer_lips", OUTER_LIPS),
        ("inner_lips", INNER_LIPS),
        ("oval", OVAL),
    )
    for number in range(part.stop - part.start)
)
"""One name a point; the card of the network has `presence` before them."""

MIRRORED = np.array(
    [
        *range(8, 16),
        *range(8),
        *range(21, 26),
        *range(16, 21),
        *range(26, 33),
        34,
        33,
        *(35 + (5 - number) % 10 for number in range(10)),
        *(45 + (5 - number) % 10 for number in range(10)),
        *(55 + (8 - number) % 8 for number in range(8)),
    ]
)
"""`points[MIRRORED]` names the points of a mirrored picture as they are named in any other."""

PRESENCE_SCALE = 16.0
"""The network's first output times this is the logit of presence: so it spans no wider range than the coordinates."""

CROP_SIZE = 96
"""Side of the network's input, in pixels."""
_SIDE_PER_SPREAD = 4.2
"""Side of the crop over the root mean square distance of the points from their mean: the oval then fills 0.78 of the
height (median of the training labels), which leaves room to follow a face that moves or turns."""
_OVAL_TO_CENTRE = 0.04
"""How far below the mean of the oval's points, in sides, the crop's centre lies: forehead and chin then have as much
room."""
_SIDE_PER_EYES = 3.4
"""The crop's side over the eye distance; medians over the training labels, as the next."""
_EYES_TO_CENTRE = 0.48
"""How far below the middle of the eyes the crop's centre lies, in eye distances."""
_LEAST_SIDE = 8.0
"""Pixels; below this there is no face."""


def _mean_of(*parts: slice) -> NDArray[np.float32]:
    """float32[parts, 63]: times the points, the mean of each part."""
    weights = np.zeros((len(parts), COUNT), np.float32)
    for row, part in zip(weights, parts, strict=True):
        row[part] = 1 / len(range(COUNT)[part])
    return weights


_MEANS = _mean_of(RIGHT_EYE, LEFT_EYE, OUTER_LIPS, OVAL, slice(None))
_EYES, _MOUTH = _MEANS[:2], _MEANS[2]


def eye_centres(points: Points) -> tuple[tuple[float, float], tuple[float, float]]:
    """Centre of the right and of the left eye: the mean of its contour."""
    right, left = _EYES.dot(points).tolist()
    return (right[0], right[1]), (left[0], left[1])


def mouth_centre(points: Points) -> tuple[float, float]:
    """The mean of the outer lips."""
    x, y = _MOUTH.dot(points).tolist()
    return x, y


def face_square(points: Points) -> Square:
    """The square around a face whose points are known: what the network sees in the next frame.

    Its turn follows from the line through the eyes and from that from the eyes to the mouth, so that a face in
    profile, where the eyes fall together, is not turned at random.
    """
    middle = _MEANS.dot(points)
    (right_x, right_y), (left_x, left_y), (mouth_x, mouth_y), (x, y), _ = middle.tolist()
    down_x, down_y = mouth_x - (right_x + left_x) / 2, mouth_y - (right_y + left_y) / 2
    roll = math.atan2(left_y - right_y - down_x, left_x - right_x + down_y)
    apart = (points - middle[4]).ravel()
    side = max(_LEAST_SIDE, _SIDE_PER_SPREAD * math.sqrt(apart.dot(apart).item() / COUNT))
    lower = _OVAL_TO_CENTRE * side
    return Square(x - lower * math.sin(roll), y + lower * math.cos(roll), side, roll)


def square_of_eyes(right: tuple[float, float], left: tuple[float, float]) -> Square:
    """About the same square, where only the eyes are known: the first crop after a detector has found a face."""
    across, down = left[0] - right[0], left[1] - right[1]
    distance = math.hypot(across, down)
    x = (right[0] + left[0]) / 2 - _EYES_TO_CENTRE * down
    y = (right[1] + left[1]) / 2 + _EYES_TO_CENTRE * across
    return Square(x, y, max(_LEAST_SIDE, _SIDE_PER_EYES * distance), math.atan2(down, across))


def crop(image: GreyImage, square: Square) -> GreyImage:
    """What the network sees of uint8[height, width]: the square as uint8[96, 96], turned level, contrast normalised."""
    return level(cut(image, square, CROP_SIZE))
