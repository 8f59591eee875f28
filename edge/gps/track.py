"""A recorded track: the NMEA 0183 sentences that a GPS receiver sent while a recording was made."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from pathlib import Path

from edge.errors import InputError
from edge.gps.nmea import Fix, read_fixes
from edge.records import Position

STALE_S = 5.0
"""A fix older than this says too little about where the vehicle is now: at 50 km/h it is 70 m away."""


@dataclass(frozen=True, slots=True)
class Track:
    """Fixes by time: seconds since the receiver first told a time, which is when the recording began. `damaged` lines
    were left out.
    """

    fixes: tuple[Fix, ...]
    damaged: int = 0

    def position_at(self, time: float) -> Position | None:
        """The last fix at or before `time`; None before the first one, and where it is older than `STALE_S`."""
        index = bisect_right(self.fixes, time, key=lambda fix: fix.time) - 1
        if index < 0:
            return None
        fix = self.fixes[index]
        age = time - fix.time
        if age > STALE_S:
            return None
        return Position(fix.latitude, fix.longitude, fix.speed, fix.fix, age)


def read_track(path: Path) -> Track:
    """The track of a file such as `track.nmea`; one without any fix is a track without positions.

    Raises:
        InputError: the file cannot be read.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputError(
            f"{path}: the track cannot be read ({error.strerror}); mend its permissions or take it away."
        ) from None
    fixes, waited_s, damaged = read_fixes(content)
    start = fixes[0].time - waited_s if fixes else 0.0
    return Track(tuple(fix.since(start) for fix in fixes), damaged)
