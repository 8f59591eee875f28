"""Films a drive: the observations of its frames, vectorised, with the noise of the models and of the camera's clock."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from driving.acts import Lids
from driving.drive import Drive
from driving.person import COMMON, LASTING_S, WRONG
from edge.records import Box, Emotion, Eyes, Face, HeadPose, Observation

Values = NDArray[np.float64]
Flags = NDArray[np.bool_]

FACE = Face(box=Box(200, 100, 200, 200), right_eye=(260, 180), left_eye=(340, 180), mouth=(300, 250), score=0.99)
EARLY_S, LATE_S = 0.03, 0.07
"""The model calls lids on their way down closed so early, and on their way up so late, and then is not sure."""
EMOTION_S = 0.1
"""The emotion is read so often, and holds in between."""
FAULT_S = 0.5
"""The daemon says so often that the camera gives nothing."""


@dataclass(frozen=True)
class Shot:
    """What the rules get: an observation, or the time of a camera that gives none; the speed in metres per second."""

    time: float
    seen: Observation | None
    speed: float | None


@dataclass(frozen=True)
class Film:
    """The shots of a drive, and how often they come."""

    rate: float
    shots: list[Shot]


@dataclass(frozen=True)
class Camera:
    """Frames a second, jitter and lost frames as shares of a frame and of all frames."""

    rate: float = 15.0
    jitter: float = 0.4
    lost: float = 0.05
    begin: float = 100.0

    def film(self, drive: Drive) -> Film:
        return Film(self.rate, list(self.shoot(drive)))

    def shoot(self, drive: Drive) -> Iterator[Shot]:
        """The shots one by one."""
        noise = np.random.default_rng([drive.seed, round(self.rate)])
        times = self._times(drive, noise)
        starts = np.cumsum([0.0, *[stretch.seconds for stretch in drive.stretches]])
        which = np.searchsorted(starts, times + 1e-9, side="right") - 1
        acts = [stretch.act for stretch in drive.stretches]
        speeds = [stretch.speed for stretch in drive.stretches]
        lit = _Rendering(drive, times, which, starts, self.rate, noise)
        right, left = lit.eye("right", "open_right"), lit.eye("left", "open_left")
        yaw, pitch, roll = lit.pose()
        mouth, moods = lit.mouth(), lit.moods()
        next_fault = -1.0
        for index, act_index in enumerate(which.tolist()):
            act, speed = acts[act_index], speeds[act_index]
            time = self.begin + float(times[index])
            if act.silent or (act.every > 1 and index % act.every):
                continue
            if not act.camera:
                if time >= next_fault:
                    next_fault = time + FAULT_S
                    yield Shot(time, None, speed)
                continue
            if not act.face:
                yield Shot(time, Observation(time, dark=act.dark), speed)
                continue
            seen = Observation(
                time,
                FACE,
                Eyes(right[index], left[index]),
                moods[index],
                mouth[index],
                HeadPose(yaw[index], pitch[index], roll[index]),
            )
            yield Shot(time, seen, speed)

    def _times(self, drive: Drive, noise: np.random.Generator) -> Values:
        index = np.arange(round(drive.seconds * self.rate))
        times = (index + self.jitter * noise.uniform(-0.5, 0.5, len(index))) / self.rate
        times = np.maximum(times, 0.0)
        return times[(noise.random(len(index)) >= self.lost) | (index == 0)]


class _Rendering:
    """The drive's states at each frame."""

    def __init__(
        self,
        drive: Drive,
        times: Values,
        which: NDArray[np.intp],
        starts: Values,
        rate: float,
        noise: np.random.Generator,
    ) -> None:
        self.times, self.which, self.starts, self.rate, self.noise = times, which, starts, rate, noise
        self.acts = [stretch.act for stretch in drive.stretches]
        self.persons = [stretch.person for stretch in drive.stretches]
        self.blinks = drive.blinks()
        self.common = self.wander(LASTING_S)
        self.wrong = noise.random(len(times)) < WRONG

    def each(self, of: list[float]) -> Values:
        """A value of each act, at each frame."""
        return np.asarray(of, dtype=np.float64)[self.which]

    def of_person(self, what: str) -> Values:
        return self.each([getattr(person, what) for person in self.persons])

    def wander(self, lasting_s: float) -> Values:
        """Noise of standard deviation 1 whose correlation falls to 1/e within `lasting_s`."""
        decay = float(np.exp(-1 / (self.rate * lasting_s)))
        kernel = decay ** np.arange(max(1, int(4 * lasting_s * self.rate)))
        kernel /= np.sqrt((kernel**2).sum())
        return np.convolve(self.noise.standard_normal(len(self.times) + len(kernel) - 1), kernel, mode="valid")

    def _shut(self, side: str) -> tuple[Flags, Flags]:
        """Frames in which the eye is shut, and those in which the lids are on their way up."""
        spans = list(self.blinks)
        for index, act in enumerate(self.acts):
            if getattr(act, side).shut:
                spans.append((float(self.starts[index]), float(self.starts[index + 1])))
        shut, rising = np.zeros(len(self.times), bool), np.zeros(len(self.times), bool)
        for start, end in spans:
            first, last, late = np.searchsorted(self.times, (start - EARLY_S, end, end + LATE_S))
            shut[first:last] = True
            rising[last:late] = True
        return shut, rising & ~shut

    def eye(self, side: str, own: str) -> list[float | None]:
        noise = self.noise
        lids: list[Lids] = [getattr(act, side) for act in self.acts]
        rest = self.of_person(own)
        narrowed = self.each([math.nan if lid.logit is None else lid.logit for lid in lids])
        mean = np.fmax(rest, narrowed)
        sd = np.where(np.isnan(narrowed), self.of_person("open_sd"), self.each([lid.sd for lid in lids]))
        unit = np.sqrt(COMMON) * self.common + np.sqrt(1 - COMMON) * self.wander(LASTING_S)
        logit = mean + sd * unit
        shut, rising = self._shut(side)
        sure = self.of_person("shut") + self.of_person("shut_sd") * unit
        logit = np.where(shut, sure, np.where(rising, 2.0 + 2.0 * noise.standard_normal(len(logit)), logit))
        logit = np.where(self.wrong, 1.5 * noise.standard_normal(len(logit)), logit)
        closed = np.clip(1 / (1 + np.exp(-logit)), 1e-4, 1 - 1e-4)
        share = self.each([lid.seen for lid in lids])
        far = (self.of_person("yaw") > 0) == (side == "left")
        share = share * np.where(far, self.of_person("far_eye_seen"), 1.0)
        limits = [NormalDist().inv_cdf(value) if 0 < value < 1 else 99 * (value - 0.5) for value in sorted(set(share))]
        limit = np.asarray(limits)[np.searchsorted(sorted(set(share)), share)]
        seen = self.wander(0.08) < limit
        return [value if there else None for value, there in zip(closed.tolist(), seen.tolist(), strict=True)]

    def pose(self) -> tuple[list[float], list[float], list[float]]:
        def angle(rest: Values, of: list[float], sd: float) -> list[float]:
            """The head takes about 0.15 s to turn; it is never still, and measured with an error of 1.2 degrees."""
            kernel = np.exp(-np.arange(max(1, int(0.5 * self.rate))) / (0.15 * self.rate))
            target = self.each(of)
            padded = np.concatenate([np.full(len(kernel) - 1, target[0]), target])
            turned = np.convolve(padded, kernel / kernel.sum(), mode="valid")
            error = 1.2 * self.noise.standard_normal(len(target))
            angles: list[float] = (rest + turned + sd * self.wander(2.0) + error).tolist()
            return angles

        yaw = angle(self.of_person("yaw"), [act.yaw for act in self.acts], 2.5)
        pitch = angle(self.of_person("pitch"), [act.pitch for act in self.acts], 2.0)
        return yaw, pitch, angle(np.zeros(len(self.times)), [act.roll for act in self.acts], 1.5)

    def mouth(self) -> list[float | None]:
        swing = np.abs(np.sin(2 * np.pi * 2.0 * self.times))
        size = self.each([act.mouth or 0.0 for act in self.acts])
        size += self.each([act.words for act in self.acts]) * self.wander(0.8)
        opening = size + self.each([act.syllables for act in self.acts]) * (2 * swing - 1) + 0.012 * self.wander(0.1)
        there = [act.mouth is not None for act in self.acts]
        values = np.maximum(opening, 0.0).tolist()
        return [value if there[act] else None for value, act in zip(values, self.which.tolist(), strict=True)]

    def _mood(self, flickers: Flags) -> Values:
        return np.where(flickers, self.wander(0.2), math.sqrt(0.5) * (self.wander(2.0) + self.wander(0.2)))

    def moods(self) -> list[Emotion | None]:
        names = ("happy", "neutral", "sad", "surprise")
        flickers = self.each([act.mood.flickers for act in self.acts]) > 0
        logits = np.stack(
            [
                self.each([getattr(act.mood, name) for act in self.acts])
                + self.each([act.mood.happy_sd if name == "happy" else act.mood.sd for act in self.acts])
                * np.clip(self._mood(flickers), -2, 2)
                for name in names
            ],
            axis=1,
        )
        read = np.concatenate([[True], np.diff(np.floor(self.times / EMOTION_S)) > 0])
        grown = np.exp(logits[read] - logits[read].max(axis=1, keepdims=True))
        shares = (grown / grown.sum(axis=1, keepdims=True)).tolist()
        emotions = [Emotion(*share) for share in shares]
        last = (np.cumsum(read) - 1).tolist()
        known = [act.mood.known for act in self.acts]
        return [emotions[at] if known[act] else None for at, act in zip(last, self.which.tolist(), strict=True)]
