"""The camera that the configuration names."""

from __future__ import annotations

from collections.abc import Sequence

from edge.cameras.camera import Camera
from edge.cameras.faults import Fault
from edge.cameras.picamera import PiCamera
from edge.cameras.recording import RecordingCamera
from edge.cameras.v4l2 import V4l2Camera
from edge.config import CameraConfig
from edge.errors import ConfigError


def open_camera(config: CameraConfig, *, wall_start: float = 0.0, faults: Sequence[Fault] = ()) -> Camera:
    """The camera of `config.kind`, to be entered by `with`, which opens it.

    `wall_start` (seconds since 1970 UTC at the first frame) and `faults` concern a recording only.
    """
    if config.kind == "recording":
        if config.path is None:
            raise ConfigError("camera.path is missing: a camera of kind recording needs the folder or file to play.")
        return RecordingCamera(
            config.path,
            frames_per_second=config.frames_per_second,
            realtime=config.realtime,
            loop=config.loop,
            wall_start=wall_start,
            faults=faults,
        )
    if config.kind == "v4l2":
        return V4l2Camera(
            config.device,
            width=config.width,
            height=config.height,
            frames_per_second=config.frames_per_second,
        )
    return PiCamera(
        width=config.width,
        height=config.height,
        frames_per_second=config.frames_per_second,
        exposure_us=config.exposure_us,
        gain=config.gain,
    )
