"""The camera that the configuration names."""

from __future__ import annotations

from collections.abc import Sequence

from edge.cameras.camera import Camera
from edge.cameras.faults import Fault
from edge.cameras.picamera import PiCamera
from edge.cameras.recording import RecordingCamera
from edge.cameras.v4l2 import V4l2Camera
from edge.config import CameraConfig, ConsentConfig
from edge.errors import ConfigError


def open_camera(
    config: CameraConfig, consent: ConsentConfig | None, *, wall_start: float = 0.0, faults: Sequence[Fault] = ()
) -> Camera:
    """The camera of `config.kind`, to be entered by `with`, which opens it.

    `wall_start` (seconds since 1970 UTC at the first frame) and `faults` concern a recording only.

    Raises:
        ConfigError: it is a live camera, and nobody agreed to be watched.
    """
    require_consent(config, consent)
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


def require_consent(config: CameraConfig, consent: ConsentConfig | None) -> None:
    """Pass where a person in front of the camera has agreed, or nobody is: a recording needs no consent here.

    Raises:
        ConfigError: nobody agreed to be watched by a live camera.
    """
    if config.kind != "recording" and consent is None:
        raise ConfigError(
            "The camera is not opened: consent is missing in the configuration; let the driver agree to a text such as "
            "docs/consent.md, and say who agreed to what text and when under consent."
        )
