"""Where events go."""

from __future__ import annotations

from typing import Protocol, TextIO

from edge.delivery.message import encode
from edge.records import Event


class Sink(Protocol):
    """Takes the events of the frame loop; `Publisher` is one, too."""

    def put(self, event: Event) -> None:
        """Take an event, without keeping the caller waiting for a network."""
        ...

    def close(self) -> None:
        """Deliver what can be delivered, then stop."""
        ...


class JsonLinesSink:
    """Writes each event as one line of JSON, at once, so that a reader of the pipe sees it as it happens.

    The stream belongs to the caller, who closes it.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def put(self, event: Event) -> None:
        self._stream.write(encode(event).decode() + "\n")
        self._stream.flush()

    def close(self) -> None:
        self._stream.flush()
