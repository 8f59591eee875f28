"""The contours of eyes, brows, nose, lips and face in a square that holds the face."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge.errors import ConfigError
from edge.records import Box, Face, GreyImage
from edge.vision.crops import Square, cut, level
from edge.vision.points import INNER_LIPS, LABELS, LEFT_EYE, PRESENCE_SCALE, RIGHT_EYE, eye_centres, mouth_centre
from edge.vision.tflite import TfliteModel

AVERTED = 0.75
"""An eye that looks narrower than this share of the other is seen from its side: its lids can't be told open from
closed. The eyes stand about 20 degrees outward on the head, so this is a turn of about 25 degrees."""

_LIPS = np.array([0, 1, 1, 1, 1, 0, -1, -1, -1, -1], np.float32) / 4
"""Times the inner lips: the middle of those below less that of those above."""
_CORNERS = np.array([RIGHT_EYE.start, LEFT_EYE.start, RIGHT_EYE.start + 4, LEFT_EYE.start + 4])
"""The outer corners of the right and of the left eye, and the inner ones."""


@dataclass(frozen=True)
class Contours:
    """Points float32[n, 2] in pixels of the frame, in the order of `edge.vision.points`, and the probability 0..1
    that a face is there at all.
    """

    points: NDArray[np.float32]
    presence: float

    @cached_property
    def eyes(self) -> tuple[tuple[float, float], tuple[float, float]]:
        """The centres of the right and of the left eye."""
        return eye_centres(self.points)

    @cached_property
    def eye_distance(self) -> float:
        """Between the centres of the eyes, in pixels; at least 1, so that it can divide."""
        return max(math.dist(*self.eyes), 1.0)

    def box(self) -> Box:
        """Around all points, brows to chin."""
        x, y = self.points.T.tolist()  # Python's own extremes are faster than an array's along its short side
        left, top = min(x), min(y)
        return Box(left, top, max(x) - left, max(y) - top)

    def face(self) -> Face:
        corners = self.points.take(_CORNERS, 0)
        right_across, left_across = (corners[:2] - corners[2:]).tolist()
        right_width, left_width = math.hypot(*right_across), math.hypot(*left_across)
        return Face(
            self.box(),
            *self.eyes,
            mouth_centre(self.points),
            self.presence,
            right_eye_averted=right_width < AVERTED * left_width,
            left_eye_averted=left_width < AVERTED * right_width,
        )

    def mouth_open(self) -> float:
        """Distance between the inner lips over the distance between the eyes."""
        across, down = (_LIPS @ self.points[INNER_LIPS]).tolist()
        return math.hypot(across, down) / self.eye_distance


class LandmarkReader:
    """Reads the contours with the model `landmarks`."""

    def __init__(self, path: Path, threads: int = 1) -> None:
        self._model = TfliteModel(path, "landmarks", threads)
        if self._model.card.labels != ("presence", *LABELS):
            raise ConfigError(f"{path}: the card names other points than this version reads; convert a newer model.")

    def read(self, image: GreyImage, square: Square) -> Contours:
        """The contours in one square of a frame."""
        scores = self._model.run(level(cut(image, square, self._model.card.input.width)))
        presence = 1 / (1 + math.exp(-PRESENCE_SCALE * float(scores[0])))
        return Contours(square.to_frame(scores[1:].reshape(-1, 2) + np.float32(0.5)), presence)
