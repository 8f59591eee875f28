"""`driver-monitor status`, asked of a running daemon as a person asks."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from command import run, start, tell, write_clip, write_config

from edge.service.local import NAME, answering


@pytest.fixture(scope="module")
def clip(synthetic_recording: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_clip(synthetic_recording, tmp_path_factory.mktemp("clip"))


@pytest.fixture
def config(clip: Path, tmp_path: Path) -> Path:
    camera = {"kind": "recording", "path": str(clip), "loop": True}
    return write_config(tmp_path, vehicle="bus-17", camera=camera, state_directory="state")


@pytest.fixture
def daemon(config: Path) -> Iterator[subprocess.Popen[str]]:
    """Running, and answering."""
    with start("run", "--config", config) as process:
        try:
            end = time.monotonic() + 120
            while not (config.parent / "state" / NAME).is_socket() and time.monotonic() < end:
                time.sleep(0.05)  # another process: there is nothing to wait on
            yield process
        finally:
            process.kill()


def test_a_running_daemon_says_how_it_is(daemon: subprocess.Popen[str], config: Path, capfd) -> None:
    told = tell(capfd, "status", "--config", config, "--json")
    report = json.loads(told.output)
    assert (report["vehicle"], report["session"], report["camera"]["kind"]) == ("bus-17", 1, "recording")
    assert told.code == (1 if report["problems"] else 0)
    text = run("status", "--config", config)
    assert text.output.startswith("driver-monitor ")
    assert "\ncamera     recording " in text.output
    assert text.errors == ""


def test_the_socket_goes_with_a_clean_end_and_a_killed_daemons_is_told_as_none(
    daemon: subprocess.Popen[str], config: Path, capfd
) -> None:
    daemon.kill()
    daemon.wait()
    assert (config.parent / "state" / NAME).is_socket()
    told = tell(capfd, "status", "--config", config)
    assert told.code == 1
    assert told.sentence.startswith(f"No daemon answers at {config.parent / 'state' / NAME}")
    with start("run", "--config", config) as second:
        try:
            end = time.monotonic() + 120
            while tell(capfd, "status", "--config", config).errors and time.monotonic() < end:
                time.sleep(0.05)
            second.send_signal(signal.SIGTERM)
            assert second.wait(60) == 0
        finally:
            second.kill()
    assert not (config.parent / "state" / NAME).exists()


def test_without_a_state_directory_it_says_where_it_looked(tmp_path: Path, capfd) -> None:
    told = tell(capfd, "status", "--config", write_config(tmp_path, vehicle="bus-17"))
    assert told.code == 1
    assert told.sentence.startswith("No daemon answers at /run/driver-monitor/status.sock; start it with systemctl")


def test_a_daemon_of_another_version_is_told_as_one(config: Path, tmp_path: Path, capfd) -> None:
    with answering(tmp_path / "state", lambda: {"version": "9.0", "problems": []}):
        told = tell(capfd, "status", "--config", config)
    assert (told.code, told.output) == (2, "")
    assert told.sentence == "The running daemon is of another version than this program; restart it."
