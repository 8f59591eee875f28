"""Which way the head is turned, from where the contour points stand (perspective n-point)."""

from __future__ import annotations

import math
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.records import HeadPose
from edge.vision.points import INNER_LIPS, LEFT_EYE, NOSE, OVAL, RIGHT_EYE, Points

# A mean adult head in millimetres: x to the image's right, y down, z away from the camera, from the tip of the nose.
# Widths between the corners of eyes and mouth are those of anthropometric tables (outer canthi 90, inner canthi 33,
# mouth 52); depths are of a smooth mean face. A single head differs by a tenth, which makes a constant offset of some
# degrees: what counts is the turn against this driver's own usual pose.
_HEAD = {
    RIGHT_EYE.start: (-45.0, -37.0, 34.0),
    RIGHT_EYE.start + 4: (-16.5, -36.0, 28.0),
    LEFT_EYE.start: (45.0, -37.0, 34.0),
    LEFT_EYE.start + 4: (16.5, -36.0, 28.0),
    NOSE.start + 5: (0.0, 0.0, 0.0),
    NOSE.start + 7: (-17.0, 6.0, 16.0),
    NOSE.start + 8: (17.0, 6.0, 16.0),
    INNER_LIPS.start: (-25.0, 33.0, 24.0),
    INNER_LIPS.start + 5: (25.0, 33.0, 24.0),
    OVAL.start + 4: (0.0, 72.0, 22.0),
}
_POINTS = np.array(list(_HEAD), np.intp)
_CORNERS = np.array([0, 2, 4, 9], np.intp)
"""Of these: the outer corners of the eyes, the tip of the nose, the chin."""
_MODEL: NDArray[np.float64] = np.array(list(_HEAD.values()))
_OUTER_EYES, _EYES_TO_CHIN, _EYES_TO_NOSE = 90.0, 109.0, 34.0
"""Millimetres of that head: between the outer corners, from their middle down to the chin, ahead to the nose's tip."""
_SMALLEST = 1e-3
"""Pixels a millimetre; below this there is no head."""
_ENOUGH = (cv2.TERM_CRITERIA_COUNT + cv2.TERM_CRITERIA_EPS, 20, 0.01)
"""Levenberg and Marquardt's steps end when they change the pose by a hundredth of itself: of a turn by so few degrees
that it is 0.01 degrees from where they would end (measured on recordings; the pose trembles by 0.6)."""


def head_pose(points: Points, width: int, height: int) -> HeadPose | None:
    """Turn of the head against the camera's axis, degrees; None where no pose explains the points.

    The camera is taken to see about 53 degrees across its longer side; another lens changes the angles by a factor near
    one, and not their sign.
    """
    seen = points.take(_POINTS, 0).astype(np.float64)
    begin = _begin(seen, width, height)
    turn, _ = cv2.solvePnPRefineLM(_MODEL, seen, _camera(width, height), None, *begin, _ENOUGH)
    matrix = cv2.Rodrigues(turn)[0].tolist()
    # where the nose points: (0, 0, -1) is into the camera
    x, y, z = -matrix[0][2], -matrix[1][2], -matrix[2][2]
    if not math.isfinite(x + y + z):
        return None
    yaw = math.degrees(math.atan2(x, -z))
    pitch = math.degrees(math.asin(max(-1.0, min(1.0, -y))))
    roll = math.degrees(math.atan2(matrix[1][0], matrix[0][0]))
    return HeadPose(yaw=yaw, pitch=pitch, roll=roll)


def _begin(seen: NDArray[np.float64], width: int, height: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Turn and place where the search begins, from the outer corners of the eyes, nose and chin: near the end."""
    (right_x, right_y), (left_x, left_y), (nose_x, nose_y), (chin_x, chin_y) = seen.take(_CORNERS, 0).tolist()
    x, y = (right_x + left_x) / 2, (right_y + left_y) / 2
    across = math.hypot(left_x - right_x, left_y - right_y)
    # the larger of the two: one of them shrinks where the head is turned or bowed
    scale = max(across / _OUTER_EYES, math.hypot(chin_x - x, chin_y - y) / _EYES_TO_CHIN, _SMALLEST)
    roll = math.atan2(left_y - right_y - (chin_x - x), left_x - right_x + (chin_y - y))
    aside = (nose_x - x) * math.cos(roll) + (nose_y - y) * math.sin(roll)
    yaw = -math.atan2(aside / _EYES_TO_NOSE, max(across / _OUTER_EYES, _SMALLEST))
    place = ((nose_x - width / 2) / scale,), ((nose_y - height / 2) / scale,), (max(width, height) / scale,)
    return np.array(((0.0,), (yaw,), (roll,))), np.array(place)


@lru_cache(maxsize=4)
def _camera(width: int, height: int) -> NDArray[np.float64]:
    focal = float(max(width, height))
    return np.array([[focal, 0.0, width / 2], [0.0, focal, height / 2], [0.0, 0.0, 1.0]])
