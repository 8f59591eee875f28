"""Events that wait for the broker's acknowledgement."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Collection, Iterable, Sequence
from itertools import islice
from typing import Protocol

from edge.records import Event


class EventQueue(Protocol):
    """What the publisher needs of a place where events wait; used by two threads at once.

    Each event has a ticket, a number from 1 that rises with each put: older events have smaller tickets.
    """

    def put(self, event: Event) -> None: ...

    def oldest(self, limit: int, besides: Collection[int] = frozenset()) -> list[tuple[int, Event]]:
        """Up to `limit` waiting events with their tickets, oldest first, those with the tickets `besides` left out."""
        ...

    def remove(self, tickets: Iterable[int]) -> int:
        """Forget delivered events; gives how many had not gone already."""
        ...

    def __len__(self) -> int: ...

    @property
    def dropped(self) -> int:
        """How many events went undelivered because there was no room for them, or they were too old."""
        ...

    @property
    def gaps(self) -> Sequence[tuple[int, int, int]]:
        """Which of them, the last ones: session, first and last sequence; empty where that is not kept."""
        ...

    @property
    def durable(self) -> bool:
        """Whether what waits outlives the process."""
        ...

    @property
    def on_disk(self) -> bool:
        """Whether all that waits now does."""
        ...


class MemoryQueue:
    """Holds up to `room` events in memory; beyond it the oldest goes and is counted. Lost when the process ends."""

    durable = on_disk = False
    gaps: Sequence[tuple[int, int, int]] = ()

    def __init__(self, room: int) -> None:
        self._room = room
        self._dropped = 0
        self._last = 0
        self._lock = threading.Lock()
        # Not a dict: finding the first key of a dict that is emptied from the front gets slower and slower.
        self._events: OrderedDict[int, Event] = OrderedDict()

    def put(self, event: Event) -> None:
        with self._lock:
            if len(self._events) >= self._room:
                self._events.popitem(last=False)
                self._dropped += 1
            self._last += 1
            self._events[self._last] = event

    def oldest(self, limit: int, besides: Collection[int] = frozenset()) -> list[tuple[int, Event]]:
        with self._lock:
            others = ((number, event) for number, event in self._events.items() if number not in besides)
            return list(islice(others, limit))

    def remove(self, tickets: Iterable[int]) -> int:
        with self._lock:
            return sum(self._events.pop(ticket, None) is not None for ticket in tickets)

    def __len__(self) -> int:
        with self._lock:
            return len(self._events)

    @property
    def dropped(self) -> int:
        return self._dropped
