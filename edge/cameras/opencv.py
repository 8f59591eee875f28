"""What the cameras read through OpenCV share: its messages kept off the terminal."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import cv2

# FFmpeg's level is read once, when the first video of the process is opened, so it is set before that can happen.
# -8 is its AV_LOG_QUIET; a level that was set from outside stays.
os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")

_logging: Any = getattr(cv2.utils, "logging", cv2)  # up to OpenCV 4.11 the functions stood in cv2 itself
_SILENT = 0


@contextmanager
def quiet_opencv() -> Iterator[None]:
    """Inside, OpenCV prints nothing: what went wrong is said in one sentence by whoever called it."""
    level = _logging.getLogLevel()
    _logging.setLogLevel(_SILENT)
    try:
        yield
    finally:
        _logging.setLogLevel(level)
