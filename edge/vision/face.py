"""Finding the driver's face in a whole frame.

A detector only has to find him where he is not yet followed; `landmarks` then gives the exact points.
"""

from __future__ import annotations

from typing import Protocol

from edge.config import FaceConfig
from edge.records import Box, Face, GreyImage
from edge.vision.haar import HaarDetector
from edge.vision.native import NativeDetector
from edge.vision.yunet import YunetDetector


class FaceDetector(Protocol):
    """Finds faces in a frame."""

    def find(self, image: GreyImage, near: Box | None) -> list[Face]:
        """The faces of uint8[height, width]; `near` tells where the driver was seen a moment ago."""
        ...


def face_detector(config: FaceConfig, threads: int = 1) -> FaceDetector:
    """The detector that the configuration names; `threads` are those of its model's runtime.

    Raises:
        ConfigError: what it needs is missing.
    """
    match config.detector:
        case "native":
            return NativeDetector(config.native_model, threads)
        case "haar":
            return HaarDetector(config)
        case "yunet":
            return YunetDetector(config)
