"""The camera that the configuration names."""

from __future__ import annotations

import resource
from collections.abc import Sequence
from dataclasses import astuple
from typing import Any

from edge.cameras.camera import Camera
from edge.cameras.faults import Fault
from edge.cameras.process import ProcessCamera
from edge.cameras.source import open_source
from edge.config import CameraConfig, ConsentConfig
from edge.errors import ConfigError


def open_camera(
    config: CameraConfig, consent: ConsentConfig | None, *, wall_start: float = 0.0, faults: Sequence[Fault] = ()
) -> Camera:
    """The camera of `config.kind`, to be entered by `with`, which opens it, or lets a process of its own open it.

    `wall_start` (seconds since 1970 UTC at the first frame) and `faults` concern a recording only. From now on a crash
    of this process, or of what it starts, leaves no dump of its memory.

    Raises:
        ConfigError: it is a live camera, and nobody agreed to be watched.
    """
    require_consent(config, consent)
    _, most = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (0, most))  # a dump of the memory would hold the driver's picture
    settings = _settings(config, wall_start, faults)
    if config.in_process:
        return ProcessCamera(config.kind, settings, lossless=not config.live, stall_s=config.stall_s)
    return open_source(config.kind, settings)


def _settings(config: CameraConfig, wall_start: float, faults: Sequence[Fault]) -> dict[str, Any]:
    """The arguments of the camera's class, as JSON can tell them."""
    if config.kind == "recording":
        if config.path is None:
            raise ConfigError("camera.path is missing: a camera of kind recording needs the folder or file to play.")
        return {
            "path": str(config.path),
            "frames_per_second": config.frames_per_second,
            "realtime": config.realtime,
            "loop": config.loop,
            "wall_start": wall_start,
            "faults": [list(astuple(fault)) for fault in faults],
            "live": config.live,
        }
    settings: dict[str, Any] = {
        "width": config.width,
        "height": config.height,
        "frames_per_second": config.frames_per_second,
        "exposure_us": config.exposure_us,
        "gain": config.gain,
    }
    if config.kind == "v4l2":
        return {"device": config.device, **settings}
    return {**settings, "day_night": config.day_night, "tuning_file": config.tuning_file}


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
