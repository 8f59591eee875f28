"""Opening an outbox: its key, its one user, what becomes of a database that cannot be used, and what is said of it."""

from __future__ import annotations

import logging
import sqlite3
import threading
from pathlib import Path

import pytest
from kept import CONFIG, Begin, event, filled, said, sequences

from edge.config import OutboxConfig
from edge.delivery.outbox import Outbox
from edge.delivery.outbox_admin import make_own_key
from edge.delivery.outbox_rows import Rows
from edge.errors import ConfigError


def test_the_first_start_makes_a_key_and_says_so(begin: Begin, tmp_path: Path, caplog) -> None:
    caplog.set_level(logging.INFO)
    begin()
    assert said(caplog) == [("INFO", f"a key for the outbox was made: {tmp_path}/outbox.key")]
    assert len((tmp_path / "outbox.key").read_bytes()) == 32
    begin()
    assert len(caplog.records) == 1


def test_a_key_that_was_named_is_never_made(tmp_path: Path) -> None:
    (tmp_path / "keys").mkdir()
    with pytest.raises(ConfigError, match="key is missing"):
        Outbox(tmp_path / "state", OutboxConfig(key_file=tmp_path / "keys" / "outbox.key"))
    assert list((tmp_path / "keys").iterdir()) == []


def test_the_folder_of_the_outbox_is_made_with_those_above_it(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "var" / "lib" / "state", CONFIG)
    outbox.put(event(1))
    assert sequences(outbox) == [1]
    outbox.close()


def test_a_place_where_no_outbox_can_be_is_told_with_the_reason(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file")
    with pytest.raises(ConfigError) as raised:
        Outbox(tmp_path / "state", CONFIG)
    told = f"{tmp_path}/state: the outbox cannot be kept there (File exists); let the daemon's user write there."
    assert str(raised.value) == told


def test_something_else_in_the_place_of_the_lock_is_no_lock(tmp_path: Path) -> None:
    (tmp_path / "outbox.lock").mkdir()
    with pytest.raises(ConfigError, match=r"the outbox cannot be kept there \(Is a directory\)"):
        Outbox(tmp_path, CONFIG)


def test_an_outbox_in_use_is_told_with_its_place(begin: Begin, tmp_path: Path) -> None:
    begin()
    with pytest.raises(ConfigError) as raised:
        Outbox(tmp_path, CONFIG)
    assert str(raised.value) == f"{tmp_path}: another process uses this outbox; stop the daemon first."


def test_a_failed_start_lets_another_process_have_the_outbox(begin: Begin, tmp_path: Path) -> None:
    begin().close()
    (tmp_path / "outbox.key").rename(tmp_path / "away")
    with pytest.raises(ConfigError):
        Outbox(tmp_path, CONFIG)
    (tmp_path / "away").rename(tmp_path / "outbox.key")
    assert sequences(begin()) == []


def test_two_threads_use_an_outbox_at_once(begin: Begin) -> None:
    outbox = begin()
    put = [threading.Thread(target=lambda n=n: outbox.put(event(n)), daemon=True) for n in (1, 2, 3)]
    for thread in put:
        thread.start()
    for thread in put:
        thread.join()
    assert sorted(sequences(outbox)) == [1, 2, 3]


def test_another_key_is_said_with_the_way_to_read_what_was_set_aside(begin: Begin, tmp_path: Path, caplog) -> None:
    filled(begin).close()
    (tmp_path / "outbox.key").write_bytes(bytes(32))
    begin()
    (aside,) = tmp_path.glob("outbox-*-other-key.db")
    ((level, text),) = said(caplog)
    assert level == "ERROR"
    assert text == (
        f"{tmp_path}/outbox.db: the outbox was written with another key; it is kept as {aside}, to be read with that "
        f"key ('driver-monitor outbox export --file {aside} --key KEY'), and a new one is begun."
    )


def test_a_database_without_proof_of_its_key_is_another_s_once_there_were_events(begin: Begin, tmp_path: Path) -> None:
    outbox = filled(begin, 1)
    outbox.remove([ticket for ticket, _ in outbox.oldest(10)])
    outbox.close()
    with sqlite3.connect(tmp_path / "outbox.db") as sql:
        sql.execute("DELETE FROM facts")
    sql.close()
    begin()
    assert list(tmp_path.glob("outbox-*-other-key.db"))


def test_a_start_that_was_cut_off_before_its_first_event_is_gone_on_with(begin: Begin, tmp_path: Path) -> None:
    Rows(tmp_path / "outbox.db").close()
    key = tmp_path / "outbox.key"
    key.touch(mode=0o600)
    key.write_bytes(bytes(range(32)))
    filled(begin).close()
    assert sequences(begin()) == [1, 2, 3]
    assert list(tmp_path.glob("outbox-*.db")) == []


@pytest.mark.parametrize(("durable", "during"), [(True, "FULL"), (False, "NORMAL")])
def test_a_put_waits_for_the_disk_and_a_removal_does_not(tmp_path: Path, *, durable: bool, during: str) -> None:
    levels = {1: "NORMAL", 2: "FULL"}
    rows = Rows(tmp_path / "outbox.db")

    def level() -> str:
        return levels[rows._sql.execute("PRAGMA synchronous").fetchone()[0]]

    assert rows._sql.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    with rows.transaction(durable=durable):
        assert level() == during
    assert level() == "FULL"
    rows.close()


def test_a_key_below_a_file_is_not_told_to_be_there(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("in the way")
    with pytest.raises(ConfigError, match="the outbox's key cannot be written \\(Not a directory\\)"):
        make_own_key(tmp_path / "state", CONFIG)
