"""What moves: a head that turns fast, and a mouth that speaks."""

from __future__ import annotations

import math
from collections import deque

from edge.rules.window import ROUNDING_S

LOOK_BACK_S = 0.1
"""A turn is measured over at least this long (or one frame): the pose of a single frame trembles by a degree or two."""
LOST_S = 0.4
"""A pose older than this says nothing on how fast the head turns."""


class Turning:
    """Whether the head turns to a side so fast that the eyes are blurred: `fast` degrees a second.

    Said for `longest_s` at a stretch and no more: a turn is over by then, and what is not may be a head that falls.
    """

    def __init__(self, fast: float, longest_s: float) -> None:
        self._fast = fast
        self._longest_s = longest_s
        self._poses: deque[tuple[float, float]] = deque()
        self._since: float | None = None

    def step(self, now: float, yaw: float | None) -> bool:
        """Take in the yaw, degrees, of a frame at `now`; None: not known."""
        while len(self._poses) > 1 and self._poses[1][0] <= now - LOOK_BACK_S + 1e-3:
            self._poses.popleft()
        if self._poses and now - self._poses[0][0] > LOST_S:
            self._poses.clear()
        if yaw is None or not math.isfinite(yaw):
            self._since = None
            return False
        step_s = now - self._poses[-1][0] if self._poses else 0.0
        fast = bool(self._poses) and abs(yaw - self._poses[0][1]) > self._fast * (now - self._poses[0][0])
        self._poses.append((now, yaw))
        if not fast:
            self._since = None
        elif self._since is None:
            self._since = now
        # the frame will stand for about as long as the one before it
        return self._since is not None and now + step_s - self._since <= self._longest_s + ROUNDING_S


SMOOTH_S = 0.08
"""Time constant of the mouth's opening; a syllable takes 0.2 s."""
SPEECH_S = 2.0
"""So far back the mouth's turns are counted."""
TURNS = 3
"""A yawn opens the mouth and closes it, speech does so again and again."""
STOPPED_S = 0.5
"""A mouth that has not turned for so long has stopped speaking."""


class Speaking:
    """Whether the mouth opens and closes as in speech, by at least `swing` (of the eye distance) each time.

    A mouth open wider than `yawn` is a yawn, not speech.
    """

    def __init__(self, swing: float, yawn: float) -> None:
        self._swing = swing
        self._yawn = yawn
        self._turns: deque[float] = deque(maxlen=TURNS)
        self._time = -math.inf
        self._smooth = 0.0
        self._lowest = self._highest = 0.0
        self._rising: bool | None = None

    def step(self, now: float, opening: float | None) -> bool:
        """Take in the mouth's opening in a frame at `now`; None: not known."""
        if opening is not None and math.isfinite(opening):
            if now - self._time > LOST_S:
                self._smooth = self._lowest = self._highest = opening
                self._rising = None
            self._smooth += (opening - self._smooth) * -math.expm1(-(now - self._time) / SMOOTH_S)
            self._time = now
            self._follow(now)
        if opening is not None and opening > self._yawn:
            self._turns.clear()
        lately = len(self._turns) == TURNS and self._turns[0] > now - SPEECH_S
        return lately and self._turns[-1] > now - STOPPED_S

    def _follow(self, now: float) -> None:
        opening = self._smooth
        self._lowest, self._highest = min(self._lowest, opening), max(self._highest, opening)
        if self._rising is not True and opening - self._lowest >= self._swing:
            self._rising, self._highest = True, opening
        elif self._rising is not False and self._highest - opening >= self._swing:
            self._rising, self._lowest = False, opening
        else:
            return
        self._turns.append(now)
