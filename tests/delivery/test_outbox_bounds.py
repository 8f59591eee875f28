"""The outbox's bounds: what is dropped by number, bytes and age, what is kept for it, and how it is counted."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from kept import Begin, event, sequences

from edge.delivery.outbox import BATCH, CLOCK_BEGINS, DAY_S, Outbox

NOW = CLOCK_BEGINS + 500 * DAY_S


def fill(outbox: Outbox, number: int, level: str = "warning", first: int = 1) -> None:
    for sequence in range(first, first + number):
        outbox.put(event(sequence, level))


@pytest.mark.parametrize(("age", "left"), [(30 * DAY_S - 1, [1, 2]), (30 * DAY_S, [2])])
def test_an_event_lives_as_long_as_it_is_configured(begin: Begin, age: float, left: list[int]) -> None:
    fill(begin(lambda: NOW, days=30), 1)
    outbox = begin(lambda: NOW + age, days=30)
    fill(outbox, 1, first=2)
    assert sequences(outbox) == left


def test_what_is_too_old_goes_a_part_at_a_time(begin: Begin) -> None:
    fill(begin(lambda: NOW), BATCH + 10)
    outbox = begin(lambda: NOW + 31 * DAY_S)
    fill(outbox, 1, first=1000)
    assert sequences(outbox) == [*range(BATCH + 1, BATCH + 11), 1000]
    assert (len(outbox), outbox.dropped, outbox.gaps) == (11, BATCH, [(42, 1, BATCH)])


def test_what_is_too_old_is_looked_for_now_and_then_and_not_at_each_event(
    begin: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = float(NOW)
    outbox = begin(lambda: now)
    fill(outbox, 1)
    now += 31 * DAY_S
    fill(outbox, 1, first=2)
    assert sequences(outbox) == [1, 2]
    monkeypatch.setattr("edge.delivery.outbox.time.monotonic", lambda: float("inf"))
    fill(outbox, 1, first=3)
    assert sequences(outbox) == [2, 3]


def test_a_clock_that_is_not_set_makes_nothing_old(begin: Begin) -> None:
    fill(begin(lambda: NOW), 1)
    outbox = begin(lambda: 5.0)
    fill(outbox, 1, first=2)
    assert sequences(outbox) == [1, 2]


def test_an_outbox_that_was_made_smaller_keeps_the_newest_and_gives_up_the_oldest(begin: Begin) -> None:
    fill(begin(), 200)
    outbox = begin(events=10)
    lengths = []
    for sequence in range(201, 205):
        fill(outbox, 1, "critical", sequence)
        lengths.append(len(outbox))
    assert lengths == [151, 102, 53, 10]  # fifty go with each
    assert sequences(outbox) == [*range(195, 201), 201, 202, 203, 204]
    assert (outbox.dropped, outbox.gaps) == (194, [(42, 1, 194)])


def test_a_million_bytes_are_a_megabyte(begin: Begin) -> None:
    assert begin(megabytes=3)._room.bytes == 3_000_000


def test_what_was_dropped_is_counted_over_restarts(begin: Begin) -> None:
    for expected in (2, 5):
        outbox = begin(events=3)
        fill(outbox, 5 if expected == 2 else 3)
        assert outbox.dropped == expected
    assert begin(events=3).dropped == 5


def test_delivered_events_make_room_again(begin: Begin) -> None:
    outbox = begin(events=3)
    fill(outbox, 3)
    assert outbox.remove([ticket for ticket, _ in outbox.oldest(2)]) == 2
    fill(outbox, 2, first=4)
    assert (sequences(outbox), len(outbox), outbox.dropped) == ([3, 4, 5], 3, 0)


def test_nothing_is_asked_for_and_nothing_given(begin: Begin) -> None:
    outbox = begin()
    fill(outbox, 3)
    assert sequences(outbox, limit=0) == sequences(outbox, limit=-1) == []
    assert sequences(outbox, limit=1) == [1]


def test_an_altered_event_is_said_with_its_number_once_and_counted_as_dropped(
    begin: Begin, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    fill(begin(), 4)
    begin().close()
    with sqlite3.connect(tmp_path / "outbox.db") as sql:
        sql.execute("UPDATE events SET put = put + 1 WHERE sequence IN (1, 3)")
    sql.close()
    outbox = begin()
    assert sequences(outbox) == sequences(outbox) == [2, 4]
    assert [record.getMessage() for record in caplog.records] == [
        f"{tmp_path}: 2 events were damaged or altered and cannot be sent."
    ]
    assert begin().dropped == 2
