"""Events for an outbox, what is in one, and a disk that takes nothing."""

from __future__ import annotations

import dataclasses
import resource
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sample_events import EVENT

from edge.config import OutboxConfig
from edge.delivery.outbox import Outbox
from edge.delivery.outbox_admin import waiting
from edge.records import Event

CONFIG = OutboxConfig()
Begin = Callable[..., Outbox]
"""The fixture `begin`."""


def event(sequence: int, level: str = "warning") -> Event:
    return dataclasses.replace(EVENT, sequence=sequence, level=level)


def sequences(outbox: Outbox, limit: int = 1000, besides: Collection[int] = ()) -> list[int]:
    return [kept.sequence for _, kept in outbox.oldest(limit, besides)]


def put(outbox: Outbox, *numbers: int, level: str = "warning") -> None:
    for sequence in numbers:
        outbox.put(event(sequence, level))


def filled(begin: Begin, number: int = 3) -> Outbox:
    """An outbox with the events from 1 to that one."""
    outbox = begin()
    put(outbox, *range(1, number + 1))
    return outbox


def on_disk(folder: Path) -> list[int]:
    """The events that outlive a loss of power."""
    return [kept.sequence for kept in waiting(folder, CONFIG)]


def said(caplog: pytest.LogCaptureFixture) -> list[tuple[str, str]]:
    """Level and text of each line of the log."""
    return [(record.levelname, record.getMessage()) for record in caplog.records]


@contextmanager
def disk_takes_nothing() -> Iterator[None]:
    """Meanwhile this process can write to no file, as on a full disk, but read every one."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
