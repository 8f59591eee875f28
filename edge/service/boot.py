"""What must be known of earlier sessions, so that a later one can tell when the events were that still wait.

The monotonic clock runs through every session of one boot: an event gets its true time even when it is another session
that learns it. With the machine's end that is over; what was known by then stays.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

from edge.clock.timeline import Known
from edge.delivery.key import sync_folder
from edge.records import TimeSource

NAME = "clock.json"
KEPT = 200
"""Sessions: a daemon that is started again and again fills no disk."""


@dataclass(frozen=True, slots=True)
class SessionTime:
    """A session's time: the offset to the monotonic clock until the true one was `known`.

    `let_go_until`: events with times up to it were sent as they are.
    """

    provisional: float
    known: Known | None = None
    let_go_until: float | None = None

    def correct(self, provisional: float) -> tuple[float, TimeSource] | None:
        """Time and source of an event that was stamped `provisional`, as its own session would send it.

        None: it stays as it is, since it was sent so, or something before it was that it would fall behind.
        """
        if self.known is None:
            return None
        backward = self.known.offset < self.provisional
        if self.let_go_until is not None and (backward or provisional <= self.let_go_until):
            return None
        return provisional - self.provisional + self.known.offset, self.known.source


def read_sessions(folder: Path, boot: str) -> dict[int, SessionTime]:
    """The sessions of this boot and those whose time was known, by number; none of a missing or damaged file."""
    try:
        content = json.loads((folder / NAME).read_bytes())
        is_same = content["boot"] == boot and bool(boot)
        sessions = {int(number): _session(one) for number, one in content["sessions"].items()}
        return {number: one for number, one in sessions.items() if is_same or one.known}
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return {}


def write_sessions(folder: Path, boot: str, sessions: dict[int, SessionTime]) -> OSError | None:
    """Keep them, on the disk for certain; gives the error of a disk that takes nothing."""
    newest = sorted(sessions)[-KEPT:]
    content = {"boot": boot, "sessions": {str(number): _content(sessions[number]) for number in newest}}
    path = folder / NAME
    fresh = path.with_suffix(".new")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with fresh.open("w", encoding="ascii") as file:
            json.dump(content, file)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
        sync_folder(folder)
    except OSError as error:
        return error
    return None


def _session(content: dict[str, object]) -> SessionTime:
    provisional, offset, until = (content[name] for name in ("provisional", "offset", "let_go_until"))
    if (
        not isinstance(provisional, float)
        or not isinstance(offset, float | None)
        or not isinstance(until, float | None)
    ):
        raise ValueError("not the time of a session")  # noqa: TRY004  the file's fault
    known = None if offset is None else Known(offset, "gps" if content["source"] == "gps" else "system")
    return SessionTime(provisional, known, until)


def _content(session: SessionTime) -> dict[str, object]:
    known = session.known
    return {
        "provisional": session.provisional,
        "offset": known.offset if known else None,
        "source": known.source if known else None,
        "let_go_until": session.let_go_until,
    }
