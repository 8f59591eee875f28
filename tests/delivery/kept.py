"""Events for an outbox, and what is in one."""

from __future__ import annotations

import dataclasses

from sample_events import EVENT

from edge.config import OutboxConfig
from edge.delivery.outbox import Outbox
from edge.records import Event

CONFIG = OutboxConfig()


def event(sequence: int, level: str = "warning") -> Event:
    return dataclasses.replace(EVENT, sequence=sequence, level=level)


def sequences(outbox: Outbox, after: int = 0, limit: int = 1000) -> list[int]:
    return [kept.sequence for _, kept in outbox.after(after, limit)]
