"""The outbox on disks that are damaged, full or read-only, and in processes that are killed."""

from __future__ import annotations

import logging
import random
import re
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from disks import fill, remount_read_only
from kept import CONFIG, event, sequences

from edge.delivery import outbox_access
from edge.delivery.outbox import Outbox
from edge.delivery.outbox_admin import waiting

ROOT = Path(__file__).resolve().parents[2]


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


def test_a_name_in_the_schema_that_is_no_text_any_more_is_damage(begin, tmp_path: Path, caplog) -> None:
    content = filled_and_closed(tmp_path)
    (tmp_path / "outbox.db").write_bytes(content.replace(b"indexby_level", b"index\xea\xea_level", 1))
    outbox = begin()
    outbox.put(event(1))
    assert sequences(outbox) == [1]
    assert list(tmp_path.glob("outbox-*-damaged.db"))
    assert "the outbox is damaged" in caplog.text


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


def test_on_a_full_disk_events_wait_in_memory_and_go_to_the_disk_when_there_is_room(small_disk: Path, caplog) -> None:
    outbox = Outbox(small_disk, CONFIG)
    outbox.put(event(1))
    ballast = fill(small_disk)
    for sequence in range(2, 202):
        outbox.put(event(sequence))
    assert sequences(outbox) == list(range(1, 202))
    assert caplog.text.count("the outbox cannot be written (database or disk is full)") == 1
    assert outbox.remove([ticket for ticket, _ in outbox.oldest(100)]) == 100
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
    remount_read_only(small_disk)
    outbox = Outbox(small_disk, CONFIG)
    outbox.put(event(2))
    assert (sequences(outbox), len(outbox), outbox.on_disk) == ([1, 2], 2, False)
    assert outbox.remove([ticket for ticket, _ in outbox.oldest(10)]) == 2
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
    (ticket, _), *_ = outbox.oldest(10)[-3:]
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
    for _ in range(5):
        code = WRITER.format(samples=str(Path(__file__).parents[1]), folder=str(tmp_path), first=confirmed + 1)
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
