"""The frames of a video file, grey, each with its presentation time."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from edge.cameras.grey import grey
from edge.cameras.opencv import quiet_opencv
from edge.errors import InputError
from edge.records import GreyImage

TOLERATED_SHORTFALL = 0.02
"""Share of a video's frames that may be missing before it is called damaged. A file cut short misses far more."""

_INDEXED = frozenset({".mp4", ".m4v", ".mov"})
"""Files that list their frames one by one. Of any other, OpenCV's number of frames is its length times its rate, which
is wrong where the rate varies or the pictures begin later than the sound; there the time of the last frame decides."""

_PTS = 71
"""`cv2.CAP_PROP_PTS`, which OpenCV has since 4.11; before, asking for it gives 0."""


def read_video(path: Path, default_rate: float) -> Iterator[tuple[float, GreyImage]]:
    """Seconds since the first frame (strictly rising, in steps of a microsecond) and uint8[height, width].

    `default_rate`, in frames a second, is for a file that tells neither its times nor its rate. The conversion goes
    by way of BGR: only so is the range of the file's grey levels (16 to 235 in most) stretched to 0 to 255, whatever
    its pixel format is; it costs 0.15 ms a frame of 640x480.

    Raises:
        InputError: the file cannot be read, holds no video, or ends well before the number of frames it declares.
    """
    _require_text(path)
    try:
        with path.open("rb") as file:
            if not file.read(1):
                raise InputError(f"{path}: the file is empty; record it again or name another.")
    except OSError as error:
        raise InputError(f"{path}: the video cannot be read ({error.strerror}); name a file that can.") from None
    with quiet_opencv():
        # One decoding thread: no fast replay is worth taking the other cores from the machine, and it keeps
        # measurements on one core honest.
        capture = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG, [cv2.CAP_PROP_N_THREADS, 1])
    try:
        yield from _frames(capture, path, default_rate)
    finally:
        capture.release()


def declared_frames(path: Path) -> int:
    """What the file itself says of its number of frames, for a first guess; 0 where it says nothing."""
    _require_text(path)
    with quiet_opencv():
        capture = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG)
    try:
        return max(0, int(capture.get(cv2.CAP_PROP_FRAME_COUNT))) if capture.isOpened() else 0
    finally:
        capture.release()


def _require_text(path: Path) -> None:
    """OpenCV crashes at a name that is no text."""
    try:
        str(path).encode()
    except UnicodeEncodeError:
        shown = os.fsencode(path).decode(errors="replace")
        raise InputError(f"{shown}: OpenCV reads no name that is not UTF-8; rename the file or its folder.") from None


def _frames(capture: cv2.VideoCapture, path: Path, default_rate: float) -> Iterator[tuple[float, GreyImage]]:
    declared = capture.get(cv2.CAP_PROP_FRAME_COUNT) if capture.isOpened() else 0.0
    rate = capture.get(cv2.CAP_PROP_FPS) if capture.isOpened() else 0.0
    if not 1.0 <= rate <= 1000.0:  # absent, or a time base taken for a rate
        rate = default_rate
    origin = time = stamp = 0.0
    count = 0
    picture = None
    while True:
        with quiet_opencv():
            ok, picture = capture.read(picture)  # into the memory of the one before
        if not ok:
            break
        stamp = capture.get(cv2.CAP_PROP_POS_MSEC) / 1000
        if count == 0:
            origin = stamp
        else:
            since = round(stamp - origin, 6)
            time = since if since > time else round(time + 1 / rate, 6)
        count += 1
        yield time, grey(np.asarray(picture, np.uint8))
    if count == 0:
        raise InputError(f"{path}: no frame can be decoded, so this is no video or a damaged one; name another file.")
    tolerated = max(2.0, TOLERATED_SHORTFALL * declared)
    last = max(stamp * rate, capture.get(_PTS))  # in frames; the latter from the file's start
    missing = declared - (count if path.suffix.lower() in _INDEXED else max(count, last + 1))
    if missing > tolerated:
        raise InputError(
            f"{path}: only {count} of {declared:.0f} frames can be decoded, so the video is cut short or damaged; "
            "copy it again from where it came."
        )
