"""What an operator who has the key does with an outbox: look, export, empty it, change the key."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from edge.config import OutboxConfig
from edge.delivery.key import KeyPlace, key_place, make_key, read_key, sync_folder
from edge.delivery.message import decode
from edge.delivery.outbox_rows import Reading, Rows, UnknownVersion, is_busy, is_damage
from edge.delivery.outbox_seal import Row, Seal, UnreadableError
from edge.delivery.outbox_store import NAME, PROOF, finish_rekey, hold, is_fresh
from edge.errors import CheckFailed, ConfigError, InputError
from edge.records import Event

BATCH = 1000


def make_own_key(folder: Path, config: OutboxConfig) -> Path:
    """Make the key, as an installation does; gives its path.

    Raises:
        ConfigError: there is one, or it cannot be written.
    """
    place = key_place(config, folder)
    make_key(place.path)
    return place.path


def waiting(folder: Path, config: OutboxConfig, file: Path | None = None) -> Iterator[Event]:
    """The events in the outbox or in a database that was set aside, oldest first; what is damaged is left out.

    Raises:
        ConfigError: the key cannot be used.
        InputError: there is no such database, or it cannot be read.
        CheckFailed: the key is another one.
    """
    path = file or folder / NAME
    if not path.exists():
        raise InputError(f"{path}: there is no outbox; name another with --config, or a file with --file.")
    seal = Seal(read_key(key_place(config, folder)))
    try:
        with Reading(path) as rows:
            found = opened = 0
            for row in sorted(rows.whole(), key=lambda row: row.sequence) if file else _in_order(rows):
                found += 1
                try:
                    event = decode(seal.open(row))
                except (UnreadableError, ValueError):
                    continue
                opened += 1
                yield event
    except sqlite3.Error as error:
        raise InputError(f"{path}: the outbox cannot be read ({error}); name another with --file.") from None
    if found > opened:
        key = key_place(config, folder).path
        raise CheckFailed(
            f"{path}: {found - opened} of {found} events cannot be opened with {key}; name their key with --key."
        )


def purge(folder: Path, config: OutboxConfig) -> int:
    """Take every waiting event away, counted as dropped; gives their number. The key is asked for, as for reading.

    Raises:
        ConfigError: the daemon runs, or the key cannot be used.
        CheckFailed: the key is another one.
    """
    with _alone(folder, config) as (rows, _), rows.transaction():
        taken = sum(len(rows.delete([row.sequence])) for row in _in_order(rows))
        dropped = rows.fact("dropped")
        rows.set_fact("dropped", taken + (dropped if isinstance(dropped, int) else 0))
    return taken


def rekey(folder: Path, config: OutboxConfig) -> int:
    """Make a new key and seal everything with it; gives the number of events. Cut off anywhere, nothing is lost.

    Raises:
        ConfigError: the daemon runs, or the key cannot be used or comes from systemd.
        CheckFailed: the key is another one.
    """
    place = key_place(config, folder)
    if place.given:
        raise ConfigError(f"{place.path}: systemd gives this key; rekey a copy with --key and make it the credential.")
    with _alone(folder, config) as (rows, old):
        if place.next.exists():  # of a rotation that was cut off: a database that was set aside may need it
            stamp = time.strftime("%Y%m%dT%H%M%S", time.gmtime())
            place.next.rename(place.path.with_name(f"{place.path.name}.{stamp}"))
        make_key(place.next, like=place.path)
        fresh = Seal(read_key(KeyPlace(place.next)))
        count = 0
        with rows.transaction():
            for row in _in_order(rows):
                try:
                    content = old.open(row)
                except UnreadableError:
                    continue
                rows.add(fresh.close(row.sequence, row.level, row.put, content))
                count += 1
            rows.set_fact(PROOF, fresh.proof())
        place.next.replace(place.path)
        sync_folder(place.path.parent)
    return count


@contextmanager
def _alone(folder: Path, config: OutboxConfig) -> Iterator[tuple[Rows, Seal]]:
    """The database to write in, while no daemon has it."""
    if not (folder / NAME).exists():
        raise InputError(f"{folder / NAME}: there is no outbox; name another with --config.")
    holder = hold(folder)
    try:
        place = key_place(config, folder)
        finish_rekey(folder, place)
        seal = Seal(read_key(place))
        rows = Rows(folder / NAME)
        try:
            if not (is_fresh(rows) or seal.proves(rows.fact(PROOF))):
                raise CheckFailed(f"{place.path} is not the key of {folder / NAME}; name the right one with --key.")
            yield rows, seal
        finally:
            rows.close()
    except (sqlite3.Error, OSError) as error:
        raise CheckFailed(f"{folder / NAME}: the outbox stays as it is ({error}); {_mend(error)}.") from None
    finally:
        os.close(holder)


def _mend(error: sqlite3.Error | OSError) -> str:
    if isinstance(error, UnknownVersion):
        return "update this program"
    if isinstance(error, sqlite3.Error) and is_busy(error):
        return "end what uses it"
    if isinstance(error, sqlite3.Error) and is_damage(error):
        return "start the daemon, which sets it aside"
    return "make room, or mend its permissions"


def _in_order(rows: Reading) -> Iterator[Row]:
    """Every row, oldest first, some at a time: rows may be changed or deleted in between."""
    last = -1
    while batch := rows.after(last, BATCH):
        yield from batch
        last = batch[-1].sequence
