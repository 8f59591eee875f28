"""Whether the driver's eyes are closed, eye by eye, and whether that can be seen at all."""

from __future__ import annotations

from pathlib import Path

from edge.errors import ConfigError
from edge.records import Eyes, Face, GreyImage
from edge.vision.crops import Square, cut, eye_squares, levels
from edge.vision.tflite import TfliteModel

LABELS = ("open", "closed")
NOT_VISIBLE = "not_visible"
"""A third label that a model may have: glare, a lens or a hand before the eye, or a patch lost in blur or noise."""

SMALLEST_PATCH = 10.0
"""Pixels of the frame: a smaller eye patch holds no lids that could be told open from closed."""


class EyeReader:
    """Reads the state of both eyes with the model `eyes`."""

    def __init__(self, path: Path, threads: int = 1) -> None:
        self._model = TfliteModel(path, "eyes", threads)
        labels = self._model.card.labels
        if set(labels) - {NOT_VISIBLE} != set(LABELS):
            raise ConfigError(
                f"{path}: the eyes are read by the labels {', '.join(LABELS)}, the card has {', '.join(labels)}; "
                f"train and convert a model with these two, and {NOT_VISIBLE} as a third where it can tell."
            )
        self._size = self._model.card.input.width
        self._not_visible_above = self._model.card.thresholds.get(NOT_VISIBLE, 0.5)

    def read(self, image: GreyImage, face: Face) -> Eyes:
        """Probability that each eye is closed; None for one that is averted, hidden, out of the frame or too small."""
        right, left = eye_squares(face)
        return Eyes(
            None if face.right_eye_averted else self._read_one(image, right),
            None if face.left_eye_averted else self._read_one(image, left),
        )

    def _read_one(self, image: GreyImage, square: Square) -> float | None:
        height, width = image.shape
        if square.side < SMALLEST_PATCH or not (0 <= square.x < width and 0 <= square.y < height):
            return None
        patch = cut(image, square, self._size)
        shares = self._model.probabilities(patch, levels(patch))
        if shares.get(NOT_VISIBLE, 0.0) > self._not_visible_above:
            return None
        seen = shares["open"] + shares["closed"]  # 0 only where the threshold is 1: nothing is known, then
        return shares["closed"] / seen if seen > 0 else None
