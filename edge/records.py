"""The nouns that travel from stage to stage: one frozen record an arrow of the design.

Times named `time` are seconds of the camera's monotonic clock; `wall` is seconds since 1970 UTC.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

GreyImage = NDArray[np.uint8]
"""uint8[height, width], 0 black to 255 white."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One picture of the camera.

    `image` is uint8[height, width]; `time` monotonic seconds of capture; `wall` the same moment in seconds since
    1970 UTC as the camera's host knew it; `sequence` counts from 0 and has a hole for each frame that was dropped.
    """

    image: GreyImage
    time: float
    wall: float
    sequence: int


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in pixels of the whole frame: left, top, width, height; it may reach beyond the frame."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Face:
    """The driver's face: its box, the centres of eyes and mouth (x, y in pixels of the frame) and a score 0..1.

    "right" is the person's right eye, at the image's left. `roll` follows from the eyes: radians, positive where
    the left eye is lower in the image. An eye is averted where the head is turned so far that it is seen from its side.
    """

    box: Box
    right_eye: tuple[float, float]
    left_eye: tuple[float, float]
    mouth: tuple[float, float]
    score: float
    right_eye_averted: bool = False
    left_eye_averted: bool = False

    @property
    def eye_distance(self) -> float:
        return math.dist(self.right_eye, self.left_eye)

    @property
    def roll(self) -> float:
        return math.atan2(self.left_eye[1] - self.right_eye[1], self.left_eye[0] - self.right_eye[0])


def _refuse_improbable(**probabilities: float | None) -> None:
    for name, value in probabilities.items():
        if value is not None and not 0.0 <= value <= 1.0:  # False for NaN, too
            raise ValueError(f"{name} is {value}, not a probability between 0 and 1")


@dataclass(frozen=True, slots=True)
class Eyes:
    """Probability 0..1 that each eye is closed; None: that eye cannot be seen, and is neither open nor closed."""

    right: float | None = None
    left: float | None = None

    def __post_init__(self) -> None:
        _refuse_improbable(right=self.right, left=self.left)

    @property
    def closed(self) -> float | None:
        """Probability that the driver's eyes are closed: the mean of the visible eyes, None where there is none."""
        if self.right is None:
            return self.left
        return self.right if self.left is None else (self.right + self.left) / 2


@dataclass(frozen=True, slots=True)
class Emotion:
    """Calibrated probabilities of the four classes; they sum to 1 within rounding."""

    happy: float
    neutral: float
    sad: float
    surprise: float

    def __post_init__(self) -> None:
        _refuse_improbable(happy=self.happy, neutral=self.neutral, sad=self.sad, surprise=self.surprise)


@dataclass(frozen=True, slots=True)
class HeadPose:
    """Rotation of the head against the camera's axis, degrees: yaw to the person's left, pitch up, roll clockwise."""

    yaw: float
    pitch: float
    roll: float


@dataclass(frozen=True, slots=True)
class Observation:
    """What was seen in one frame.

    `face` is None where no face was found; `eyes` then has neither eye. `emotion` None means unknown. `mouth_open`
    is the opening of the mouth over the eye distance. `dark` is set where the frame is too dark to see anything.
    """

    time: float
    face: Face | None = None
    eyes: Eyes = field(default_factory=Eyes)
    emotion: Emotion | None = None
    mouth_open: float | None = None
    pose: HeadPose | None = None
    dark: bool = False


SignalName = Literal["fatigue", "sad", "degraded"]
Cause = Literal[
    "microsleep",
    "sleep",
    "unresponsive",
    "perclos",
    "sustained",
    "face_not_visible",
    "eyes_not_visible",
    "camera_fault",
    "too_dark",
]
CAUSES: dict[SignalName, tuple[Cause, ...]] = {
    "fatigue": ("perclos", "microsleep", "sleep", "unresponsive"),
    "sad": ("sustained",),
    # Each holds the one before: without the face there are no eyes, without light no face, without camera no light.
    "degraded": ("eyes_not_visible", "face_not_visible", "too_dark", "camera_fault"),
}
"""The causes that each signal can have, from the lowest to the highest."""
Level = Literal["advisory", "warning", "critical"]
LEVELS: tuple[Level, ...] = get_args(Level)
"""From the lowest to the highest."""
Phase = Literal["start", "update", "end"]
CommandName = Literal["status", "bundle-info", "mute-alerts"]
"""What a fleet may ask of a vehicle."""
TimeSource = Literal["gps", "system", "recording", "adjusting", "unsynchronised"]


@dataclass(frozen=True, slots=True)
class Signal:
    """Start, update (the level or cause rose) or end of something worth saying; `episode` counts the starts from 1.

    `evidence` holds the numbers behind the decision, by name; they stay on the vehicle unless the operator asks.
    """

    signal: SignalName
    cause: Cause
    level: Level
    phase: Phase
    time: float
    episode: int
    evidence: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Position:
    """A place: degrees (WGS 84), metres per second, the fix and its age in seconds when it was used."""

    latitude: float
    longitude: float
    speed: float | None
    fix: Literal["2d", "3d"]
    age: float


@dataclass(frozen=True, slots=True)
class Event:
    """The only thing about the driver that ever leaves the vehicle; `docs/events.md` tells what each field means."""

    schema: Literal[1]
    id: str
    vehicle: str
    session: int
    sequence: int
    signal: SignalName
    cause: Cause
    level: Level
    phase: Phase
    time: str
    time_source: TimeSource
    position: Position | None
    historical: bool
    evidence: dict[str, float] | None = None
