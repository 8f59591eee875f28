"""Finding the driver's face in a whole frame.

A detector only has to find him where he is not yet followed; `landmarks` then gives the exact points.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from edge.config import FaceConfig, SeatRegion
from edge.records import Box, Face, GreyImage
from edge.vision.haar import HaarDetector
from edge.vision.native import NativeDetector
from edge.vision.yunet import YunetDetector


class FaceDetector(Protocol):
    """Finds faces in a frame."""

    def find(self, image: GreyImage, near: Box | None) -> list[Face]:
        """The faces of uint8[height, width]; `near` tells where the driver was seen a moment ago."""
        ...


def face_detector(config: FaceConfig) -> FaceDetector:
    """The detector that the configuration names.

    Raises:
        ConfigError: what it needs is missing.
    """
    match config.detector:
        case "native":
            return NativeDetector(config.native_model)
        case "haar":
            return HaarDetector(config)
        case "yunet":
            return YunetDetector(config)


def choose_driver(faces: Sequence[Face], seat: SeatRegion, image: GreyImage) -> Face | None:
    """The largest face whose middle lies in the seat's region."""
    height, width = image.shape

    def is_seated(face: Face) -> bool:
        x, y = face.box.x + face.box.width / 2, face.box.y + face.box.height / 2
        return bool(seat.left <= x / width <= seat.right and seat.top <= y / height <= seat.bottom)

    return max(filter(is_seated, faces), key=lambda face: face.box.width * face.box.height, default=None)
