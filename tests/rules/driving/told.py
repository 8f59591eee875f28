"""Hears the rules out on a film, and holds what they said against what a story expects."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from driving.camera import Camera, Film, Shot
from driving.drive import Drive
from edge.config import RulesConfig
from edge.records import Cause, Level, Phase, Signal
from edge.rules.policy import Decision, Policy

EARLY_S = 0.15
"""Lids on their way down look closed already, and jitter moves frames."""
BEYOND_S = 0.2
"""A threshold is told so late at most, and a frame later still where frames are lost."""


@dataclass(frozen=True)
class Expected:
    """One thing to be said: of a cause, at `at` seconds into the drive or up to `late_s` after."""

    phase: Phase
    cause: Cause
    at: float
    late_s: float | None
    level: Level | None
    early_s: float = EARLY_S

    def fits(self, signal: Signal, time: float, rate: float) -> bool:
        late_s = BEYOND_S + 1 / rate if self.late_s is None else self.late_s
        return (
            (signal.phase, signal.cause) == (self.phase, self.cause)
            and (self.level is None or signal.level == self.level)
            and self.at - self.early_s <= time <= self.at + late_s
        )


def starts(cause: Cause, at: float, late_s: float | None = None, level: Level | None = None) -> Expected:
    return Expected("start", cause, at, late_s, level)


def rises(cause: Cause, at: float, late_s: float | None = None, level: Level | None = None) -> Expected:
    return Expected("update", cause, at, late_s, level)


def ends(cause: Cause, at: float, late_s: float = 0.8, early_s: float = EARLY_S) -> Expected:
    """Blinks may come before the end, and put it off by their length."""
    return Expected("end", cause, at, late_s, None, early_s)


def between(phase: Phase, cause: Cause, earliest: float, latest: float, level: Level | None = None) -> Expected:
    """Said within this time: for what is measured with an error."""
    return Expected(phase, cause, earliest, latest - earliest, level, 0.0)


@dataclass
class Heard:
    """What was said, times in seconds into the drive."""

    rate: float
    begin: float
    signals: list[Signal] = field(default_factory=list)
    decisions: list[Decision] = field(default_factory=list)

    def __str__(self) -> str:
        said = [f"{s.time - self.begin:.2f} {s.phase} {s.cause} ({s.level})" for s in self.signals]
        return "; ".join(said) or "nothing"

    def nothing(self) -> None:
        assert not self.signals, f"nothing was to be said, but was: {self}"

    def only(self, *expected: Expected) -> None:
        """Exactly this was said, in this order."""
        assert len(expected) == len(self.signals), f"{len(expected)} things were to be said: {self}"
        for signal, wanted in zip(self.signals, expected, strict=True):
            assert wanted.fits(signal, signal.time - self.begin, self.rate), f"{wanted} does not fit: {self}"

    def reached(self, cause: Cause, at: float, late_s: float | None = None) -> None:
        """This cause was told at `at`, as a start or as a rise."""
        told = [signal for signal in self.signals if signal.cause == cause and signal.phase != "end"]
        assert told, f"{cause} was to be said: {self}"
        wanted = Expected(told[0].phase, cause, at, late_s, None)
        assert wanted.fits(told[0], told[0].time - self.begin, self.rate), f"{cause} was due at {at:.2f}: {self}"

    def never(self, *causes: Cause) -> None:
        assert not [signal for signal in self.signals if signal.cause in causes], f"none of {causes} was due: {self}"

    def of(self, signal: str) -> Heard:
        """What was said of one signal."""
        return Heard(self.rate, self.begin, [one for one in self.signals if one.signal == signal], self.decisions)

    def at(self, time: float) -> Decision:
        """The decision on the last frame up to `time` seconds into the drive."""
        return [decision for decision in self.decisions if decision.time - self.begin <= time + 1e-9][-1]

    def phases(self) -> list[tuple[str, str]]:
        return [(signal.phase, signal.cause) for signal in self.signals]


def step(policy: Policy, shot: Shot) -> Decision:
    if shot.seen is None:
        return policy.camera_fault(shot.time)
    if shot.speed is None:
        return policy.step(shot.seen)
    return policy.step(shot.seen, speed=shot.speed)


def hear(drive: Drive, rate: float, rules: RulesConfig | None = None) -> Heard:
    """Film the drive at so many frames a second, play it to a fresh policy and keep all of its decisions."""
    camera = Camera(rate)
    film = camera.film(drive)
    return hear_film(film, camera.begin, Policy(rules or RulesConfig()))


def hear_film(film: Film, begin: float, policy: Policy) -> Heard:
    heard = Heard(film.rate, begin)
    for shot in film.shots:
        decision = step(policy, shot)
        heard.decisions.append(decision)
        heard.signals.extend(decision.signals)
    return heard


def signals(shots: Iterable[Shot], policy: Policy) -> list[Signal]:
    """Only what was said: for hours."""
    return [signal for shot in shots for signal in step(policy, shot).signals]
