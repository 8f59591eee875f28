"""The daemon for an hour, from camera to broker, with faults mixed in: does it grow, leak or slow down?

    PYTHONPATH=tests python tests/faults/soak.py RECORDING [--minutes 60] [--seed 1] [--output FILE]

A recording in a loop stands for the camera, read by a process of its own, as a camera is. At random times that one is
killed or stopped, the broker is stopped, killed or says nothing, and the daemon's own status is asked for by many at
once. Every ten seconds memory, descriptors, threads, processes and latency are written down. The last line is the
result as one JSON object; exits 1 where something grew.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import random
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import yaml
from broker import Broker, Subscriber

from edge.errors import UserError
from edge.service.local import ask

EVERY_S = 10.0
WARM_UP = 1 / 6
"""Share of the time after which nothing may grow any more: ten minutes of sixty."""
MEAN_PAUSE_S = 25.0
"""Between two faults."""
MOST_MB_AN_HOUR = 2.0
MOST_MORE = 2
"""Descriptors or threads that the last minutes may show above the first: what is under way differs from moment to
moment."""
SLOWER = 1.5
"""The latency of the last third over that of the first: machines are noisy, a leak would go on and on."""


def faults(vehicle: psutil.Process, broker: Broker, folder: Path, chance: random.Random) -> dict[str, Any]:
    """What may be done to the vehicle: each returns when it is over."""

    def child(how: signal.Signals) -> None:
        for process in vehicle.children():
            with suppress(psutil.Error):
                process.send_signal(how)

    def hang() -> None:
        child(signal.SIGSTOP)
        time.sleep(chance.uniform(1, 6))
        child(signal.SIGCONT)

    def without_broker(end: Any) -> None:
        end()
        time.sleep(chance.uniform(2, 20))
        broker.start()

    def silent_broker() -> None:
        broker.pause()
        time.sleep(chance.uniform(2, 20))
        broker.resume()

    def asked_by_many() -> None:
        def one() -> None:
            with suppress(UserError):
                ask([folder])

        threads = [threading.Thread(target=one) for _ in range(30)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    return {
        "camera_process_killed": lambda: child(signal.SIGKILL),
        "camera_process_hangs": hang,
        "broker_stopped": lambda: without_broker(broker.stop),
        "broker_killed": lambda: without_broker(broker.kill),
        "broker_says_nothing": silent_broker,
        "status_asked_by_many": asked_by_many,
    }


def own_mb(process: psutil.Process) -> float:
    """Anonymous and shared memory of a process: not the pages of libraries, which others share or don't."""
    with suppress(psutil.Error, OSError):
        lines = Path(f"/proc/{process.pid}/status").read_text().splitlines()
        sizes = {name: rest.split() for name, _, rest in (line.partition(":") for line in lines)}
        return sum(int(sizes[name][0]) for name in ("RssAnon", "RssShmem") if name in sizes) * 1024 / 1e6
    return 0.0


def sample(vehicle: psutil.Process, folder: Path, began: float) -> dict[str, Any]:
    """One moment: `memory_mb` is what daemon and children hold of their own, `daemon_mb` the daemon alone."""
    family = [vehicle, *vehicle.children(recursive=True)]
    try:
        status = ask([folder])
    except UserError:
        status = {}
    latency = status.get("latency_ms") or {}
    return {
        "second": round(time.monotonic() - began),
        "memory_mb": round(sum(map(own_mb, family)), 2),
        "daemon_mb": round(own_mb(vehicle), 2),
        "descriptors": vehicle.num_fds(),
        "threads": vehicle.num_threads(),
        "processes": len(family),
        "zombies": sum(process.status() == psutil.STATUS_ZOMBIE for process in vehicle.children()),
        "p95_ms": latency.get("p95"),
        "frames_per_second": status.get("frames_per_second"),
        "frames": status.get("frames"),
        "load": round(os.getloadavg()[0], 1),
    }


def slope_an_hour(samples: list[dict[str, Any]], key: str) -> float:
    """The median of the slopes between all pairs (Theil and Sen): single outliers do not count."""
    points = [(one["second"], one[key]) for one in samples if one[key] is not None]
    slopes = [(b[1] - a[1]) / (b[0] - a[0]) for a, b in itertools.combinations(points, 2) if b[0] > a[0]]
    return statistics.median(slopes) * 3600 if slopes else 0.0


def judge(samples: list[dict[str, Any]]) -> dict[str, Any]:
    """What grew from the end of the warm-up to the end."""
    settled = [one for one in samples if one["second"] >= WARM_UP * samples[-1]["second"]]
    third = max(1, len(settled) // 3)
    first, last = settled[:third], settled[-third:]

    def middle(part: list[dict[str, Any]], key: str) -> float:
        return statistics.median([one[key] for one in part if one[key] is not None] or [0])

    found: dict[str, Any] = {"memory_mb_an_hour": round(slope_an_hour(settled, "memory_mb"), 2)}
    found["daemon_mb_an_hour"] = round(slope_an_hour(settled, "daemon_mb"), 2)
    for key in ("memory_mb", "descriptors", "threads", "processes", "p95_ms", "frames_per_second", "load"):
        found[key] = [middle(first, key), middle(last, key)]
    found["zombies_at_most"] = max(one["zombies"] for one in samples)
    grown = []
    if found["memory_mb_an_hour"] > MOST_MB_AN_HOUR:
        grown.append("memory")
    grown += [key for key in ("descriptors", "threads") if found[key][1] > found[key][0] + MOST_MORE]
    grown += ["latency"] if found["p95_ms"][1] > SLOWER * found["p95_ms"][0] + 1 else []
    return {**found, "grown": grown}


def shared_memory() -> int:
    return len(list(Path("/dev/shm").iterdir()))


def soak(recording: Path, minutes: float, seed: int, folder: Path) -> dict[str, Any]:
    chance = random.Random(seed)
    state = folder / "state"
    broker = Broker(folder)
    broker.start()
    config = folder / "config.yaml"
    content = {
        "vehicle": "bus-17",
        "camera": {"kind": "recording", "path": str(recording.resolve()), "loop": True, "capture": "process"},
        "state_directory": str(state),
        "mqtt": {"host": "127.0.0.1", "port": broker.port},
    }
    config.write_text(yaml.safe_dump(content))
    segments = shared_memory()
    program = Path(sys.executable).with_name("driver-monitor")
    subscriber = Subscriber(broker, "driver-monitor/bus-17/event/#", folder)
    with (folder / "daemon.log").open("wb") as log:
        daemon = subprocess.Popen([str(program), "run", "--config", str(config)], stdout=log, stderr=log)
    began = time.monotonic()
    vehicle = psutil.Process(daemon.pid)
    samples: list[dict[str, Any]] = []
    done: Counter[str] = Counter()
    over = threading.Event()

    def trouble() -> None:
        while not over.wait(chance.expovariate(1 / MEAN_PAUSE_S)):
            name, fault = chance.choice(list(faults(vehicle, broker, state, chance).items()))
            fault()
            done[name] += 1

    troubles = threading.Thread(target=trouble)
    try:
        time.sleep(EVERY_S)
        troubles.start()
        while time.monotonic() < began + 60 * minutes and daemon.poll() is None:
            samples.append(sample(vehicle, state, began))
            print(json.dumps(samples[-1]), flush=True)
            time.sleep(EVERY_S)
    finally:
        over.set()
        if troubles.ident is not None:
            troubles.join()
        alive = daemon.poll() is None
        daemon.send_signal(signal.SIGTERM)
        code = daemon.wait(30)
        subscriber.stop()
        broker.stop()
    result = {"minutes": round((time.monotonic() - began) / 60, 1), "faults": dict(sorted(done.items()))}
    result |= judge(samples)
    result |= {
        "frames": samples[-1]["frames"],
        "events_received": len(subscriber.messages),
        "alive_to_the_end": alive,
        "exit_code": code,
        "segments_left": shared_memory() - segments,
        "log_lines": len((folder / "daemon.log").read_text().splitlines()),
    }
    result["passed"] = alive and code == 0 and not result["grown"] and result["segments_left"] <= 0
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("recording", type=Path)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--output", type=Path, help="write the result there, too")
    given = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="driver-monitor-soak-"))
    result = soak(given.recording, given.minutes, given.seed, folder)
    if given.output:
        given.output.write_text(json.dumps(result, indent=1) + "\n")
    print(json.dumps(result))
    if not result["passed"]:
        sys.exit(f"the daemon's log and state stay in {folder}")
    shutil.rmtree(folder)


if __name__ == "__main__":
    main()
