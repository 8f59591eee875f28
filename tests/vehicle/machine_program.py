"""What runs in a machine whose power is cut: the daemon's session, event builder, outbox and publisher.

It is the first process after a small start, and tells what happens on a serial line, which ends outside the machine: a
line that arrived there has outlived everything. The lines are words, such as `confirmed 7 12 0199f2c4-... 305419896`:
session, sequence, episode and checksum of an event that `Outbox.put` has just returned from with all on the disk. The
environment, which the kernel takes from its command line, has `BROKER`, the port of one on the emulator's host.
"""

from __future__ import annotations

import logging
import os
import random
import sqlite3
import sys
import termios
import threading
import time
import tty
from pathlib import Path
from zlib import crc32

from edge.config import MqttConfig, OutboxConfig
from edge.delivery.event import EventBuilder
from edge.delivery.message import encode
from edge.delivery.outbox import Outbox
from edge.delivery.publisher import Publisher
from edge.records import CAUSES, LEVELS, Event, Position, Signal
from edge.service.session import next_session

STATE = Path("/var/lib/driver-monitor")
LINE = "/dev/ttyS1"
HOST = "10.0.2.2"
PHASES = ("start", "update", "end")
LONGEST_PAUSE_S = 0.02
"""Puts are close together, so that a cut at any moment often falls into one."""


class Line:
    """The serial line: a word that was said is outside when this returns."""

    def __init__(self) -> None:
        self._file = os.open(LINE, os.O_WRONLY | os.O_NOCTTY)
        tty.setraw(self._file)
        self._lock = threading.Lock()

    def say(self, *words: object) -> None:
        with self._lock:
            os.write(self._file, " ".join(map(str, words)).encode() + b"\n")
            termios.tcdrain(self._file)


class ToldOutbox(Outbox):
    """The real outbox; what it has on the disk is told at that moment."""

    line: Line

    def put(self, event: Event) -> None:
        super().put(event)
        self.line.say("confirmed" if self.on_disk else "spilled", *named(event))


def named(event: Event) -> tuple[object, ...]:
    return event.session, event.sequence, event.id, crc32(encode(event))


def whole() -> str:
    """What SQLite says of the database before the outbox has touched it; `new` where there is none."""
    path = STATE / "outbox.db"
    if not path.exists() or not path.stat().st_size:
        return "new"
    database = sqlite3.connect(path)
    try:
        return "; ".join(found for (found,) in database.execute("PRAGMA quick_check"))
    except sqlite3.Error as error:
        return str(error)
    finally:
        database.close()


def main() -> None:
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    line = ToldOutbox.line = Line()
    STATE.mkdir(exist_ok=True, mode=0o700)
    line.say("whole", whole())
    session = next_session(STATE)
    outbox = ToldOutbox(STATE, OutboxConfig())
    line.say("files", *sorted(path.name for path in STATE.iterdir()))
    waiting = outbox.oldest(len(outbox))
    for _, event in waiting:
        line.say("found", *named(event))
    line.say("ready", session)
    publisher = Publisher(
        MqttConfig(host=HOST, port=int(os.environ["BROKER"]), allow_plaintext=True, keepalive_s=5),
        "bus-17",
        session,
        queue=outbox,
    )
    publisher.start()
    events = EventBuilder("bus-17", session)
    chance = random.Random(session)
    for number in range(sys.maxsize):
        name = chance.choice(list(CAUSES))
        cause, level = chance.choice(CAUSES[name]), chance.choice(LEVELS)
        decision = Signal(name, cause, level, PHASES[number % 3], time.monotonic(), number // 3)
        place = Position(chance.uniform(-90, 90), chance.uniform(-180, 180), chance.uniform(0, 40), "3d", 0.4)
        publisher.put(events.build(decision, wall=time.time(), time_source="system", position=place))
        time.sleep(chance.uniform(0, LONGEST_PAUSE_S))


if __name__ == "__main__":
    main()
