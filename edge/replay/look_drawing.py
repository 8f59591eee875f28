"""A picture with what was seen drawn over it: box, contour points, each eye in the colour of its state, a caption."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.config import ClosuresConfig
from edge.replay.look import EyeState, Looked, eye_state, label_of
from edge.vision.points import LEFT_EYE, RIGHT_EYE

Colour = tuple[int, int, int]
"""Blue, green, red."""
Picture = NDArray[np.uint8]
"""uint8[height, width, 3]."""

LEAST_SIDE = 480
"""Pixels: a smaller picture is enlarged, so that its points do not run into each other."""

WHITE, CYAN, DARK = (255, 255, 255), (230, 200, 60), (40, 40, 40)
STATES: dict[EyeState, Colour] = {
    "open": (90, 220, 90),
    "between": (60, 170, 255),
    "closed": (80, 80, 255),
    "not_visible": (170, 170, 170),
}
_FONT = cv2.FONT_HERSHEY_SIMPLEX
_FONT_HEIGHT = 22.0
"""Pixels of a capital letter at size 1."""


def drawn(looked: Looked, closures: ClosuresConfig) -> Picture:
    """The grey picture that the models saw, enlarged by a whole factor where it is small, and a caption below it."""
    height, width = looked.image.shape
    factor = max(1, math.ceil(LEAST_SIDE / max(width, height)))
    large = cv2.resize(looked.image, None, fx=factor, fy=factor, interpolation=cv2.INTER_CUBIC)
    picture = np.asarray(cv2.cvtColor(large, cv2.COLOR_GRAY2BGR), np.uint8)
    unit = max(1, round(min(picture.shape[:2]) / 400))
    if looked.seen.face is not None:
        _draw_face(picture, looked, closures, factor, unit)
    return np.vstack([picture, _caption(looked, closures, picture.shape[1])])


def _draw_face(picture: Picture, looked: Looked, closures: ClosuresConfig, factor: int, unit: int) -> None:
    face = looked.seen.face
    if face is None or looked.points is None:
        return
    box = face.box
    corner = _pixel((box.x, box.y), factor)
    opposite = _pixel((box.x + box.width, box.y + box.height), factor)
    cv2.rectangle(picture, corner, opposite, WHITE, 2 * unit, cv2.LINE_AA)
    for point in looked.points.tolist():
        cv2.circle(picture, _pixel(point, factor), 2 * unit, CYAN, -1, cv2.LINE_AA)
    for part, closed in ((RIGHT_EYE, looked.seen.eyes.right), (LEFT_EYE, looked.seen.eyes.left)):
        outline = np.array([_pixel(point, factor) for point in looked.points[part].tolist()], np.int32)
        cv2.polylines(picture, [outline], True, STATES[eye_state(closed, closures)], 2 * unit, cv2.LINE_AA)


def _pixel(point: tuple[float, float] | list[float], factor: int) -> tuple[int, int]:
    """A point of the picture in the enlarged one, in which a pixel's middle stays its middle."""
    x, y = point
    return round((x + 0.5) * factor - 0.5), round((y + 0.5) * factor - 0.5)


def _caption(looked: Looked, closures: ClosuresConfig, width: int) -> Picture:
    """Below each other in lines as large as fit: the emotion with its probability, and both eyes in their colours."""
    rows = []
    for line, largest in zip(_lines(looked, closures), (18, 26), strict=False):
        size = min(width / largest / _FONT_HEIGHT, 0.96 * width / _width("".join(text for text, _ in line), 1.0))
        row: Picture = np.full((round(2 * _FONT_HEIGHT * size), width, 3), DARK, np.uint8)
        x, y = round(0.02 * width), round(1.45 * _FONT_HEIGHT * size)
        for text, colour in line:
            cv2.putText(row, text, (x, y), _FONT, size, colour, _thickness(size), cv2.LINE_AA)
            x += _width(text, size)
        rows.append(row)
    return np.vstack(rows)


def _lines(looked: Looked, closures: ClosuresConfig) -> list[list[tuple[str, Colour]]]:
    seen = looked.seen
    if seen.face is None:
        return [[("too dark to see anything" if seen.dark else "no driver's face found", WHITE)]]
    label, confidence = label_of(seen.emotion)
    first = label if confidence is None else f"{label} {confidence:.0%}"
    eyes: list[tuple[str, Colour]] = []
    for side, closed in (("right", seen.eyes.right), ("left", seen.eyes.left)):
        state = eye_state(closed, closures)
        how = "" if closed is None else f", P(closed) {closed:.2f}"
        eyes.append((f"{side} eye {state.replace('_', ' ')}{how}   ", STATES[state]))
    return [[(first, WHITE)], eyes]


def _width(text: str, size: float) -> int:
    return int(cv2.getTextSize(text, _FONT, size, _thickness(size))[0][0])


def _thickness(size: float) -> int:
    return max(1, round(2.2 * size))
