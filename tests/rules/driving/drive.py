"""A drive: what happens, one thing after another. Each verb gives the time at which it begins, to assert against."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from driving import acts
from driving.acts import Act, Lids
from driving.person import PASSERBY, Person


@dataclass(frozen=True)
class Stretch:
    """An act, for how long, of whom, and at which speed."""

    seconds: float
    act: Act
    person: Person
    speed: float | None


@dataclass
class Drive:
    """A story in the making; `seed` draws its blinks and its noise.

    `person` is who sits at the wheel from now on, `speed` what he drives: metres a second, None without a fix.
    """

    person: Person = PASSERBY
    seed: int = 0
    speed: float | None = None
    stretches: list[Stretch] = field(default_factory=list)
    seconds: float = 0.0

    def act(self, seconds: float, act: Act) -> float:
        """Do `act` for so long; the time at which it began."""
        begun = self.seconds
        self.stretches.append(Stretch(seconds, act, self.person, self.speed))
        self.seconds += seconds
        return begun

    def blinks(self) -> list[tuple[float, float]]:
        """When each blink begins and ends; the same at any frame rate."""
        chance = random.Random(self.seed)
        blinks, begun = [], 0.0
        for stretch in self.stretches:
            habit, at = stretch.act.blinks, begun
            begun += stretch.seconds
            while habit.a_minute:
                # Half of the mean interval is sure, the rest as chance has it; a blink ends before its stretch does.
                at += 60 / habit.a_minute * (0.5 + 0.5 * chance.expovariate(1.0))
                length = chance.lognormvariate(math.log(habit.median_s), habit.spread)
                length = min(habit.longest_s, max(habit.shortest_s, length))
                if at + length > begun - 0.2:
                    break
                blinks.append((at, at + length))
                at += length
        return blinks

    def perclos(self, at: float, window_s: float, blink_s: float = 0.25) -> float:
        """The true share of the last seconds in which the eyes were shut, by blinks that are too long to be blinks."""
        long_ones = [(start, end) for start, end in self.blinks() if end - start >= blink_s]
        return sum(max(0.0, min(end, at) - max(start, at - window_s)) for start, end in long_ones) / window_s

    def perclos_reaches(self, share: float, begun: float, window_s: float = 60.0) -> float:
        """When the true PERCLOS first is `share`, from `begun` on."""
        return self._first(begun, lambda time: self.perclos(time, window_s) >= share)

    def perclos_falls_below(self, share: float, begun: float, window_s: float = 60.0) -> float:
        return self._first(begun, lambda time: self.perclos(time, window_s) < share)

    def _first(self, begun: float, holds: Callable[[float], bool]) -> float:
        times = (begun + 0.5 * step for step in range(int(2 * (self.seconds - begun))))
        return next((time for time in times if holds(time)), self.seconds)

    def awake(self, seconds: float) -> float:
        return self.act(seconds, acts.AWAKE)

    def staring(self, seconds: float) -> float:
        """Eyes open, no blink: for endings that are to be timed exactly."""
        return self.act(seconds, acts.STARING)

    def asleep(self, seconds: float) -> float:
        """Both eyes shut, whatever the name of it."""
        return self.act(seconds, acts.ASLEEP)

    def nodded_off(self, seconds: float) -> float:
        """Asleep with the chin on the chest."""
        return self.act(seconds, acts.NODDED_OFF)

    def drowsy(self, seconds: float) -> float:
        """Heavy lids and blinks of half a second, 24 a minute: a PERCLOS of about 0.2."""
        return self.act(seconds, acts.DROWSY)

    def talking(self, seconds: float) -> float:
        return self.act(seconds, acts.TALKING)

    def laughing(self, seconds: float) -> float:
        """A laugh; from 2 s on it stops for 0.4 s in its middle, with eyes as narrow, as it did in a recording."""
        pause = 0.4 if seconds >= 2 else 0.0
        begun = self.act((seconds - pause) / 2, acts.LAUGHING)
        if pause:
            self.act(pause, replace(acts.LAUGHING, mood=acts.CALM))
        self.act((seconds - pause) / 2, acts.LAUGHING)
        return begun

    def mirror(self, seconds: float) -> float:
        return self.act(seconds, acts.INNER_MIRROR)

    def outer_mirror(self, seconds: float) -> float:
        return self.act(seconds, acts.OUTER_MIRROR)

    def over_the_shoulder(self, seconds: float) -> float:
        return self.act(seconds, acts.OVER_THE_SHOULDER)

    def looking_down(self, seconds: float) -> float:
        return self.act(seconds, acts.LOOKING_DOWN)

    def yawning(self, seconds: float) -> float:
        """The mouth wide open for so long; for the middle half the eyes are narrow, at its height shut."""
        begun = self.act(0.3 * seconds, acts.YAWNING)
        self.act(0.15 * seconds, acts.YAWNING_NARROW)
        self.act(0.2 * seconds, acts.YAWNING_SHUT)
        self.act(0.15 * seconds, acts.YAWNING_NARROW)
        self.act(0.2 * seconds, acts.YAWNING)
        return begun

    def nobody(self, seconds: float) -> float:
        """The seat is empty, or the face out of the picture."""
        return self.act(seconds, acts.NOBODY)

    def eyes_unseen(self, seconds: float) -> float:
        """The face is there, the eyes are not: sunglasses, glare, a hand."""
        return self.act(seconds, acts.SUNGLASSES)

    def sad(self, seconds: float) -> float:
        return self.act(seconds, replace(acts.AWAKE, mood=acts.UNHAPPY))

    def narrowed(self, seconds: float, logit: float, sd: float = 1.0) -> float:
        return self.act(seconds, acts.AWAKE.both(Lids(logit=logit, sd=sd)))


def under_way(person: Person = PASSERBY, seed: int = 0, speed: float | None = None) -> Drive:
    """A drive that has gone well for 75 s: this driver's open eyes are known by now."""
    drive = Drive(person, seed, speed)
    drive.awake(75)
    return drive


def alert_hour(seed: int, person: Person = PASSERBY, seconds: float = 3600.0) -> Drive:
    """Alert driving: something every 10 s: a mirror mostly, talk, a laugh, a smile, the instruments."""
    chance = random.Random(seed)
    drive = Drive(person, seed)
    drive.awake(10)
    while drive.seconds < seconds:
        drive.awake(chance.expovariate(1 / 9) + 1)
        what = chance.random()
        if what < 0.4:
            drive.mirror(chance.uniform(0.4, 1.3))
        elif what < 0.6:
            drive.outer_mirror(chance.uniform(0.5, 1.6))
        elif what < 0.65:
            drive.over_the_shoulder(chance.uniform(0.5, 1.5))
        elif what < 0.78:
            drive.talking(chance.uniform(2, 25))
        elif what < 0.86:
            drive.laughing(chance.uniform(0.7, 7))
        elif what < 0.92:
            drive.act(chance.uniform(2, 12), acts.SMILING)
        else:
            drive.looking_down(chance.uniform(0.4, 1.2))
    return drive
