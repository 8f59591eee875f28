"""Finding a face in a whole frame.

A detector only has to find the driver where he is not yet followed; `landmarks` then gives the exact points.
"""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np

from edge.config import FaceConfig
from edge.errors import ConfigError
from edge.records import Box, Face, GreyImage

# Where the eyes stand in the box of OpenCV's frontal cascade: means over the faces of FairFace and YouTube Faces that
# it finds (standard deviation 0.05 of the box).
_HAAR_RIGHT_EYE = (0.29, 0.38)
_HAAR_LEFT_EYE = (0.71, 0.38)
_HAAR_MOUTH = (0.5, 0.77)
_HAAR_STEP = 1.1
_HAAR_NEIGHBOURS = 4


class FaceDetector(Protocol):
    """Finds the driver's face in a frame."""

    def find(self, image: GreyImage, last: Face | None) -> Face | None:
        """The largest face of uint8[height, width], or None; `last` tells where it was seen a moment ago."""
        ...


def face_detector(config: FaceConfig) -> FaceDetector:
    """The detector that the configuration names."""
    return HaarDetector(config)


class HaarDetector:
    """OpenCV's boosted cascade for frontal faces (Viola and Jones 2001).

    It searches around the last place first, in a frame reduced to `search_height`.
    """

    def __init__(self, config: FaceConfig) -> None:
        self._config = config
        if not hasattr(cv2, "CascadeClassifier"):
            raise ConfigError(
                f"vision.face.detector: OpenCV {cv2.__version__} has no Haar cascades; "
                "pip install 'opencv-python-headless>=4.12,<5'."
            )
        path = Path(str(files("cv2") / "data")) / "haarcascade_frontalface_default.xml"
        self._cascade = cv2.CascadeClassifier(str(path))
        if self._cascade.empty():
            raise ConfigError(f"{path}: the Haar cascade cannot be read; reinstall opencv-python-headless.")

    def find(self, image: GreyImage, last: Face | None) -> Face | None:
        if last is not None:
            near = self._find_near(image, last.box)
            if near is not None:
                return near
        smallest = self._config.smallest * self._config.search_height
        return self._search(image, Box(0, 0, image.shape[1], image.shape[0]), self._config.search_height, smallest)

    def _find_near(self, image: GreyImage, box: Box) -> Face | None:
        """Search half a face around the last box, in which a face of about its size is 48 pixels wide."""
        region = Box(box.x - box.width / 2, box.y - box.height / 2, 2 * box.width, 2 * box.height)
        return self._search(image, region, 96, 36)

    def _search(self, image: GreyImage, region: Box, height: int, smallest: float) -> Face | None:
        left, top = max(0, int(region.x)), max(0, int(region.y))
        part = image[top : int(region.y + region.height), left : int(region.x + region.width)]
        if min(part.shape) < 24:  # the cascade's own window
            return None
        scale = min(1.0, height / region.height)
        small = cv2.resize(part, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        least = max(24, round(smallest))
        found = self._cascade.detectMultiScale(small, _HAAR_STEP, _HAAR_NEIGHBOURS, 0, (least, least))
        if len(found) == 0:
            return None
        x, y, width, tall = max(np.asarray(found, np.float64) / scale, key=lambda box: box[2])
        box = Box(float(x) + left, float(y) + top, float(width), float(tall))
        right_eye, left_eye = _inside(box, _HAAR_RIGHT_EYE), _inside(box, _HAAR_LEFT_EYE)
        return Face(box, right_eye, left_eye, _inside(box, _HAAR_MOUTH), 1.0)


def _inside(box: Box, place: tuple[float, float]) -> tuple[float, float]:
    return box.x + place[0] * box.width, box.y + place[1] * box.height
