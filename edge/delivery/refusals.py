"""Topics that a broker refuses: left alone for a while, so that what it takes passes them."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from edge.backoff import Backoff

RETRY_S = (5.0, 600.0)
"""The shortest and the longest wait before a topic is tried again; some brokers close the connection each time."""


@dataclass(slots=True)
class _Refused:
    reason: str
    backoff: Backoff = field(default_factory=lambda: Backoff(*RETRY_S))
    until: float = 0.0
    tickets: set[int] = field(default_factory=set)


class Refusals:
    """What the broker does not take now, on which topic; `clock` gives monotonic seconds.

    After its wait one event of the topic is tried. The broker takes it, and all go; or it does not, and the next wait
    is longer.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._topics: dict[str, _Refused] = {}
        self._trial: str | None = None
        """The topic of which one event may go."""

    def refuse(self, topic: str, ticket: int, reason: str) -> bool:
        """The broker did not take an event; gives whether that is news."""
        known = self._topics.get(topic)
        refused = self._topics[topic] = known or _Refused(reason)
        news = known is None or known.reason != reason
        refused.reason = reason
        if (now := self._clock()) >= refused.until:  # of those that were sent together one counts
            refused.until = now + refused.backoff.next()
        refused.tickets.add(ticket)
        return news

    def accept(self, topic: str) -> bool:
        """The broker took an event; gives whether it had refused that topic before."""
        if topic == self._trial:
            self._trial = None
        return self._topics.pop(topic, None) is not None

    def passes(self, topic: str, ticket: int) -> bool:
        """Whether an event is to be passed over; then it is among `tickets`."""
        if topic not in self._topics:
            return False
        if topic == self._trial:
            self._trial = None
            return False
        self._topics[topic].tickets.add(ticket)
        return True

    def try_one(self) -> bool:
        """Let one event go of a topic whose wait is over, if there is one; with nothing else to send."""
        if self._trial is not None:  # nothing of it waits any more
            del self._topics[self._trial]
        now = self._clock()
        self._trial = next((topic for topic, refused in self._topics.items() if now >= refused.until), None)
        return self._trial is not None

    @property
    def tickets(self) -> set[int]:
        """What is passed over."""
        return {ticket for topic, one in self._topics.items() if topic != self._trial for ticket in one.tickets}

    @property
    def reasons(self) -> dict[str, str]:
        """Why, by topic; may be asked from another thread."""
        return {topic: refused.reason for topic, refused in tuple(self._topics.items())}
