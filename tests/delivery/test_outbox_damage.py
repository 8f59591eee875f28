"""A database that is damaged is set aside, whatever can be read of it is kept, and it is said."""

from __future__ import annotations

import re
import sqlite3
from pathlib import Path

from kept import Begin, disk_takes_nothing, event, filled, said, sequences

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
