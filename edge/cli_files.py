"""The files that a command writes where a person named them: each whole, or as it was before."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

import click


def refuse_overwriting(outputs: Iterable[Path | None], recordings: Iterable[Path], config: Path | None) -> None:
    """That what a command writes is neither what it reads nor another thing that it writes.

    Raises:
        click.BadParameter: it is.
    """
    from edge.cameras.recording import is_part

    taken = {config.resolve()} if config else set()
    sources = tuple(recordings)
    for output in filter(None, outputs):
        place = output.resolve()
        if place.exists() and not place.is_file():  # a terminal or a pipe takes more than one
            continue
        if place in taken or any(is_part(output, recording) for recording in sources):
            raise click.BadParameter(f"{output}: this file is read or written already; name another one.")
        taken.add(place)


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
