"""Errors that a person can mend: one sentence each, with the exit code that the command line gives."""

import errno
import os


class UserError(Exception):
    """What is wrong, where, and what to do, in one sentence; the command line prints it without a traceback."""

    exit_code = 2


class InputError(UserError):
    """A file that was named cannot be used: a recording, a model, a picture."""


class ConfigError(UserError):
    """The configuration, a model it names, or the consent is missing or wrong; systemd does not restart on it."""

    exit_code = 78


class DiskError(ConfigError):
    """The disk takes nothing now (full, read-only, failing), which may pass: what can be done without it goes on."""

    codes = frozenset((errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO))

    @classmethod
    def or_config(cls, error: OSError, sentence: str) -> ConfigError:
        """This error where the disk is the cause, else one of the configuration, such as missing rights."""
        return (cls if error.errno in cls.codes else ConfigError)(sentence)


class CheckFailed(UserError):
    """A check or a comparison was made and failed."""

    exit_code = 1


_DISK_MENDS = {errno.EROFS: "mount the disk for writing", errno.EIO: "look at the disk"}
_FILE_MENDS = _DISK_MENDS | {
    errno.EACCES: "mend its permissions, or use sudo",
    errno.EPERM: "mend its permissions, or use sudo",
    errno.EISDIR: "name a file in it",
    errno.ENOTDIR: "name a folder before it",
    errno.ELOOP: "name what its links should lead to",
    errno.ENAMETOOLONG: "name a shorter one",
}


def disk_mend(error: OSError, rights: str) -> str:
    """What mends a file that cannot be written: room, another mount or disk; else `rights`."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return "make room on the disk"
    return _DISK_MENDS.get(error.errno or 0, rights)


def file_mend(error: OSError) -> str:
    """What mends a file that cannot be used."""
    return _FILE_MENDS.get(error.errno or 0, "name another file")


def as_sentence(error: OSError) -> str | None:
    """An error of the system about a file that a person can mend; None where it is none of those."""
    if error.filename is None or error.errno not in _FILE_MENDS:
        return None
    return f"{os.fsdecode(error.filename)}: it cannot be used ({error.strerror}); {file_mend(error)}."
