"""Stories of a drive: seconds of named states, made into the observations that a camera would have given."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass

from edge.config import RulesConfig
from edge.records import Box, Emotion, Eyes, Face, HeadPose, Observation, Signal
from edge.rules.policy import Decision, Policy

FACE = Face(box=Box(200, 100, 200, 200), right_eye=(260, 180), left_eye=(340, 180), mouth=(300, 250), score=0.9)
CALM = Emotion(0.2, 0.6, 0.1, 0.1)
SAD = Emotion(0.05, 0.35, 0.55, 0.05)
BLINK_S = 0.15


@dataclass(frozen=True)
class State:
    """What the driver and the camera are doing; `eyes` is the probability that they are closed.

    `turn` is in degrees a second, from `yaw` on; `syllables` a second open the mouth by 0.1 of the eye distance.
    """

    eyes: float | None = 0.03
    face: bool = True
    emotion: Emotion | None = CALM
    dark: bool = False
    camera: bool = True
    blink_every_s: float = 0.0
    pitch: float | None = None
    yaw: float = 0.0
    turn: float = 0.0
    mouth: float | None = None
    syllables: float = 0.0

    def observe(self, time: float, since_s: float) -> Observation:
        eyes = self.eyes
        if self.blink_every_s and since_s % self.blink_every_s >= self.blink_every_s - BLINK_S:
            eyes = 0.95
        mouth = self.mouth
        if self.syllables:
            mouth = (mouth or 0.0) + 0.1 * abs(math.sin(math.pi * self.syllables * since_s))
        pose = None if self.pitch is None else HeadPose(self.yaw + self.turn * since_s, self.pitch, 0.0)
        return Observation(time, FACE if self.face else None, Eyes(eyes, eyes), self.emotion, mouth, pose, self.dark)


AWAKE = State(blink_every_s=4.0)
OPEN = State()
SHUT = State(eyes=0.97)
HALF_SHUT = State(eyes=0.5)
SAD_FACE = State(emotion=SAD)
SUNGLASSES = State(eyes=None)
AWAY = State(eyes=None, face=False, emotion=None)
DARK = State(eyes=None, face=False, emotion=None, dark=True)
NO_CAMERA = State(camera=False)
NO_EMOTION = State(emotion=None)

Story = Sequence[tuple[float, State]]


@dataclass(frozen=True)
class Camera:
    """How the story is filmed: frames a second, jitter and lost frames as shares."""

    rate: float = 30.0
    jitter: float = 0.0
    lost: float = 0.0
    seed: int = 0

    def film(self, story: Story, begin: float = 0.0) -> list[Observation | float]:
        """Observations; a bare time where the camera is known to give nothing."""
        chance = random.Random(self.seed)
        film: list[Observation | float] = []
        starts, at = [], 0.0
        for seconds, _ in story:
            starts.append(at)
            at += seconds
        which = 0
        for index in range(round(at * self.rate)):
            time = (index + self.jitter * chance.uniform(-0.5, 0.5)) / self.rate if index else 0.0
            while which + 1 < len(story) and time >= starts[which + 1] - 1e-9:
                which += 1
            state = story[which][1]
            if chance.random() < self.lost:
                continue
            film.append(state.observe(begin + time, time - starts[which]) if state.camera else begin + time)
        return film


@dataclass(frozen=True)
class Told:
    """One thing said: `start`, `update` or `end` of a cause, and when."""

    time: float
    phase: str
    cause: str


@dataclass(frozen=True)
class Played:
    decisions: list[Decision]
    signals: list[Signal]

    @property
    def told(self) -> list[Told]:
        return [Told(signal.time, signal.phase, signal.cause) for signal in self.signals]

    @property
    def causes(self) -> list[str]:
        return [f"{signal.phase} {signal.cause}" for signal in self.signals]

    def when(self, phase: str, cause: str) -> float:
        times = [told.time for told in self.told if (told.phase, told.cause) == (phase, cause)]
        assert len(times) == 1, f"{phase} {cause} was told at {times}: {self.told}"
        return times[0]

    def at(self, time: float) -> Decision:
        """The decision on the last frame up to `time`."""
        return [decision for decision in self.decisions if decision.time <= time + 1e-9][-1]


def play(film: Sequence[Observation | float], policy: Policy | None = None) -> Played:
    policy = policy or Policy(RulesConfig())
    decisions = [policy.camera_fault(shot) if isinstance(shot, float) else policy.step(shot) for shot in film]
    return Played(decisions, [signal for decision in decisions for signal in decision.signals])
