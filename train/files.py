"""Writing files so that each is there whole or as it was, whenever the power goes; and telling before the work is done
that one could not be written.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from edge.errors import InputError


def replace(path: Path, text: str) -> None:
    """Writes a text file in one step."""
    new = path.with_name(path.name + ".new")
    new.write_text(text)
    new.replace(path)


def write_text(path: Path, text: str) -> None:
    """Writes the text file that a person named, in one step where it can be exchanged: a pipe or a link cannot.

    Raises:
        InputError: it cannot be written.
    """
    try:
        if path.is_symlink() or (path.exists() and not path.is_file()):
            path.write_text(text)
        else:
            replace(path, text)
    except OSError as error:
        raise InputError(f"{path}: cannot be written ({error.strerror}); name another file.") from None


def write_json(path: Path, results: dict[str, Any]) -> None:
    """The same for figures, as JSON."""
    write_text(path, json.dumps(results, indent=1) + "\n")


def refuse_unwritable_folder(path: Path | None) -> None:
    """Raises InputError, before any work is done, where a folder that is named could not be made or written to."""
    if path is None:
        return
    whole = path.absolute()
    there = next(place for place in (whole, *whole.parents) if os.access(place, os.F_OK))
    if not there.is_dir():
        raise InputError(f"{path}: {there} is a file; name a folder.")
    if not os.access(there, os.W_OK | os.X_OK):
        raise InputError(f"{path}: the folder {there} cannot be written to; name another.")
