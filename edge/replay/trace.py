"""One CSV row a frame: what was seen, what is usual for this driver, what the windows held, what was decided and why.

`closed_above` and `open_below` are the thresholds that judged this frame's eyes; `own_*` is the driver's baseline, of
which `own_learned` (0 to 1) has been learned. `alarm_*` is PERCLOS without what was told or withheld. `shows` names the
guards' evidence in this frame, `withheld` the guard that speaks for the closure. Speed is in metres a second.
"""

from __future__ import annotations

import csv
from typing import TextIO

from edge.monitor import Step
from edge.records import Observation
from edge.rules.baseline import Own

COLUMNS = (
    "time_s",
    "face_x",
    "face_y",
    "face_width",
    "face_height",
    "face_score",
    "right_eye_closed",
    "left_eye_closed",
    "mouth_open",
    "yaw",
    "pitch",
    "roll",
    "happy",
    "neutral",
    "sad",
    "surprise",
    "dark",
    "speed",
    "own_learned",
    "own_open_eyes",
    "own_pitch",
    "own_happy",
    "closed_above",
    "open_below",
    "eyes_closed",
    "closed_for_s",
    "perclos_short",
    "perclos_long",
    "valid_short",
    "valid_long",
    "sad_share",
    "valid_sad",
    "alarm_short",
    "alarm_long",
    "sad_support",
    "shows",
    "withheld",
    "reason",
    "signals",
)


class TraceWriter:
    """Writes the header at once and a row a step; an empty field is a value that was not to be had."""

    def __init__(self, stream: TextIO) -> None:
        self._rows = csv.writer(stream, lineterminator="\n")
        self._rows.writerow(COLUMNS)

    def write(self, step: Step) -> None:
        decision = step.decision
        signals = " ".join(f"{s.signal}:{s.cause}:{s.level}:{s.phase}" for s in decision.signals)
        closed = None if decision.eyes_closed is None else int(decision.eyes_closed)
        thresholds = decision.thresholds or (None, None)
        self._rows.writerow(
            [
                _number(step.time),
                *_seen(step.observation),
                _number(decision.speed),
                *_known(decision.own),
                *(_number(threshold) for threshold in thresholds),
                closed,
                _number(decision.closed_for_s),
                _number(decision.perclos_short),
                _number(decision.perclos_long),
                _number(decision.valid_short),
                _number(decision.valid_long),
                _number(decision.sad_share),
                _number(decision.valid_sad),
                _number(decision.alarm_short),
                _number(decision.alarm_long),
                _number(decision.sad_support),
                "+".join(decision.shows),
                decision.withheld,
                decision.reason,
                signals,
            ]
        )


def _seen(observation: Observation | None) -> list[str | int | None]:
    if observation is None:
        return [None] * 16
    face, emotion = observation.face, observation.emotion
    pose = (observation.pose.yaw, observation.pose.pitch, observation.pose.roll) if observation.pose else (None,) * 3
    box = (face.box.x, face.box.y, face.box.width, face.box.height) if face else (None,) * 4
    classes = (emotion.happy, emotion.neutral, emotion.sad, emotion.surprise) if emotion else (None,) * 4
    return [
        *(_number(value, 1) for value in box),
        _number(face.score if face else None),
        _number(observation.eyes.right),
        _number(observation.eyes.left),
        _number(observation.mouth_open),
        *(_number(value, 1) for value in pose),
        *(_number(value) for value in classes),
        int(observation.dark),
    ]


def _known(own: Own | None) -> list[str | None]:
    if own is None:
        return [None] * 4
    return [_number(own.learned), _number(own.open_eyes), _number(own.pitch, 1), _number(own.happy)]


def _number(value: float | None, digits: int = 4) -> str | None:
    return None if value is None else f"{value:.{digits}f}"
