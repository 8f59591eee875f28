"""The session number: another one at each start, so that events and last wills of different starts are told apart."""

from __future__ import annotations

import os
import time
from pathlib import Path

from edge.errors import ConfigError


def next_session(state_directory: Path | None) -> int:
    """The number of this start, one more than the last; kept in `state_directory`/session.

    Without a state directory it is the number of seconds since 1970, which rises as long as the clock does.

    Raises:
        ConfigError: the directory cannot be written.
    """
    if state_directory is None:
        return int(time.time())
    path = state_directory / "session"
    try:
        state_directory.mkdir(parents=True, exist_ok=True)
        last = path.read_text(encoding="ascii", errors="replace").strip() if path.exists() else "0"
        session = int(last) + 1 if last.isascii() and last.isdigit() else int(time.time())
        fresh = path.with_suffix(".new")
        with fresh.open("w", encoding="ascii") as file:
            file.write(f"{session}\n")
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    except OSError as error:
        raise ConfigError(
            f"{path}: the session number cannot be kept ({error.strerror}); "
            "let the daemon's user write to state_directory."
        ) from None
    return session


def state_directory(configured: Path | None) -> Path | None:
    """The configured directory, else the one that systemd gives the service, else None."""
    given = os.environ.get("STATE_DIRECTORY", "").split(":")[0]
    return configured or (Path(given) if given else None)
