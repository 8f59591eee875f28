"""Opening the outbox's database: the right key, one writer, and what is done with one that cannot be used."""

from __future__ import annotations

import errno
import fcntl
import logging
import os
import sqlite3
import time
from contextlib import suppress
from pathlib import Path

from edge.config import OutboxConfig
from edge.delivery.key import KeyPlace, give_to_owner, key_place, make_key, read_key, sync_folder
from edge.delivery.outbox_rows import Reading, Rows, UnknownVersion, is_damage
from edge.delivery.outbox_seal import Seal, UnreadableError
from edge.errors import CheckFailed, ConfigError, DiskError, disk_mend

NAME = "outbox.db"
SALVAGED = "outbox.db.salvaged"
"""What could be read of a damaged database, until it takes that one's place."""
PROOF = "key"
_COMPANIONS = ("", "-wal", "-shm")

_log = logging.getLogger(__name__)


def hold(folder: Path) -> int:
    """Make this process the outbox's one writer, until the descriptor is closed.

    Raises:
        ConfigError: another process is, or the folder cannot be written.
        DiskError: the disk is full or read-only, and there was no outbox before.
    """
    path = folder / "outbox.lock"
    descriptor = -1
    try:
        folder.mkdir(parents=True, exist_ok=True)
        try:
            is_new = not path.exists()
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
            if is_new:
                give_to_owner(descriptor, folder)
        except OSError as error:
            if error.errno != errno.EROFS or not path.exists():
                raise
            descriptor = os.open(path, os.O_RDONLY)
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise ConfigError(f"{folder}: another process uses this outbox; stop the daemon first.") from None
    except OSError as error:
        mend = disk_mend(error, "let the daemon's user write there")
        raise DiskError.or_config(
            error, f"{folder}: the outbox cannot be kept there ({error.strerror}); {mend}."
        ) from None
    return descriptor


def look_at_outbox(folder: Path, config: OutboxConfig) -> str:
    """What `driver-monitor check` says of key and database, while a daemon may use them; nothing is changed.

    Raises:
        ConfigError: the key cannot be used.
        CheckFailed: the key is not the one that the database was written with, or the database cannot be read.
    """
    place, path = key_place(config, folder), folder / NAME
    if not path.exists():
        if not place.path.exists() and place.path.parent == folder:
            return f"{place.path} is made at the first start"
        read_key(place)
        return f"the key {place.path} can be read, nothing waits"
    seal = Seal(read_key(place))
    try:
        with Reading(path) as rows:
            rows.require_known()
            if not seal.proves(rows.fact(PROOF)):
                raise CheckFailed(
                    f"{place.path} is not the key that {path} was written with; put the right one there, or its "
                    "events will be set aside."
                )
            return f"{place.path} is the key, {sum(number for number, _ in rows.sums().values())} events wait"
    except UnknownVersion as error:
        raise CheckFailed(f"{path}: {error}, and a start would set it aside; update this program.") from None
    except sqlite3.Error as error:
        raise CheckFailed(
            f"{path}: the outbox cannot be read ({error}); start the daemon, which sets it aside."
        ) from None


def load_seal(folder: Path, config: OutboxConfig) -> Seal:
    """The seal of the key; a state directory without key and without database gets a key of its own.

    Raises:
        ConfigError: the key is missing, unreadable, open to others or no key.
        DiskError: it cannot be made, as the disk takes nothing.
    """
    place = key_place(config, folder)
    is_own = place.path.parent == folder and not place.given
    if is_own and not place.path.exists() and not place.next.exists() and not (folder / NAME).exists():
        make_key(place.path)
        _log.info("a key for the outbox was made: %s", place.path)
    finish_rekey(folder, place)
    return Seal(read_key(place))


def read_seal(folder: Path, config: OutboxConfig) -> Seal:
    """The seal of the key that is there.

    Raises:
        ConfigError: the key is missing, unreadable, open to others or no key.
    """
    return Seal(read_key(key_place(config, folder)))


def finish_rekey(folder: Path, place: KeyPlace) -> None:
    """A rotation that was cut off after the database had the new key gets its key file, too."""
    if place.given or not place.next.exists() or not (folder / NAME).exists():
        return
    try:
        rows = Rows(folder / NAME)
    except sqlite3.Error:
        return
    try:
        if Seal(read_key(KeyPlace(place.next))).proves(rows.fact(PROOF)):
            place.next.replace(place.path)
            sync_folder(place.path.parent)
    except (sqlite3.Error, OSError):
        return
    finally:
        rows.close()


def open_rows(folder: Path, seal: Seal) -> Rows:
    """The database, made where there is none; one that is damaged or has another key is set aside, and said.

    Raises:
        DiskError: the disk does not let it be opened.
    """
    try:
        return _open(folder, seal)
    except (sqlite3.Error, OSError) as error:
        raise DiskError(
            f"{folder / NAME}: the outbox cannot be opened ({error}); "
            "make room on the disk, or let the daemon's user write there."
        ) from None


def _open(folder: Path, seal: Seal) -> Rows:
    path = folder / NAME
    _finish_salvage(folder)
    try:
        rows = Rows(path)
        proof = rows.fact(PROOF)
    except sqlite3.Error as error:
        if not is_damage(error):
            raise
        return begin_anew(folder, seal, str(error))
    if seal.proves(proof):
        return rows
    if is_fresh(rows):
        with rows.transaction():
            rows.set_fact(PROOF, seal.proof())
        return rows
    rows.close()
    aside = _set_aside(path, "other-key")
    _log.error(
        "%s: the outbox was written with another key; it is kept as %s, to be read with that key "
        "('driver-monitor outbox export --file %s --key KEY'), and a new one is begun.",
        path, aside, aside,
    )  # fmt: skip
    return _fresh(path, seal)


def is_fresh(rows: Reading) -> bool:
    """Whether the database was cut off just after it was made: it has no key yet, and nothing to read."""
    return rows.fact(PROOF) is None and rows.last_sequence() == 0


def begin_anew(folder: Path, seal: Seal, reason: str) -> Rows:
    """Set the damaged database aside under a dated name, and begin one with what can still be read of it.

    The new one is whole before the damaged one leaves its name: no room, or a loss of power, and it is done anew.

    Raises:
        sqlite3.Error, OSError: the disk does not let one be made; the damaged one is where it was.
    """
    path, salvaged = folder / NAME, folder / SALVAGED
    _remove(salvaged)
    try:
        with _fresh(salvaged, seal) as fresh:
            saved = _salvage(path, fresh, seal)
    except BaseException:
        _remove(salvaged)
        raise
    aside = _set_aside(path, "damaged")
    _finish_salvage(folder)
    rows = Rows(path)
    _log.error(
        "%s: the outbox is damaged (%s); it is kept as %s, and a new one is begun with the %d events that can be read.",
        path, reason, aside, saved,
    )  # fmt: skip
    return rows


def _fresh(path: Path, seal: Seal) -> Rows:
    rows = Rows(path)
    with rows.transaction():
        rows.set_fact(PROOF, seal.proof())
    return rows


def _finish_salvage(folder: Path) -> None:
    """Give what was salvaged the place of the damaged database, which has left it."""
    if not (folder / NAME).exists() and (folder / SALVAGED).exists():
        (folder / SALVAGED).replace(folder / NAME)
        sync_folder(folder)


def _remove(path: Path) -> None:
    for companion in _COMPANIONS:
        path.with_name(path.name + companion).unlink(missing_ok=True)


def _set_aside(path: Path, why: str) -> Path:
    """Rename the database and its companions; nothing that was set aside before is overwritten."""
    stem = f"outbox-{time.strftime('%Y%m%dT%H%M%S', time.gmtime())}-{why}"
    number = 1
    while (aside := path.with_name(f"{stem}{'' if number == 1 else f'-{number}'}.db")).exists():
        number += 1
    for companion in _COMPANIONS:
        with suppress(FileNotFoundError):
            path.with_name(path.name + companion).replace(aside.with_name(aside.name + companion))
    sync_folder(path.parent)
    return aside


def _salvage(damaged: Path, rows: Rows, seal: Seal) -> int:
    """Copy the rows that are whole; nothing that was altered opens.

    Raises:
        sqlite3.Error: the disk does not take them.
    """
    try:
        old = Reading(damaged)
    except sqlite3.Error:  # nothing of it can be read
        return 0
    saved = 0
    with old, rows.transaction():
        for row in old.whole():
            with suppress(UnreadableError):
                seal.open(row)
                rows.add(row)
                saved += 1
    return saved
