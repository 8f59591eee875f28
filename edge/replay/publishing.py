"""A replay's events to the broker of the configuration, all of them or an error."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from edge.config import Config
from edge.delivery.publisher import Publisher
from edge.errors import CheckFailed, ConfigError


@contextmanager
def published(config: Config, session: int, patience_s: float = 30.0) -> Iterator[Publisher]:
    """A publisher for the time of a replay; at its end everything must have been delivered.

    Raises:
        ConfigError: the configuration names no broker.
        CheckFailed: events were left after `patience_s`.
    """
    if config.mqtt is None:
        raise ConfigError("--publish needs a broker: name it in the configuration, such as mqtt: {host: localhost}.")
    publisher = Publisher(config.mqtt, config.vehicle, session)
    publisher.start()
    try:
        yield publisher
    finally:
        publisher.close(patience_s)
    stats = publisher.stats()
    if lost := stats.waiting + stats.dropped:
        reason = stats.last_error or "the broker was too slow; try again."
        raise CheckFailed(f"{lost} events were not delivered: {reason}")
