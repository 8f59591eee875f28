from __future__ import annotations

import random

from sample_events import EVENT

from edge.backoff import Backoff
from edge.delivery.queue import MemoryQueue


def tickets(queue: MemoryQueue, after: int = 0, limit: int = 10) -> list[int]:
    return [ticket for ticket, _ in queue.after(after, limit)]


def filled(room: int, events: int) -> MemoryQueue:
    queue = MemoryQueue(room)
    for _ in range(events):
        queue.put(EVENT)
    return queue


def test_events_come_out_in_order_from_any_point():
    queue = filled(room=10, events=5)
    assert tickets(queue) == [1, 2, 3, 4, 5]
    assert tickets(queue, after=2, limit=2) == [3, 4]
    assert tickets(queue, after=5) == []


def test_an_event_stays_until_it_is_removed():
    queue = filled(room=10, events=3)
    assert queue.remove([2]) == 1
    assert tickets(queue) == [1, 3]
    assert queue.remove([2]) == 0


def test_when_full_the_oldest_goes_and_is_counted():
    queue = filled(room=3, events=5)
    assert tickets(queue) == [3, 4, 5]
    assert queue.dropped == 2


def test_waits_double_up_to_the_longest_and_are_short_again_after_a_reset():
    backoff = Backoff(1.0, 120.0, random.Random(7))
    for longest in (2, 4, 8, 16, 32, 64, 120, 120):
        assert longest / 2 <= backoff.next() <= longest
    backoff.reset()
    assert 1 <= backoff.next() <= 2


def test_a_fleet_does_not_come_back_at_one_moment():
    assert len({Backoff(1.0, 120.0).next() for _ in range(20)}) == 20
