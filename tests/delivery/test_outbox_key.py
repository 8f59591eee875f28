"""The outbox's key: nobody without it can read or change what waits, and it is not lost by a rotation."""

from __future__ import annotations

import os
import shutil
import sqlite3
import stat
from pathlib import Path

import pytest
from kept import CONFIG, event, sequences
from sample_events import EVENT

from edge.config import OutboxConfig
from edge.delivery.key import make_key
from edge.delivery.outbox import Outbox
from edge.delivery.outbox_admin import purge, rekey, waiting
from edge.delivery.outbox_rows import Rows
from edge.delivery.outbox_store import look_at_outbox
from edge.errors import CheckFailed, ConfigError


def test_nothing_of_an_event_can_be_read_without_the_key(begin, tmp_path: Path) -> None:
    begin().put(EVENT)
    content = b"".join(path.read_bytes() for path in tmp_path.glob("outbox.db*"))
    words = (b"fatigue", b"microsleep", b"bus-17", b"45.5", EVENT.id.encode())
    assert [word for word in words if word in content] == []


def test_nobody_else_may_open_its_files(begin, tmp_path: Path) -> None:
    begin().put(EVENT)
    assert {path.name: oct(path.stat().st_mode & 0o777) for path in tmp_path.glob("outbox*")} == dict.fromkeys(
        ("outbox.db", "outbox.db-wal", "outbox.db-shm", "outbox.key", "outbox.lock"), "0o600"
    )


def test_rows_that_were_exchanged_are_not_sent(begin, tmp_path: Path, caplog) -> None:
    outbox = begin()
    for sequence in (1, 2, 3):
        outbox.put(event(sequence))
    outbox.close()
    with sqlite3.connect(tmp_path / "outbox.db") as sql:
        (one, two) = sql.execute("SELECT nonce, body FROM events WHERE sequence < 3 ORDER BY sequence").fetchall()
        sql.execute("UPDATE events SET nonce = ?, body = ? WHERE sequence = 1", two)
        sql.execute("UPDATE events SET nonce = ?, body = ? WHERE sequence = 2", one)
    sql.close()
    outbox = Outbox(tmp_path, CONFIG)
    assert sequences(outbox) == [3]
    assert (len(outbox), outbox.dropped) == (1, 2)
    assert "2 events were damaged or altered" in caplog.text
    outbox.close()


def test_another_key_sets_the_database_aside_and_it_can_be_read_with_its_own(begin, tmp_path: Path, caplog) -> None:
    begin().put(event(7))
    key = tmp_path / "outbox.key"
    old = key.rename(tmp_path / "old.key")
    key.write_bytes(bytes(32))
    key.chmod(0o600)
    with pytest.raises(CheckFailed, match="is not the key that"):
        look_at_outbox(tmp_path, CONFIG)
    assert len(begin()) == 0
    (aside,) = tmp_path.glob("outbox-*other-key.db")
    assert [kept.sequence for kept in waiting(tmp_path, OutboxConfig(key_file=old), aside)] == [7]
    assert "written with another key" in caplog.text


def test_a_key_that_others_can_read_is_refused_with_its_mend(begin, tmp_path: Path) -> None:
    begin()
    (tmp_path / "outbox.key").chmod(0o644)
    with pytest.raises(ConfigError, match=r"others can use the outbox's key; run 'chmod 600 .*outbox.key'\.$"):
        begin()


def test_a_lost_key_is_not_replaced_while_events_need_it(begin, tmp_path: Path) -> None:
    begin().put(EVENT)
    key = (tmp_path / "outbox.key").rename(tmp_path / "kept")
    with pytest.raises(ConfigError, match="key is missing"):
        begin()
    key.rename(tmp_path / "outbox.key")
    assert len(begin()) == 1


def test_a_credential_of_systemd_is_the_key(begin, tmp_path: Path, monkeypatch) -> None:
    given = tmp_path / "credentials"
    given.mkdir()
    (given / "outbox.key").write_bytes(bytes(range(32)))
    (given / "outbox.key").chmod(0o440)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(given))
    begin().put(EVENT)
    assert not (tmp_path / "outbox.key").exists()
    with pytest.raises(ConfigError, match="systemd gives this key"):
        rekey(tmp_path, CONFIG)


def test_two_daemons_do_not_share_an_outbox(begin, tmp_path: Path) -> None:
    begin()
    with pytest.raises(ConfigError, match="another process uses this outbox"):
        Outbox(tmp_path, CONFIG)


def test_rekey_changes_the_key_and_keeps_the_events(begin, tmp_path: Path) -> None:
    for sequence in (1, 2):
        begin().put(event(sequence))
    begin().close()
    old = (tmp_path / "outbox.key").read_bytes()
    assert rekey(tmp_path, CONFIG) == 2
    assert (tmp_path / "outbox.key").read_bytes() != old
    assert sequences(begin()) == [1, 2]


@pytest.mark.parametrize("moment", ["before the database has it", "before the file has it"])
def test_a_rekey_that_was_cut_off_loses_nothing(tmp_path: Path, monkeypatch, moment: str) -> None:
    outbox = Outbox(tmp_path, CONFIG)
    outbox.put(event(1))
    outbox.close()

    def cut(*_: object) -> None:
        raise KeyboardInterrupt

    place = (Path, "replace") if moment == "before the file has it" else (Rows, "set_fact")
    with monkeypatch.context() as patch:
        patch.setattr(*place, cut)
        with pytest.raises(KeyboardInterrupt):
            rekey(tmp_path, CONFIG)
    assert (tmp_path / "outbox.key.new").exists()
    outbox = Outbox(tmp_path, CONFIG)
    assert sequences(outbox) == [1]
    outbox.close()


def test_purge_takes_everything_and_counts_it(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path, CONFIG)
    outbox.put(event(1))
    with pytest.raises(ConfigError, match="stop the daemon first"):
        purge(tmp_path, CONFIG)
    outbox.close()
    assert purge(tmp_path, CONFIG) == 1
    outbox = Outbox(tmp_path, CONFIG)
    assert (len(outbox), outbox.dropped) == (0, 1)
    outbox.close()


def test_a_key_that_root_makes_belongs_to_the_daemons_user(tmp_path: Path) -> None:
    if os.geteuid():
        pytest.skip("only root gives a file away")
    folder = tmp_path / "state"
    folder.mkdir()
    os.chown(folder, 65_534, 65_534)
    make_key(folder / "outbox.key")
    outbox = Outbox(folder, CONFIG)
    outbox.put(EVENT)
    outbox.close()
    rekey(folder, CONFIG)
    for name in ("outbox.key", "outbox.lock"):
        told = (folder / name).stat()
        assert (told.st_uid, told.st_gid, stat.S_IMODE(told.st_mode)) == (65_534, 65_534, 0o600)


def test_no_key_that_a_database_may_need_is_thrown_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As installed: the key is root's, systemd lends the daemon a copy, and the rotation was cut off in between."""
    state, kept, lent = (tmp_path / name for name in ("state", "kept", "lent"))
    make_key(kept / "outbox.key")
    shutil.copytree(kept, lent)
    as_root = OutboxConfig(key_file=kept / "outbox.key")
    outbox = Outbox(state, as_root)
    outbox.put(event(1))
    outbox.close()
    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            rekey(state, as_root)
    with monkeypatch.context() as patch:
        patch.setenv("CREDENTIALS_DIRECTORY", str(lent))
        outbox = Outbox(state, CONFIG)  # the daemon, which has the old key
        outbox.put(event(2))
        outbox.close()
    (aside,) = state.glob("*-other-key.db")
    rekey(state, as_root)
    assert [one.sequence for one in waiting(state, as_root)] == [2]
    (key,) = kept.glob("outbox.key.2*")
    assert [one.sequence for one in waiting(state, OutboxConfig(key_file=key), aside)] == [1]
