"""A start on a disk that takes nothing: events wait in memory, and go behind what is on the disk when it takes them."""

from __future__ import annotations

from pathlib import Path

import pytest
from kept import Begin, disk_takes_nothing, filled, on_disk, put, sequences

from edge.config import OutboxConfig
from edge.delivery import outbox_access
from edge.delivery.key import make_key
from edge.delivery.outbox import Outbox


@pytest.fixture
def at_rest(begin: Begin) -> Begin:
    """Opens the outbox with three events, which no process has."""
    filled(begin).close()
    return begin


def test_a_start_on_a_disk_that_takes_nothing_is_said_and_keeps_events_in_memory(
    at_rest: Begin, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with disk_takes_nothing():
        outbox = at_rest()
        put(outbox, 4, 5)
        assert (sequences(outbox)[-2:], outbox.on_disk) == ([4, 5], False)
    (failed,) = caplog.records
    assert failed.levelname == "ERROR"
    assert failed.getMessage() == (
        f"{tmp_path}/outbox.db: the outbox cannot be opened (disk I/O error); make room on the disk, or let the "
        "daemon's user write there. Until then events wait in memory and would be lost with the power."
    )


def test_after_such_a_start_what_is_on_the_disk_is_sent_too(at_rest: Begin) -> None:
    with disk_takes_nothing():
        outbox = at_rest()
        assert (sequences(outbox), len(outbox), outbox.on_disk) == ([1, 2, 3], 3, True)
        put(outbox, 4)
        tickets = [ticket for ticket, _ in outbox.oldest(10)]
        assert outbox.remove([tickets[1], tickets[3]]) == 2
        assert (sequences(outbox), len(outbox)) == ([1, 3], 2)
        assert (outbox.dropped, outbox.gaps) == (0, [])


def test_what_is_on_such_a_disk_can_be_sent_for_as_long_as_it_takes_nothing(
    at_rest: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox_access, "AGAIN_S", 0.0)
    with disk_takes_nothing():
        outbox = at_rest()
        for number in (4, 5):
            put(outbox, number)  # the disk is tried
            assert sequences(outbox) == [*range(1, number + 1)]


def test_a_log_that_cannot_be_read_at_the_start_is_read_when_the_disk_comes_later(
    begin: Begin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox_access, "AGAIN_S", 0.0)
    outbox = filled(begin)
    copies = {name: (tmp_path / name).read_bytes() for name in ("outbox.db", "outbox.db-wal")}
    outbox.close()
    for name, content in copies.items():  # as after a loss of power
        (tmp_path / name).write_bytes(content)
    with disk_takes_nothing():
        outbox = begin()
        assert (sequences(outbox), len(outbox), outbox.dropped, outbox.gaps) == ([], 0, 0, [])
        put(outbox, 4)
        ((ticket, _),) = outbox.oldest(10)
    put(outbox, 5)
    assert sequences(outbox) == [1, 2, 3, 4, 5]
    assert ticket in [one for one, kept in outbox.oldest(10) if kept.sequence == 4]


def test_what_waited_since_such_a_start_goes_behind_what_is_on_the_disk(
    at_rest: Begin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox_access, "AGAIN_S", 0.0)
    with disk_takes_nothing():
        outbox = at_rest()
        put(outbox, 4, 5)
    put(outbox, 6)
    assert sequences(outbox) == on_disk(tmp_path) == [1, 2, 3, 4, 5, 6]
    assert (len(outbox), outbox.on_disk) == (6, True)


def test_no_ticket_is_given_twice_when_the_disk_comes_later(at_rest: Begin, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox_access, "AGAIN_S", 0.0)
    with disk_takes_nothing():
        outbox = at_rest()
        put(outbox, 4)
        before = dict(outbox.oldest(10))
    put(outbox, 5)
    after = dict(outbox.oldest(10))
    assert len(after) == 5
    assert before.items() <= after.items()


def test_a_disk_that_took_nothing_is_left_alone_for_a_while(at_rest: Begin) -> None:
    with disk_takes_nothing():
        outbox = at_rest()
        put(outbox, 4)
    put(outbox, 5)  # within 5 s
    assert not outbox.on_disk


def test_an_end_tries_the_disk_however_short_a_while_ago_it_took_nothing(at_rest: Begin, tmp_path: Path) -> None:
    with disk_takes_nothing():
        outbox = at_rest()
        put(outbox, 4)
    outbox.close()
    assert on_disk(tmp_path) == [1, 2, 3, 4]


def test_bounds_are_kept_with_what_a_disk_that_came_later_holds(
    at_rest: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox_access, "AGAIN_S", 0.0)
    with disk_takes_nothing():
        outbox = at_rest(events=4)
        put(outbox, 4, 5)
    put(outbox, 6)
    assert (sequences(outbox), len(outbox)) == ([3, 4, 5, 6], 4)
    assert (outbox.dropped, outbox.gaps) == (2, [(42, 1, 2)])


def test_a_key_that_is_missing_when_the_disk_comes_is_no_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A start would end with it; amid a drive the driver is watched on, and what is told waits in memory."""
    monkeypatch.setattr(outbox_access, "AGAIN_S", 0.0)
    key, away = tmp_path / "outbox.key", tmp_path / "away"
    make_key(key)
    with disk_takes_nothing():
        outbox = Outbox(tmp_path / "state", OutboxConfig(key_file=key))
        put(outbox, 1)
    key.rename(away)
    put(outbox, 2)
    assert (sequences(outbox), outbox.on_disk) == ([1, 2], False)
    away.rename(key)
    put(outbox, 3)
    assert (sequences(outbox), outbox.on_disk) == ([1, 2, 3], True)
    outbox.close()
