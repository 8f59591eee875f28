"""The outbox: what was put is there, after any end of the process, and nobody else can read or change it."""

from __future__ import annotations

import dataclasses
import logging
import os
import random
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from broker import DEADLINE_S, wait_for
from sample_events import EVENT, LONGEST

from edge.config import MqttConfig, OutboxConfig
from edge.delivery import outbox_access
from edge.delivery.message import decode, encode
from edge.delivery.outbox import CLOCK_BEGINS, DAY_S, Outbox
from edge.delivery.outbox_admin import purge, rekey, waiting
from edge.delivery.outbox_rows import Rows
from edge.delivery.outbox_store import look_at_outbox
from edge.delivery.publisher import Publisher
from edge.errors import CheckFailed, ConfigError
from edge.records import Event

ROOT = Path(__file__).resolve().parents[2]
CONFIG = OutboxConfig()


def event(sequence: int, level: str = "warning") -> Event:
    return dataclasses.replace(EVENT, sequence=sequence, level=level)


def sequences(outbox: Outbox, after: int = 0, limit: int = 1000) -> list[int]:
    return [kept.sequence for _, kept in outbox.after(after, limit)]


@pytest.fixture
def begin(tmp_path: Path) -> Iterator[Callable[..., Outbox]]:
    """Opens the outbox of this test, the one before closed."""
    opened: list[Outbox] = []

    def end() -> None:
        if opened:
            opened.pop().close()

    def make(clock: Callable[[], float] = time.time, **bounds: float) -> Outbox:
        end()
        opened.append(Outbox(tmp_path, OutboxConfig.model_validate(bounds), wall=clock))
        return opened[0]

    yield make
    end()




def test_what_was_put_is_there_after_a_restart_in_order_and_unchanged(begin) -> None:
    outbox = begin()
    for kept in (EVENT, LONGEST):
        outbox.put(kept)
    outbox = begin()
    assert len(outbox) == 2
    assert [encode(kept) for _, kept in outbox.after(0, 10)] == [encode(EVENT), encode(LONGEST)]


def test_evidence_goes_through_the_outbox_unchanged() -> None:
    payload = encode(dataclasses.replace(EVENT, evidence={"perclos": 0.18}))
    assert encode(decode(payload)) == payload


def test_a_delivered_event_does_not_come_back_and_its_ticket_is_not_given_again(begin) -> None:
    outbox = begin()
    outbox.put(event(1))
    ((ticket, _),) = outbox.after(0, 10)
    assert outbox.remove([ticket]) == 1
    assert outbox.remove([ticket]) == 0
    outbox = begin()
    outbox.put(event(2))
    ((later, kept),) = outbox.after(0, 10)
    assert (kept.sequence, len(outbox)) == (2, 1)
    assert later > ticket


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


def test_when_full_the_oldest_of_the_lowest_level_goes_and_its_number_is_kept(begin) -> None:
    outbox = begin(events=4)
    for sequence, level in enumerate(("critical", "advisory", "warning", "advisory", "critical", "critical"), 1):
        outbox.put(event(sequence, level))
    assert sequences(outbox) == [1, 3, 5, 6]
    outbox = begin(events=4)
    assert (outbox.dropped, outbox.gaps) == (2, [(42, 2, 2), (42, 4, 4)])


def test_a_critical_event_is_never_dropped_for_a_lesser_one(begin) -> None:
    outbox = begin(events=2)
    for sequence, level in enumerate(("critical", "critical", "warning", "advisory"), 1):
        outbox.put(event(sequence, level))
    assert sequences(outbox) == [1, 2]
    assert (outbox.dropped, outbox.gaps) == (2, [(42, 3, 4)])


def test_it_is_bounded_by_bytes_too(begin) -> None:
    outbox = begin(megabytes=1)
    row = len(encode(event(1000))) + 16
    outbox._room = dataclasses.replace(outbox._room, bytes=3 * row)
    for sequence in range(1000, 1010):
        outbox.put(event(sequence))
    assert sequences(outbox) == [1007, 1008, 1009]


def test_what_is_too_old_goes_and_is_counted(begin) -> None:
    now = CLOCK_BEGINS + 100 * DAY_S
    begin(lambda: now, days=30).put(event(1))
    outbox = begin(lambda: now + 31 * DAY_S, days=30)
    outbox.put(event(2))
    assert sequences(outbox) == [2]
    assert outbox.gaps == [(42, 1, 1)]


def test_an_event_from_before_the_clock_was_set_is_not_taken_for_old(begin) -> None:
    begin(lambda: 5.0, days=30).put(event(1))
    outbox = begin(lambda: CLOCK_BEGINS + 100 * DAY_S, days=30)
    outbox.put(event(2))
    assert sequences(outbox) == [1, 2]


def test_a_file_that_is_no_database_is_set_aside_said_and_a_new_one_begun(begin, tmp_path: Path, caplog) -> None:
    (tmp_path / "outbox.db").write_bytes(b"not a database" * 1000)
    begin_key = tmp_path / "outbox.key"
    begin_key.write_bytes(bytes(32))
    begin_key.chmod(0o600)
    outbox = begin()
    outbox.put(event(1))
    assert sequences(outbox) == [1]
    (aside,) = tmp_path.glob("outbox-*damaged*")
    assert re.fullmatch(r"outbox-\d{8}T\d{6}-damaged.db", aside.name)
    assert [record.levelno for record in caplog.records] == [logging.ERROR]


def filled_and_closed(folder: Path) -> bytearray:
    """The database of sixty events, as bytes."""
    outbox = Outbox(folder, CONFIG)
    for sequence in range(1, 61):
        outbox.put(event(sequence))
    outbox.close()
    return bytearray((folder / "outbox.db").read_bytes())


@pytest.mark.parametrize("seed", range(6))
def test_damaged_pages_never_give_a_false_event_nor_end_the_daemon(tmp_path: Path, seed: int) -> None:
    content, chance = filled_and_closed(tmp_path), random.Random(seed)
    place = chance.randrange(len(content) - 2000) if seed else 0
    content[place : place + 2000] = chance.randbytes(2000)
    (tmp_path / "outbox.db").write_bytes(content)
    outbox = Outbox(tmp_path, CONFIG)
    found = sequences(outbox)
    assert set(found) <= set(range(1, 61))
    assert sorted(found) == found
    outbox.put(event(61))
    assert sequences(outbox)[-1] == 61
    outbox.close()


def test_the_events_beside_a_damaged_one_are_kept(tmp_path: Path) -> None:
    content = filled_and_closed(tmp_path)
    with sqlite3.connect(tmp_path / "outbox.db") as sql:
        (body,) = sql.execute("SELECT body FROM events WHERE sequence = 30").fetchone()
    sql.close()
    place = content.index(body)
    content[place : place + 20] = bytes(20)
    (tmp_path / "outbox.db").write_bytes(content)
    outbox = Outbox(tmp_path, CONFIG)
    assert sequences(outbox) == [*range(1, 30), *range(31, 61)]
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


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 1 MB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    if os.geteuid() or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "none", disk], check=False).returncode:
        pytest.skip("only root may make a disk for a test")
    yield disk
    subprocess.run(["umount", "-l", disk], check=True)


def fill(disk: Path) -> Path:
    """Take every byte of it, with a file."""
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file:
        while shutil.disk_usage(disk).free:
            file.write(bytes(4096))
    return ballast


def test_on_a_full_disk_events_wait_in_memory_and_go_to_the_disk_when_there_is_room(small_disk: Path, caplog) -> None:
    outbox = Outbox(small_disk, CONFIG)
    outbox.put(event(1))
    ballast = fill(small_disk)
    for sequence in range(2, 202):
        outbox.put(event(sequence))
    assert sequences(outbox) == list(range(1, 202))
    assert caplog.text.count("the outbox cannot be written (database or disk is full)") == 1
    assert outbox.remove([ticket for ticket, _ in outbox.after(0, 100)]) == 100
    assert sequences(outbox) == list(range(101, 202))
    ballast.unlink()
    outbox.put(event(202))
    outbox.close()
    outbox = Outbox(small_disk, CONFIG)
    assert sequences(outbox) == list(range(101, 203))
    outbox.close()


def test_a_disk_that_became_read_only_still_gives_what_is_on_it(small_disk: Path, caplog) -> None:
    outbox = Outbox(small_disk, CONFIG)
    outbox.put(event(1))
    outbox.close()
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    outbox = Outbox(small_disk, CONFIG)
    outbox.put(event(2))
    assert (sequences(outbox), len(outbox), outbox.on_disk) == ([1, 2], 2, False)
    assert outbox.remove([ticket for ticket, _ in outbox.after(0, 10)]) == 2
    assert (sequences(outbox), len(outbox)) == ([], 0)
    outbox.put(event(3))
    outbox.close()
    assert [kept.sequence for kept in waiting(small_disk, CONFIG)] == [1]
    assert "cannot be opened (" in caplog.text
    assert "1 events are lost" in caplog.text


@pytest.mark.parametrize("before", ["nothing", "a clean end", "a kill"])
def test_a_start_on_a_full_disk_keeps_events_in_memory_until_there_is_room(
    small_disk: Path, before: str, caplog, monkeypatch
) -> None:
    monkeypatch.setattr(outbox_access, "AGAIN_S", 0.0)
    first = [1] if before != "nothing" else []
    if first:
        outbox = Outbox(small_disk, CONFIG)
        outbox.put(event(1))
        if before == "a kill":
            copies = {path: path.read_bytes() for path in small_disk.glob("outbox.db*")}
        outbox.close()
        if before == "a kill":
            for path, content in copies.items():
                path.write_bytes(content)
            (small_disk / "outbox.db-shm").unlink()
    ballast = fill(small_disk)
    outbox = Outbox(small_disk, CONFIG)
    for sequence in (2, 3, 4):
        outbox.put(event(sequence))
    assert sequences(outbox)[-3:] == [2, 3, 4]
    assert not outbox.on_disk
    (ticket, _), *_ = outbox.after(0, 10)[-3:]
    assert outbox.remove([ticket]) == 1
    ballast.unlink()
    outbox.put(event(5))
    assert outbox.on_disk
    assert sequences(outbox) == [*first, 3, 4, 5]
    assert caplog.text.count("would be lost with the power") == 1
    outbox.close()
    assert [kept.sequence for kept in waiting(small_disk, CONFIG)] == [*first, 3, 4, 5]


WRITER = """
import dataclasses, sys
from pathlib import Path
sys.path.insert(0, {samples!r})
from sample_events import EVENT
from edge.config import OutboxConfig
from edge.delivery.outbox import Outbox
outbox = Outbox(Path({folder!r}), OutboxConfig())
for sequence in range({first}, 10**9):
    outbox.put(dataclasses.replace(EVENT, sequence=sequence))
    sys.stdout.write(f"{{sequence}}\\n"); sys.stdout.flush()
"""


def test_no_kill_loses_an_event_that_was_put(tmp_path: Path) -> None:
    chance, confirmed = random.Random(6), 0
    for _ in range(8):
        code = WRITER.format(samples=str(Path(__file__).parent), folder=str(tmp_path), first=confirmed + 1)
        with subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True) as writer:
            assert writer.stdout
            lines = [writer.stdout.readline() for _ in range(chance.randrange(1, 40))]
            writer.send_signal(signal.SIGKILL)
            lines += writer.stdout.readlines()
        confirmed = max(confirmed, *(int(line) for line in lines if line.endswith("\n")))
        outbox = Outbox(tmp_path, CONFIG)
        kept = sequences(outbox, limit=10**6)
        outbox.close()
        assert kept[:confirmed] == list(range(1, confirmed + 1))
        assert len(kept) - confirmed <= 1  # the one in flight
        confirmed = len(kept)


def publisher_to(port: int, outbox: Outbox) -> Publisher:
    config = MqttConfig(host="127.0.0.1", port=port, reconnect_min_s=0.02, reconnect_max_s=0.1)
    publisher = Publisher(config, "bus-17", 42, queue=outbox)
    publisher.start()
    return publisher


def test_what_waited_over_a_restart_is_delivered_once_and_leaves_the_outbox(begin, broker, subscribe) -> None:
    outbox = begin()
    for sequence in range(1, 51):
        outbox.put(event(sequence))
    outbox = begin()
    subscriber = subscribe(broker, "driver-monitor/+/event/#")
    publisher = publisher_to(broker.port, outbox)
    wait_for(lambda: publisher.stats().sent == 50, "all are acknowledged")
    publisher.close(DEADLINE_S)
    assert [payload["sequence"] for payload in subscriber.payloads()] == list(range(1, 51))
    assert len(begin()) == 0


def test_events_stay_in_the_outbox_until_they_are_acknowledged(begin, broker) -> None:
    outbox = begin()
    broker.pause()
    publisher = publisher_to(broker.port, outbox)
    outbox.put(event(1))
    publisher.close(timeout=0)
    broker.resume()
    assert len(begin()) == 1
