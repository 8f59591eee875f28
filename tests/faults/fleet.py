"""The vehicles of a campaign: processes that are started, killed and started again, each behind its own network."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import psutil
import yaml
from journal import Key, Noted, read_journal
from proxy import Proxy
from vehicle import Settings

from edge.config import OutboxConfig
from edge.delivery.outbox_admin import waiting

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]


@dataclass
class Span:
    """Monotonic seconds from and to; what happened in it."""

    fault: str
    begin: float
    end: float = float("inf")


@dataclass
class Vehicle:
    """One vehicle and its files in `folder`; `state` may lie on a small disk of its own."""

    name: str
    folder: Path
    proxy: Proxy
    rate: float = 10.0
    """Decisions a second, and more where it is behind: `target` decisions until `until` (monotonic seconds)."""
    target: int = 0
    until: float = 0.0
    seed: int = 0
    impatient: bool = False
    clip: Path | None = None
    """The recording of a vehicle with the whole daemon."""
    gpsd: Any = None
    """The receiver of a vehicle with the whole daemon."""
    disk: Path | None = None
    """Its small disk, where it has one."""
    calm: bool = False
    """Nothing happens to it but what happens to the broker."""
    spans: list[Span] = field(default_factory=list)
    kills: list[tuple[float, bool]] = field(default_factory=list)
    """When it was killed, and whether events waited and the way to the broker was free from then on."""
    crashes: list[str] = field(default_factory=list)
    process: subprocess.Popen[bytes] | None = None

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True)
        self.clock.write_text("+0")

    @property
    def journal(self) -> Path:
        return self.folder / "journal"

    @property
    def clock(self) -> Path:
        return self.folder / "clock"

    @property
    def state(self) -> Path:
        return (self.disk or self.folder) / "state"

    def noted(self) -> Noted:
        return read_journal(self.journal)

    def still_waiting(self) -> set[Key]:
        """What is in its outbox, once it has ended."""
        if not (self.state / "outbox.db").exists():
            return set()
        return {(event.session, event.sequence) for event in waiting(self.state, OutboxConfig())}

    def start(self) -> None:
        if (left := self.until - time.monotonic()) > 5:
            self.rate = max(self.rate, 1.3 * (self.target - len(self.noted().decided)) / left)
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(self._command(), stdout=log, stderr=log, cwd=ROOT)

    def kill(self, *, measured: bool = False) -> None:
        assert self.process
        self.kills.append((time.monotonic(), measured))
        self.process.kill()
        self.process.wait()
        self.process = None

    def stop(self) -> None:
        """A clean end."""
        if self.process is not None:
            self.process.terminate()
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.crashes.append("does not end on SIGTERM")
                self.process.kill()
                self.process.wait()
            self.process = None

    def look_after(self) -> None:
        """As the service manager does: one that ended by itself is noted and started again."""
        if self.process is not None and self.process.poll() is not None:
            last = (self.folder / "log").read_bytes().splitlines()[-1:]
            self.crashes.append(f"exit {self.process.returncode}: {last}")
            self.start()

    def memory_mb(self) -> float:
        return psutil.Process(self.process.pid).memory_info().rss / 1e6 if self.process else 0.0

    def _command(self) -> list[str]:
        if self.clip is not None:
            return [
                sys.executable,
                str(HERE / "whole_daemon.py"),
                str(self.journal),
                str(self.clock),
                str(self._configuration()),
            ]
        settings = Settings(
            self.name, self.proxy.port, str(self.state), str(self.journal), str(self.clock), self.rate, self.seed,
            self.impatient,
        )  # fmt: skip
        return [sys.executable, str(HERE / "vehicle.py"), json.dumps(asdict(settings))]

    def _configuration(self) -> Path:
        path = self.folder / "config.yaml"
        sections: dict[str, object] = {
            "vehicle": self.name,
            "camera": {"kind": "recording", "path": str(self.clip), "loop": True},
            "rules": {"guards": {"laughing": False}},  # the portrait smiles, and it is no laughter
            "mqtt": {"host": "127.0.0.1", "port": self.proxy.port, "keepalive_s": 5, "status_interval_s": 5.0},
            "state_directory": str(self.state),
        }
        if self.gpsd is not None:
            sections |= {"gps": {"kind": "gpsd", "port": self.gpsd.port}, "clock": {"wait_s": 2.0}}
        path.write_text(yaml.safe_dump(sections))
        return path
