"""One output with a thread and a failure of its own: whatever it does, nobody waits for it."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from edge.alerts.output import Output, OutputError
from edge.alerts.standing import Alert
from edge.backoff import Backoff

RETRY_S = (0.5, 30.0)
"""The shortest and the longest wait before a failed output is tried again; a new alarm does not wait for it."""
HANG_S = 2.0
"""A call that lasts longer is told: no output needs a tenth of that."""
SETTLED_S = 10.0
"""Works again is said once it worked for so long, so that an output that comes and goes does not fill the log."""
SHORTEST_S = 0.002
"""A wait is no shorter, however the times are rounded."""

_log = logging.getLogger(__name__)

Current = Callable[[], tuple[Alert | None, float | None]]
"""The alert of now, None where nothing is known, and for how many seconds that holds if nothing changes it."""


class Worker:
    """Shows the current alert at one output, again and again; opens the output anew, after a wait, when it fails.

    `start`, `wake`, `look`, `state` and `over` are called from outside and return at once, `join` after its
    timeout at the latest.
    """

    def __init__(
        self,
        output: Output,
        current: Current,
        clock: Callable[[], float] = time.monotonic,
        retry_s: tuple[float, float] = RETRY_S,
    ) -> None:
        self._output = output
        self._current = current
        self._clock = clock
        self._backoff = Backoff(*retry_s)
        self._wake = threading.Event()
        self._is_over = False
        self._thread: threading.Thread | None = None
        self._again = 0.0
        self._trouble: str | None = None
        self._busy_since: float | None = None
        self._works_since: float | None = None
        self._hang_told = False

    @property
    def name(self) -> str:
        return self._output.name

    def start(self) -> None:
        self._thread = threading.Thread(target=self._run, name=f"alert {self.name}", daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """The alert has changed."""
        self._wake.set()

    def look(self, now: float) -> None:
        """See to it, at `now` on the clock, that a call that hangs is told and a thread that ended begins anew."""
        busy_since = self._busy_since
        hangs = busy_since is not None and now - busy_since >= HANG_S
        if hangs != self._hang_told:
            self._hang_told = hangs
            if hangs:
                _log.warning("alert %s hangs: a call has not returned for %g s; the others go on.", self.name, HANG_S)
            else:
                _log.info("alert %s answers again", self.name)
        if self._thread is None or self._thread.is_alive() or self._is_over:
            return
        # An error that nobody foresaw has ended the thread; its traceback is in the log.
        if not self._again:
            self._again = now + self._backoff.next()
        elif now >= self._again:
            self._again = 0.0
            self.start()

    def state(self) -> str:
        """In words: starting, ok, hangs, or failed with the reason."""
        if self._hang_told:
            return "hangs"
        if self._trouble is not None:
            return f"failed: {self._trouble}"
        return "starting" if self._works_since is None else "ok"

    def over(self) -> None:
        """Show the current alert once more, then let go."""
        self._is_over = True
        self._wake.set()

    def join(self, timeout: float) -> None:
        if self._thread is not None:
            self._thread.join(timeout)

    def _run(self) -> None:
        trouble = "an error that nobody foresaw; its traceback is in the log"
        try:
            while not self._is_over:
                self._wake.clear()
                try:
                    with self._busy():
                        self._output.open()
                    self._show_until_over()
                except OutputError as error:
                    self._fail(str(error))
                    self._let_go()
                    if not self._is_over:
                        self._wake.wait(self._backoff.next())
            trouble = ""
        finally:
            if trouble:
                self._fail(trouble)
            self._let_go()

    def _show_until_over(self) -> None:
        while True:
            last = self._is_over
            self._wake.clear()
            alert, holds_s = self._current()
            with self._busy():
                again_s = self._output.show(alert, self._clock())
            if last:
                return
            waits = [wait for wait in (holds_s, again_s, self._settle()) if wait is not None]
            self._wake.wait(max(SHORTEST_S, min(waits)) if waits else None)

    @contextmanager
    def _busy(self) -> Iterator[None]:
        """A call of the output is in progress, which `look` holds against the clock."""
        self._busy_since = self._clock()
        try:
            yield
        finally:
            self._busy_since = None

    def _let_go(self) -> None:
        try:
            with self._busy():
                self._output.close()
        except OutputError as error:
            _log.debug("alert %s: %s", self.name, error)  # it has failed already, and that was told

    def _settle(self) -> float | None:
        """Seconds after which it counts as mended; None: it does."""
        now = self._clock()
        if self._works_since is None:
            self._works_since = now
        if self._trouble is None:
            return None
        left = self._works_since + SETTLED_S - now
        if left > 0:
            return left
        self._trouble = None
        self._backoff.reset()
        _log.info("alert %s works again", self.name)
        return None

    def _fail(self, reason: str) -> None:
        """Said once: until it has worked for a while, what else it suffers stands in the state alone."""
        if self._trouble is None:
            _log.warning("alert %s cannot be used: %s; it is tried again, the others go on.", self.name, reason)
        self._trouble = reason
        self._works_since = None
