"""Guards: what narrows the eyes without sleep. They withhold a microsleep, and never what lasts longer."""

from __future__ import annotations

import math
from typing import NamedTuple

from edge.config import ClosuresConfig, GuardsConfig
from edge.records import Observation
from edge.rules.baseline import Own
from edge.rules.closures import Closures, Thresholds
from edge.rules.movement import Speaking, Turning
from edge.rules.window import Elapsed

MOST_OF_IT = 0.5
"""A guard speaks for a closure where its evidence held for more than this share of it: emotions flicker, too."""
DROPOUT_S = 1.0
"""Evidence that is lost for less is the same when it comes back."""
LINGER_S = 0.3
"""Lids that were narrowed stay so after the last frame that showed why: the pose trembles, emotions flicker."""
LAUGH_S = 0.15
"""Laughter that shows only once the eyes are closed shows for so long: one reading of the emotion, of a tenth of a
second, may be the model's noise."""
NO_LATER_S = 0.5
"""Laughter and a gaze that goes down come before the lids or with them, or right after a blink: emotion is read up to
a tenth of a second late, and a head takes its time. A face that is calm while its eyes close, and whose head then
falls, is asleep."""
HAPPIER = 0.25
"""Laughing is P(happy) so much above the driver's own median, too: some faces read as happy all day."""
NARROWED_OPEN_BELOW = 0.85
"""Eyes that something narrows and that were surely covered are open again below this."""


class Seen(NamedTuple):
    """What a frame shows of the guards' evidence; a guard that is switched off sees nothing."""

    laughing: bool = False
    looking_down: bool = False
    speaking: bool = False
    one_eye: bool = False
    yawning: bool = False
    turning: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """What it shows, in words."""
        if not any(self):
            return ()
        return tuple(name.replace("_", " ") for name, shown in zip(self._fields, self, strict=True) if shown)


LONGEST_S = {"laughing": 60.0, "looking down": 20.0, "yawning": 15.0}
"""What lasts longer is no laugh, no look and no yawn: the face reads so, the driver sits lower, the mouth is open."""
NARROWING = tuple(LONGEST_S)
WITHHOLDING = ("laughing", "looking down", "speaking", "one eye")


class Guards:
    """Laughing: lifted cheeks narrow the eyes. Looking down: the lids follow. Yawning: the whole face is drawn, but
    shut eyes are told as ever. Speaking: nobody sleeps who speaks. One eye: the other one is seen open, as in a wink. A
    fast turn blurs the eyes.

    `withheld` names the guard that speaks for the closure in progress, or for the one that the last step ended.
    """

    def __init__(self, config: GuardsConfig, closures: ClosuresConfig, covered_above: float) -> None:
        self._config = config
        self._closed_above, self._open_below = closures.closed_above, closures.open_below
        self._narrowed = Thresholds(covered_above, min(covered_above, NARROWED_OPEN_BELOW))
        self._turning = Turning(config.turning_degrees, closures.unseen_s)
        self._speaking = Speaking(config.speech_swing, config.yawn_open)
        self._before = Seen()
        # Evidence, by name: since when it has held, and when it was last seen.
        self._since = dict.fromkeys(NARROWING, math.inf)
        self._last = dict.fromkeys(NARROWING, -math.inf)
        self._closure: float | None = None
        self._seconds = dict.fromkeys(WITHHOLDING, 0.0)
        self._closed_s = 0.0
        self.withheld: str | None = None

    def see(self, observation: Observation, own: Own) -> Seen:
        """What a frame shows, of a driver of whom `own` is known; once a frame, in order of time."""
        config, pose = self._config, observation.pose
        right, left, mouth = observation.eyes.right, observation.eyes.left, observation.mouth_open
        one_open = right is not None and left is not None and (right < self._open_below) != (left < self._open_below)
        turning = self._turning.step(observation.time, pose.yaw if pose else None)
        speaking = self._speaking.step(observation.time, mouth)
        return Seen(
            laughing=config.laughing and self._laughs(observation, own),
            looking_down=config.looking_down
            and pose is not None
            and own.pitch is not None
            and pose.pitch < own.pitch - config.down_degrees,
            speaking=config.speaking and speaking,
            one_eye=config.one_eye and one_open,
            yawning=config.yawn and mouth is not None and mouth > config.yawn_open,
            turning=config.turning and turning,
        )

    def _laughs(self, observation: Observation, own: Own) -> bool:
        if observation.emotion is None:
            return False
        happy = observation.emotion.happy
        return happy > self._config.happy and (own.happy is None or happy > own.happy + HAPPIER)

    def narrow(self, now: float, seen: Seen, closure: float | None, own: Thresholds) -> Thresholds:
        """The thresholds for a frame at `now` that shows `seen`, amid the closure that began at `closure` (or none).

        Where something narrows the eyes, closed is only what is surely covered; not where they closed first. One eye
        that is open ends a closure of both.
        """
        names = seen.names
        for name in NARROWING:
            if name in names:
                if now - self._last[name] > DROPOUT_S:
                    self._since[name] = now
                self._last[name] = now
        if any(self._narrows(name, now, closure) and self._in_time(name, closure) for name in NARROWING):
            return self._narrowed
        if seen.one_eye:
            return Thresholds(own.closed_above, max(own.open_below, min(own.closed_above, self._closed_above)))
        return own

    def _narrows(self, name: str, now: float, closure: float | None) -> bool:
        if name == "laughing" and closure is not None and self._since[name] > closure + LAUGH_S:
            return self._lingers(name, now) and self._last[name] - self._since[name] >= LAUGH_S
        return self._lingers(name, now)

    def _lingers(self, name: str, now: float) -> bool:
        return now - self._last[name] < LINGER_S

    def _held(self, name: str, before: float) -> bool:
        """In the frame before, which came at `before`."""
        return name in self._before.names or (name in NARROWING and self._lingers(name, before))

    def _in_time(self, name: str, closure: float | None) -> bool:
        if name not in NARROWING:
            return True
        lasts = self._last[name] - self._since[name] <= LONGEST_S[name]
        return lasts and (closure is None or self._since[name] <= closure + NO_LATER_S)

    def step(self, elapsed: Elapsed, before: bool | None, closures: Closures, seen: Seen) -> None:
        """`before`: the eyes in the frame before; `closures` has taken in the frame of now, which shows `seen`."""
        begun = closures.ended.start if closures.ended else closures.start
        if begun != self._closure:
            self._closure, self._closed_s = begun, 0.0
            self._seconds = dict.fromkeys(WITHHOLDING, 0.0)
        elif before and begun is not None:
            self._closed_s += elapsed.frame_s
            for name in WITHHOLDING:
                if self._held(name, elapsed.start) and self._in_time(name, begun):
                    self._seconds[name] += elapsed.frame_s
        self._before = seen
        most_s = MOST_OF_IT * self._closed_s
        self.withheld = next((name for name, seconds in self._seconds.items() if seconds > most_s), None)
