"""A recording through the same loop as on the vehicle, on its own clock."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from edge.cameras.camera import CameraEnded, CameraStalled
from edge.cameras.recording import TRACK_NAME, RecordingCamera
from edge.config import Config
from edge.delivery.event import EventBuilder
from edge.gps.track import Track, read_track
from edge.monitor import Monitor, Step, Vision
from edge.records import Frame, Observation
from edge.rules.policy import Policy
from edge.vision.pipeline import Pipeline

_NO_IMAGE = np.empty((0, 0), np.uint8)


@dataclass(frozen=True, slots=True)
class Seen:
    """What vision saw at one moment: seconds of the recording's clock and since 1970; None: the camera gave nothing."""

    time: float
    wall: float
    observation: Observation | None


def play(
    recording: Path,
    config: Config,
    *,
    realtime: bool = False,
    session: int = 0,
    on_frame: Callable[[Frame], None] | None = None,
) -> Iterator[Step]:
    """Each frame's step; a last one, without a frame, ends what is open.

    `session` tells apart the events of recordings that are replayed together; it is no session of the vehicle.
    `on_frame` is shown each frame before its step.

    The same recording and configuration give the same steps. A recording's clock starts at the beginning of 1970, as
    its `time_source` says; its track.nmea, where there is one, starts with it.

    Raises:
        InputError: the recording cannot be used, or is damaged at some place.
        ConfigError: a model cannot be used.
    """
    monitor = _monitor(recording, config, Pipeline(config.vision), session)
    for frame in _frames(recording, config, realtime):
        if isinstance(frame, CameraStalled):
            yield monitor.camera_fault(frame.time, frame.wall)
        else:
            if on_frame:
                on_frame(frame)
            yield monitor.step(frame)
    yield monitor.close()


def watch(recording: Path, config: Config) -> Iterator[Seen]:
    """What vision alone sees in a recording, for `play_seen`; raises as `play` does."""
    pipeline = Pipeline(config.vision)
    for frame in _frames(recording, config):
        if isinstance(frame, CameraStalled):
            yield Seen(frame.time, frame.wall, None)
        else:
            yield Seen(frame.time, frame.wall, pipeline.see(frame))


def play_seen(seen: Sequence[Seen], recording: Path, config: Config) -> Iterator[Step]:
    """The steps that `play` would give, from what was seen before; only the recording's track is read again."""
    monitor = _monitor(recording, config, _Remembered(seen), 0)
    for number, one in enumerate(seen):
        if one.observation is None:
            yield monitor.camera_fault(one.time, one.wall)
        else:
            yield monitor.step(Frame(_NO_IMAGE, one.time, one.wall, number))
    yield monitor.close()


def track_of(recording: Path) -> Track:
    """The recording's own track; one without positions where there is none.

    Raises:
        InputError: it cannot be read.
    """
    nmea = recording / TRACK_NAME
    return read_track(nmea) if nmea.exists() else Track(())


class _Remembered:
    """Vision that has seen it all before: the frame's number says which observation it was."""

    def __init__(self, seen: Sequence[Seen]) -> None:
        self._seen = seen

    def see(self, frame: Frame) -> Observation:
        observation = self._seen[frame.sequence].observation
        if observation is None:
            raise ValueError(f"nothing was seen at {frame.time} s")
        return observation


def _monitor(recording: Path, config: Config, vision: Vision, session: int) -> Monitor:
    evidence = config.mqtt is not None and config.mqtt.evidence
    return Monitor(
        vision,
        Policy(config.rules),
        EventBuilder(config.vehicle, session, evidence=evidence),
        "recording",
        track_of(recording).position_at,
    )


def _frames(recording: Path, config: Config, realtime: bool = False) -> Iterator[Frame | CameraStalled]:
    with RecordingCamera(recording, frames_per_second=config.camera.frames_per_second, realtime=realtime) as camera:
        while True:
            try:
                yield camera.read(config.camera.stall_s)
            except CameraStalled as stall:
                yield stall
            except CameraEnded:
                return
