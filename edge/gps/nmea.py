"""Fixes out of NMEA 0183 sentences: RMC and GGA say when and where, GSA how good the fix is."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import reduce
from operator import xor
from typing import Literal, Self

KNOT = 1852 / 3600
"""Metres per second."""
DAY_S = 86400.0
LONGEST_STEP_S = 10.0
"""A receiver's clock that goes on by more was set; that counts as a second."""
SATELLITES_3D = 4
"""A place with height needs four satellites; what counts where no GSA tells."""


@dataclass(frozen=True, slots=True)
class Fix:
    """One fix: `time` in seconds, degrees (WGS 84), speed in metres per second where it is known."""

    time: float
    latitude: float
    longitude: float
    speed: float | None
    fix: Literal["2d", "3d"]

    def since(self, start: float) -> Self:
        return replace(self, time=self.time - start)


def read_fixes(content: bytes) -> tuple[list[Fix], float, int]:
    """The fixes in rising time, for how many seconds the receiver told the time before it had one, and how many lines
    were damaged.

    `time` counts from the midnight (UTC) before the first fix. Lines whose checksum or fields are wrong are left out,
    as is what comes out of order; other sentences are passed over.
    """
    reader = _Reader()
    for line in content.splitlines():
        if line.strip():
            reader.take(line.strip())
    reader.finish_epoch()
    return reader.fixes, reader.waited_s, reader.damaged


@dataclass(slots=True)
class _Epoch:
    """What the sentences of one moment have said so far."""

    clock: float
    place: tuple[float, float] | None = None
    speed: float | None = None
    satellites: int = 0
    valid: bool = True


class _Reader:
    """Gathers the sentences of one moment, whatever their order in it, into one fix."""

    def __init__(self) -> None:
        self.fixes: list[Fix] = []
        self.waited_s = 0.0
        self.damaged = 0
        self._epoch: _Epoch | None = None
        self._dimension: Literal["2d", "3d"] | None = None
        self._midnight = 0.0

    def take(self, line: bytes) -> None:
        try:
            name, *fields = _checked_fields(line)
            match name[2:]:
                case "RMC":
                    self._take_rmc(fields)
                case "GGA":
                    self._take_gga(fields)
                case "GSA" if fields[1] in ("2", "3"):  # 1, no fix, can be of one satellite system alone
                    self._dimension = "2d" if fields[1] == "2" else "3d"
        except (ValueError, IndexError):
            self.damaged += 1

    def finish_epoch(self) -> None:
        epoch, self._epoch = self._epoch, None
        if epoch is None or epoch.place is None or not epoch.valid:
            return
        time = self._midnight + epoch.clock
        if self.fixes and time < self.fixes[-1].time - DAY_S / 2:  # past midnight, where the clock begins anew
            self._midnight += DAY_S
            time += DAY_S
        if self.fixes and time <= self.fixes[-1].time:
            self.damaged += 1
            return
        dimension = self._dimension or ("3d" if epoch.satellites >= SATELLITES_3D else "2d")
        self.fixes.append(Fix(time, *epoch.place, epoch.speed, dimension))

    def _take_rmc(self, fields: list[str]) -> None:
        clock, status, *where = fields[:6]
        speed = fields[6]
        place = _place(where) if status == "A" else None
        metres_per_second = _number(speed) * KNOT if speed else None
        if epoch := self._at(clock):
            epoch.place, epoch.speed = place or epoch.place, metres_per_second
            epoch.valid &= status == "A"

    def _take_gga(self, fields: list[str]) -> None:
        clock, *where = fields[:5]
        quality, satellites = int(fields[5] or 0), int(fields[6] or 0)
        place = _place(where) if quality else None
        if epoch := self._at(clock):
            epoch.place, epoch.satellites = epoch.place or place, satellites
            epoch.valid &= quality > 0

    def _at(self, clock: str) -> _Epoch | None:
        """The epoch of a time of day hhmmss.ss, a new one where it differs; None before the receiver knows the time."""
        if not clock:
            return None
        seconds = _number(clock[:2]) * 3600 + _number(clock[2:4]) * 60 + _number(clock[4:])
        if self._epoch is None or seconds != self._epoch.clock:
            before = self._epoch
            self.finish_epoch()
            if before is not None and not self.fixes:
                step = (seconds - before.clock) % DAY_S
                self.waited_s += step if 0 < step <= LONGEST_STEP_S else 1.0
            self._epoch = _Epoch(seconds)
        return self._epoch


def _checked_fields(line: bytes) -> list[str]:
    """The fields of a sentence $...*hh whose checksum is right; ValueError where it is not."""
    body, star, checksum = line.removeprefix(b"$").partition(b"*")
    if not line.startswith(b"$") or not star or int(checksum, 16) != reduce(xor, body, 0):
        raise ValueError("damaged sentence")
    return body.decode("ascii").split(",")


def _place(fields: list[str]) -> tuple[float, float]:
    """Degrees north and east of the four fields ddmm.mmm, N or S, dddmm.mmm, E or W."""
    latitude, north, longitude, east = fields
    return _degrees(latitude, 2, 90, ("N", "S").index(north)), _degrees(longitude, 3, 180, ("E", "W").index(east))


def _degrees(text: str, digits: int, largest: int, negative: int) -> float:
    degrees, minutes = _number(text[:digits]), _number(text[digits:])
    value = degrees + minutes / 60
    if minutes >= 60 or value > largest:
        raise ValueError("not an angle")
    return -value if negative else value


def _number(text: str) -> float:
    """A finite number that is not negative."""
    number = float(text)
    if not math.isfinite(number) or number < 0:
        raise ValueError("not a number of NMEA")
    return number
