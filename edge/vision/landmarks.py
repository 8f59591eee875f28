"""The contours of eyes, brows, nose, lips and face in a square that holds the face."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.errors import ConfigError
from edge.records import Box, Face, GreyImage
from edge.vision.crops import Square, cut, levels
from edge.vision.points import COUNT, INNER_LIPS, LABELS, LEFT_EYE, PRESENCE_SCALE, RIGHT_EYE, eye_centres, mouth_centre
from edge.vision.tflite import TfliteModel

AVERTED = 0.75
"""An eye that looks narrower than this share of the other is seen from its side: its lids can't be told open from
closed. The eyes stand about 20 degrees outward on the head, so this is a turn of about 25 degrees."""

_HALF = np.float32(0.5)
_LIPS = np.array([0, 1, 1, 1, 1, 0, -1, -1, -1, -1], np.float32) / 4
"""Times the inner lips: the middle of those below less that of those above."""
_ACROSS = np.zeros((2, COUNT), np.float32)
_ACROSS[(0, 1), (RIGHT_EYE.start, LEFT_EYE.start)] = 1
_ACROSS[(0, 1), (RIGHT_EYE.start + 4, LEFT_EYE.start + 4)] = -1
"""Times the points: the way from the inner to the outer corner of the right and of the left eye."""


@dataclass(frozen=True, slots=True)
class Contours:
    """Points float32[n, 2] in pixels of the frame, in the order of `edge.vision.points`, and the probability 0..1
    that a face is there at all. `eyes` are the centres of the right and of the left eye.
    """

    points: NDArray[np.float32]
    presence: float
    eyes: tuple[tuple[float, float], tuple[float, float]] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "eyes", eye_centres(self.points))

    @property
    def eye_distance(self) -> float:
        """Between the centres of the eyes, in pixels; at least 1, so that it can divide."""
        return max(math.dist(*self.eyes), 1.0)

    def box(self) -> Box:
        """Around all points, brows to chin."""
        ((left, top),) = cv2.reduce(self.points, 0, cv2.REDUCE_MIN).tolist()
        ((right, bottom),) = cv2.reduce(self.points, 0, cv2.REDUCE_MAX).tolist()
        return Box(left, top, right - left, bottom - top)

    def face(self) -> Face:
        right_across, left_across = _ACROSS.dot(self.points).tolist()
        right_width, left_width = math.hypot(*right_across), math.hypot(*left_across)
        return Face(
            self.box(),
            *self.eyes,
            mouth_centre(self.points),
            self.presence,
            right_width < AVERTED * left_width,
            left_width < AVERTED * right_width,
        )

    def mouth_open(self) -> float:
        """Distance between the inner lips over the distance between the eyes."""
        across, down = _LIPS.dot(self.points[INNER_LIPS]).tolist()
        return math.hypot(across, down) / self.eye_distance


class LandmarkReader:
    """Reads the contours with the model `landmarks`."""

    def __init__(self, path: Path, threads: int = 1) -> None:
        self._model = TfliteModel(path, "landmarks", threads)
        self._size = self._model.card.input.width
        if self._model.card.labels != ("presence", *LABELS):
            raise ConfigError(f"{path}: the card names other points than this version reads; convert a newer model.")

    def read(self, image: GreyImage, square: Square) -> Contours:
        """The contours in one square of a frame."""
        patch = cut(image, square, self._size)
        scores = self._model.run(patch, levels(patch))
        presence = 1 / (1 + math.exp(-PRESENCE_SCALE * scores.item(0)))
        return Contours(square.to_frame(scores[1:].reshape(-1, 2) + _HALF), presence)
