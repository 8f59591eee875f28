"""What the daemon costs: memory, processor, time to ready, and how long a frame takes from capture to decision.

    PYTHONPATH=tests:tests/faults python tests/service/measure_daemon.py --seconds 60

The real daemon with its capture process, which decodes the synthetic recording (640x480) at 15 frames a second and
gives it as a device would. Prints one JSON object. `processor` is the share of one core that both processes used;
`reference` is the seconds that a fixed piece of work took meanwhile, by the clock over by the processor: well above 1
where other programs were in the way, and then times by the clock say little. Memory in MB: `rss` counts what both
share twice, `pss` once.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import yaml

TESTS = Path(__file__).resolve().parents[1]
RECORDING = TESTS / "recordings" / "synthetic_closure" / "video.mp4"
DAEMON = TESTS / "faults" / "watched_daemon.py"
SETTLING_S = 5.0
STARTS = 5
PATIENCE_S = 120.0


class Daemon:
    """A daemon that has told that it is ready, `ready_s` seconds after it was started."""

    def __init__(self, folder: Path, broker: bool) -> None:
        config: dict[str, Any] = {
            "camera": {"kind": "recording", "path": str(RECORDING), "capture": "process", "loop": True},
            "state_directory": str(folder / "state"),
        }
        if broker:
            config["mqtt"] = {"host": "127.0.0.1", "port": 9}  # nobody there: events wait in the outbox
        (folder / "config.yaml").write_text(yaml.safe_dump(config))
        self.lines = folder / "lines"
        address = folder / "notify"
        address.unlink(missing_ok=True)
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ear:
            ear.bind(str(address))
            ear.settimeout(PATIENCE_S)
            begin = time.monotonic()
            self.process = subprocess.Popen(
                [sys.executable, str(DAEMON), str(self.lines), str(folder / "config.yaml")],
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env=os.environ | {"NOTIFY_SOCKET": str(address)},
            )
            while ear.recv(1024) != b"READY=1":
                pass
            self.ready_s = time.monotonic() - begin
        self.both = [psutil.Process(self.process.pid), *psutil.Process(self.process.pid).children()]

    def seconds(self) -> float:
        """Of the processor, used by both."""
        return sum(sum(one.cpu_times()[:2]) for one in self.both)

    def memory(self) -> dict[str, float]:
        info = [one.memory_full_info() for one in self.both]
        return {
            "rss": round(sum(one.rss for one in info) / 2**20, 1),
            "pss": round(sum(one.pss for one in info) / 2**20, 1),
            "rss_daemon": round(info[0].rss / 2**20, 1),
            "rss_capture": round(sum(one.rss for one in info[1:]) / 2**20, 1),
        }

    def close(self) -> None:
        self.process.terminate()
        self.process.wait(PATIENCE_S)


def reference() -> tuple[float, float]:
    """Seconds of a fixed piece of work by the clock and by the processor."""
    clock, processor = time.perf_counter(), time.process_time()
    sum(range(2_000_000))
    return time.perf_counter() - clock, time.process_time() - processor


def measure(folder: Path, seconds: float, broker: bool) -> dict[str, Any]:
    ready = []
    for _ in range(STARTS):
        daemon = Daemon(folder, broker)
        ready.append(daemon.ready_s)
        daemon.close()
    daemon = Daemon(folder, broker)
    time.sleep(SETTLING_S)
    begin, used, references = time.monotonic(), daemon.seconds(), []
    while time.monotonic() < begin + seconds:
        references.append(reference())
        time.sleep(min(5.0, seconds))
    end, share = time.monotonic(), (daemon.seconds() - used) / (time.monotonic() - begin)
    memory = daemon.memory()
    daemon.close()
    lines = [tuple(map(float, line.split())) for line in daemon.lines.read_text().splitlines()]
    took = [decided - captured for decided, captured, _ in lines if begin <= captured < end]
    clock, processor = np.median(references, axis=0)
    return {
        "frames_per_second": round(len(took) / (end - begin), 2),
        "latency_ms": {f"p{at}": round(1000 * float(np.percentile(took, at)), 1) for at in (50, 95, 99)},
        "processor": round(share, 3),
        "memory_mb": memory,
        "ready_s": {"median": round(float(np.median(ready)), 2), "all": [round(one, 2) for one in ready]},
        "reference": round(float(clock / processor), 2),
        "reference_processor_s": round(float(processor), 4),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--no-broker", action="store_true", help="events are printed instead of kept")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        result = measure(Path(folder), arguments.seconds, not arguments.no_broker)
    sys.stdout.write(json.dumps(result) + "\n")


if __name__ == "__main__":
    main()
