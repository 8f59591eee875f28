"""The key of the outbox: 32 random bytes, from a credential of systemd or a file that nobody else can read."""

from __future__ import annotations

import errno
import os
import secrets
import stat
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from edge.config import OutboxConfig
from edge.errors import ConfigError, DiskError, disk_mend

KEY_BYTES = 32
"""AES-256."""
NAME = "outbox.key"


@dataclass(frozen=True, slots=True)
class KeyPlace:
    """Where the key is; `given` by systemd, which guards it itself and from which it is only read."""

    path: Path
    given: bool = False

    @property
    def next(self) -> Path:
        """Where a rotation keeps the new key until the database has it."""
        return self.path.with_name(self.path.name + ".new")


def key_place(config: OutboxConfig, folder: Path) -> KeyPlace:
    """`outbox.key_file`, else the credential `outbox.key` of systemd, else that name in the state directory."""
    if config.key_file is not None:
        return KeyPlace(config.key_file)
    if credentials := os.environ.get("CREDENTIALS_DIRECTORY"):
        credential = Path(credentials) / NAME
        if credential.exists():
            return KeyPlace(credential, given=True)
    return KeyPlace(folder / NAME)


def read_key(place: KeyPlace) -> bytes:
    """The key.

    Raises:
        ConfigError: it is missing, unreadable, open to others or no key.
    """
    path = place.path
    try:
        with path.open("rb") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            # systemd gives a credential by an access list, which shows in the group's bits.
            if not place.given and mode & (stat.S_IRWXG | stat.S_IRWXO):
                raise ConfigError(f"{path}: others can use the outbox's key; run 'chmod 600 {path}'.")
            content = file.read(KEY_BYTES + 1)
    except FileNotFoundError:
        raise ConfigError(
            f"{path}: the outbox's key is missing; put it back, or make one with 'driver-monitor outbox init'."
        ) from None
    except OSError as error:
        mend = "name a file in it" if error.errno == errno.EISDIR else "let the daemon's user read it"
        raise ConfigError(f"{path}: the outbox's key cannot be read ({error.strerror}); {mend}.") from None
    if len(content) != KEY_BYTES:
        raise ConfigError(f"{path}: the outbox's key must be {KEY_BYTES} bytes and no more; put the right file there.")
    return content


def make_key(path: Path, like: Path | None = None) -> None:
    """Write a fresh key, mode 600, on the disk for certain; one that is there is never overwritten.

    Made by root it belongs to the owner of `like`, else of its folder: the daemon's user reads it.

    Raises:
        ConfigError: there is one, or it cannot be written (DiskError: for now).
    """
    try:
        with suppress(FileExistsError):  # no folder: the next line says so
            path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as file:
                give_to_owner(file.fileno(), like or path.parent)
                file.write(secrets.token_bytes(KEY_BYTES))
                file.flush()
                os.fsync(file.fileno())
        except OSError:
            path.unlink(missing_ok=True)  # half a key would look like a wrong one
            raise
        sync_folder(path.parent)
    except FileExistsError:
        raise ConfigError(
            f"{path}: there is a key, and events may need it; change it with 'driver-monitor outbox rekey'."
        ) from None
    except OSError as error:
        mend = disk_mend(error, "let the daemon's user write there")
        raise DiskError.or_config(
            error, f"{path}: the outbox's key cannot be written ({error.strerror}); {mend}."
        ) from None


def give_to_owner(descriptor: int, of: Path) -> None:
    """Let what root makes belong to who owns `of`."""
    if os.geteuid() == 0:
        owner = of.stat()
        os.fchown(descriptor, owner.st_uid, owner.st_gid)


def sync_folder(folder: Path) -> None:
    """Make names that were added or changed in the folder outlive a loss of power."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
