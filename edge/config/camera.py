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
    capture: Literal["process", "direct"] | None = None
    """Who reads the camera: a process of its own, which can be killed where the camera hangs, or the daemon itself;
    null: a process for a live camera, the daemon for a recording."""
    device: str = "/dev/video0"
    """The video device, for v4l2."""
    width: Annotated[int, Field(ge=160, le=4096)] = 640
    """Pixels asked of picamera and v4l2."""
    height: Annotated[int, Field(ge=120, le=4096)] = 480
    """Pixels asked of picamera and v4l2."""
    frames_per_second: Annotated[float, Field(ge=5, le=60)] = 15.0
    """Blinks need 15 frames a second."""
    exposure_us: Annotated[int, Field(gt=0)] | None = None
    """Microseconds of exposure; null leaves it to the camera."""
    gain: Annotated[float, Field(ge=1, le=64)] | None = None
    """Analogue gain, for picamera; null leaves it to the camera."""
    day_night: Literal["auto", "day", "night"] = "auto"
    """What lights the driver, for picamera: day prefers short exposures, night is a lamp's constant light."""
    tuning_file: str | None = None
    """For picamera: the name of a tuning file that libcamera brings, or a whole path; null: the sensor's own."""
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

    @model_validator(mode="after")
    def _exposure_suits(self) -> CameraConfig:
        if self.day_night == "night" and (self.exposure_us is None or self.gain is None):
            raise ValueError("day_night: night needs exposure_us and gain: under a lamp both are constant")
        if self.exposure_us is not None and self.exposure_us > 1e6 / self.frames_per_second:
            raise ValueError(
                f"exposure_us {self.exposure_us} is longer than a frame at {self.frames_per_second:g} frames a second"
            )
        return self

    @property
    def in_process(self) -> bool:
        """Whether a process of its own captures."""
        return self.capture == "process" if self.capture else self.kind != "recording"

    @property
    def live(self) -> bool:
        """Whether frames are stamped by this machine's clocks, and the latest counts."""
        return self.kind != "recording" or (self.in_process and self.realtime)
