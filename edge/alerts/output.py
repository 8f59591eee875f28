"""What reaches the driver: one small interface, and a fake for tests."""

from __future__ import annotations

import threading
from typing import Protocol

from edge.alerts.standing import Alert


class OutputError(Exception):
    """Why an output cannot be used now, as the part of a sentence after "cannot be used: "."""


class Output(Protocol):
    """One way to the driver, or one thing to be asked of him.

    All calls come from one thread of the output's own, one after another, so each may take its time; none may swallow
    an error. After an error comes `close`, and, later, `open` again.
    """

    @property
    def name(self) -> str:
        """What the log and the status call it."""

    def open(self) -> None:
        """Take hold of it, turned off.

        Raises:
            OutputError: it cannot be used now.
        """

    def show(self, alert: Alert | None, now: float) -> float | None:
        """Make it so at `now` monotonic seconds; None: nobody watches the driver, not yet or not any more.

        Gives the seconds after which it is to be called again even though the alert stays the same, None: not before
        the alert changes.

        Raises:
            OutputError: it cannot be used any more.
        """

    def close(self) -> None:
        """Turn it off and let go of it; without effect on what is not open."""


class FakeOutput:
    """Keeps what it was shown, with the times; fails or hangs where it is told to."""

    def __init__(self, name: str = "fake") -> None:
        self.name = name
        self.shown: list[tuple[float, Alert | None]] = []
        self.is_open = False
        self.openings = 0
        self.fails: str | None = None
        """Why every call fails from now on."""
        self.hangs: threading.Event | None = None
        """Every call waits for it."""

    def open(self) -> None:
        self.openings += 1
        self._suffer()
        self.is_open = True

    def show(self, alert: Alert | None, now: float) -> float | None:
        self._suffer()
        self.shown.append((now, alert))
        return None

    def close(self) -> None:
        self.is_open = False

    def _suffer(self) -> None:
        if self.hangs is not None:
            self.hangs.wait()
        if self.fails is not None:
            raise OutputError(self.fails)
