"""From a signal to the event that may leave the vehicle: identity, order, time and place are added here."""

from __future__ import annotations

import hashlib
import math
import uuid
from datetime import UTC, datetime

from edge.records import Event, Position, Signal, SignalName, TimeSource


class EventBuilder:
    """Makes the events of one session, in order; pure: the same signals at the same times give the same events.

    `session` must be another number at each start of the daemon, or ids of different episodes could be equal.
    `evidence` lets the numbers behind a decision into the event; without it they stay on the vehicle.
    """

    def __init__(self, vehicle: str, session: int, *, evidence: bool = False) -> None:
        self._vehicle = vehicle
        self._session = session
        self._evidence = evidence
        self._sequence = 0
        self._open: dict[tuple[SignalName, int], str] = {}

    def build(self, signal: Signal, *, wall: float, time_source: TimeSource, position: Position | None = None) -> Event:
        """The event of a signal that happened at `wall`, seconds since 1970 UTC, at `position`.

        Start, update and end of an episode share the id that the start was given.
        """
        self._sequence += 1
        episode = (signal.signal, signal.episode)
        identity = self._open.setdefault(episode, self._identity(episode, wall))
        if signal.phase == "end":
            del self._open[episode]
        evidence = {name: value for name, value in signal.evidence.items() if math.isfinite(value)}
        return Event(
            schema=1,
            id=identity,
            vehicle=self._vehicle,
            session=self._session,
            sequence=self._sequence,
            signal=signal.signal,
            cause=signal.cause,
            level=signal.level,
            phase=signal.phase,
            time=format_time(wall),
            time_source=time_source,
            position=position if position and _is_finite(position) else None,
            historical=False,
            evidence=evidence if self._evidence and evidence else None,
        )

    def _identity(self, episode: tuple[SignalName, int], wall: float) -> str:
        """A UUID in the layout of version 7 (RFC 9562): milliseconds first, so that ids sort by time.

        The 74 bits that are random there are a hash of what names the episode, so that a replay gives the same ids.
        """
        milliseconds = max(round(wall * 1000), 0)
        name = f"{self._vehicle}\n{self._session}\n{episode[0]}\n{episode[1]}\n{milliseconds}"
        noise = int.from_bytes(hashlib.sha256(name.encode()).digest(), "big")
        version, variant = 7, 0b10
        high = milliseconds << 16 | version << 12 | noise & 0xFFF
        low = variant << 62 | (noise >> 12) & (2**62 - 1)
        return str(uuid.UUID(int=high << 64 | low))


def _is_finite(position: Position) -> bool:
    numbers = (position.latitude, position.longitude, position.age, position.speed or 0.0)
    return all(math.isfinite(number) for number in numbers)


def format_time(wall: float) -> str:
    """Seconds since 1970 as RFC 3339 in UTC, with milliseconds."""
    seconds, milliseconds = divmod(round(wall * 1000), 1000)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{milliseconds:03d}Z"


def parse_time(text: str) -> float:
    """Seconds since 1970 of a time that `format_time` wrote."""
    return datetime.fromisoformat(text).timestamp()
