"""What a check says of an outbox, and what can be read of one beside a daemon or on a disk that takes nothing."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
from pathlib import Path

import pytest
from kept import CONFIG, Begin, disk_takes_nothing, event, filled

from edge.config import OutboxConfig
from edge.delivery.outbox_admin import purge, waiting
from edge.delivery.outbox_rows import Reading
from edge.delivery.outbox_store import look_at_outbox
from edge.errors import CheckFailed, ConfigError


def test_a_check_before_the_first_start_says_that_a_key_will_be_made(tmp_path: Path) -> None:
    assert look_at_outbox(tmp_path, CONFIG) == f"{tmp_path}/outbox.key is made at the first start"
    assert list(tmp_path.iterdir()) == []


def test_a_check_before_the_first_start_reads_a_key_that_is_there(begin: Begin, tmp_path: Path) -> None:
    begin().close()
    key = (tmp_path / "outbox.key").rename(tmp_path / "given.key")
    (tmp_path / "state").mkdir()
    config = OutboxConfig(key_file=key)
    assert look_at_outbox(tmp_path / "state", config) == f"the key {key} can be read, nothing waits"
    key.unlink()
    with pytest.raises(ConfigError, match="key is missing"):
        look_at_outbox(tmp_path / "state", config)


def test_a_check_counts_what_waits_beside_a_running_daemon(begin: Begin, tmp_path: Path) -> None:
    outbox = filled(begin)
    outbox.put(event(4, "critical"))
    assert look_at_outbox(tmp_path, CONFIG) == f"{tmp_path}/outbox.key is the key, 4 events wait"


def test_a_check_tells_that_the_key_is_another_one(begin: Begin, tmp_path: Path) -> None:
    filled(begin).close()
    (tmp_path / "outbox.key").write_bytes(bytes(32))
    with pytest.raises(CheckFailed) as raised:
        look_at_outbox(tmp_path, CONFIG)
    assert str(raised.value) == (
        f"{tmp_path}/outbox.key is not the key that {tmp_path}/outbox.db was written with; put the right one there, or "
        "its events will be set aside."
    )


def test_a_check_tells_that_the_database_cannot_be_read(begin: Begin, tmp_path: Path) -> None:
    begin().close()
    (tmp_path / "outbox.db").write_bytes(b"not a database" * 1000)
    with pytest.raises(CheckFailed) as raised:
        look_at_outbox(tmp_path, CONFIG)
    assert str(raised.value) == (
        f"{tmp_path}/outbox.db: the outbox cannot be read (file is not a database); start the daemon, which sets it "
        "aside."
    )


def test_a_database_at_rest_can_be_read_where_nothing_can_be_written(begin: Begin, tmp_path: Path) -> None:
    filled(begin).close()
    with disk_takes_nothing():
        assert [kept.sequence for kept in waiting(tmp_path, CONFIG)] == [1, 2, 3]


def test_a_database_whose_log_cannot_be_read_is_not_taken_for_what_it_was_before(begin: Begin, tmp_path: Path) -> None:
    filled(begin)
    copy = tmp_path / "copy"
    copy.mkdir()
    for name in ("outbox.db", "outbox.db-wal"):  # as after a loss of power
        shutil.copy(tmp_path / name, copy / name)
    with disk_takes_nothing(), pytest.raises(sqlite3.OperationalError):
        Reading(copy / "outbox.db")
    with Reading(copy / "outbox.db") as rows:
        assert len(rows.after(0, 10)) == 3


def test_a_reading_changes_nothing(begin: Begin, tmp_path: Path) -> None:
    filled(begin).close()
    with Reading(tmp_path / "outbox.db") as rows, pytest.raises(sqlite3.OperationalError, match="readonly"):
        rows._sql.execute("DELETE FROM events")


def test_a_check_tells_that_a_later_program_made_the_database(begin: Begin, tmp_path: Path) -> None:
    filled(begin).close()
    with contextlib.closing(sqlite3.connect(tmp_path / "outbox.db")) as database:
        database.execute("PRAGMA user_version = 2")
    with pytest.raises(CheckFailed, match=r"version 2 of the outbox is not known, .*; update this program"):
        look_at_outbox(tmp_path, CONFIG)
    with pytest.raises(CheckFailed, match="not known\\); update this program"):
        purge(tmp_path, CONFIG)


def test_a_database_that_is_damaged_is_not_purged_and_its_mend_is_told(begin: Begin, tmp_path: Path) -> None:
    begin().close()
    (tmp_path / "outbox.db").write_bytes(b"not a database" * 1000)
    with pytest.raises(CheckFailed, match="start the daemon, which sets it aside"):
        purge(tmp_path, CONFIG)


def test_a_database_that_another_process_has_is_told(begin: Begin, tmp_path: Path) -> None:
    filled(begin).close()
    with contextlib.closing(sqlite3.connect(tmp_path / "outbox.db")) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(CheckFailed, match="locked\\); end what uses it"):
            purge(tmp_path, CONFIG)


def test_a_database_that_a_loss_of_power_left_empty_is_a_fresh_one(begin: Begin, tmp_path: Path) -> None:
    begin().close()
    for name in ("outbox.db", "outbox.db-wal", "outbox.db-shm"):
        (tmp_path / name).unlink(missing_ok=True)
    (tmp_path / "outbox.db").touch(0o600)
    assert purge(tmp_path, CONFIG) == 0
