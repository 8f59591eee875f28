"""The driver's emotion, as far as a face shows one."""

from __future__ import annotations

from pathlib import Path

from edge.errors import ConfigError
from edge.records import Emotion, Face, GreyImage
from edge.vision.crops import cut, emotion_square, levels
from edge.vision.tflite import TfliteModel

LABELS = ("happy", "neutral", "sad", "surprise")
UNKNOWN = "unknown"
"""A fifth label that a model may have: what is in the patch is no face, or like nothing that it knows."""


class EmotionReader:
    """Reads four classes with the model `emotion`."""

    def __init__(self, path: Path, threads: int = 1) -> None:
        self._model = TfliteModel(path, "emotion", threads)
        labels = self._model.card.labels
        if set(labels) - {UNKNOWN} != set(LABELS):
            raise ConfigError(
                f"{path}: the rules need the labels {', '.join(LABELS)}, the card has {', '.join(labels)}; train and "
                f"convert a model with these four, and {UNKNOWN} as a fifth where it can tell."
            )
        self._size = self._model.card.input.width
        self._unknown_above = self._model.card.thresholds.get(UNKNOWN, 0.5)

    def read(self, image: GreyImage, face: Face) -> Emotion | None:
        """Calibrated probabilities of the four classes; None where the model cannot tell."""
        patch = cut(image, emotion_square(face), self._size)
        shares = self._model.probabilities(patch, levels(patch))
        if shares.pop(UNKNOWN, 0.0) > self._unknown_above:
            return None
        known = sum(shares.values())
        return Emotion(**{label: share / known for label, share in shares.items()}) if known > 0 else None
