"""The outbox: an event is on the disk, encrypted, when `put` returns, and goes when the broker has acknowledged it."""

from __future__ import annotations

import logging
import sqlite3
import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from heapq import merge
from itertools import islice
from operator import itemgetter
from pathlib import Path
from typing import TypeVar

from edge.config import OutboxConfig
from edge.delivery.message import decode, encode
from edge.delivery.outbox_access import Access
from edge.delivery.outbox_rows import Gap, Reading, Rows, is_damage
from edge.delivery.outbox_seal import Row, UnreadableError
from edge.delivery.outbox_stock import Room, Stock, victims
from edge.errors import DiskError
from edge.records import LEVELS, Event

CLOCK_BEGINS = 1_735_689_600
"""2025-01-01: an event that was put by a clock before it has no known age and does not grow old."""
SPILL = 10_000
"""Events kept in memory while the disk takes none; about 10 MB."""
DAY_S = 86_400
EXPIRY_S = 60.0
"""How often events that are too old are looked for."""
BATCH = 50
"""Events dropped at a time at most, so that none of it takes long."""

_T = TypeVar("_T")
_log = logging.getLogger(__name__)


class Outbox:
    """An `EventQueue` in `folder`/outbox.db; `wall` gives seconds since 1970 UTC.

    While the disk takes nothing (full, read-only, failing), at the start or later, events wait in memory, which is
    said, and go to the disk with the next event that it takes. A row's ticket is its sequence, which rises over all
    sessions.

    Raises:
        ConfigError: the key cannot be used, or another process uses the database.
    """

    durable = True

    def __init__(self, folder: Path, config: OutboxConfig, *, wall: Callable[[], float] = time.time) -> None:
        self._folder = folder
        self._room = Room(config.events, config.megabytes * 1_000_000)
        self._life = config.days * DAY_S
        self._wall = wall
        self._lock = threading.Lock()
        self._spilled: dict[int, Event] = {}
        self._delivered: set[int] = set()
        """Delivered, but the disk did not let them be deleted."""
        self._lost_in_memory = 0
        self._ailment: str | None = None
        self._expiry_due = 0.0
        self._access = Access(folder, config)
        self._closed = False
        self._last = self._access.first_ticket
        self._stock = Stock()
        self._gaps: list[Gap] = []
        if self._access.trouble is not None:
            self._ail(self._access.trouble)
        if self._access.is_open:
            self._try(lambda: self._take_stock(self._access.rows()))
        elif self._access.reading is not None:
            with suppress(sqlite3.Error):  # damaged, and no new one can be begun: it stays as it is
                self._take_stock(self._access.reading)

    def put(self, event: Event) -> None:
        """Keep an event: on the disk when this returns, unless the disk takes nothing."""
        with self._lock:
            self._last += 1
            try:
                self._try(partial(self._store, {**self._spilled, self._last: event}))
            except sqlite3.Error as error:
                self._ail(error)
                self._spill(event)
            else:
                self._recover()

    def oldest(self, limit: int, besides: Collection[int] = frozenset()) -> list[tuple[int, Event]]:
        if limit <= 0:
            return []
        with self._lock:
            try:
                stored = self._try(partial(self._read, limit, besides))
            except sqlite3.Error as error:
                self._ail(error)
                stored = []
            spilled = ((number, event) for number, event in self._spilled.items() if number not in besides)
            return list(islice(merge(stored, spilled, key=itemgetter(0)), limit))

    def remove(self, tickets: Iterable[int]) -> int:
        with self._lock:
            delivered = set(tickets) - self._delivered
            spilled = delivered & self._spilled.keys()
            for ticket in spilled:
                del self._spilled[ticket]
            before = len(self._delivered)
            self._delivered |= delivered - spilled
            try:
                # A deletion that a power cut undoes costs one repeat, as QoS 1 may; waiting for the disk costs time.
                found = self._try(self._forget)
            except sqlite3.Error as error:
                self._ail(error)
                return len(delivered)
            return len(spilled) + max(0, found - before)

    def __len__(self) -> int:
        return max(0, self._stock.number - len(self._delivered)) + len(self._spilled)

    @property
    def on_disk(self) -> bool:
        """Whether everything that waits is on the disk, nothing in memory alone."""
        return not self._spilled

    @property
    def dropped(self) -> int:
        """Since this database was begun, over all sessions."""
        return self._stock.dropped + self._lost_in_memory

    @property
    def gaps(self) -> list[Gap]:
        """The last gaps that this left in the order of events: session, first and last sequence."""
        return self._gaps

    def close(self) -> None:
        """Let another process have it; what is only in memory gets a last try."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            self._access.hurry()
            try:
                if self._spilled or self._delivered:
                    self._store(self._spilled)
            except sqlite3.Error as error:
                if lost := len(self._spilled):
                    _log.error("%s: the disk takes nothing (%s), %d events are lost.", self._folder, error, lost)
            self._access.close()

    @property
    def _rows(self) -> Rows:
        """The database; where it was not open, what it holds is counted first."""
        was_open = self._access.is_open
        rows = self._access.rows()
        if not was_open:
            self._take_stock(rows)
        return rows

    def _take_stock(self, rows: Reading) -> None:
        dropped = rows.fact("dropped")
        self._stock = Stock(rows.sums(), dropped if isinstance(dropped, int) else 0)
        self._gaps = rows.gaps()
        self._last = max(self._last, rows.last_sequence())

    def _try(self, work: Callable[[], _T]) -> _T:
        """Do it; in a damaged database's stead a new one is begun, and it is done there."""
        try:
            return work()
        except sqlite3.Error as error:
            if not is_damage(error):
                raise
            self._access.begin_anew(str(error))
            self._take_stock(self._access.rows())
            return work()

    def _store(self, events: dict[int, Event]) -> None:
        """Write these, and with them all that the disk owes, in one transaction."""
        due = time.monotonic() >= self._expiry_due
        dropped = self._stock.dropped
        with self._change():
            self._take(self._delivered)
            if due:
                self._drop(self._expired())
            for ticket, event in events.items():
                row = self._access.seal.close(ticket, LEVELS.index(event.level), int(self._wall()), encode(event))
                oldest_of = partial(self._rows.oldest_of, limit=BATCH)
                least = list(islice(victims(self._stock, self._room, oldest_of, row), BATCH))
                self._drop(least)
                self._rows.add(row)
                self._stock = self._stock.plus(row)
                # What waits counts for more than it; or the room became smaller, and more goes with the next event.
                if not self._stock.fits(self._room) and len(least) < BATCH:
                    self._drop([row])
            if self._stock.dropped != dropped:
                self._rows.set_fact("dropped", self._stock.dropped)
        if self._stock.dropped != dropped:
            self._gaps = self._rows.gaps()
        if due:
            self._expiry_due = time.monotonic() + EXPIRY_S
        self._spilled.clear()
        self._delivered.clear()

    def _read(self, limit: int, besides: Collection[int]) -> list[tuple[int, Event]]:
        found: list[tuple[int, Event]] = []
        broken: list[Row] = []
        try:
            rows: Reading = self._rows
        except sqlite3.Error:
            if self._access.reading is None:
                raise
            rows = self._access.reading
        for row in rows.after(0, limit + len(besides) + len(self._delivered)):
            if row.sequence in besides or row.sequence in self._delivered:
                continue
            if len(found) == limit:
                break
            try:
                found.append((row.sequence, decode(self._access.seal.open(row))))
            except (UnreadableError, ValueError):
                broken.append(row)
        if broken and self._access.is_open:
            _log.error("%s: %d events were damaged or altered and cannot be sent.", self._folder, len(broken))
            with self._change():
                self._drop(broken)
                self._rows.set_fact("dropped", self._stock.dropped)
        return found

    def _forget(self) -> int:
        with self._change(durable=False):
            found = self._take(self._delivered)
        self._delivered.clear()
        return found

    def _take(self, tickets: Iterable[int]) -> int:
        taken = self._rows.delete(tickets)
        self._stock = self._stock.minus(taken)
        return len(taken)

    def _drop(self, rows: list[Row]) -> None:
        """Inside a transaction: take away what has not been delivered, count it and note the gap."""
        taken = self._rows.delete(row.sequence for row in rows)
        self._stock = self._stock.minus(taken, dropped=len(taken))
        for row in rows:
            try:
                event = decode(self._access.seal.open(row))
            except (UnreadableError, ValueError):
                continue
            self._rows.add_gap(event.session, event.sequence)

    def _expired(self) -> list[Row]:
        return self._rows.put_between(CLOCK_BEGINS, int(self._wall() - self._life), BATCH)

    @contextmanager
    def _change(self, *, durable: bool = True) -> Iterator[None]:
        before = self._stock
        try:
            with self._rows.transaction(durable=durable):
                yield
        except BaseException:
            self._stock = before
            raise

    def _spill(self, event: Event) -> None:
        if len(self._spilled) >= SPILL:
            least = min(self._spilled, key=lambda ticket: (LEVELS.index(self._spilled[ticket].level), ticket))
            del self._spilled[least]
            self._lost_in_memory += 1
        self._spilled[self._last] = event

    def _ail(self, error: sqlite3.Error | DiskError) -> None:
        if self._ailment is not None:
            return
        self._ailment = str(error)
        if isinstance(error, DiskError):
            _log.error("%s Until then events wait in memory and would be lost with the power.", error)
        else:
            _log.error(
                "%s: the outbox cannot be written (%s); events wait in memory and would be lost with the power: make "
                "room on the disk, or let the daemon's user write there.",
                self._folder,
                error,
            )

    def _recover(self) -> None:
        if self._ailment is not None:
            self._ailment = None
            _log.info("%s: the outbox can be written again; what waited in memory is on the disk.", self._folder)
