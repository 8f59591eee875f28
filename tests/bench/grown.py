"""How a frame's decision grows with the rules' windows, and keeping an event with what waits already.

python tests/bench/grown.py FOLDER [--quick]     prints one JSON object
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from edge.config import Config, OutboxConfig, RulesConfig
from edge.delivery.event import EventBuilder
from edge.delivery.message import encode
from edge.delivery.outbox import Outbox
from edge.delivery.outbox_access import Access
from edge.delivery.outbox_rows import Rows
from edge.records import Box, Emotion, Event, Eyes, Face, HeadPose, Observation, Signal
from edge.rules.policy import Policy

WINDOWS_S = (10, 30, 60, 180, 600, 1800)
DEPTHS = (0, 100, 1_000, 10_000, 100_000)
RATE = 15
"""Frames a second; the driver blinks for 0.2 s every 3 s, shuts his eyes for 0.6 s every 20 s: windows hold much."""
_MEASURED = 2000
"""Frames that are measured once a window is full."""
_PUTS = 400
_START = 1_793_491_200.0
_FACE = Face(Box(200, 150, 180, 220), (255.0, 240.0), (325.0, 240.0), (290.0, 320.0), 0.99)


def observation(number: int) -> Observation:
    """What is seen of a driver in that frame."""
    moment = number / RATE
    closed = moment % 3 < 0.2 or moment % 20 < 0.6
    emotion = Emotion(
        happy=0.1, neutral=0.5, sad=0.4 if number // 40 % 2 else 0.3, surprise=0.0 if number // 40 % 2 else 0.1
    )
    return Observation(moment, _FACE, Eyes(*(0.98, 0.97) if closed else (0.02, 0.03)), emotion, 0.05, HeadPose(1, 2, 0))


def window(seconds: int) -> dict[str, Any]:
    """Microseconds of a decision where every window is so long and full."""
    lengths = {"perclos": {"short_s": seconds, "long_s": seconds}, "sad": {"window_s": seconds}}
    policy = Policy(RulesConfig.model_validate(lengths))
    filled = seconds * RATE
    for number in range(filled):
        policy.step(observation(number))
    coming = [observation(number) for number in range(filled, filled + _MEASURED)]
    return {"seconds": seconds, **_spread(coming, policy.step, time.process_time)}


def depth(waiting: int, folder: Path, puts: int) -> dict[str, Any]:
    """Microseconds of keeping an event, on the disk when it returns, where so many wait already."""
    with tempfile.TemporaryDirectory(dir=folder) as place:
        # room above what waits, so that none is dropped for the next
        config = OutboxConfig(events=1_000_000, megabytes=1000, days=3650)
        _fill(Path(place), config, waiting)
        outbox = Outbox(Path(place), config)
        try:
            if len(outbox) != waiting:
                raise RuntimeError(f"{len(outbox)} events wait instead of {waiting}")
            result = _spread(_events(puts, waiting), outbox.put, time.perf_counter)  # the disk's time is part of it
        finally:
            outbox.close()
    return {"waiting": waiting, **result}


def _fill(folder: Path, config: OutboxConfig, waiting: int) -> None:
    """In one transaction: put by put would be the same rows, and minutes."""
    access = Access(folder, config)
    rows: Rows = access.rows()
    with rows.transaction():
        for ticket, event in enumerate(_events(waiting, 0), start=1):
            rows.add(access.seal.close(ticket, 1, int(time.time()), encode(event)))
    access.close()


def _events(number: int, after: int) -> list[Event]:
    builder = EventBuilder("bus-17", session=1)
    signal = Signal("fatigue", "microsleep", "warning", "start", 0.0, 1)
    return [builder.build(signal, wall=_START + after + n, time_source="gps", position=None) for n in range(number)]


def _spread(inputs: Sequence[Any], work: Callable[[Any], Any], clock: Callable[[], float]) -> dict[str, float]:
    taken = []
    for one in inputs:
        began = clock()
        work(one)
        taken.append(clock() - began)
    median, p95, p99 = np.percentile(taken, (50, 95, 99)) * 1e6
    return {"median_us": round(median, 1), "p95_us": round(p95, 1), "p99_us": round(p99, 1)}


def main() -> None:
    """Shortest and fewest first; the whole a few times over, the best of each kept: a busy machine only adds."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--quick", action="store_true")
    asked = parser.parse_args()
    repetitions, puts = (1, 50) if asked.quick else (3, _PUTS)
    windows = [
        [window(seconds) for seconds in (WINDOWS_S[:4] if asked.quick else WINDOWS_S)] for _ in range(repetitions)
    ]
    depths = [
        [depth(waiting, asked.folder, puts) for waiting in (DEPTHS[:4] if asked.quick else DEPTHS)]
        for _ in range(repetitions)
    ]
    print(json.dumps({"windows": _best(windows), "outbox": _best(depths)}))


def _best(runs: list[list[dict[str, Any]]]) -> list[dict[str, Any]]:
    return [min(same, key=lambda one: one["median_us"]) for same in zip(*runs, strict=True)]


if __name__ == "__main__":
    Config()
    main()
