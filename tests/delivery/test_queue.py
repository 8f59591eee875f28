from __future__ import annotations

import random
from collections.abc import Collection

from sample_events import EVENT

from edge.backoff import Backoff
from edge.delivery.queue import MemoryQueue


def tickets(queue: MemoryQueue, limit: int = 10, besides: Collection[int] = ()) -> list[int]:
    return [ticket for ticket, _ in queue.oldest(limit, besides)]


def filled(room: int, events: int) -> MemoryQueue:
    queue = MemoryQueue(room)
    for _ in range(events):
        queue.put(EVENT)
    return queue


def test_events_come_out_in_order_without_those_that_are_on_their_way():
    queue = filled(room=10, events=5)
    assert tickets(queue) == [1, 2, 3, 4, 5]
    assert tickets(queue, limit=2, besides=[1, 3]) == [2, 4]
    assert tickets(queue, besides=range(1, 6)) == []


def test_an_event_stays_until_it_is_removed():
    queue = filled(room=10, events=3)
    assert queue.remove([2]) == 1
    assert tickets(queue) == [1, 3]
    assert queue.remove([2]) == 0
    assert queue.remove([1, 2, 3]) == 2
    assert len(queue) == 0


def test_a_queue_in_memory_says_that_it_keeps_nothing_over_a_restart():
    queue = filled(room=2, events=3)
    assert (queue.durable, queue.gaps) == (False, ())


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


class Extreme(random.Random):
    """The shortest or the longest of what is allowed."""

    def __init__(self, *, longest: bool) -> None:
        super().__init__()
        self._longest = longest

    def uniform(self, a: float, b: float) -> float:
        return b if self._longest else a


def test_a_wait_is_from_half_to_the_whole_of_what_it_has_doubled_to():
    shortest, longest = (Backoff(1.0, 50.0, Extreme(longest=longest)) for longest in (False, True))
    assert [shortest.next() for _ in range(6)] == [1, 2, 4, 8, 16, 25]
    assert [longest.next() for _ in range(6)] == [2, 4, 8, 16, 32, 50]


def test_days_of_tries_wait_no_longer_than_the_longest():
    backoff = Backoff(1.0, 120.0)
    assert max(backoff.next() for _ in range(3000)) <= 120


def test_a_fleet_does_not_come_back_at_one_moment():
    assert len({Backoff(1.0, 120.0).next() for _ in range(20)}) == 20
