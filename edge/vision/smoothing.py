"""Points followed over time without their jitter: the One Euro filter.

Casiez, Roussel, Vogel: "1 € Filter: A Simple Speed-based Low-pass Filter for Noisy Input in Interactive Systems",
CHI 2012. A first-order low-pass whose cutoff rises with the speed: a face at rest is smoothed much, where jitter shows,
and one that moves hardly at all, where lag would.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float32]

LEAST_CUTOFF = 2.0
"""Hz, at rest. This and the slope were chosen on recordings (docs/vision.md): jitter falls to a third, and the lag of a
moving face stays below a third of a frame."""
SLOPE = 20.0
"""Hz of cutoff more for each eye distance a second that a point moves."""
SPEED_CUTOFF = 1.0
"""Hz; the speed itself is smoothed that much (the paper's own value)."""


class OneEuro:
    """One track of points; each point has a speed, and so a cutoff, of its own: a lid moves, the nose does not."""

    def __init__(self) -> None:
        self._time = -math.inf
        self._seen: Points | None = None
        self._smooth: Points | None = None
        self._speed: Points | None = None

    def reset(self) -> None:
        """The next points begin a track."""
        self._seen = None

    def smooth(self, points: Points, time: float, unit: float) -> Points:
        """The points float32[n, 2] of a moment as they are most likely to be.

        Args:
            points: in pixels, always as many.
            time: seconds; where it does not rise, a new track begins.
            unit: pixels that count as one for the speed, such as the eye distance; above 0.
        """
        passed, self._time = time - self._time, time
        before, self._seen = self._seen, points
        if before is None or self._smooth is None or self._speed is None or passed <= 0:
            self._smooth, self._speed = points, np.zeros_like(points)
            return points
        # in place where it can be: what costs here is the number of arrays, not their size
        speed = points - before
        speed /= passed * unit
        speed -= self._speed
        speed *= _share(SPEED_CUTOFF, passed)
        speed += self._speed
        self._speed = speed
        squared = speed * speed
        turns = squared[:, 0] + squared[:, 1]
        np.sqrt(turns, out=turns)
        turns *= SLOPE
        turns += LEAST_CUTOFF
        turns *= 2 * math.pi * passed
        turns /= turns + 1
        moved = points - self._smooth
        moved *= turns[:, None]
        moved += self._smooth
        self._smooth = moved
        return moved


def _share(cutoff: float, passed: float) -> np.float32:
    """How much of a new value is believed: the discrete low-pass with this cutoff (Hz) after that many seconds."""
    turns = 2 * math.pi * cutoff * passed
    return np.float32(turns / (1 + turns))
