"""The project's own detector: the network `face` on the whole frame, whatever its size."""

from __future__ import annotations

from pathlib import Path

from edge.errors import ConfigError
from edge.records import Box, Face, GreyImage
from edge.vision import face_decode
from edge.vision.tflite import TfliteModel

_LEAST = 0.5
"""Probability from which on something is a face, where the model's card names none."""


class NativeDetector:
    """Faces by the model `face`, the surest first.

    Args:
        path: the model file.
        threads: of the runtime.

    Raises:
        ConfigError: the file is missing, damaged, or another kind of model.
    """

    def __init__(self, path: Path, threads: int = 1) -> None:
        self._model = TfliteModel(path, "face", threads)
        spec = self._model.card.input
        if self._model.card.labels != face_decode.CHANNELS or (spec.width, spec.height) != (
            face_decode.WIDTH,
            face_decode.HEIGHT,
        ):
            raise ConfigError(f"{path}: the model answers otherwise than this version reads; convert a newer model.")
        self._least = self._model.card.thresholds.get("face", _LEAST)

    def find(self, image: GreyImage, near: Box | None) -> list[Face]:  # noqa: ARG002  it is fast enough to look everywhere
        framed, scale = face_decode.framed(image)
        found = face_decode.decode(self._model.run(framed), self._least)
        return [_face(face_decode.to_frame(one, scale)) for one in found]


def _face(detection: face_decode.Detection) -> Face:
    right, left, _, right_mouth, left_mouth = (tuple(point) for point in detection.points.tolist())
    mouth = (right_mouth[0] + left_mouth[0]) / 2, (right_mouth[1] + left_mouth[1]) / 2
    return Face(detection.box, right, left, mouth, detection.score)
