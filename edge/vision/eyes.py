"""Whether the driver's eyes are closed, eye by eye."""

from __future__ import annotations

from pathlib import Path

from edge.errors import ConfigError
from edge.records import Eyes, Face, GreyImage
from edge.vision.crops import Square, cut, eye_squares, level
from edge.vision.tflite import TfliteModel

LABELS = ("open", "closed")

SMALLEST_PATCH = 10.0
"""Pixels of the frame: a smaller eye patch holds no lids that could be told open from closed."""


class EyeReader:
    """Reads the state of both eyes with the model `eyes`."""

    def __init__(self, path: Path, threads: int = 1) -> None:
        self._model = TfliteModel(path, "eyes", threads)
        if set(self._model.card.labels) != set(LABELS):
            raise ConfigError(
                f"{path}: the eyes are read by the labels {', '.join(LABELS)}, the card has "
                f"{', '.join(self._model.card.labels)}; train and convert a model with these two."
            )

    def read(self, image: GreyImage, face: Face) -> Eyes:
        """Probability that each eye is closed; None for one that is averted, out of the frame or too small."""
        right, left = eye_squares(face)
        return Eyes(
            None if face.right_eye_averted else self._read_one(image, right),
            None if face.left_eye_averted else self._read_one(image, left),
        )

    def _read_one(self, image: GreyImage, square: Square) -> float | None:
        height, width = image.shape
        if square.side < SMALLEST_PATCH or not (0 <= square.x < width and 0 <= square.y < height):
            return None
        patch = level(cut(image, square, self._model.card.input.width))
        return self._model.probabilities(patch)["closed"]
