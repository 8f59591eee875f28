"""A recording through the same loop as on the vehicle, on its own clock."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from edge.cameras.camera import CameraEnded, CameraStalled
from edge.cameras.recording import RecordingCamera
from edge.config import Config
from edge.delivery.event import EventBuilder
from edge.gps.track import Track, read_track
from edge.monitor import Monitor, Step
from edge.rules.policy import Policy
from edge.vision.pipeline import Pipeline


def play(recording: Path, config: Config, *, realtime: bool = False, session: int = 0) -> Iterator[Step]:
    """Each frame's step; a last one, without a frame, ends what is open.

    `session` tells apart the events of recordings that are replayed together; it is no session of the vehicle.

    The same recording and configuration give the same steps. A recording's clock starts at the beginning of 1970, as
    its `time_source` says; its track.nmea, where there is one, starts with it.

    Raises:
        InputError: the recording cannot be used, or is damaged at some place.
        ConfigError: a model cannot be used.
    """
    nmea = recording / "track.nmea"
    track = read_track(nmea) if nmea.exists() else Track(())
    monitor = Monitor(
        Pipeline(config.vision),
        Policy(config.rules),
        EventBuilder(config.vehicle, session, evidence=config.mqtt is not None and config.mqtt.evidence),
        "recording",
        track.position_at,
    )
    with RecordingCamera(recording, frames_per_second=config.camera.frames_per_second, realtime=realtime) as camera:
        while True:
            try:
                frame = camera.read(config.camera.stall_s)
            except CameraStalled as stall:
                yield monitor.camera_fault(stall.time, stall.wall)
            except CameraEnded:
                break
            else:
                yield monitor.step(frame)
    yield monitor.close()
