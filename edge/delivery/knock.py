"""Whether a broker that could not be reached can be again: asked often, at the cost of a few packets."""

from __future__ import annotations

import random
import socket
import time

from edge.config import MqttConfig

KNOCK_S = 5.0
"""Asked about so often, and a vehicle that hears an answer connects within so long, each at a moment of its own.

A long wait (`mqtt.reconnect_max_s`) is there to spare the broker full connections; a knock is 60 bytes, none of which
reaches a broker that is down, so after hours in a dead zone a vehicle is back some 5 s after its network is.
"""
ANSWER_S = 2.0


class Knock:
    """During one wait between two connections; `absent`: just before it the broker was not reached, or was lost."""

    def __init__(self, config: MqttConfig, *, absent: bool, chance: random.Random | None = None) -> None:
        self._address = config.host, config.port
        self._absent = absent
        self._chance = chance or random.Random()  # noqa: S311  spreads load, guards nothing
        self._due = time.monotonic() + self._interval()

    @property
    def seconds(self) -> float:
        """Until the next one is due."""
        return max(0.0, self._due - time.monotonic())

    def returned_in(self) -> float | None:
        """Knock, if it is due: seconds until the time to connect, where the broker has come back; else None."""
        if self.seconds > 0:
            return None
        answers = _answers(self._address)
        self._due = time.monotonic() + self._interval()
        if answers and self._absent:
            self._absent = False
            return self._chance.uniform(0, KNOCK_S)
        self._absent = not answers
        return None

    def _interval(self) -> float:
        return self._chance.uniform(0.5, 1.5) * KNOCK_S


def _answers(address: tuple[str, int]) -> bool:
    try:
        socket.create_connection(address, ANSWER_S).close()
    except (OSError, ValueError):  # ValueError: a host name that cannot be one
        return False
    return True
