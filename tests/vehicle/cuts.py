"""Cutting the power of a machine again and again, and holding what it keeps against what it had confirmed."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass, field
from pathlib import Path

from broker import Broker, Subscriber, free_port
from emulated import Emulated
from medium import Medium

Event = tuple[str, ...]
"""Session, sequence, episode and checksum of the payload, as they were told."""
FILES = {"outbox.db", "outbox.db-shm", "outbox.db-wal", "outbox.key", "outbox.lock", "session"}
IN_START = 1 / 6
"""Of the cuts fall before the program is ready: while the kernel starts, the journal is replayed, the outbox opened."""
AMID_WRITING = 1 / 2
"""Of the cuts fall between two operations of the disk, which by the clock would seldom be met; the others anywhere."""
OPERATIONS = 40
"""A start, or a handful of events, writes and flushes so often."""
MOST_EVENTS = 60
LATEST_S = 0.3
ARRIVAL_S = 120.0


@dataclass
class Report:
    """What came of it. `lost` were confirmed, and neither waited at the next start nor had arrived at the broker."""

    cuts: int = 0
    in_start: int = 0
    starts_s: list[float] = field(default_factory=list)
    """From the emulator's start to the program's readiness."""
    confirmed: set[Event] = field(default_factory=set)
    arrived: int = 0
    lost: set[Event] = field(default_factory=set)
    troubles: list[str] = field(default_factory=list)
    """Of the database, of the files beside it, of session numbers."""
    sectors_lost: int = 0
    cuts_with_loss: int = 0
    """Cuts by which the disk lost something that was written and not flushed."""
    flushes: int = 0


class Vehicle:
    """A machine that keeps its disk over cuts, and a broker that it can reach at every other start."""

    def __init__(self, folder: Path, start: Path, medium: Medium, command: str, seed: int) -> None:
        self._folder = folder
        self._start = start
        self._command = command
        self._chance = random.Random(seed)
        self._broker = Broker(folder)
        self._nobody = free_port()
        self._sessions: set[int] = set()
        self.medium = medium
        self.report = Report()

    def __enter__(self) -> Vehicle:
        self._broker.start()
        self._subscriber = Subscriber(self._broker, "driver-monitor/bus-17/event/#", self._folder)
        return self

    def __exit__(self, *_: object) -> None:
        self._subscriber.stop()
        self._broker.stop()

    def live_and_die(self) -> None:
        """One start, some events, a cut at a random moment."""
        report, chance = self.report, self._chance
        reachable = report.cuts % 2 == 1
        with self._boot(reachable) as machine:
            starting = bool(report.starts_s) and chance.random() < IN_START
            report.in_start += starting
            if not starting:
                self._check_start(machine)
                for _, words in zip(range(chance.randint(1, MOST_EVENTS)), machine.lines(), strict=False):
                    self._hear(words)
            if chance.random() < AMID_WRITING:
                machine.stop_disk(chance.randrange(OPERATIONS))
            else:
                time.sleep(chance.uniform(0, report.starts_s[-1] if starting else LATEST_S))
            # A disk loses all that it had not written, or a part.
            rest, lost = machine.cut(chance.choice((0.0, 0.5)))
        for words in rest:
            self._hear(words)
        report.cuts += 1
        report.sectors_lost += lost
        report.cuts_with_loss += lost > 0
        report.flushes = self.medium.flushes
        print(f"cut {report.cuts}: {len(report.confirmed)} confirmed, {len(report.lost)} lost, {lost} sectors lost")

    def arrive(self) -> None:
        """A last start, after which everything reaches the broker."""
        with self._boot(reachable=True) as machine:
            self._check_start(machine)
            end = time.monotonic() + ARRIVAL_S
            before = self.report.confirmed - self.report.lost
            while not before <= self._arrived() and time.monotonic() < end:
                self._hear(next(machine.lines()))
            self.report.lost |= before - self._arrived()
            self.report.arrived = len(before & self._arrived())

    def _boot(self, reachable: bool) -> Emulated:
        broker = {"BROKER": str(self._broker.port if reachable else self._nobody)}
        return Emulated(self._folder, self._start, self.medium, self._command, broker)

    def _hear(self, words: list[str]) -> None:
        if words[0] == "confirmed":
            self.report.confirmed.add(tuple(words[1:]))
        elif words[0] == "spilled":
            self.report.troubles.append(f"not on the disk: {words}")

    def _check_start(self, machine: Emulated) -> None:
        report = self.report
        begin = time.monotonic()
        found: set[Event] = set()
        for kind, *words in machine.lines():
            if kind == "whole" and words != ["ok"] and (words != ["new"] or report.confirmed):
                report.troubles.append(f"the database: {' '.join(words)}")
            elif kind == "files" and not set(words) <= FILES:
                report.troubles.append(f"files: {words}")
            elif kind == "found":
                found.add(tuple(words))
            elif kind == "ready":
                session = int(words[0])
                break
        report.starts_s.append(time.monotonic() - begin)
        if self._sessions and session <= max(self._sessions):
            report.troubles.append(f"session {session} comes after {max(self._sessions)}")
        self._sessions.add(session)
        missing = report.confirmed - found
        end = time.monotonic() + 10  # what the broker acknowledged may still be on its way to us
        while not missing <= self._arrived() and time.monotonic() < end:
            time.sleep(0.1)
        report.lost |= missing - self._arrived()

    def _arrived(self) -> set[Event]:
        """What is at the broker, of what was confirmed; its payload may say by now that it is late."""
        payloads = self._subscriber.payloads()
        keys = {(str(event["session"]), str(event["sequence"]), event["id"]) for event in payloads}
        return {event for event in self.report.confirmed if event[:3] in keys}
