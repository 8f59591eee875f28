"""The folder that mined crops are kept in: images, one manifest that a person labels, and what has been searched.

It holds images of persons, so it is never made in a git work tree, where they could be committed.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from edge.errors import InputError
from train.files import replace

MANIFEST = "manifest.csv"
COLUMNS = ("file", "recording", "time", "task", "answers", "why", "label")
SEARCHED = "searched.json"
NOTE = "READ-THIS.txt"
NOTE_TEXT = """\
This folder holds IMAGES OF PERSONS, cut from recordings by train-model mine. Guard it as the recordings, never
put it into a repository, and delete it when it is no longer needed.

Write what each image shows into the column `label` of manifest.csv, and leave it empty where you cannot tell:
  task emotion: happy, neutral, sad, surprise, anger, disgust, fear, contempt, or unknown where no face can be read
  task eyes:    open, closed, or not_visible
Then: train-model fit TASK --mined THIS_FOLDER ...
"""

Row = dict[str, str]


class MinedFolder:
    """A folder of crops; what was found and labelled before stays in it.

    Raises:
        InputError: it lies in a git work tree, cannot be written, or holds a manifest that does not fit.
    """

    def __init__(self, path: Path) -> None:
        refuse_work_tree(path)
        self.path = path
        try:
            path.mkdir(parents=True, exist_ok=True, mode=0o700)  # for its owner alone
            if not (path / NOTE).exists():
                replace(path / NOTE, NOTE_TEXT)
        except OSError as error:
            raise self._unwritable(error) from None
        self._rows = self._read()

    def has_searched(self, key: str) -> bool:
        """Whether the search of that name was finished."""
        return key in self._searched()

    def add(self, key: str, rows: Iterable[Row], images: Mapping[str, bytes]) -> int:
        """Keeps the crops (files in this folder, by name) and their rows, and that the search was finished.

        A row that is there already stays, with its label. Gives how many are new.
        """
        self._rows = self._read()  # somebody may have labelled meanwhile
        new = {row["file"]: row for row in rows if row["file"] not in self._rows}
        try:
            for name, content in images.items():
                file = self.path / name
                file.parent.mkdir(exist_ok=True)
                if not file.exists():
                    partial = file.with_name(f".{file.name}")  # never half an image under the right name
                    partial.write_bytes(content)
                    partial.replace(file)
            self._rows |= new
            replace(self.path / MANIFEST, self._manifest())
            replace(self.path / SEARCHED, json.dumps(sorted({*self._searched(), key}), indent=1) + "\n")
        except OSError as error:
            raise self._unwritable(error) from None
        return len(new)

    def __len__(self) -> int:
        return len(self._rows)

    def _read(self) -> dict[str, Row]:
        return {row["file"]: row for row in read_manifest(self.path)} if (self.path / MANIFEST).exists() else {}

    def _manifest(self) -> str:
        text = io.StringIO()
        columns = dict.fromkeys([*COLUMNS, *(name for row in self._rows.values() for name in row)])
        writer = csv.DictWriter(text, list(columns), lineterminator="\n")
        writer.writeheader()
        writer.writerows(self._rows[name] for name in sorted(self._rows))
        return text.getvalue()

    def _searched(self) -> list[str]:
        path = self.path / SEARCHED
        try:
            return list(json.loads(path.read_text())) if path.exists() else []
        except (OSError, ValueError):
            raise InputError(f"{path}: it cannot be read; take it away, and all is searched again.") from None

    def _unwritable(self, error: OSError) -> InputError:
        return InputError(f"{self.path}: the crops cannot be written ({error.strerror}); name another folder.")


def refuse_work_tree(path: Path) -> None:
    """Raises InputError where a folder lies in a git work tree: what is there can be committed by mistake."""
    for parent in (path.resolve(), *path.resolve().parents):
        if (parent / ".git").exists():
            raise InputError(
                f"{path}: this lies in the git work tree {parent}, and mined crops are images of persons; name a "
                "folder outside of it."
            )


def read_manifest(folder: Path) -> list[Row]:
    """The rows of a folder's manifest, each with COLUMNS.

    Raises:
        InputError: there is none, or it lacks a column.
    """
    path = folder / MANIFEST
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:  # spreadsheets write a byte order mark
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no CSV in UTF-8"
        raise InputError(f"{path}: the manifest cannot be read ({reason}); train-model mine writes one.") from None
    for number, row in enumerate(rows, 2):
        missing = [name for name in COLUMNS if row.get(name) is None]
        if missing or None in row:
            what = f"lacks {', '.join(missing)}" if missing else "has more values than columns"
            raise InputError(f"{path}: line {number} {what}; the columns are {', '.join(COLUMNS)}.")
    return rows
