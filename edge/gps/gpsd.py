"""The vehicle's place from gpsd, over its JSON socket, in a thread of its own: no frame ever waits for it."""

from __future__ import annotations

import logging
import select
import socket
import threading
import time
from bisect import bisect_right
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from edge.backoff import Backoff
from edge.config import GpsConfig
from edge.gps.gpsd_lines import FixKind, Lines, Report, Sky, Tpv, read_line
from edge.gps.nmea import Fix
from edge.gps.track import STALE_S
from edge.records import Position

WATCH = b'?WATCH={"enable":true,"json":true};\n'
CONNECT_S = 5.0
GOODBYE_S = 1.0
SILENCE_S = 10.0
"""After so long without a word gpsd is asked to answer; after as long again the connection counts as dead."""
RECONNECT_S = (0.5, 30.0)
"""The shortest and the longest wait before connecting again."""
SKY_S = 10.0
"""The number of satellites counts for so long; receivers list them every 1 to 5 s."""
KEPT = 32
"""Fixes: some seconds of any receiver, so that an event has the place where it happened."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class GpsState:
    """How the receiver is: `age` is seconds since the last fix with a place, None before the first; `satellites` are
    those used for the fix, None where nothing was said of them in the last `SKY_S`.
    """

    connected: bool
    fix: FixKind
    age: float | None
    satellites: int | None


class Gpsd:
    """Follows gpsd from `start` to `close`, and connects again when it goes; without a fix there is no position.

    Moments are seconds of `monotonic`; a fix counts from the moment at which it was told. `on_time` is called, in this
    object's thread, with each new time of a fix (seconds since 1970 UTC) and that moment.
    """

    def __init__(
        self,
        config: GpsConfig,
        on_time: Callable[[float, float], None] = lambda _utc, _moment: None,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        reconnect_s: tuple[float, float] = RECONNECT_S,
    ) -> None:
        self._config = config
        self._on_time = on_time
        self._monotonic = monotonic
        self._backoff = Backoff(*reconnect_s)
        self._lock = threading.Lock()
        self._fixes: deque[Fix] = deque(maxlen=KEPT)
        self._fix: FixKind = "none"
        self._fix_told = float("-inf")
        self._sky: Sky | None = None
        self._sky_told = float("-inf")
        self._connected = False
        self._last_time: float | None = None
        self._told: str | None = None
        self.damaged = 0
        """Lines that were none of gpsd's."""
        self._is_over = False
        self._alarm, self._bell = socket.socketpair()
        self._thread = threading.Thread(target=self._run, name="gpsd", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        self._is_over = True
        self._alarm.send(b"\0")
        if self._thread.ident is not None:
            self._thread.join(GOODBYE_S)  # it may be connecting to a host that does not answer
        if not self._thread.is_alive():
            self._alarm.close()
            self._bell.close()

    def position_at(self, moment: float) -> Position | None:
        """The last place told at or before `moment`; None where there is none or it is older than `STALE_S`."""
        with self._lock:
            index = bisect_right(self._fixes, moment, key=lambda fix: fix.time) - 1
            fix = self._fixes[index] if index >= 0 else None
        if fix is None or moment - fix.time > STALE_S:
            return None
        return Position(fix.latitude, fix.longitude, fix.speed, fix.fix, moment - fix.time)

    def state(self) -> GpsState:
        now = self._monotonic()
        with self._lock:
            fix = self._fix if now - self._fix_told <= STALE_S else "none"
            age = now - self._fixes[-1].time if self._fixes else None
            sky = self._sky_at(now)
            return GpsState(self._connected, fix, age, None if sky is None else sky.used)

    def take(self, report: Report | None) -> None:
        """Take in what gpsd said just now."""
        moment = self._monotonic()
        if isinstance(report, Sky):
            with self._lock:
                sky = self._sky_at(moment)
                if report.is_listed or sky is None or not sky.is_listed:
                    self._sky, self._sky_told = report, moment
        if not isinstance(report, Tpv):
            return
        with self._lock:
            self._fix, self._fix_told = report.fix, moment
            if report.place is not None and report.fix != "none":
                self._fixes.append(Fix(moment, *report.place, report.speed, report.fix))
        # gpsd tells a fix again as more of it becomes known; only its first telling is near its time.
        if report.time is not None and report.time != self._last_time:
            self._last_time = report.time
            self._on_time(report.time, moment)

    def _sky_at(self, moment: float) -> Sky | None:
        return self._sky if moment - self._sky_told <= SKY_S else None

    def _run(self) -> None:
        while not self._is_over:
            try:
                for report in self._converse():
                    self._backoff.reset()
                    self.take(report)
            except OSError as error:
                self._tell(f"gpsd at {address_of(self._config)} cannot be heard ({error.strerror or error})")
            self._connected = False
            if not self._is_over:
                select.select([self._bell], [], [], self._backoff.next())

    def _converse(self) -> Iterator[Report | None]:
        """Each line of one connection, until it ends."""
        lines = Lines()
        with connect(self._config) as gpsd:
            while not self._is_over:
                too_long = lines.too_long
                data = self._receive(gpsd)
                if not data:
                    return
                for line in lines.feed(data):
                    try:
                        report = read_line(line)
                    except ValueError:
                        self.damaged += 1
                        continue
                    if not self._connected:
                        self._connected = True
                        self._tell(None)
                    yield report
                self.damaged += lines.too_long - too_long

    def _receive(self, gpsd: socket.socket) -> bytes:
        """What comes next; nothing at the end.

        Raises:
            OSError: the connection broke, or gpsd does not answer any more.
        """
        for asked in (False, True):
            readable, _, _ = select.select([gpsd, self._bell], [], [], SILENCE_S)
            if self._is_over:
                return b""
            if readable:
                data = gpsd.recv(65_536)
                if not data:
                    raise OSError("it closed the connection")
                return data
            if not asked:
                gpsd.sendall(b"?VERSION;\n")
        raise OSError(f"no answer in {SILENCE_S:g} s")

    def _tell(self, trouble: str | None) -> None:
        """Say each change once."""
        if trouble is None:
            _log.info("connected to gpsd at %s", address_of(self._config))
        elif trouble != self._told:
            _log.warning("%s; there are no positions until it can, it is tried again.", trouble)
        self._told = trouble


def connect(config: GpsConfig) -> socket.socket:
    try:
        gpsd = socket.create_connection((config.host, config.port), CONNECT_S)
    except UnicodeError:
        raise OSError("that is no host name") from None
    try:
        gpsd.sendall(WATCH)
    except OSError:
        gpsd.close()
        raise
    return gpsd


def address_of(config: GpsConfig) -> str:
    return f"{config.host}:{config.port}"
