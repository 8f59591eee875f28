"""The real daemon with a part that hangs, and a service manager's socket that listens."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from command import write_clip, write_config
from disks import fill, mount, unmount

STUCK = Path(__file__).with_name("stuck_daemon.py")
INTERVAL_S = 4.0
STALL_S = 0.5
PATIENCE = 90.0  # seconds; reached only where the test fails


class Daemon:
    """The daemon as a process, and what it says to the service manager, to the journal and on standard output."""

    def __init__(self, folder: Path, part: str, config: Path) -> None:
        self._ear = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._ear.bind(str(folder / "notify"))
        self._ear.settimeout(PATIENCE)
        self._journal = folder / "journal"
        told = {"NOTIFY_SOCKET": str(folder / "notify"), "WATCHDOG_USEC": str(int(INTERVAL_S * 1e6))}
        environment = {name: value for name, value in os.environ.items() if name != "WATCHDOG_PID"}
        with self._journal.open("w") as journal:
            self.process = subprocess.Popen(
                [sys.executable, str(STUCK), part, str(config)],
                stdout=subprocess.PIPE,
                stderr=journal,
                env=environment | told,
                text=True,
            )

    def close(self) -> None:
        self.process.kill()
        self.process.communicate()
        self._ear.close()

    def journal(self) -> str:
        return self._journal.read_text()

    def hear(self, message: str) -> float:
        """Waits until the manager hears that; when it did, monotonic seconds."""
        while self._ear.recv(1024).decode() != message:
            pass
        return time.monotonic()

    def heard(self) -> list[str]:
        """What the manager has heard since it last listened."""
        messages = []
        self._ear.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            while True:
                messages.append(self._ear.recv(1024).decode())
        self._ear.settimeout(PATIENCE)
        return messages

    def wait_for_journal(self, *texts: str) -> str:
        """The journal as soon as it holds all of these."""
        end = time.monotonic() + PATIENCE
        while not all(text in (journal := self.journal()) for text in texts):
            assert time.monotonic() < end, journal
            assert self.process.poll() is None, journal
            time.sleep(0.05)
        return journal


@pytest.fixture(scope="module")
def clip(synthetic_recording: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_clip(synthetic_recording, tmp_path_factory.mktemp("clip"))


Run = Callable[..., Daemon]


@pytest.fixture
def run(clip: Path, tmp_path: Path) -> Iterator[Run]:
    running: list[Daemon] = []

    def start(part: str, *, state: Path | None = None, **camera: object) -> Daemon:
        config = write_config(
            tmp_path,
            camera={"kind": "recording", "path": str(clip), "loop": True, "stall_s": STALL_S, **camera},
            state_directory=str(state or tmp_path / "state"),
            **({} if part == "capture" else {"mqtt": {"host": "127.0.0.1", "port": 9}}),
        )
        running.append(Daemon(tmp_path, part, config))
        return running[-1]

    yield start
    for daemon in running:
        daemon.close()


def test_the_manager_hears_that_it_is_ready_that_it_works_how_it_is_and_that_it_stops(run: Run) -> None:
    daemon = run("nothing")
    daemon.hear("STATUS=watching")
    daemon.hear("READY=1")
    fed = [daemon.hear("WATCHDOG=1") for _ in range(3)]
    assert fed[2] - fed[0] > 0.9 * INTERVAL_S  # at most twice in an interval
    daemon.process.send_signal(signal.SIGTERM)
    daemon.hear("STOPPING=1")
    assert daemon.process.wait(PATIENCE) == 0
    assert "stuck" not in daemon.journal() or "goes on" in daemon.journal()


@pytest.mark.parametrize("part", ["inference", "rules", "alert", "outbox", "camera"])
def test_what_hangs_is_named_and_no_longer_fed_and_its_stack_is_in_the_journal(run: Run, part: str) -> None:
    daemon = run(part)
    daemon.hear("WATCHDOG=1")
    daemon.wait_for_journal(f"stuck: {part} has taken")
    daemon.heard()
    journal = daemon.wait_for_journal("Timeout (", "in hang")  # the stacks, before the watchdog strikes
    assert "WATCHDOG=1" not in daemon.heard()
    assert journal.count(f"stuck: {part} has taken") == 1


def test_a_deadlock_is_noticed_and_both_its_threads_stand_in_the_journal(run: Run) -> None:
    daemon = run("status")
    daemon.wait_for_journal("stuck: status has taken")
    daemon.heard()
    journal = daemon.wait_for_journal("Timeout (", "most recent call first")
    assert "WATCHDOG=1" not in daemon.heard()
    assert journal.count("in take") >= 2


def test_a_part_that_lets_no_thread_run_is_not_fed_and_leaves_its_stack(run: Run) -> None:
    """The watcher is a thread and cannot speak then; the system's own timer can."""
    daemon = run("inference with interpreter")
    daemon.hear("READY=1")
    daemon.wait_for_journal("Timeout (", "in hang_with_interpreter")
    daemon.heard()
    assert daemon.process.poll() is None
    assert "WATCHDOG=1" not in daemon.heard()


def test_a_capture_process_that_hangs_is_survived_and_told(run: Run) -> None:
    daemon = run("capture", capture="process")
    assert daemon.process.stdout
    event = json.loads(daemon.process.stdout.readline())
    assert (event["signal"], event["cause"], event["phase"]) == ("degraded", "camera_fault", "start")
    daemon.heard()
    daemon.hear("WATCHDOG=1")
    journal = daemon.wait_for_journal(
        "the capture process is in trouble: it gave no frame for 0.5 s; it is started anew"
    )
    assert "No frame came from the capture process for 0.5 s" in journal


def test_the_strike_of_the_watchdog_leaves_stacks_and_no_capture_process(run: Run) -> None:
    daemon = run("nothing", capture="process")
    daemon.hear("READY=1")
    children = psutil.Process(daemon.process.pid).children()
    assert len(children) == 1
    daemon.process.send_signal(signal.SIGABRT)  # systemd's WatchdogSignal
    assert daemon.process.wait(PATIENCE) == -signal.SIGABRT
    _gone, left = psutil.wait_procs(children, timeout=PATIENCE)
    assert not left
    assert "Fatal Python error: Aborted" in daemon.journal()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 1 MB."""
    if reason := mount(tmp_path / "disk"):
        pytest.skip(reason)
    yield tmp_path / "disk"
    unmount(tmp_path / "disk")


def test_a_full_disk_is_survived_and_told_apart(run: Run, small_disk: Path) -> None:
    fill(small_disk)
    daemon = run("nothing", state=small_disk)
    daemon.hear("READY=1")
    journal = daemon.wait_for_journal("(No space left on device)")
    assert "stuck: outbox" not in journal
    daemon.heard()
    daemon.hear("WATCHDOG=1")
    daemon.hear("WATCHDOG=1")
    daemon.process.kill()  # before the disk goes
    daemon.process.wait()
