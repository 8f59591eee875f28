"""What gpsd says, line by line: pure. The protocol is that of gpsd_json(5), versions 3.x.

A line is a JSON object whose `class` says what it is. TPV is a fix, SKY the satellites, VERSION and DEVICES are said
at the beginning; all others are passed over.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

LONGEST = 65_536
"""Bytes of a line at most; gpsd's own limit is below 11,000 for a report."""

FixKind = Literal["none", "2d", "3d"]
_KINDS: dict[int, FixKind] = {0: "none", 1: "none", 2: "2d", 3: "3d"}


@dataclass(frozen=True, slots=True)
class Tpv:
    """A report of time, position and velocity; `place` (degrees, WGS 84) and `time` (seconds since 1970 UTC) only
    with a fix, `speed` in metres per second where it is known.
    """

    fix: FixKind
    place: tuple[float, float] | None
    speed: float | None
    time: float | None


@dataclass(frozen=True, slots=True)
class Sky:
    """How many satellites are used for the fix; `is_listed`: counted in a list of them, else a number alone."""

    used: int
    is_listed: bool = False


@dataclass(frozen=True, slots=True)
class Version:
    release: str


@dataclass(frozen=True, slots=True)
class Devices:
    """How many receivers gpsd has."""

    number: int


Report = Tpv | Sky | Version | Devices


class Lines:
    """Cuts the stream into lines; one that is longer than `LONGEST` is thrown away and counted."""

    def __init__(self) -> None:
        self._rest = b""
        self._is_skipping = False
        self.too_long = 0

    def feed(self, data: bytes) -> Iterator[bytes]:
        """The lines that are complete by now, without their ends."""
        *complete, rest = (self._rest + data).split(b"\n")
        for line in complete:
            if self._is_skipping or len(line) > LONGEST:
                self.too_long += not self._is_skipping
                self._is_skipping = False
            else:
                yield line.rstrip(b"\r")
        if self._is_skipping or len(rest) > LONGEST:
            self.too_long += not self._is_skipping
            self._is_skipping, rest = True, b""
        self._rest = rest


def read_line(line: bytes) -> Report | None:
    """The report of one line; None for those that are passed over.

    Raises:
        ValueError: this is no line of gpsd's, or its numbers cannot be.
    """
    try:
        content = json.loads(line)
        match content["class"]:
            case "TPV":
                return _tpv(content)
            case "SKY":
                return _sky(content)
            case "VERSION":
                return Version(str(content["release"])[:40])
            case "DEVICES":
                return Devices(len(content["devices"]))
    except (TypeError, KeyError, AttributeError, OverflowError, RecursionError) as error:
        raise ValueError(f"not a report ({error})") from None
    return None


def _tpv(content: dict[str, Any]) -> Tpv:
    kind = _KINDS.get(content.get("mode", 0))
    if kind is None:
        raise ValueError("no such mode")
    if kind == "none":
        return Tpv("none", None, None, None)
    latitude, longitude = _number(content, "lat", 90), _number(content, "lon", 180)
    place = None if latitude is None or longitude is None else (latitude, longitude)
    speed = _number(content, "speed", 1000)
    time = content.get("time")
    return Tpv(kind, place, None if speed is None else abs(speed), None if time is None else _utc(time))


def _sky(content: dict[str, Any]) -> Sky | None:
    """The satellites that are marked as used where they are listed, else `uSat`; None where neither is there.

    gpsd 3.25 says a number alone, too, before each list: the one of GGA, which many receivers cut off at 12.
    """
    satellites = content.get("satellites")
    if satellites is not None:
        return Sky(sum(bool(satellite.get("used")) for satellite in satellites), is_listed=True)
    used = content.get("uSat")
    if used is None:
        return None
    if not isinstance(used, int) or not 0 <= used <= 1000:
        raise ValueError("no number of satellites")
    return Sky(used)


def _number(content: dict[str, Any], name: str, largest: float) -> float | None:
    value = content.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"{name} is no number")  # noqa: TRY004  a line's fault, as every other
    if not math.isfinite(value) or abs(value) > largest:
        raise ValueError(f"{name} cannot be {value}")
    return float(value)


def _utc(text: str) -> float:
    """Seconds since 1970 of an ISO 8601 time in UTC. A leap second, :60, is the second after it, as POSIX has it."""
    leap = 0
    if text[17:19] == "60":
        text, leap = text[:17] + "59" + text[19:], 1
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() + leap
