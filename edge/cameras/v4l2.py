"""A V4L2 device (a USB camera, mostly), by OpenCV: grey straight from the luma where the device gives it.

A thread of its own waits for the device, for two reasons: OpenCV's wait has a limit of its own (10 s), far beyond what
a driver monitor may be blind, and a frame is stamped when it comes, not when somebody asks for it. The reader gets the
latest frame; one that was overtaken shows as a hole in `sequence`. What the device itself dropped cannot be seen
through OpenCV.
"""

from __future__ import annotations

import errno
import os
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any, Protocol, Self

import cv2
import numpy as np

from edge.cameras.camera import CameraLost, CameraStalled
from edge.cameras.grey import grey
from edge.cameras.opencv import quiet_opencv
from edge.records import Frame, GreyImage

# Pixel formats in order of preference, and whether OpenCV is to convert them: luma alone, luma with colour beside it,
# and JPEG for what does not fit through USB uncompressed.
_FORMATS = (("GREY", False), ("YUYV", False), ("MJPG", True))

_AUTOMATIC = 3.0
"""`V4L2_EXPOSURE_APERTURE_PRIORITY`, which cameras of the USB video class have."""
_MANUAL = 1.0
"""`V4L2_EXPOSURE_MANUAL`; exposure is in units of 100 microseconds (V4L2_CID_EXPOSURE_ABSOLUTE)."""

_STOPPING_S = 1.0
"""How long leaving waits for the thread. One that hangs in the driver longer gives the device back when it wakes."""


class Capture(Protocol):
    """The part of `cv2.VideoCapture` that is used here."""

    def isOpened(self) -> bool: ...  # noqa: N802 (OpenCV's name)

    def get(self, propId: int, /) -> float: ...  # noqa: N803

    def set(self, propId: int, value: float, /) -> bool: ...  # noqa: N803

    def grab(self) -> bool: ...

    def retrieve(self) -> tuple[bool, Any]: ...

    def release(self) -> None: ...


class V4l2Camera:
    """A camera over a V4L2 device: its path, or its number (`0` is /dev/video0).

    `width`, `height` (pixels) and `frames_per_second` are asked of the device, which gives what it has nearest to
    them. Where it can, it keeps to `exposure_us` (microseconds) and `gain` (its own scale); left to its automatic many
    a device halves its rate in the dark. A frame's `time` is `time.monotonic()` when the driver handed it over.
    """

    def __init__(
        self,
        device: str = "/dev/video0",
        *,
        width: int = 640,
        height: int = 480,
        frames_per_second: float = 15.0,
        exposure_us: int | None = None,
        gain: float | None = None,
        open_capture: Callable[[str], Capture] | None = None,
    ) -> None:
        self._device = f"/dev/video{device}" if device.isdecimal() else device
        self._size = (width, height)
        self._rate = frames_per_second
        self._exposure_us = exposure_us
        self._gain = gain
        self._open_capture = open_capture or open_device
        self._changed = threading.Condition()
        self._latest: Frame | None = None
        self._lost = False
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        """Opens the device and starts the waiting for frames.

        Raises:
            CameraLost: there is no such device, it is not permitted, in use, or no camera.
        """
        capture = self._open_capture(self._device)
        _choose_format(capture, self._size, self._rate)
        _fix_light(capture, self._exposure_us, self._gain)
        self._latest, self._lost = None, False
        self._stopping = threading.Event()  # of its own: a thread left behind must not see a later one's
        self._thread = threading.Thread(
            target=self._capture_frames, args=(capture, self._stopping), name="v4l2", daemon=True
        )
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None:
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(_STOPPING_S)
            self._thread = None

    def read(self, timeout: float) -> Frame:
        """The latest frame that was not read yet, as `edge.cameras.camera.Camera` has it."""
        if self._thread is None:
            raise RuntimeError("a camera is read inside its with block")
        with self._changed:
            self._changed.wait_for(lambda: self._latest is not None or self._lost, timeout)
            frame, self._latest = self._latest, None
            if frame is not None:
                return frame
            if self._lost:
                raise CameraLost(f"{self._device}: the camera gives no more frames; check its cable and its power.")
        raise CameraStalled(f"{self._device}: no frame came for {timeout:g} s.", time.monotonic(), time.time())

    def _capture_frames(self, capture: Capture, stopping: threading.Event) -> None:
        sequence = 0
        try:
            while not stopping.is_set() and capture.grab():
                now, wall = time.monotonic(), time.time()
                image = _retrieve(capture)
                with self._changed:
                    if image is not None and not stopping.is_set():
                        self._latest = Frame(image, now, wall, sequence)
                        self._changed.notify()
                sequence += 1
        finally:
            capture.release()
            with self._changed:
                if not stopping.is_set():
                    self._lost = True
                    self._changed.notify()


def _retrieve(capture: Capture) -> GreyImage | None:
    """The grabbed frame, None where it arrived damaged (a cut JPEG, for one): the next may be whole."""
    try:
        ok, picture = capture.retrieve()
    except cv2.error:
        return None
    if not ok:
        return None
    image = grey(picture)
    return image.copy() if np.may_share_memory(image, picture) else image  # OpenCV may lend the driver's buffer


def open_device(device: str) -> Capture:
    """The device, opened by OpenCV.

    Raises:
        CameraLost: with the reason that the system gives, which OpenCV does not pass on.
    """
    try:
        os.close(os.open(device, os.O_RDWR | os.O_NONBLOCK))
    except OSError as error:
        raise CameraLost(refusal(device, error)) from None
    with quiet_opencv():
        capture = cv2.VideoCapture(device, cv2.CAP_V4L2)
    if not capture.isOpened():
        raise CameraLost(
            f"{device}: this gives no pictures: another program is using it, or it is no camera; stop the other "
            "program, or take the device that `v4l2-ctl --list-devices` names."
        )
    return capture


def refusal(device: str, error: OSError) -> str:
    """What it means that the system refused to open the device, in one sentence with the mend."""
    if error.errno in (errno.ENOENT, errno.ENODEV, errno.ENXIO):
        return f"{device}: there is no such camera; plug it in, or set camera.device to one of `ls /dev/video*`."
    if error.errno in (errno.EACCES, errno.EPERM):
        return f"{device}: this user may not open the camera; add it to the group `video` and log in again."
    if error.errno == errno.EBUSY:
        return f"{device}: another program is using the camera; stop that program."
    return f"{device}: the camera cannot be opened ({error.strerror}); check its cable."


def _choose_format(capture: Capture, size: tuple[int, int], rate: float) -> None:
    """Sets the first format that the device gives at the wanted rate; else it stays at its own, converted."""
    for name, convert in _FORMATS:
        code = cv2.VideoWriter.fourcc(*name)
        capture.set(cv2.CAP_PROP_FOURCC, code)
        capture.set(cv2.CAP_PROP_FRAME_WIDTH, size[0])
        capture.set(cv2.CAP_PROP_FRAME_HEIGHT, size[1])
        capture.set(cv2.CAP_PROP_FPS, rate)
        granted = int(capture.get(cv2.CAP_PROP_FOURCC)) == code and capture.get(cv2.CAP_PROP_FPS) > 0.9 * rate
        capture.set(cv2.CAP_PROP_CONVERT_RGB, float(convert or not granted))
        if granted:
            return


def _fix_light(capture: Capture, exposure_us: int | None, gain: float | None) -> None:
    if exposure_us is None:  # the device keeps what was set before, until it is unplugged
        capture.set(cv2.CAP_PROP_AUTO_EXPOSURE, _AUTOMATIC)
    else:
        capture.set(cv2.CAP_PROP_AUTO_EXPOSURE, _MANUAL)
        capture.set(cv2.CAP_PROP_EXPOSURE, max(1, round(exposure_us / 100)))
    if gain is not None:
        capture.set(cv2.CAP_PROP_GAIN, gain)
