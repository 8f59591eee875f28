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
_NO_TURN = np.zeros((3, 1))
_MODEL: NDArray[np.float64] = np.array(list(_HEAD.values()))
_AHEAD = np.array([[0.0], [0.0], [600.0]])
"""Where a search for the pose begins: a head that looks into the camera from 0.6 m."""


def head_pose(points: Points, width: int, height: int) -> HeadPose | None:
    """Turn of the head against the camera's axis, degrees; None where no pose explains the points.

    The camera is taken to see about 53 degrees across its longer side; another lens changes the angles by a factor near
    one, and not their sign.
    """
    seen = points.take(_POINTS, 0).astype(np.float64)
    found, turn, _ = cv2.solvePnP(
        _MODEL, seen, _camera(width, height), None, _NO_TURN.copy(), _AHEAD.copy(), True, cv2.SOLVEPNP_ITERATIVE
    )
    if not found:
        return None
    matrix = cv2.Rodrigues(turn)[0].tolist()
    # where the nose points: (0, 0, -1) is into the camera
    x, y, z = -matrix[0][2], -matrix[1][2], -matrix[2][2]
    if not math.isfinite(x + y + z):
        return None
    yaw = math.degrees(math.atan2(x, -z))
    pitch = math.degrees(math.asin(max(-1.0, min(1.0, -y))))
    roll = math.degrees(math.atan2(matrix[1][0], matrix[0][0]))
    return HeadPose(yaw=yaw, pitch=pitch, roll=roll)


@lru_cache(maxsize=4)
def _camera(width: int, height: int) -> NDArray[np.float64]:
    focal = float(max(width, height))
    return np.array([[focal, 0.0, width / 2], [0.0, focal, height / 2], [0.0, 0.0, 1.0]])
