"""What the cameras read through OpenCV share: its messages kept off the terminal."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import cv2
import cv2.utils.logging

# FFmpeg's level is read once, when the first video of the process is opened, so it is set before that can happen.
# -8 is its AV_LOG_QUIET; a level that was set from outside stays.
os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")


@contextmanager
def quiet_opencv() -> Iterator[None]:
    """Inside, OpenCV prints nothing: what went wrong is said in one sentence by whoever called it."""
    level = cv2.utils.logging.getLogLevel()
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    try:
        yield
    finally:
        cv2.utils.logging.setLogLevel(level)
