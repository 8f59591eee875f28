"""The files that a command writes where a person named them: each whole, or as it was before."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

import click


@contextmanager
def writing(path: Path) -> Iterator[TextIO]:
    """A text file that takes its name once it is whole; where the block raises, what had that name stays.

    Written at once, from the first line on, is what cannot be exchanged: a pipe, a device, what a link leads to.

    Raises:
        click.BadParameter: nothing can be written there.
    """
    at_once = path.is_symlink() or (path.exists() and not path.is_file())
    place = path if at_once else path.with_name(f".{path.name}.{os.getpid()}")
    try:
        if path.exists() and not os.access(path, os.W_OK):  # a file that is guarded against writing stays as it is
            raise PermissionError(0, "Permission denied")
        stream = place.open("w", encoding="utf-8", newline="")
        if not at_once and path.exists():  # who may read it stays as it was
            os.fchmod(stream.fileno(), stat.S_IMODE(path.stat().st_mode))
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise click.BadParameter(f"{path}: it cannot be written ({reason}); name another file.") from None
    try:
        with stream:
            yield stream
        if not at_once:
            place.replace(path)
    except BaseException:
        if not at_once:
            place.unlink(missing_ok=True)
        raise
