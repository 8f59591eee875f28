"""The campaign of camera faults: the real daemon, its capture process, and a camera that fails at random.

    PYTHONPATH=tests python tests/faults/cameras.py --each 20 --seed 1

A line for each fault as it is over, and as the last line the whole report as one JSON object; exits 1 where a fault was
not told, the driver was not seen again within 5 s of its end, or an alarm of fatigue was raised.
"""

from __future__ import annotations

import argparse
import json
import queue
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import psutil
import yaml
from faulty_child import Order

KINDS = ("end", "stall", "garbage", "wrong size", "child killed", "black", "white")
BACK_S = 5.0
"""Within which the driver is seen again once the camera is mended."""
RECORDING = Path(__file__).resolve().parents[1] / "recordings" / "synthetic_closure" / "video.mp4"
AWAKE = 105
"""The recording's first seven seconds: eyes open, two blinks, small movements."""
PATIENCE_S = 60.0
KILL_EVERY_S = 0.1


@dataclass(frozen=True)
class Plan:
    """`each` of every kind, in random order, each for `shortest_s` to `longest_s`.

    `lost_s` is rules.visibility.lost_s: a picture without a driver is told after it (8 s by default).
    """

    seed: int = 1
    each: int = 20
    shortest_s: float = 3.5
    longest_s: float = 6.0
    lost_s: float = 2.0


class Vehicle:
    """The daemon as a process, what it tells and what it sees."""

    def __init__(self, folder: Path, plan: Plan) -> None:
        self.order = folder / "order.json"
        Order().give(self.order)
        np.save(folder / "frames.npy", awake_frames())
        self._lines = folder / "lines"
        self.journal = folder / "journal"
        config = {
            "camera": {"kind": "recording", "path": str(RECORDING), "capture": "process"},
            "rules": {"visibility": {"lost_s": plan.lost_s}, "guards": {"laughing": False}},
        }
        (folder / "config.yaml").write_text(yaml.safe_dump(config))
        program = Path(__file__).with_name("watched_daemon.py")
        with self.journal.open("w") as journal:
            arguments = (self._lines, folder / "config.yaml", self.order, folder / "frames.npy")
            self._process = subprocess.Popen(
                [sys.executable, str(program), *map(str, arguments)], stdout=subprocess.PIPE, stderr=journal, text=True
            )
        self.process = psutil.Process(self._process.pid)
        self.events: queue.Queue[dict[str, Any]] = queue.Queue()
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        assert self._process.stdout
        for line in self._process.stdout:
            self.events.put({**json.loads(line), "heard": time.monotonic()})

    def seen_since(self, moment: float) -> float | None:
        """When the first frame was decided on that was captured after that moment and showed the driver's eyes."""
        for line in self._lines.read_text().splitlines() if self._lines.exists() else ():
            decided, captured, seen = map(float, line.split())
            if captured >= moment and seen:
                return decided
        return None

    def latencies(self) -> list[float]:
        """Seconds from capture to decision."""
        return [float(line.split()[0]) - float(line.split()[1]) for line in self._lines.read_text().splitlines()]

    def kill_child(self) -> None:
        for child in self.process.children():
            child.kill()

    def holdings(self) -> dict[str, int]:
        """What may not grow."""
        children = self.process.children(recursive=True)
        return {
            "descriptors": self.process.num_fds(),
            "threads": self.process.num_threads(),
            "children": len(children),
            "zombies": sum(child.status() == psutil.STATUS_ZOMBIE for child in children),
            "places": sum("driver-monitor-frame" in one.path for one in self.process.memory_maps(grouped=False)),
        }

    def close(self) -> int:
        children = self.process.children(recursive=True)
        self._process.terminate()
        code = self._process.wait(PATIENCE_S)
        _gone, left = psutil.wait_procs(children, timeout=10)
        assert not left, f"{left} outlived the daemon"
        return code


def awake_frames() -> np.ndarray:
    capture = cv2.VideoCapture(str(RECORDING))
    frames = [cv2.cvtColor(capture.read()[1], cv2.COLOR_BGR2GRAY) for _ in range(AWAKE)]
    return np.stack(frames)


@contextmanager
def vehicle(plan: Plan) -> Iterator[Vehicle]:
    with tempfile.TemporaryDirectory() as folder:
        one = Vehicle(Path(folder), plan)
        try:
            yield one
        finally:
            one.process.kill() if one.process.is_running() else None


def run_campaign(plan: Plan, tell: Callable[[str], None] = print) -> dict[str, Any]:
    chance = random.Random(plan.seed)
    kinds = [kind for kind in KINDS for _ in range(plan.each)]
    chance.shuffle(kinds)
    results: list[dict[str, Any]] = []
    with vehicle(plan) as one:
        wait_for(lambda: one.seen_since(0.0), one)
        time.sleep(1.0)
        before = one.holdings()
        for kind in kinds:
            time.sleep(chance.uniform(0.5, 1.5))
            results.append(strike(one, kind, chance.uniform(plan.shortest_s, plan.longest_s)))
            tell(json.dumps(results[-1]))
        time.sleep(1.0)
        after, latencies = one.holdings(), np.array(one.latencies())
        code = one.close()
        journal = one.journal.read_text().splitlines()
    fatigue = sum(result["fatigue"] for result in results)
    report = {
        "seed": plan.seed,
        "faults": len(results),
        "kinds": {kind: summary([result for result in results if result["kind"] == kind]) for kind in KINDS},
        "fatigue": fatigue,
        "latency_ms": {f"p{at}": round(float(np.percentile(latencies, at)) * 1000, 1) for at in (50, 95, 99)},
        "before": before,
        "after": after,
        "journal_lines": len(journal),
        "exit_code": code,
    }
    good = all(result["told"] and result["back_s"] <= BACK_S for result in results)
    report["passed"] = good and not fatigue and code == 0 and after["descriptors"] <= before["descriptors"] + 1
    return report


def strike(one: Vehicle, kind: str, seconds: float) -> dict[str, Any]:
    """One fault, until the driver is seen again and that is told."""
    heard = list(drain(one.events))
    begin = time.monotonic()
    end = begin + seconds
    Order(kind, end).give(one.order)
    while kind == "child killed" and time.monotonic() < end:
        one.kill_child()
        time.sleep(KILL_EVERY_S)
    time.sleep(max(0.0, end - time.monotonic()))
    end = time.monotonic()
    seen = wait_for(lambda: one.seen_since(end), one)
    try:
        while not any(is_degraded(event, "start") for event in heard) or not is_degraded(heard[-1], "end"):
            heard.append(one.events.get(timeout=10.0))
    except queue.Empty:
        pass
    told = [event for event in heard if is_degraded(event, "start") and event["heard"] >= begin]
    over = [event["heard"] - end for event in heard if is_degraded(event, "end")]
    return {
        "kind": kind,
        "seconds": round(seconds, 2),
        "told": bool(told),
        "cause": next((event["cause"] for event in reversed(heard) if event["signal"] == "degraded"), None),
        "told_after_s": round(told[0]["heard"] - begin, 2) if told else None,
        "back_s": round(seen - end, 2),
        "told_over_s": round(over[-1], 2) if over else None,
        "fatigue": sum(event["signal"] == "fatigue" for event in heard),
    }


def is_degraded(event: dict[str, Any], phase: str) -> bool:
    return (event["signal"], event["phase"]) == ("degraded", phase)


def drain(events: queue.Queue[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    while not events.empty():
        yield events.get()


def wait_for(ask: Callable[[], float | None], one: Vehicle) -> float:
    limit = time.monotonic() + PATIENCE_S
    while (answer := ask()) is None:
        assert time.monotonic() < limit, one.journal.read_text()[-2000:]
        time.sleep(0.05)
    return answer


def summary(results: list[dict[str, Any]]) -> dict[str, Any]:
    def spread(name: str) -> list[float]:
        """Median and largest."""
        values = [result[name] for result in results if result[name] is not None]
        return [round(float(np.median(values)), 2), max(values)] if values else []

    return {
        "faults": len(results),
        "told": sum(result["told"] for result in results),
        "causes": sorted({str(result["cause"]) for result in results}),
        **{name: spread(name) for name in ("told_after_s", "back_s", "told_over_s")},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--each", type=int, default=Plan.each)
    parser.add_argument("--seed", type=int, default=Plan.seed)
    parser.add_argument("--lost-s", type=float, default=Plan.lost_s)
    arguments = parser.parse_args()
    report = run_campaign(Plan(arguments.seed, arguments.each, lost_s=arguments.lost_s))
    sys.stdout.write(json.dumps(report) + "\n")
    sys.exit(not report["passed"])


if __name__ == "__main__":
    main()
