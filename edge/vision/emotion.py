"""The driver's emotion, as far as a face shows one."""

from __future__ import annotations

from pathlib import Path

from edge.errors import ConfigError
from edge.records import Emotion, Face, GreyImage
from edge.vision.crops import cut, emotion_square, level
from edge.vision.tflite import TfliteModel

LABELS = ("happy", "neutral", "sad", "surprise")


class EmotionReader:
    """Reads four classes with the model `emotion`."""

    def __init__(self, path: Path, threads: int = 1) -> None:
        self._model = TfliteModel(path, "emotion", threads)
        if set(self._model.card.labels) != set(LABELS):
            raise ConfigError(
                f"{path}: the rules need the labels {', '.join(LABELS)}, the card has "
                f"{', '.join(self._model.card.labels)}; train and convert a model with these four."
            )

    def read(self, image: GreyImage, face: Face) -> Emotion:
        """Calibrated probabilities of the four classes."""
        patch = level(cut(image, emotion_square(face), self._model.card.input.width))
        return Emotion(**self._model.probabilities(patch))
