"""The service manager's watchdog, fed with what was done and not with being alive."""

from __future__ import annotations

import faulthandler
import logging
import time
from collections.abc import Callable

from edge.service.notify import Notifier

STDERR = 2
DUMP_AT = 0.8
"""Share of the watchdog's interval after which the stacks of all threads go to the journal: it is about to strike."""

_log = logging.getLogger(__name__)


class Watchdog:
    """Tells the service manager that the daemon does its work, twice in its interval at most.

    What counts is a frame that was decided on within `late_s` of its coming, or that the camera's being down was told
    to whom it concerns. Nothing is fed otherwise: what hangs, hangs until the manager ends it.
    """

    def __init__(self, notifier: Notifier, late_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._notifier = notifier
        self._late_s = late_s
        self._clock = clock
        self._due = 0.0
        self._ready = False
        self._late = False

    def frame_decided(self, took_s: float) -> None:
        """A frame was seen and decided on, `took_s` seconds after it came."""
        late = took_s > self._late_s
        if late and not self._late:
            _log.error("a frame was decided on only %.1f s after it came: the watchdog is not fed with such", took_s)
        self._late = late
        if not late:
            self._feed("watching")

    def camera_down(self, *, reported: bool) -> None:
        """The camera gives nothing; `reported`: as `degraded` that has been put on its way."""
        if reported:
            self._feed("the camera gives no frames, which is reported")

    def close(self) -> None:
        """The loop is over."""
        faulthandler.cancel_dump_traceback_later()
        self._notifier.stopping()

    def _feed(self, status: str) -> None:
        self._notifier.status(status)
        if not self._ready:
            self._ready = True
            self._notifier.ready()
        interval = self._notifier.watchdog_s
        now = self._clock()
        if interval is None or now < self._due:
            return
        self._due = now + interval / 2
        self._notifier.watchdog()
        faulthandler.dump_traceback_later(DUMP_AT * interval, file=STDERR)
