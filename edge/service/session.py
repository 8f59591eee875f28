"""The session number: another one at each start, so that events and last wills of different starts are told apart."""

from __future__ import annotations

import logging
import os
import secrets
import time
from contextlib import suppress
from pathlib import Path

from edge.errors import DiskError, disk_mend

_log = logging.getLogger(__name__)


def next_session(state_directory: Path | None) -> int:
    """The number of this start, one more than the last; kept in `state_directory`/session.

    Without a state directory it is the number of seconds since 1970, which rises as long as the clock does. On a disk
    that takes nothing it is a number that no start had and, by all odds, none will have; that is said in the log.

    Raises:
        ConfigError: the directory cannot be written for want of rights.
    """
    if state_directory is None:
        return int(time.time())
    path = state_directory / "session"
    last = 0
    try:
        state_directory.mkdir(parents=True, exist_ok=True)
        last = _last(path)
        _keep(path, last + 1)
    except OSError as error:
        mend = disk_mend(error, "let the daemon's user write to state_directory")
        sentence = f"{path}: the session number cannot be kept ({error.strerror}); {mend}."
        trouble = DiskError.or_config(error, sentence)
        if not isinstance(trouble, DiskError):
            raise trouble from None
        if _overwrite(path, last + 1):
            return last + 1
        session = max(last + 1 + secrets.randbelow(1_000_000), int(time.time()))
        _log.error("%s This start has the number %d.", sentence, session)
        return session
    return last + 1


def _last(path: Path) -> int:
    """The number of the start before; from a damaged file one that is above it."""
    last = path.read_text(encoding="ascii", errors="replace").strip() if path.exists() else "0"
    return int(last) if last.isascii() and last.isdigit() else int(time.time())


def _keep(path: Path, session: int) -> None:
    fresh = path.with_suffix(".new")
    try:
        with fresh.open("w", encoding="ascii") as file:
            file.write(f"{session}\n")
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    except OSError:
        with suppress(OSError):
            fresh.unlink(missing_ok=True)
        raise


def _overwrite(path: Path, session: int) -> bool:
    """Write it where the last one stands: that needs no room, so a full disk allows it; a read-only one does not."""
    try:
        with path.open("r+b", buffering=0) as file:
            file.write(f"{session}\n".encode())
            file.truncate()
            os.fsync(file.fileno())
    except OSError:
        return False
    return True


def state_directory(configured: Path | None) -> Path | None:
    """The configured directory, else the one that systemd gives the service, else None."""
    given = os.environ.get("STATE_DIRECTORY", "").split(":")[0]
    return configured or (Path(given) if given else None)
