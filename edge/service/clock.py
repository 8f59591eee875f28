"""The time of a session's events: stamped when they happen, and set right, before they are sent, once it is known."""

from __future__ import annotations

import logging
import threading
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from edge.clock.gps_time import GpsTime
from edge.clock.timeline import Known, Timeline
from edge.config import Config
from edge.delivery.event import format_time, parse_time
from edge.records import Event, TimeSource
from edge.service.boot import NAME, SessionTime, read_sessions, write_sessions

LOOK_S = 1.0
"""How often it is looked whether GPS or the system knows the time: a few microseconds each."""
WAIT_S = 60.0
"""Network time takes seconds once there is a network, a cold GPS receiver under the sky about half a minute."""
WORTH_TELLING_S = 1.0
ROUNDING_S = 0.001
"""An event's time is told in milliseconds, so it may stand a little after the moment that it is of."""

_log = logging.getLogger(__name__)


class Clocks(Protocol):
    """The machine's clocks, in seconds; `edge.clock.system.System` is them."""

    boot: str

    def monotonic(self) -> float: ...

    def offset(self) -> float:
        """The system's clock less the monotonic one."""
        ...

    def is_true(self) -> bool:
        """Whether the system's clock is UTC, and kept."""
        ...


def patience(config: Config) -> float:
    """For how many seconds events wait for the time, as `clock.wait_s` has it."""
    if config.clock.wait_s is not None:
        return config.clock.wait_s
    return 0.0 if config.camera.kind == "recording" and config.gps.kind == "none" else WAIT_S


class SessionClock:
    """Used by three threads: the frames' stamps and looks, gpsd's tells times, the publisher's asks what is `ready`.

    In `folder` it keeps what a later session of this boot must know; without one nothing outlives this process.
    """

    def __init__(self, session: int, folder: Path | None, wait_s: float, clocks: Clocks) -> None:
        self._session = session
        self._folder = folder
        self._wait = wait_s
        self._clocks = clocks
        self._lock = threading.Lock()
        self._gps = GpsTime()
        self._line = Timeline(clocks.offset())
        self._due = 0.0
        self._asked: float | None = None
        self._fails = False  # the disk, which is said once
        self._others = read_sessions(folder, clocks.boot) if folder else {}
        self._save(None)

    def take_gps(self, utc: float, moment: float) -> None:
        """The time of a fix, seconds since 1970 UTC, and the monotonic second at which it was told."""
        with self._lock:
            self._gps.take(utc, moment)

    def look(self) -> None:
        """See who knows the time: GPS first, else a synchronised system; to be called between frames."""
        now = self._clocks.monotonic()
        if now < self._due:
            return
        self._due = now + LOOK_S
        with self._lock:
            offset = self._gps.offset(now)
            if offset is not None:
                self._learn(Known(offset, "gps"), now)
            elif self._clocks.is_true():
                self._learn(Known(self._clocks.offset(), "system"), now)

    def stamp(self, moment: float) -> tuple[float, TimeSource]:
        """Time (seconds since 1970 UTC) and its source of what happened at a monotonic second."""
        with self._lock:
            return self._line.stamp(moment)

    def now(self) -> float:
        """Seconds since 1970 UTC, as well as they are known."""
        return self.state()[0]

    def known_now(self) -> float:
        """The same where it is known, else 1970: by a clock that may be years ahead nothing grows old."""
        now, source = self.state()
        return 0.0 if source == "unsynchronised" else now

    def state(self) -> tuple[float, TimeSource]:
        """The time of now, and its source."""
        with self._lock:
            return self._line.at(self._clocks.monotonic())

    def wait_no_longer(self) -> None:
        """Let go what waits: it could not be kept."""
        self._wait = 0.0

    def ready(self, event: Event) -> Event | None:
        """The event as it is to be sent; None while its true time may still become known.

        An event of this boot gets its true time, or is sent as it is after `wait_s`; once one of a session is, those
        before it are, too. Of an earlier boot no time can become known any more. A copy is equal to the first one sent.
        """
        if event.time_source != "unsynchronised":
            return event
        with self._lock:
            if event.session != self._session:
                return self._of_other_session(event)
            provisional = parse_time(event.time)
            if self._line.first is None and not _is_past(provisional, self._line.let_go_until):
                if self._may_become_known():
                    return None
                self._line.let_go(self._clocks.monotonic() + ROUNDING_S)
                self._save(None)
            return _at(event, *self._line.correct(provisional))

    def _of_other_session(self, event: Event) -> Event | None:
        other = self._others.get(event.session)
        if other is not None:
            provisional = parse_time(event.time)
            if other.known is None and not _is_past(provisional, other.let_go_until):
                if self._may_become_known():
                    return None
                until = other.provisional + self._clocks.monotonic() + ROUNDING_S
                self._others[event.session] = replace(other, let_go_until=until)
                self._save(None)
            elif corrected := other.correct(provisional):
                return _at(event, *corrected)
        return replace(event, historical=True)  # nobody knows its age, but it is not of now

    def _may_become_known(self) -> bool:
        now = self._clocks.monotonic()
        if self._asked is None:
            self._asked = now
        return now - self._asked < self._wait

    def _learn(self, known: Known, now: float) -> None:
        if self._line.first is None:
            self._save(known)  # before anyone can see a time that follows from it
            ahead = self._line.provisional - known.offset
            _log.info("the time is known (%s); at the start the system's clock was %+.1f s off", known.source, ahead)
        before, source = self._line.at(now)
        self._line.learn(known, now)
        off = now + known.offset - before
        if source not in ("unsynchronised", "adjusting") and abs(off) > WORTH_TELLING_S:
            _log.warning("the time is corrected by %+.1f s (%s)", off, known.source)

    def _save(self, known: Known | None) -> None:
        if known is not None:
            waiting = {number: one for number, one in self._others.items() if one.known is None}
            self._others |= {number: replace(one, known=known) for number, one in waiting.items()}
        if self._folder is not None:
            own = SessionTime(self._line.provisional, known or self._line.first, self._line.let_go_until)
            error = write_sessions(self._folder, self._clocks.boot, {**self._others, self._session: own})
            if error and not self._fails:
                without = "after a restart, events of now may go without their true time"
                _log.error("%s: it cannot be written (%s); %s.", self._folder / NAME, error.strerror, without)
            self._fails = error is not None


def _is_past(provisional: float, until: float | None) -> bool:
    return until is not None and provisional <= until


def _at(event: Event, time: float, source: TimeSource) -> Event:
    return replace(event, time=format_time(time), time_source=source)
