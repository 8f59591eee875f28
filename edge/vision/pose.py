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
_FIRST = (cv2.TERM_CRITERIA_COUNT + cv2.TERM_CRITERIA_EPS, 20, 0.01)
"""Levenberg and Marquardt's steps end when they change the pose by a hundredth of itself: of a turn by so few degrees
that it is 0.01 degrees from where they would end (measured on recordings; the pose trembles by 0.6)."""
_MOST_STEPS = 8
_LAST_STEP = math.radians(0.2)
"""Gauss and Newton's end when one turns the head by less. Each is about a quarter of the one before: the rest is 0.01
to 0.02 degrees (medians of the recordings) and 0.24 in the worst frame, where a head turns fast."""
_NORMAL_EQUATIONS = cv2.DECOMP_NORMAL | cv2.DECOMP_CHOLESKY

_Found = tuple[NDArray[np.float64], NDArray[np.float64]]
"""Turn and place of the head before the camera, float64[3, 1] each: a rotation vector, and millimetres."""


class PoseReader:
    """Reads the pose of one head from frame to frame.

    The pose of the frame before is so near that two or three of Gauss and Newton's steps lead to the next, in a third
    of the time that Levenberg and Marquardt's take from afar, as in a first frame.
    """

    def __init__(self) -> None:
        self._last: _Found | None = None

    def reset(self) -> None:
        """The next points are those of another head, or of the same one after a gap."""
        self._last = None

    def read(self, points: Points, width: int, height: int) -> HeadPose | None:
        """Turn of the head against the camera's axis, degrees; None where no pose explains the points.

        The camera is taken to see about 53 degrees across its longer side; another lens changes the angles by a factor
        near one, and not their sign.
        """
        seen, camera = points.take(_POINTS, 0).astype(np.float64), _camera(width, height)
        found = _follow(self._last, seen, camera) if self._last else None
        if found is None:
            begin = _begin(seen, width, height)
            turn, place = cv2.solvePnPRefineLM(_MODEL, seen, camera, None, *begin, _FIRST)
            found = np.asarray(turn, np.float64), np.asarray(place, np.float64)
        pose = _angles(found[0])
        # from the back of a head, which no face shows, the search would not find its way back
        self._last = found if pose and abs(pose.yaw) < 90 else None
        return pose


def _follow(last: _Found, seen: NDArray[np.float64], camera: NDArray[np.float64]) -> _Found | None:
    """The pose that explains the points float64[n, 2], searched from one that is near; None where that leads astray."""
    turn, place = last
    seen = seen[:, None]
    for _ in range(_MOST_STEPS):
        there, slopes = cv2.projectPoints(_MODEL, turn, place, camera, None)
        solved, step = cv2.solve(slopes[:, :6], (seen - there).reshape(-1, 1), flags=_NORMAL_EQUATIONS)
        if not solved:
            return None
        turned = step[:3]
        turn, place = turn + turned, place + step[3:]
        if cv2.norm(turned) < _LAST_STEP:
            ahead: float = place[2, 0]
            return (turn, place) if ahead > 0 else None
    return None


def _angles(turn: NDArray[np.float64]) -> HeadPose | None:
    """Of a rotation vector float64[3, 1]; None where it is none."""
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
