"""The Raspberry Pi's camera, by picamera2: grey is the Y plane of YUV420, so no colour is ever computed.

picamera2 comes from the device's apt and is imported only when the camera is opened. A camera whose cable came loose
raises nothing there: frames just stop, which is `CameraStalled` here.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import CancelledError
from contextlib import suppress
from types import TracebackType
from typing import Any, Literal, Self

from edge.cameras.camera import CameraLost, CameraStalled
from edge.cameras.grey import grey
from edge.errors import ConfigError
from edge.records import Frame, GreyImage

_BUFFERS = 4
"""One being exposed, one queued behind it, one waiting to be read, one being read."""

_SHORT = 1
"""`libcamera.controls.AeExposureModeEnum.Short`: automatic exposure raises the gain before the exposure."""

_SETTLING_S = 1.0
"""How long leaving waits for a request that picamera2 has just finished, so that it can be given back."""

_SETTINGS = {
    "ExposureTime": "camera.exposure_us to null",
    "AnalogueGain": "camera.gain to null",
    "AeEnable": "camera.day_night to auto",
    "AeExposureMode": "camera.day_night to auto",
}
"""What a camera may not have, and the configuration that asks nothing of it."""


class PiCamera:
    """A camera over libcamera's first camera.

    `width` and `height` in pixels are made even by picamera2; `frames_per_second` is held constant; `exposure_us`
    (microseconds) and `gain` (analogue) are left to the camera's automatic where they are None. By `day` the automatic
    prefers short exposures, by `night` there is none: a lamp's light is constant, and headlights are not to change the
    picture. `tuning_file` is a name that picamera2 looks for where libcamera's lie, or a whole path.

    A frame's `time` is the start of its exposure on the clock of `time.monotonic()`; `sequence` has a hole where the
    time since the frame before is a multiple of the frame's duration.
    """

    def __init__(
        self,
        *,
        width: int = 640,
        height: int = 480,
        frames_per_second: float = 15.0,
        exposure_us: int | None = None,
        gain: float | None = None,
        day_night: Literal["auto", "day", "night"] = "auto",
        tuning_file: str | None = None,
        clock_ns: Callable[[int], int] = time.clock_gettime_ns,
    ) -> None:
        duration_us = round(1e6 / frames_per_second)
        self._size = (width, height)
        self._controls: dict[str, Any] = {"FrameDurationLimits": (duration_us, duration_us)}
        if exposure_us is not None:
            self._controls["ExposureTime"] = exposure_us
        if gain is not None:
            self._controls["AnalogueGain"] = gain
        if day_night == "night":
            self._controls["AeEnable"] = False
        elif day_night == "day" and exposure_us is None:
            self._controls["AeExposureMode"] = _SHORT
        self._tuning_file = tuning_file
        self._duration_us = duration_us
        self._clock_ns = clock_ns
        self._device: Any = None  # picamera2.Picamera2, which has no types
        self._job: Any = None  # the request that was asked for and has not come yet
        self._previous: tuple[int, int] | None = None  # time in ns and sequence of the latest frame

    def __enter__(self) -> Self:
        """Opens, configures and starts the camera.

        Raises:
            ConfigError: picamera2 is not installed, does not fit this Python environment, or finds no tuning file; or
                the camera has no such setting.
            CameraLost: there is no camera, another program has it, or it refuses the configuration.
        """
        try:
            from picamera2 import Picamera2
        except (ImportError, ValueError) as error:  # ValueError: a part of it was built for another NumPy
            raise ConfigError(
                f"picamera2 cannot be loaded ({error}); install it (`apt install python3-picamera2`) and give the "
                "virtual environment --system-site-packages, or set camera.kind to v4l2 or recording."
            ) from None
        tuning = {"tuning": self._tuning(Picamera2)} if self._tuning_file else {}
        try:
            device = Picamera2(**tuning)
        except (RuntimeError, IndexError) as error:  # IndexError: how libcamera's list of cameras is found empty
            raise CameraLost(_refusal(error)) from None
        try:
            self._start(device)
        except RuntimeError as error:
            absent = [name for name in _SETTINGS if name in self._controls and name not in device.camera_controls]
            device.close()
            if absent:
                names, settings = " and ".join(absent), " and ".join(_SETTINGS[name] for name in absent)
                raise ConfigError(
                    f"This camera cannot be told its {names}; set {settings}, or use another camera."
                ) from None
            raise CameraLost(_refusal(error)) from None
        self._device, self._job, self._previous = device, None, None
        return self

    def _tuning(self, picamera2: Any) -> Any:
        try:
            return picamera2.load_tuning_file(self._tuning_file)
        except (RuntimeError, ValueError, OSError) as error:
            raise ConfigError(
                f"{self._tuning_file}: this tuning file cannot be used ({str(error).rstrip('.')}); set "
                "camera.tuning_file to one that libcamera brings (`ls /usr/share/libcamera/ipa/rpi/*`) or to null."
            ) from None

    def _start(self, device: Any) -> None:
        # The preview configuration, because its colour space has Y from 0 to 255 where the video configuration's has
        # 16 to 235. No raw stream: nobody reads it, and it would take the memory's bandwidth.
        device.configure(
            device.create_preview_configuration(
                main={"format": "YUV420", "size": self._size},
                raw=None,
                buffer_count=_BUFFERS,
                controls=self._controls,
            )
        )
        self._width, self._height = device.camera_configuration()["main"]["size"]
        device.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None:
        device, self._device = self._device, None
        job, self._job = self._job, None
        if device is None:
            return
        try:
            if job is not None:
                # The request may be coming at this very moment: it is cancelled, or else it has come and is released.
                device.cancel_all_and_flush()
                with suppress(CancelledError, TimeoutError):
                    device.wait(job, timeout=_SETTLING_S).release()
        finally:
            device.close()

    def read(self, timeout: float) -> Frame:
        """The next frame, as `edge.cameras.camera.Camera` has it; the latest one where the reader was late."""
        if self._device is None:
            raise RuntimeError("a camera is read inside its with block")
        # A request that did not come in time stays asked for: asking anew would leave one behind that nobody
        # releases, and after four of them the camera has no buffer left.
        if self._job is None:
            self._job = self._device.capture_request(wait=False)
        try:
            request = self._device.wait(self._job, timeout=timeout)
        except TimeoutError:
            raise CameraStalled(
                f"The camera gave no frame for {timeout:g} s; check its cable.", time.monotonic(), time.time()
            ) from None
        self._job = None
        try:
            image = grey(request.make_array("main"), (self._width, self._height))  # a copy of the buffer already
            metadata = request.get_metadata()
        finally:
            request.release()
        return self._frame(image, metadata)

    def _frame(self, image: GreyImage, metadata: dict[str, Any]) -> Frame:
        now = self._clock_ns(time.CLOCK_MONOTONIC)
        taken = metadata["SensorTimestamp"]
        if taken > now:
            # libcamera documents CLOCK_BOOTTIME, the Pi's drivers stamp with CLOCK_MONOTONIC. The two differ by the
            # time that the board was suspended, so a stamp of the future can only be of the former.
            taken -= self._clock_ns(time.CLOCK_BOOTTIME) - now
        duration = 1000 * metadata.get("FrameDuration", self._duration_us)
        sequence = 0
        if self._previous is not None:
            before, sequence = self._previous
            sequence += max(1, round((taken - before) / duration))
        self._previous = taken, sequence
        wall = self._clock_ns(time.CLOCK_REALTIME) - (now - taken)
        return Frame(image, taken / 1e9, wall / 1e9, sequence)


def _refusal(error: BaseException) -> str:
    """One sentence of picamera2's error: the reason is in the innermost one, the outer ones say only where."""
    while error.__cause__ is not None:
        error = error.__cause__
    reason = str(error).partition(" - use ")[0].rstrip(".")  # what to do is said here
    return (
        f"The camera cannot be opened ({reason}); check its cable, and that no other program is using "
        "it (`rpicam-hello --list-cameras`)."
    )
