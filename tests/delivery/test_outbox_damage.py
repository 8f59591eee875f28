"""A database that is damaged is set aside, whatever can be read of it is kept, and it is said."""

from __future__ import annotations

import os
import re
import sqlite3
from pathlib import Path

import pytest
from disks import fill, mount, unmount
from kept import CONFIG, Begin, disk_takes_nothing, event, filled, put, said, sequences

from edge.delivery import outbox_access
from edge.delivery.outbox import Outbox

PAGE = 4096


def spoil_index(database: Path) -> None:
    """The page at which an index begins; the table beside it stays whole."""
    with sqlite3.connect(database) as sql:
        (page,) = sql.execute("SELECT rootpage FROM sqlite_master WHERE name = 'by_level'").fetchone()
    sql.close()
    content = bytearray(database.read_bytes())
    content[(page - 1) * PAGE : page * PAGE] = b"\xff" * PAGE
    database.write_bytes(content)


def test_of_a_damaged_database_every_event_that_can_be_read_is_kept(begin: Begin, tmp_path: Path, caplog) -> None:
    filled(begin, 60).close()
    spoil_index(tmp_path / "outbox.db")
    outbox = begin()
    assert (sequences(outbox), len(outbox)) == (list(range(1, 61)), 60)
    (aside,) = tmp_path.glob("outbox-*-damaged.db")
    ((level, text),) = said(caplog)
    assert level == "ERROR"
    assert text.startswith(f"{tmp_path}/outbox.db: the outbox is damaged (")
    assert text.endswith(f"); it is kept as {aside}, and a new one is begun with the 60 events that can be read.")
    assert "\n" not in text


def test_of_a_database_with_a_hole_the_events_on_both_sides_are_kept(begin: Begin, tmp_path: Path) -> None:
    filled(begin, 60).close()
    path = tmp_path / "outbox.db"
    with sqlite3.connect(path) as sql:
        (body,) = sql.execute("SELECT body FROM events WHERE sequence = 30").fetchone()
    sql.close()
    content = bytearray(path.read_bytes())
    page = content.index(body) // PAGE
    content[page * PAGE : (page + 1) * PAGE] = b"\xff" * PAGE
    path.write_bytes(content)
    found = sequences(begin())
    lost = sorted(set(range(1, 61)) - set(found))
    assert found == sorted(found)
    assert 30 in lost
    assert lost == list(range(lost[0], lost[-1] + 1))
    assert len(lost) <= PAGE // 300  # what one page holds


def test_what_was_damaged_while_the_disk_takes_nothing_is_set_aside_later(begin: Begin, tmp_path: Path) -> None:
    filled(begin).close()
    outbox = begin()
    outbox._access.rows()._sql.execute("PRAGMA shrink_memory")  # it has to read the file
    (tmp_path / "outbox.db").write_bytes(b"\xff" * 8 * PAGE)
    with disk_takes_nothing():
        outbox.put(event(4))
        assert (sequences(outbox), outbox.on_disk) == ([4], False)
    outbox.close()
    assert sequences(begin()) == [4]
    assert len(list(tmp_path.glob("outbox-*-damaged.db"))) == 1


def test_of_a_damaged_database_nothing_that_was_altered_is_kept(begin: Begin, tmp_path: Path, caplog) -> None:
    filled(begin, 5).close()
    with sqlite3.connect(tmp_path / "outbox.db") as sql:
        sql.execute("UPDATE events SET level = 2 WHERE sequence = 3")
    sql.close()
    spoil_index(tmp_path / "outbox.db")
    assert sequences(begin()) == [1, 2, 4, 5]
    assert "with the 4 events that can be read" in caplog.text


def test_a_database_that_is_damaged_while_it_is_used_is_set_aside_and_used_no_more(
    begin: Begin, tmp_path: Path, caplog
) -> None:
    filled(begin).close()
    outbox = begin()
    outbox._access.rows()._sql.execute("PRAGMA shrink_memory")  # it has to read the file
    (tmp_path / "outbox.db").write_bytes(b"\xff" * 8 * PAGE)
    outbox.put(event(4))
    assert sequences(outbox) == [4]
    assert len(list(tmp_path.glob("outbox-*-damaged.db"))) == 1
    assert "the outbox is damaged (file is not a database); it is kept as" in caplog.text
    assert "and a new one is begun with the 0 events that can be read" in caplog.text


def test_nothing_that_was_set_aside_is_overwritten(begin: Begin, tmp_path: Path) -> None:
    for content in (b"one", b"two", b"three"):
        begin().close()
        (tmp_path / "outbox.db").write_bytes(content * 1000)
        begin()
    aside = sorted(tmp_path.glob("outbox-*-damaged*.db"))
    assert {path.read_bytes()[:3] for path in aside} == {b"one", b"two", b"thr"}
    assert all(re.fullmatch(r"outbox-\d{8}T\d{6}-damaged(-\d)?\.db", path.name) for path in aside)


def test_a_database_of_a_later_version_is_set_aside_and_said(begin: Begin, tmp_path: Path, caplog) -> None:
    filled(begin).close()
    with sqlite3.connect(tmp_path / "outbox.db") as sql:
        sql.execute("PRAGMA user_version = 7")
    sql.close()
    begin()
    assert "the outbox is damaged (version 7 of the outbox is not known); it is kept as" in caplog.text


@pytest.mark.parametrize("free", [0, 40_960, 73_728, 120_000])
def test_with_too_little_room_the_damaged_one_stays_until_there_is_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog, free: int
) -> None:
    monkeypatch.setattr(outbox_access, "AGAIN_S", 0.0)
    disk = tmp_path / "disk"
    if reason := mount(disk, 16):
        pytest.skip(reason)
    try:
        outbox = Outbox(disk, CONFIG)
        put(outbox, *range(1, 301))
        outbox.close()
        spoil_index(disk / "outbox.db")
        ballast = fill(disk)
        os.truncate(ballast, ballast.stat().st_size - free)
        outbox = Outbox(disk, CONFIG)
        assert "events that can be read" not in caplog.text
        assert [path.name for path in disk.glob("outbox*damaged*")] == []
        put(outbox, 301)
        assert sequences(outbox)[-1] == 301
        ballast.unlink()
        put(outbox, 302)
        assert sequences(outbox) == [*range(1, 303)]
        assert "a new one is begun with the 300 events that can be read" in caplog.text
        assert outbox.dropped == 0
        outbox.close()
    finally:
        unmount(disk)


@pytest.mark.parametrize("cut", ["while it was written", "before the damaged one left", "after it left"])
def test_a_salvage_that_a_loss_of_power_cut_off_loses_nothing(begin: Begin, tmp_path: Path, cut: str) -> None:
    filled(begin, 60).close()
    damaged, salvaged = tmp_path / "outbox.db", tmp_path / "outbox.db.salvaged"
    whole = damaged.read_bytes()
    if cut == "while it was written":
        salvaged.write_bytes(whole[: 3 * PAGE])
        (tmp_path / "outbox.db.salvaged-wal").write_bytes(b"half")
    else:
        salvaged.write_bytes(whole)
    if cut == "after it left":
        damaged.rename(tmp_path / "outbox-20260101T000000-damaged.db")
    else:
        spoil_index(damaged)
    assert sequences(begin()) == [*range(1, 61)]
    assert list(tmp_path.glob("*salvaged*")) == []
