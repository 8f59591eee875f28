"""What the fleet may ask of the running daemon."""

from __future__ import annotations

import hashlib
import platform
import shutil
import time
from collections.abc import Callable
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from typing import Any

from edge.config import Config
from edge.delivery.command import Refusal, Request


class Mute:
    """For how long alarms in the vehicle are silent, as the fleet asked; `clock` gives monotonic seconds.

    Events are never muted, and neither is an alarm of the level critical: whoever sounds alarms asks `is_muted` for
    the others.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._until = float("-inf")

    def ask(self, minutes: float) -> None:
        """Silent for so long from now; 0 ends it."""
        self._until = self._clock() + 60 * minutes

    @property
    def is_muted(self) -> bool:
        return self._clock() < self._until


class Commands:
    """Carries out requests between two frames."""

    def __init__(self, config: Config, session: int, folder: Path | None, mute: Mute) -> None:
        self._config = config
        self._session = session
        self._folder = folder
        self._mute = mute
        self._began = time.monotonic()

    def carry_out(self, request: Request, report: dict[str, Any], last_error: str | None) -> dict[str, Any]:
        """The result to be told; `report` is what the status topic would say.

        Raises:
            Refusal: it cannot be done here.
        """
        if request.name == "status":
            return report
        if request.name == "bundle-info":
            return self._bundle_info(last_error)
        if request.minutes is None:
            raise Refusal("'minutes' is missing; say for how long.")
        self._mute.ask(request.minutes)
        return {"minutes": request.minutes}

    def _bundle_info(self, last_error: str | None) -> dict[str, Any]:
        """What a fleet wants to know before it asks someone to fetch a bundle from the vehicle."""
        configuration = self._config.model_dump_json().encode()
        free: int | None = None
        if self._folder is not None:
            with suppress(OSError):
                free = shutil.disk_usage(self._folder).free // 1_000_000
        return {
            "version": version("driver-monitor"),
            "python": platform.python_version(),
            "machine": platform.machine(),
            "session": self._session,
            "uptime_s": round(time.monotonic() - self._began),
            "configuration_sha256": hashlib.sha256(configuration).hexdigest(),
            "disk_free_mb": free,
            "last_error": last_error,
        }
