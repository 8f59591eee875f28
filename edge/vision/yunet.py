"""OpenCV's YuNet (Wu, Peng, Yu 2023), for who has its model file; it is not shipped."""

from __future__ import annotations

import hashlib
from typing import Any

import cv2
import numpy as np

from edge.config import FaceConfig
from edge.errors import ConfigError
from edge.records import Box, Face, GreyImage

_SCORE = 0.7
_OVERLAP = 0.3
_MOST = 20
_logging: Any = getattr(cv2.utils, "logging", cv2)  # up to OpenCV 4.11 the functions stood in cv2 itself
_SILENT = 0


class YunetDetector:
    """Faces by `cv2.FaceDetectorYN`, in a frame reduced to `search_height`."""

    def __init__(self, config: FaceConfig) -> None:
        path = config.yunet_model
        if path is None:
            raise ConfigError("vision.face.yunet_model is missing: detector yunet needs the path of its ONNX file.")
        try:
            content = path.read_bytes()
        except OSError as error:
            raise ConfigError(
                f"{path}: YuNet's model cannot be read ({error.strerror}); put the ONNX file there."
            ) from None
        found = hashlib.sha256(content).hexdigest()
        if config.yunet_sha256 is None or found != config.yunet_sha256.lower():
            raise ConfigError(
                f"{path}: its SHA-256 is {found}, not vision.face.yunet_sha256; if the file is what you mean, "
                "write this hash there."
            )
        self._height = config.search_height
        level = _logging.getLogLevel()
        _logging.setLogLevel(_SILENT)  # OpenCV 5 warns of what is as it should be; what goes wrong is an exception
        try:
            self._detector = cv2.FaceDetectorYN.create(str(path), "", (320, 240), _SCORE, _OVERLAP, _MOST)
        except cv2.error:
            raise ConfigError(f"{path}: OpenCV {cv2.__version__} cannot load this model; get YuNet 2023mar.") from None
        finally:
            _logging.setLogLevel(level)

    def find(self, image: GreyImage, near: Box | None) -> list[Face]:  # noqa: ARG002  it is fast enough to look everywhere
        scale = min(1.0, self._height / image.shape[0])
        small = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        self._detector.setInputSize((small.shape[1], small.shape[0]))
        _, found = self._detector.detect(cv2.cvtColor(small, cv2.COLOR_GRAY2BGR))
        return [] if found is None else [_face(row, 1 / scale) for row in np.asarray(found, np.float64)]


def _face(row: np.ndarray[tuple[int], np.dtype[np.float64]], scale: float) -> Face:
    """One row of the detector: x, y, width, height, right eye, left eye, nose, mouth corners, score."""
    x, y, width, height, right_x, right_y, left_x, left_y, _, _, *mouth = (row[:14] * scale).tolist()
    middle = (mouth[0] + mouth[2]) / 2, (mouth[1] + mouth[3]) / 2
    return Face(Box(x, y, width, height), (right_x, right_y), (left_x, left_y), middle, min(float(row[14]), 1.0))
