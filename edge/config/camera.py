"""Where frames come from."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, model_validator

from edge.config.section import Seconds, Section


class CameraConfig(Section):
    kind: Literal["picamera", "v4l2", "recording"] = "picamera"
    """Where frames come from: the Raspberry Pi's camera, a video device, or a recording (the fake camera)."""
    path: Path | None = None
    """The recording: a folder with video.mp4 or numbered images, or a video file."""
    device: str = "/dev/video0"
    """The video device, for v4l2."""
    width: Annotated[int, Field(ge=160, le=4096)] = 640
    """Pixels asked of picamera and v4l2."""
    height: Annotated[int, Field(ge=120, le=4096)] = 480
    """Pixels asked of picamera and v4l2."""
    frames_per_second: Annotated[float, Field(ge=5, le=60)] = 15.0
    """Blinks need 15 frames a second."""
    exposure_us: Annotated[int, Field(gt=0)] | None = None
    """Microseconds of exposure, for picamera; null leaves it to the camera."""
    gain: Annotated[float, Field(ge=1, le=64)] | None = None
    """Analogue gain, for picamera; null leaves it to the camera."""
    realtime: bool = True
    """A recording is played at its own speed; false: as fast as it can."""
    loop: bool = False
    """A recording begins anew at its end; false: the daemon ends with it."""
    stall_s: Seconds = 2.0
    """No frame for so long is a camera fault."""

    @model_validator(mode="after")
    def _recording_has_a_path(self) -> CameraConfig:
        if self.kind == "recording" and self.path is None:
            raise ValueError("kind: recording needs path: the folder or video file to play")
        return self
