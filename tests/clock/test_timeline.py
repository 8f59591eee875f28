"""Times of a session's events: true as soon as that can be, and never in two orders."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.clock.timeline import KEPT, Known, Timeline

TRUE = 1_795_190_400.0
"""UTC less the monotonic clock: the machine started on 2026-11-20 at 16:00."""
HOUR = 3600.0


def test_before_anything_is_known_times_follow_the_clock_of_the_start() -> None:
    assert Timeline(12.0).stamp(30.0) == (42.0, "unsynchronised")


@pytest.mark.parametrize("source", ["gps", "system"])
def test_what_happened_before_the_first_synchronisation_gets_its_true_time(source: str) -> None:
    line = Timeline(5.0)  # 1970
    early, _ = line.stamp(40.0)
    line.learn(Known(TRUE, source), 60.0)
    assert line.correct(early) == (TRUE + 40.0, source)
    assert line.stamp(61.0) == (TRUE + 61.0, source)


def test_a_clock_of_1970_jumps_to_now() -> None:
    line = Timeline(0.0)
    line.learn(Known(TRUE, "gps"), 10.0)
    assert line.stamp(10.0)[0] == TRUE + 10


def test_a_clock_that_was_ahead_when_nothing_had_been_sent_goes_back_at_once() -> None:
    line = Timeline(TRUE + 4 * 365 * 86_400)
    early, _ = line.stamp(40.0)
    line.learn(Known(TRUE, "system"), 60.0)
    assert (line.correct(early)[0], line.stamp(61.0)[0]) == (TRUE + 40, TRUE + 61)


def test_what_was_sent_keeps_its_time() -> None:
    line = Timeline(5.0)
    sent, kept = line.stamp(40.0)[0], line.stamp(45.0)[0]
    line.let_go(40.0)
    line.learn(Known(TRUE, "gps"), 60.0)
    assert line.correct(sent) == (sent, "unsynchronised")
    assert line.correct(kept) == (TRUE + 45, "gps")


def test_after_a_time_that_was_sent_and_is_ahead_nothing_gets_an_earlier_one() -> None:
    line = Timeline(TRUE + HOUR)
    kept = line.stamp(45.0)[0]
    line.let_go(40.0)
    line.learn(Known(TRUE, "gps"), 60.0)
    assert line.correct(kept) == (kept, "unsynchronised")
    assert line.stamp(62.0) == (TRUE + HOUR + 60 + 1, "adjusting")


def test_a_clock_that_steps_back_an_hour_is_made_up_at_half_speed() -> None:
    line = Timeline(0.0)
    line.learn(Known(TRUE, "system"), 10.0)
    assert line.stamp(100.0)[0] == TRUE + 100
    line.learn(Known(TRUE - HOUR, "system"), 100.0)
    assert line.stamp(100.0 + HOUR) == (TRUE + 100 + HOUR / 2, "adjusting")
    assert line.stamp(100.0 + 2 * HOUR) == (TRUE + 100 + HOUR, "system")
    assert line.stamp(100.0 + 3 * HOUR) == (TRUE - HOUR + 100 + 3 * HOUR, "system")


def test_a_clock_that_steps_forward_an_hour_is_followed_at_once() -> None:
    line = Timeline(0.0)
    line.learn(Known(TRUE, "system"), 10.0)
    line.learn(Known(TRUE + HOUR, "system"), 20.0)
    assert line.stamp(20.0) == (TRUE + HOUR + 20, "system")


def test_a_leap_second_is_made_up_within_two_seconds() -> None:
    """The second of 23:59:60 is counted twice by UTC as computers have it: the offset falls by one."""
    line = Timeline(0.0)
    line.learn(Known(TRUE, "gps"), 10.0)
    line.learn(Known(TRUE - 1, "gps"), 20.0)
    assert line.stamp(20.5) == (TRUE + 20.25, "gps")
    assert line.stamp(22.0) == (TRUE + 21.0, "gps")
    assert line.stamp(23.0) == (TRUE + 22.0, "gps")


def test_jitter_of_a_source_is_not_followed() -> None:
    line = Timeline(0.0)
    line.learn(Known(TRUE, "gps"), 10.0)
    line.learn(Known(TRUE + 0.2, "gps"), 20.0)
    assert line.stamp(20.0)[0] == TRUE + 20


def test_another_source_is_named_though_it_agrees() -> None:
    line = Timeline(0.0)
    line.learn(Known(TRUE, "system"), 10.0)
    line.learn(Known(TRUE, "gps"), 20.0)
    assert line.stamp(21.0) == (TRUE + 21, "gps")


def test_a_moment_before_the_last_one_counts_as_the_last_one() -> None:
    line = Timeline(TRUE)
    assert [line.stamp(moment)[0] for moment in (10.0, 9.0, 10.5)] == [TRUE + 10, TRUE + 10, TRUE + 10.5]


OFFSETS = st.sampled_from([TRUE, TRUE - 1, TRUE + 18, TRUE - HOUR, TRUE + HOUR, 0.0]) | st.floats(TRUE - 5, TRUE + 5)
STEPS = st.tuples(st.sampled_from(["happen", "learn", "send"]), st.floats(0.0, 300.0), OFFSETS)


@given(OFFSETS, st.lists(STEPS, max_size=40))
def test_whatever_is_learned_and_sent_when_time_and_sequence_are_one_order(
    provisional: float, steps: list[tuple[str, float, float]]
) -> None:
    line, now = Timeline(provisional), 0.0
    kept: list[tuple[float, str]] = []
    final: list[float] = []

    def send_all() -> None:
        for time, source in kept:
            if source == "unsynchronised":
                if line.first is None:
                    line.let_go(now)
                time, _ = line.correct(time)
            final.append(time)
        kept.clear()

    for what, pause, offset in steps:
        now += pause
        if what == "happen":
            kept.append(line.stamp(now))
        elif what == "learn":
            line.learn(Known(offset, "gps"), now)
        else:
            send_all()
    send_all()
    assert final == sorted(final)


def test_endless_corrections_take_no_endless_memory() -> None:
    line = Timeline(0.0)
    early = line.stamp(1.0)[0]
    for number in range(10 * KEPT):
        line.learn(Known(TRUE + number % 2, "gps"), 10.0 + number)
    assert len(line._stretches) <= KEPT
    assert line.correct(early)[0] == TRUE + 1
