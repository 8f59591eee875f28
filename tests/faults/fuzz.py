"""Mutated payloads, database pages, lines of gpsd, packets of a broker: no crash, no hang, a reason for each refusal.

    PYTHONPATH=tests python tests/faults/fuzz.py --count 10000 --seed 1

A case that raises anything but a refusal, or takes longer than `HANG_S`, is a failure; the case is printed as hex. The
last line is the result as one JSON object; exits 1 where a case failed.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import logging
import random
import re
import shutil
import socket
import struct
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from mutate import mutate
from packets import Packets
from sample_events import EVENT, LONGEST

from edge.config import MqttConfig, OutboxConfig
from edge.delivery.command import Desk
from edge.delivery.connection import BrokerError, Connection
from edge.delivery.message import decode, encode
from edge.delivery.outbox import Outbox
from edge.delivery.wire import Message, Received
from edge.gps.gpsd_lines import Lines, read_line

HANG_S = 20.0
"""On a busy machine; a case takes milliseconds."""

Case = Callable[[random.Random], str]
"""Tries one; gives `taken`, or the reason for which it was refused."""

LINES = (
    b'{"class":"TPV","device":"/dev/ttyS0","mode":3,"time":"2026-11-20T07:12:03.000Z","lat":45.5,"lon":-73.5,"speed":11.2}',
    b'{"class":"SKY","uSat":8,"satellites":[{"PRN":4,"used":true},{"PRN":9,"used":false}]}',
    b'{"class":"VERSION","release":"3.22","rev":"3.22","proto_major":3,"proto_minor":14}',
    b'{"class":"DEVICES","devices":[{"class":"DEVICE","path":"/dev/ttyS0"}]}',
)
LIMITS = bytes([0x21, 0, 20, 0x27, 0, 1, 0, 0, 0x22, 0, 10, 0x24, 1, 0x2A, 1])
"""Receive maximum, largest packet, topic aliases, largest QoS, wildcards: properties of a CONNACK."""
CONNACK = bytes([0x20, len(LIMITS) + 3, 0, 0, len(LIMITS)]) + LIMITS
REQUEST = b"driver-monitor/bus-17/request/status"
PUBLISH_BODY = struct.pack(">H", len(REQUEST)) + REQUEST + struct.pack(">HB", 7, 0) + b'{"id":"1"}'
PACKETS = (
    CONNACK,
    CONNACK + bytes([0x40, 2, 0, 1]) + bytes([0x40, 4, 0, 2, 0, 0]),
    CONNACK + bytes([0x32, len(PUBLISH_BODY)]) + PUBLISH_BODY,
    CONNACK + bytes([0x90, 4, 0, 1, 0, 1]) + bytes([0xD0, 0]) + bytes([0xE0, 2, 0x8B, 0]),
)


def payloads(chance: random.Random) -> str:
    """What a row may hold when it is opened."""
    try:
        event = decode(mutate(chance, (encode(EVENT), encode(LONGEST))))
    except ValueError as error:
        return str(error)
    encode(event)
    return "taken"


def requests(chance: random.Random) -> str:
    seeds = (b'{"id":"7"}', b'{"id":"7","minutes":10}', b"status", b"mute-alerts", b"desk/answers")
    name = mutate(chance, seeds).decode(errors="replace") if chance.random() < 0.2 else "mute-alerts"
    answer_to = mutate(chance, seeds).decode(errors="replace") if chance.random() < 0.2 else None
    topic = f"driver-monitor/bus-17/request/{name}"
    taken = Desk("driver-monitor/bus-17/response/").take(Received(topic, mutate(chance, seeds[:2]), False, answer_to))
    return str(json.loads(taken.payload)["error"]) if isinstance(taken, Message) else "taken"


def gpsd_lines(chance: random.Random) -> str:
    told = "passed over"
    for line in Lines().feed(mutate(chance, LINES) + b"\n"):
        try:
            told = "taken" if read_line(line) else told
        except ValueError as error:
            return str(error)
    return told


class Pages:
    """An outbox's database with mutated pages: what can be read comes out as it was, the rest is told."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._number = 0
        outbox = Outbox(folder / "whole", OutboxConfig())
        for sequence in range(1, 61):
            outbox.put(dataclasses.replace(EVENT, sequence=sequence))
        outbox.close()
        self._key = (folder / "whole" / "outbox.key").read_bytes()
        self._content = (folder / "whole" / "outbox.db").read_bytes()
        self._whole = {encode(dataclasses.replace(EVENT, sequence=sequence)) for sequence in range(1, 61)}

    def __call__(self, chance: random.Random) -> str:
        self._number += 1
        state = self._folder / str(self._number)
        state.mkdir()
        (state / "outbox.key").touch(mode=0o600)
        (state / "outbox.key").write_bytes(self._key)
        page = 4096 * chance.randrange(len(self._content) // 4096)
        damaged = mutate(chance, (self._content[page : page + 4096],))
        if chance.random() < 0.8:
            damaged = damaged.ljust(4096, b"\0")[:4096]
        (state / "outbox.db").write_bytes(self._content[:page] + damaged + self._content[page + 4096 :])
        outbox = Outbox(state, OutboxConfig())
        found = [encode(event) for _, event in outbox.oldest(100)]
        outbox.put(LONGEST)
        assert set(found) <= self._whole, "a false event"
        assert len(set(found)) == len(found), "an event twice"
        last = outbox.oldest(200)
        assert encode(last[-1][1]) == encode(LONGEST), "what is put now is not there"
        outbox.close()
        aside = next(state.glob("outbox-*.db"), None)
        shutil.rmtree(state)
        if aside is not None:
            return f"set aside as {aside.stem.rpartition('-')[2]}"
        return "taken" if len(found) == 60 else "some rows cannot be read"


class Packetted:
    """A broker that says mutated packets to a connecting vehicle, and closes."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._say = b""
        self._config = MqttConfig(host="127.0.0.1", port=self._listener.getsockname()[1])
        self._never, _ = self._pair = socket.socketpair()
        threading.Thread(target=self._serve, daemon=True).start()

    def __call__(self, chance: random.Random) -> str:
        self._say = mutate(chance, PACKETS)
        connection = Connection(self._config, None, None, "bus-17", requests="driver-monitor/bus-17/request/+")
        try:
            connection.publish(Message("driver-monitor/bus-17/event/sad", encode(EVENT)))
            while True:
                connection.step(1.0, self._never)
                connection.received()
        except BrokerError as error:
            return str(error)
        finally:
            connection.close()

    def _serve(self) -> None:
        while True:
            vehicle, _ = self._listener.accept()
            with vehicle, suppress(OSError):
                packets = Packets()
                vehicle.settimeout(5)
                while not list(packets.feed(vehicle.recv(4096))):
                    pass
                vehicle.sendall(self._say)
                vehicle.shutdown(socket.SHUT_WR)
                while vehicle.recv(4096):
                    pass


def fuzz(case: Case, count: int, seed: int, seconds: float = 1e9) -> dict[str, Any]:
    """Try so many, or as many as there is time for; gives numbers, the commonest reasons, and what failed."""
    reasons: Counter[str] = Counter()
    failed: list[str] = []
    longest, tried, end = 0.0, 0, time.monotonic() + seconds
    for number in range(count):
        if time.monotonic() > end:
            break
        tried += 1
        began = time.monotonic()
        try:
            reasons[_kind(case(random.Random(f"{seed} {number}")))] += 1
        except Exception as error:  # noqa: BLE001  whatever it is, it is what is looked for
            failed.append(f"case {number}: {type(error).__name__}: {error}")
        longest = max(longest, time.monotonic() - began)
    if longest > HANG_S:
        failed.append(f"one took {longest:.1f} s")
    taken = reasons.pop("taken", 0) + reasons.pop("passed over", 0)
    return {
        "tried": tried,
        "taken": taken,
        "refused": sum(reasons.values()),
        "reasons": dict(reasons.most_common(8)),
        "longest_s": round(longest, 3),
        "failed": failed[:10],
    }


def _kind(reason: str) -> str:
    """A reason without what differs from case to case."""
    return re.sub(r"\d+", "0", re.sub(r"'[^']*'|\(.*|0x\w+", "...", reason))[:60].strip()


def targets(folder: Path) -> dict[str, Case]:
    return {
        "payloads": payloads,
        "requests": requests,
        "gpsd_lines": gpsd_lines,
        "broker_packets": Packetted(),
        "database_pages": Pages(folder),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--count", type=int, default=10_000, help="cases of each kind")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", action="append", help="one kind, may be given again; else all")
    given = parser.parse_args()
    logging.disable(logging.CRITICAL)
    memory = Path("/dev/shm")  # ten thousand databases are synced faster there
    with tempfile.TemporaryDirectory(prefix="fuzz-", dir=memory if memory.is_dir() else None) as made:
        cases = {name: case for name, case in targets(Path(made)).items() if name in (given.only or name)}
        result = {name: fuzz(case, given.count, given.seed) for name, case in cases.items()}
    print(json.dumps(result))
    return int(any(one["failed"] for one in result.values()))


if __name__ == "__main__":
    sys.exit(main())
