"""What became of the last update of this installation, for who asks beside the vehicle; systemd/trial writes it."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

NAME = "last-update"
VERSIONS = "versions"
"""An installation keeps the environment of each version in a folder of this name, and beside it that file."""


def last_update(environment: Path = Path(sys.prefix)) -> str | None:
    """The sentence with its day before it; None where nothing was updated, or the installer has not installed it."""
    versions = environment.resolve().parent
    if versions.name != VERSIONS:
        return None
    path = versions.parent / NAME
    try:
        text = path.read_text(encoding="utf-8", errors="replace").strip()
        day = datetime.fromtimestamp(path.stat().st_mtime, UTC).date()
    except OSError:
        return None
    return f"{day}: {text}"
