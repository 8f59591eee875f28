"""A drive that nobody took, as observations: every lane of a report has something to show."""

from __future__ import annotations

import math
from collections.abc import Iterable
from pathlib import Path

from edge.config import Config
from edge.monitor import Step
from edge.records import Box, Emotion, Eyes, Face, Observation
from edge.replay.player import Seen, play_seen
from edge.replay.report.report import Report

FACE = Face(Box(200, 100, 120, 120), (235.0, 150.0), (285.0, 150.0), (260.0, 195.0), 0.9)
ALERT = Emotion(happy=0.05, neutral=0.85, sad=0.05, surprise=0.05)
SAD = Emotion(happy=0.02, neutral=0.2, sad=0.75, surprise=0.03)
Spans = Iterable[tuple[float, float]]


def drive(
    seconds: float,
    rate: float = 15.0,
    *,
    closed: Spans = (),
    sad: Spans = (),
    hidden: Spans = (),
    dark: Spans = (),
    stalled: Spans = (),
) -> list[Seen]:
    """What is seen in a drive of so many seconds; a camera that stalls is told every 2 s, as the replay does it."""

    def within(spans: Spans, time: float) -> bool:
        return any(start <= time < end for start, end in spans)

    seen = []
    for number in range(round(seconds * rate)):
        time = number / rate
        if within(stalled, time):
            if time % 2 < 1 / rate:
                seen.append(Seen(time, time, None))
            continue
        if within(dark, time):
            observation = Observation(time, dark=True)
        elif within(hidden, time):
            observation = Observation(time)
        else:
            probability = 0.98 if within(closed, time) else 0.02 + 0.01 * math.sin(time)
            emotion = SAD if within(sad, time) else ALERT
            observation = Observation(time, FACE, Eyes(probability, probability), emotion, mouth_open=0.1)
        seen.append(Seen(time, time, observation))
    return seen


def write_report(folder: Path, seen: list[Seen], recording: Path, config: Config | None = None) -> Path:
    config = config or Config()
    with Report(folder, [recording], config) as report:
        steps: list[Step] = list(report.follow(recording, play_seen(seen, recording, config)))
    assert steps
    return folder / "index.html"


def write_track(folder: Path, seconds: int, knots: float = 30.0) -> Path:
    """A folder with the track of a vehicle that drives at one speed."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = []
    for second in range(seconds):
        body = f"GPRMC,12{second // 60:02d}{second % 60:02d}.00,A,4530.000,N,07334.000,W,{knots},90.0,201126,,,A"
        checksum = 0
        for character in body:
            checksum ^= ord(character)
        lines.append(f"${body}*{checksum:02X}")
    (folder / "track.nmea").write_text("\r\n".join(lines) + "\r\n")
    return folder
