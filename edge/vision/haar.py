"""OpenCV's boosted cascade for frontal faces (Viola and Jones 2001)."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import cv2

from edge.config import FaceConfig
from edge.errors import ConfigError
from edge.records import Box, Face, GreyImage

# Where the eyes stand in the box of OpenCV's frontal cascade: means over the faces of FairFace and YouTube Faces that
# it finds (standard deviation 0.05 of the box).
_RIGHT_EYE = (0.29, 0.38)
_LEFT_EYE = (0.71, 0.38)
_MOUTH = (0.5, 0.77)
_STEP = 1.1
_NEIGHBOURS = 4


class HaarDetector:
    """Searches around the last place first, then everywhere, in a frame reduced to `search_height`."""

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

    def find(self, image: GreyImage, near: Box | None) -> list[Face]:
        found = self._find_near(image, near) if near is not None else []
        if found:
            return found
        smallest = self._config.smallest * min(self._config.search_height, image.shape[0])
        return self._search(image, Box(0, 0, image.shape[1], image.shape[0]), self._config.search_height, smallest)

    def _find_near(self, image: GreyImage, box: Box) -> list[Face]:
        """Search half a face around the last box, in which a face of about its size is 48 pixels wide."""
        region = Box(box.x - box.width / 2, box.y - box.height / 2, 2 * box.width, 2 * box.height)
        return self._search(image, region, 96, 36)

    def _search(self, image: GreyImage, region: Box, height: int, smallest: float) -> list[Face]:
        left, top = max(0, int(region.x)), max(0, int(region.y))
        right, bottom = max(0, int(region.x + region.width)), max(0, int(region.y + region.height))
        part = image[top:bottom, left:right]
        scale = min(1.0, height / max(region.height, 1.0))
        if min(part.shape) * scale < 24:  # the cascade's own window
            return []
        small = cv2.resize(part, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        least = max(24, round(smallest))
        found = self._cascade.detectMultiScale(small, _STEP, _NEIGHBOURS, 0, (least, least))
        return [_face(Box(left + x / scale, top + y / scale, w / scale, h / scale)) for x, y, w, h in found]


def _face(box: Box) -> Face:
    return Face(box, _inside(box, _RIGHT_EYE), _inside(box, _LEFT_EYE), _inside(box, _MOUTH), 1.0)


def _inside(box: Box, place: tuple[float, float]) -> tuple[float, float]:
    return box.x + place[0] * box.width, box.y + place[1] * box.height
