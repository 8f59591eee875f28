"""The time that a GPS receiver tells: believed once it is consistent, whatever single fixes say."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from edge.clock.gps_time import FRESH_S, ROLLOVER_S, GpsTime, unfold

TRUE = 1_795_190_400.0


def told(offsets: list[float], late: float = 0.2) -> GpsTime:
    """A fix a second, each told `late` after its time, by a receiver that is wrong by these."""
    time = GpsTime()
    for moment, wrong in enumerate(offsets):
        time.take(TRUE + moment + wrong, moment + late)
    return time


def test_three_fixes_that_agree_are_believed() -> None:
    assert told([0, 0]).offset(2) is None
    assert told([0, 0, 0]).offset(3) == pytest.approx(TRUE - 0.2)


@pytest.mark.parametrize("wrong", [-1e9, -3600, -18, 5, 1e8])
def test_fixes_that_are_wrong_do_not_count_among_many(wrong: float) -> None:
    assert told([0, 0, wrong, 0, 0, wrong, 0]).offset(7) == pytest.approx(TRUE - 0.2)


def test_fixes_that_do_not_agree_tell_no_time() -> None:
    assert told([0, 100, 200, 300]).offset(4) is None


def test_a_receiver_that_learns_of_leap_seconds_is_followed_after_some_fixes() -> None:
    """For up to 12.5 minutes after a cold start a receiver counts with the leap seconds that it was built with."""
    assert told([2] * 9 + [0] * 4).offset(13) == pytest.approx(TRUE + 1.8)
    assert told([2] * 9 + [0] * 5).offset(14) == pytest.approx(TRUE - 0.2)


@pytest.mark.parametrize("epochs", [-1, -2, 1])
def test_the_rollover_of_the_week_number_is_undone(epochs: int) -> None:
    assert told([epochs * ROLLOVER_S] * 3).offset(3) == pytest.approx(TRUE - 0.2)


def test_the_rollover_of_2019_seen_by_an_old_receiver() -> None:
    wrong = datetime(2007, 4, 6, 12, tzinfo=UTC).timestamp()
    assert datetime.fromtimestamp(unfold(wrong), UTC) == datetime(2026, 11, 20, 12, tzinfo=UTC)


def test_without_fixes_for_long_it_is_no_longer_gps_that_knows() -> None:
    time = told([0, 0, 0])
    assert time.offset(2 + FRESH_S) is not None
    assert time.offset(4 + FRESH_S) is None
