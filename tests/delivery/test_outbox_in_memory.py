"""While the disk takes nothing events wait in memory: they are sent and counted as ever, and go to it later."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
from kept import Begin, disk_takes_nothing, filled, on_disk, put, sequences

from edge.delivery.outbox import Outbox


@pytest.fixture
def outbox(begin: Begin) -> Outbox:
    return filled(begin)


def test_what_waits_in_memory_is_given_behind_what_is_on_the_disk(outbox: Outbox) -> None:
    with disk_takes_nothing():
        put(outbox, 4, 5)
        assert sequences(outbox) == [1, 2, 3, 4, 5]
        assert sequences(outbox, limit=4) == [1, 2, 3, 4]
        (first, _), _, _, (fourth, _), _ = outbox.oldest(10)
        assert sequences(outbox, besides=[first, fourth]) == [2, 3, 5]
        assert sequences(outbox, limit=2, besides=[first, fourth]) == [2, 3]
        assert (len(outbox), outbox.on_disk) == (5, False)


def test_the_next_event_that_the_disk_takes_brings_the_others_with_it(outbox: Outbox, tmp_path: Path) -> None:
    with disk_takes_nothing():
        put(outbox, 4, 5)
    assert on_disk(tmp_path) == [1, 2, 3]
    put(outbox, 6)
    assert on_disk(tmp_path) == sequences(outbox) == [1, 2, 3, 4, 5, 6]
    assert (len(outbox), outbox.on_disk) == (6, True)


def test_an_event_that_was_delivered_meanwhile_is_neither_given_nor_counted_again(outbox: Outbox) -> None:
    with disk_takes_nothing():
        put(outbox, 4, 5)
        tickets = [ticket for ticket, _ in outbox.oldest(10)]
        assert outbox.remove([tickets[0], tickets[3]]) == 2
        assert (sequences(outbox), len(outbox)) == ([2, 3, 5], 3)
        assert sequences(outbox, limit=2) == [2, 3]
        assert outbox.remove([tickets[0]]) == 0
        assert outbox.remove([tickets[1]]) == 1
        assert (sequences(outbox), len(outbox)) == ([3, 5], 2)


def test_what_was_delivered_meanwhile_leaves_the_disk_with_the_next_event(outbox: Outbox, tmp_path: Path) -> None:
    with disk_takes_nothing():
        put(outbox, 4)
        outbox.remove([ticket for ticket, _ in outbox.oldest(2)])
    put(outbox, 5)
    assert on_disk(tmp_path) == sequences(outbox) == [3, 4, 5]
    assert (len(outbox), outbox.dropped) == (3, 0)


def test_what_was_delivered_meanwhile_leaves_the_disk_with_the_next_delivery(outbox: Outbox, tmp_path: Path) -> None:
    tickets = [ticket for ticket, _ in outbox.oldest(10)]
    with disk_takes_nothing():
        assert outbox.remove(tickets[:1]) == 1
    assert outbox.remove(tickets[1:2]) == 1
    assert on_disk(tmp_path) == [3]
    assert len(outbox) == 1


def test_a_delivery_is_counted_once_when_part_of_it_was_in_memory(outbox: Outbox) -> None:
    with disk_takes_nothing():
        put(outbox, 4)
    tickets = [ticket for ticket, _ in outbox.oldest(10)]
    assert outbox.remove([tickets[2], tickets[3], 99]) == 2
    assert (sequences(outbox), len(outbox)) == ([1, 2], 2)


def test_that_events_wait_in_memory_is_said_once_and_that_they_do_not_any_more(
    outbox: Outbox, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    with disk_takes_nothing():
        put(outbox, 4, 5)
    put(outbox, 6, 7)
    failed, mended = caplog.records
    assert (failed.levelname, mended.levelname) == ("ERROR", "INFO")
    assert failed.getMessage() == (
        f"{tmp_path}: the outbox cannot be written (disk I/O error); events wait in memory and would be lost with "
        "the power: make room on the disk, or let the daemon's user write there."
    )
    assert mended.getMessage() == f"{tmp_path}: the outbox can be written again; what waited in memory is on the disk."


def test_a_disk_that_fails_again_is_said_again(outbox: Outbox, caplog: pytest.LogCaptureFixture) -> None:
    for sequence in (4, 6):
        with disk_takes_nothing():
            put(outbox, sequence)
        put(outbox, sequence + 1)
    assert caplog.text.count("would be lost with the power") == 2


def test_that_the_disk_keeps_what_was_delivered_is_said(outbox: Outbox, caplog: pytest.LogCaptureFixture) -> None:
    with disk_takes_nothing():
        outbox.remove([1])
    assert "the outbox cannot be written (disk I/O error)" in caplog.text


def test_an_end_tries_once_more_to_keep_what_waits_in_memory(outbox: Outbox, tmp_path: Path) -> None:
    with disk_takes_nothing():
        put(outbox, 4, 5)
        outbox.remove([ticket for ticket, _ in outbox.oldest(1)])
    outbox.close()
    assert on_disk(tmp_path) == [2, 3, 4, 5]


def test_an_end_says_how_many_events_are_lost(outbox: Outbox, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with disk_takes_nothing():
        put(outbox, 4, 5)
        caplog.clear()
        outbox.close()
        outbox.close()
    assert [record.getMessage() for record in caplog.records] == [
        f"{tmp_path}: the disk takes nothing (disk I/O error), 2 events are lost."
    ]
    assert on_disk(tmp_path) == [1, 2, 3]


def test_an_end_with_nothing_in_memory_is_silent_on_any_disk(outbox: Outbox, caplog: pytest.LogCaptureFixture) -> None:
    with disk_takes_nothing():
        outbox.close()
    assert caplog.records == []


def test_a_full_memory_gives_up_the_oldest_of_the_lowest_level_and_counts_it(
    outbox: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge.delivery.outbox.SPILL", 3)
    with disk_takes_nothing():
        put(outbox, 4, level="critical")
        put(outbox, 5, 6, level="advisory")
        assert (sequences(outbox), outbox.dropped) == ([1, 2, 3, 4, 5, 6], 0)
        put(outbox, 7, level="advisory")
        put(outbox, 8)
        assert (sequences(outbox), outbox.dropped) == ([1, 2, 3, 4, 7, 8], 2)
    put(outbox, 9)
    assert (sequences(outbox), outbox.dropped) == ([1, 2, 3, 4, 7, 8, 9], 2)


def test_events_that_are_dropped_to_make_room_are_still_there_if_the_disk_does_not_take_that(begin: Begin) -> None:
    outbox = begin(events=2)
    put(outbox, 1, 2)
    with disk_takes_nothing():
        put(outbox, 3)
        assert (sequences(outbox), len(outbox), outbox.dropped, outbox.gaps) == ([1, 2, 3], 3, 0, [])
    put(outbox, 4)
    assert (sequences(outbox), len(outbox), outbox.dropped, outbox.gaps) == ([3, 4], 2, 2, [(42, 1, 2)])


def test_an_end_on_a_failing_disk_that_loses_nothing_says_nothing(
    outbox: Outbox, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with disk_takes_nothing():
        outbox.remove([1])
        caplog.clear()
        outbox.close()
    assert caplog.records == []
