"""A vehicle without eyes: the daemon's session, event builder, outbox and publisher, fed with many decisions.

Started as a program with one argument, its settings as JSON (`Settings`); ends on SIGTERM. What it leaves out of the
daemon is camera, vision and rules; those run in the campaign's one vehicle with the whole daemon.
"""

from __future__ import annotations

import json
import logging
import random
import signal
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from journal import JournaledOutbox
from wrong_clock import WrongClock

from edge.config import MqttConfig, OutboxConfig
from edge.delivery import connection
from edge.delivery.event import EventBuilder
from edge.delivery.publisher import Publisher
from edge.records import CAUSES, LEVELS, Position, Signal
from edge.service.session import next_session


@dataclass(frozen=True)
class Settings:
    """`rate`: events a second. `impatient`: gives a silent broker up after 2 s, not 10 and 20: more losses a minute.
    `clock`: a file with the seconds by which this vehicle's clock is wrong.
    """

    name: str
    port: int
    state: str
    journal: str
    clock: str
    rate: float
    seed: int
    impatient: bool


def decisions(chance: random.Random) -> Iterator[Signal]:
    """Episodes without end: each starts, rises up to twice and is over."""
    episode = 0
    while True:
        episode += 1
        name = chance.choice(list(CAUSES))
        for phase in ("start", *["update"] * chance.randrange(3), "end"):
            cause = chance.choice(CAUSES[name])
            yield Signal(name, cause, chance.choice(LEVELS), phase, time.monotonic(), episode)


def main(settings: Settings) -> None:
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    if settings.impatient:
        connection.CONNACK_S = connection.PUBACK_S = 2.0
    JournaledOutbox.journal = Path(settings.journal)
    folder, wall = Path(settings.state), WrongClock(Path(settings.clock))
    session = next_session(folder)
    outbox = JournaledOutbox(folder, OutboxConfig(), wall=wall)
    publisher = Publisher(
        MqttConfig(host="127.0.0.1", port=settings.port, keepalive_s=5), settings.name, session, queue=outbox, wall=wall
    )
    publisher.start()
    events = EventBuilder(settings.name, session)
    chance = random.Random(settings.seed + session)
    due = time.monotonic()
    for decision in decisions(chance):
        due += chance.expovariate(settings.rate)
        if stop.wait(max(0.0, due - time.monotonic())):
            break
        place = Position(chance.uniform(-90, 90), chance.uniform(-180, 180), chance.uniform(0, 40), "3d", 0.4)
        publisher.put(events.build(decision, wall=wall(), time_source="system", position=chance.choice([None, place])))
    publisher.close()
    outbox.close()


if __name__ == "__main__":
    main(Settings(**json.loads(sys.argv[1])))
