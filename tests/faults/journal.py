"""The side journal: what a vehicle decided, and what its outbox confirmed, written at that very moment."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

from edge.delivery.message import encode
from edge.delivery.outbox import Outbox
from edge.records import Event

DECIDED, CONFIRMED = b"D", b"C"
Key = tuple[int, int]
"""Session and sequence."""


class JournaledOutbox(Outbox):
    """The real outbox; each event is noted before it is put, and again as soon as it is on the disk.

    A line is one write to a file opened for appending: it outlives SIGKILL, and is there whole or not at all.
    """

    journal: Path

    def __init__(self, *arguments: object, **options: object) -> None:
        self._file = os.open(self.journal, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._unconfirmed: list[bytes] = []
        super().__init__(*arguments, **options)

    def put(self, event: Event) -> None:
        payload = encode(event)
        self._note(DECIDED, payload)
        self._unconfirmed.append(payload)
        super().put(event)
        if self.on_disk:
            while self._unconfirmed:
                self._note(CONFIRMED, self._unconfirmed.pop(0))

    def _note(self, kind: bytes, payload: bytes) -> None:
        os.write(self._file, kind + payload + b"\n")


@dataclass
class Noted:
    """A journal read back: payloads in their order."""

    decided: list[bytes] = field(default_factory=list)
    confirmed: list[bytes] = field(default_factory=list)


def read_journal(path: Path) -> Noted:
    noted = Noted()
    for line in path.read_bytes().split(b"\n")[:-1] if path.exists() else []:
        (noted.decided if line[:1] == DECIDED else noted.confirmed).append(line[1:])
    return noted
