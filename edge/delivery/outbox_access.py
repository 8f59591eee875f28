"""The way to the outbox's database, also on a disk that takes nothing at the start and perhaps later."""

from __future__ import annotations

import os
import sqlite3
import time
from contextlib import suppress
from pathlib import Path

from edge.config import OutboxConfig
from edge.delivery.outbox_rows import Reading, Rows
from edge.delivery.outbox_seal import Seal
from edge.delivery.outbox_store import NAME, begin_anew, hold, load_seal, open_rows, read_seal
from edge.errors import ConfigError, DiskError

AGAIN_S = 5.0
"""How often a database that could not be opened is tried again."""
BEYOND = 2**40
"""Above the tickets of a database that cannot even be read, so that none is given twice."""


class Unopened(sqlite3.OperationalError):
    """The database is not open, as the disk takes nothing; it is no damage."""

    sqlite_errorcode = sqlite3.SQLITE_CANTOPEN


class Access:
    """Key and database of `folder`, for this process alone.

    Where the disk takes nothing, `trouble` says so, `reading` gives what can be read of the database, if anything, and
    `rows` tries again, every 5 s.

    Raises:
        ConfigError: the key cannot be used, or another process uses the outbox.
    """

    def __init__(self, folder: Path, config: OutboxConfig) -> None:
        self._folder = folder
        self._config = config
        self._holder = -1
        self._due = 0.0
        self._seal: Seal | None = None
        self._rows: Rows | None = None
        self.reading: Reading | None = None
        self.trouble: DiskError | None = None
        try:
            self._open()
        except DiskError:
            self._look()
        except BaseException:
            self.close()
            raise

    @property
    def seal(self) -> Seal:
        """The key at work.

        Raises:
            Unopened: there is none, as the disk took none.
        """
        if self._seal is None:
            raise Unopened(self.trouble)
        return self._seal

    def rows(self) -> Rows:
        """The database to write in; opened now where it was not.

        Raises:
            Unopened: the disk takes nothing.
        """
        if self._rows is not None:
            return self._rows
        if time.monotonic() < self._due:
            raise Unopened(self.trouble)
        try:
            return self._open()
        except ConfigError as error:  # a start may end with it; amid a drive the driver is watched on
            raise Unopened(error) from None

    @property
    def is_open(self) -> bool:
        return self._rows is not None

    @property
    def first_ticket(self) -> int:
        """Tickets that are given before the database is open must be above this."""
        if self.is_open:
            return 0
        if self.reading is not None:
            with suppress(sqlite3.Error):  # damaged
                return self.reading.last_sequence()
        return BEYOND if (self._folder / NAME).exists() else 0

    def hurry(self) -> None:
        """The next call of `rows` tries the disk, however short a while ago the last one did."""
        self._due = 0.0

    def begin_anew(self, reason: str) -> None:
        """Set the damaged database aside, and begin one with what can still be read of it.

        Raises:
            Unopened: the disk takes nothing; it is tried again.
        """
        self.rows().close()
        self._rows = None
        self._due = time.monotonic() + AGAIN_S
        try:
            self._rows = begin_anew(self._folder, self.seal, reason)
        except (OSError, sqlite3.Error) as full:
            self._look()
            raise Unopened(full) from None

    def close(self) -> None:
        for opened in (self._rows, self.reading):
            if opened is not None:
                opened.close()
        self._rows = self.reading = None
        if self._holder >= 0:
            os.close(self._holder)
            self._holder = -1

    def _open(self) -> Rows:
        self._due = time.monotonic() + AGAIN_S
        try:
            if self._holder < 0:
                self._holder = hold(self._folder)
            self._seal = load_seal(self._folder, self._config)
            self._rows = open_rows(self._folder, self._seal)
        except DiskError as error:
            self.trouble = error
            raise
        self.trouble = None
        if self.reading is not None:  # until now what it reads could be sent
            self.reading.close()
            self.reading = None
        return self._rows

    def _look(self) -> None:
        """What is on a disk that takes nothing can still be sent, if its key is there."""
        if not (self._folder / NAME).exists():
            return
        with suppress(sqlite3.Error):
            self._seal = self._seal or read_seal(self._folder, self._config)
            self.reading = Reading(self._folder / NAME)
