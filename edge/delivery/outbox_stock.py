"""What the outbox holds, counted by level, and what must go to make room: pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import chain

from edge.delivery.outbox_seal import Row


@dataclass(frozen=True, slots=True)
class Room:
    """The outbox's bounds."""

    events: int
    bytes: int


@dataclass(frozen=True, slots=True)
class Stock:
    """Number and bytes of the rows by level (0 advisory to 2 critical), and how many were ever dropped."""

    sums: dict[int, tuple[int, int]] = field(default_factory=dict)
    dropped: int = 0

    @property
    def number(self) -> int:
        return sum(number for number, _ in self.sums.values())

    @property
    def bytes(self) -> int:
        return sum(size for _, size in self.sums.values())

    def plus(self, row: Row) -> Stock:
        return self._changed([(row.level, len(row.body))], 1)

    def minus(self, taken: Iterable[tuple[int, int]], *, dropped: int = 0) -> Stock:
        """Without rows of these levels and bytes, of which so many were dropped."""
        return replace(self._changed(taken, -1), dropped=self.dropped + dropped)

    def fits(self, room: Room) -> bool:
        return self.number <= room.events and self.bytes <= room.bytes

    def _changed(self, taken: Iterable[tuple[int, int]], sign: int) -> Stock:
        sums = dict(self.sums)
        for level, size in taken:
            number, total = sums.get(level, (0, 0))
            sums[level] = (number + sign, total + sign * size)
        return replace(self, sums=sums)


def victims(stock: Stock, room: Room, oldest_of: Callable[[int], Iterable[Row]], newcomer: Row) -> Iterator[Row]:
    """What must go so that the newcomer has room: the oldest of the lowest level first, never for a lesser newcomer.

    `oldest_of` gives the rows of a level, oldest first; where it gives too few, there may still be no room.
    """
    stock = stock.plus(newcomer)
    rows = chain.from_iterable(map(oldest_of, range(newcomer.level + 1)))
    while not stock.fits(room) and (row := next(rows, None)) is not None:
        stock = stock.minus([(row.level, len(row.body))])
        yield row
