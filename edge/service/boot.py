"""What must be known of the sessions since the machine's start, so that a later one can tell when their events were.

The monotonic clock runs through every session of one boot: an event that the outbox still holds gets its true time even
when it is another session that learns it. With the machine's end that is over: the file of another boot says nothing.
"""

from __future__ import annotations

import json
import logging
import os
from dataclasses import dataclass
from pathlib import Path

from edge.clock.timeline import Known

NAME = "clock.json"
KEPT = 200
"""Sessions: a daemon that is started again and again fills no disk."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SessionTime:
    """A session's time: the offset to the monotonic clock until the true one was `known`; `sent`: not to be changed."""

    provisional: float
    known: Known | None = None
    sent: bool = False


def read_sessions(folder: Path, boot: str) -> dict[int, SessionTime]:
    """The sessions of this boot, by number; none where the file is missing, damaged, or of another boot."""
    try:
        content = json.loads((folder / NAME).read_bytes())
        if content["boot"] != boot or not boot:
            return {}
        return {int(number): _session(one) for number, one in content["sessions"].items()}
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return {}


def write_sessions(folder: Path, boot: str, sessions: dict[int, SessionTime]) -> None:
    """Keep them, on the disk for certain; a disk that takes nothing is said, and no more."""
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
    except OSError as error:
        _log.error(
            "%s: it cannot be written (%s); after a restart, events of now may go without their true time.",
            path,
            error.strerror,
        )


def _session(content: dict[str, object]) -> SessionTime:
    provisional, offset, source, sent = (content[name] for name in ("provisional", "offset", "source", "sent"))
    if not isinstance(provisional, float) or not isinstance(offset, float | None) or not isinstance(sent, bool):
        raise ValueError("not the time of a session")  # noqa: TRY004  the file's fault
    if offset is None:
        return SessionTime(provisional, None, sent)
    return SessionTime(provisional, Known(offset, "gps" if source == "gps" else "system"), sent)


def _content(session: SessionTime) -> dict[str, object]:
    known = session.known
    return {
        "provisional": session.provisional,
        "offset": known.offset if known else None,
        "source": known.source if known else None,
        "sent": session.sent,
    }
