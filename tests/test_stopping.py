"""Ctrl-C: a word and exit code 130, no traceback, nothing half-written, no process left behind."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np
import psutil
import pytest
from command import PROGRAM

from convert.network import MEMBERS

STOPPED = 130
PATIENCE_S = 90
"""On a machine that has much else to do."""


@contextmanager
def _started(program: str, *arguments: object) -> Iterator[subprocess.Popen[str]]:
    """The program as the leader of a group, as a shell starts it; whatever is left of it is ended."""
    # A job in the background, as these tests may be, ignores Ctrl-C, and what it starts would, too.
    command = ["env", "--default-signal=INT,TERM,HUP", str(PROGRAM.parent / program), *map(str, arguments)]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def _stopped(process: subprocess.Popen[str]) -> str:
    """Ctrl-C reaches the whole group; gives what was said on standard error."""
    os.killpg(process.pid, signal.SIGINT)
    _, errors = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == STOPPED, errors
    return errors


def _until(true: Callable[[], object], process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not true():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.01)


def _children(process: subprocess.Popen[str]) -> list[psutil.Process]:
    return [one for one in psutil.Process(process.pid).children() if "spawn_main" in " ".join(one.cmdline())]


@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_stopped_replay_leaves_what_was_written_before(
    tmp_path: Path, synthetic_recording: Path, by: signal.Signals
) -> None:
    """By hand, by the system, or as the connection to the vehicle broke."""
    events, pipe, report = tmp_path / "events.jsonl", tmp_path / "trace", tmp_path / "report"
    events.write_text("of an earlier replay\n")
    os.mkfifo(pipe)
    arguments = ["--events", events, "--trace", pipe, "--report", report, "--realtime"]
    with _started("driver-monitor", "replay", synthetic_recording, *arguments) as process, pipe.open() as rows:
        rows.readline()
        rows.readline()
        os.killpg(process.pid, by)
        rows.read()
        _, errors = process.communicate(timeout=PATIENCE_S)
    ended = STOPPED if by == signal.SIGINT else -by
    assert (process.returncode, errors) == (ended, "driver-monitor: stopped.\n")
    assert events.read_text() == "of an earlier replay\n"
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["events.jsonl", "report", "trace"]


@pytest.mark.parametrize("whole_group", [True, False])
def test_a_stopped_evaluation_leaves_no_process_behind(
    tmp_path: Path, synthetic_recording: Path, whole_group: bool
) -> None:
    recordings = [tmp_path / f"{number}" for number in range(4)]
    for recording in recordings:
        shutil.copytree(synthetic_recording, recording)
    result = tmp_path / "result.json"
    with _started("driver-monitor", "evaluate", *recordings, "--jobs", 2, "--json", result) as process:
        _until(lambda: len(_children(process)) == 2, process)
        workers = _children(process)
        if whole_group:
            errors = _stopped(process)
        else:
            process.send_signal(signal.SIGINT)
            _, errors = process.communicate(timeout=PATIENCE_S)
    assert (process.returncode, errors) == (STOPPED, "driver-monitor: stopped.\n")
    assert psutil.wait_procs(workers, timeout=PATIENCE_S)[1] == []
    assert not [path.name for path in tmp_path.iterdir() if "result" in path.name]


def test_a_stopped_bench_writes_no_result(tmp_path: Path) -> None:
    with _started("driver-monitor", "bench", "--json", tmp_path / "result.json") as process:
        _until(lambda: list(tmp_path.iterdir()), process)
        assert _stopped(process) == "driver-monitor: stopped.\n"
    assert list(tmp_path.iterdir()) == []


def test_a_stopped_conversion_writes_no_model(tmp_path: Path) -> None:
    card, model = tmp_path / "card.json", tmp_path / "model.keras"
    os.mkfifo(card)
    with zipfile.ZipFile(model, "w") as keras:  # as much of one as is looked at before the card
        for member in MEMBERS:
            keras.writestr(member, "")
    arguments = [model, "--task", "eyes", "--data", tmp_path, "-o", tmp_path / "eyes.tflite", "--card", card]
    with _started("convert-tflite", *arguments) as process, card.open("w"):  # it has begun, and waits to read this
        assert _stopped(process) == "convert-tflite: stopped.\n"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["card.json", "model.keras"]


def _images(folder: Path) -> Path:
    random = np.random.default_rng(0)
    for label in ("happy", "neutral", "sad", "surprise"):
        (folder / label).mkdir(parents=True)
        for number in range(30):
            picture = random.integers(0, 256, (48, 48)).astype(np.uint8)
            cv2.imwrite(str(folder / label / f"{number:03d}.png"), picture)
    return folder


def test_a_stopped_training_keeps_its_last_checkpoint_whole(tmp_path: Path) -> None:
    network, run = tmp_path / "best.json", tmp_path / "run"
    options = {"stem": 4, "stages": [[8, 1]]}
    network.write_text(json.dumps({"architecture": "residual", "options": options, "learning_rate": 0.01}))
    arguments = ["--images", _images(tmp_path / "images"), "--output", run, "--network", network, "--epochs", 1000]
    with _started("train-model", "fit", "emotion", *arguments) as process:
        _until((run / "checkpoint.npz").exists, process)
        errors = _stopped(process)
    assert errors.endswith("train-model: stopped.\n")
    assert "Traceback" not in errors
    with np.load(run / "checkpoint.npz") as kept:
        assert json.loads(str(kept["state"]))["epoch"] >= 1
