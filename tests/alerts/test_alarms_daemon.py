"""The running daemon warns: within a tenth of a second of its decision, whatever its outputs do, not after its end."""

from __future__ import annotations

import json
import os
import signal
import statistics
import subprocess
from pathlib import Path

import pytest
from command import PROGRAM, run, write_clip, write_config
from delays import LEVELS, Trial, run_alarms
from made_alerts import eventually

from edge.service import daemon
from edge.service.commands import Mute

GUARDS = {"guards": {"laughing": False}}
"""The portrait of the recording smiles from end to end."""


@pytest.fixture(scope="module")
def clip(synthetic_recording: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_clip(synthetic_recording, tmp_path_factory.mktemp("clip"))


def rises(trial: Trial) -> list[tuple[int, bool]]:
    """The levels on the bus one after another, each with whether it was muted."""
    told = [(level, muted) for _, level, muted in trial.heard]
    return [one for one, before in zip(told, [None, *told], strict=False) if one != before]


def test_an_alarm_is_at_the_outputs_within_a_tenth_of_a_second_of_the_decision(clip: Path) -> None:
    trial = run_alarms(clip)
    assert [level for _, level, _ in trial.decided] == [LEVELS["warning"], LEVELS["critical"], 0]
    assert rises(trial) == [(0, False), (2, False), (3, False), (0, False)]
    delays = trial.delays()
    assert statistics.median(delays["can"]) < 0.1
    assert statistics.median(delays["buzzer"]) < 0.1
    assert max(delays["can"]) < 1.0  # on a machine that does something else as well


def test_what_the_fleet_silences_is_a_warning_and_never_a_critical_alarm(
    clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mute = Mute()
    mute.ask(10)
    monkeypatch.setattr(daemon, "Mute", lambda: mute)
    trial = run_alarms(clip)
    assert rises(trial)[:4] == [(0, True), (2, True), (3, False), (0, True)]
    critical = next(at for at, level, _ in trial.decided if level == LEVELS["critical"])
    assert all(sound >= critical for sound in trial.sounds)
    assert trial.sounds


def test_outputs_that_are_not_there_are_each_told_once_and_events_come_all_the_same(clip: Path, tmp_path: Path) -> None:
    config = write_config(
        tmp_path,
        camera={"kind": "recording", "path": str(clip), "realtime": False},
        rules=GUARDS,
        alerts={
            "buzzer": {"pin": 17},
            "can": {"channel": "can77", "identifier": 1},
            "tone": {"device": "nosuch"},
        },
    )
    told = run("run", "--config", config)
    assert told.code == 0, told.errors
    events = [json.loads(line) for line in told.output.splitlines()]
    assert [event["phase"] for event in events if event["signal"] == "fatigue"] == ["start", "update", "end"]
    warned = [line for line in told.errors.splitlines() if "cannot be used" in line]
    assert sorted(line.split()[:3] for line in warned) == [
        ["WARNING", "alert", name] for name in ("buzzer", "can", "tone")
    ]
    assert "Traceback" not in told.errors


def test_no_tone_is_left_when_the_daemon_is_stopped_amid_an_alarm(clip: Path, tmp_path: Path) -> None:
    player = tmp_path / "aplay"
    player.write_text(
        f"#!/bin/sh\nif [ $(wc -c) -lt 10000 ]; then exit 0; fi\n"
        f"echo $$ > {tmp_path}/new; mv {tmp_path}/new {tmp_path}/pid\nexec sleep 600\n"
    )
    player.chmod(0o755)
    config = write_config(
        tmp_path,
        camera={"kind": "recording", "path": str(clip), "loop": True},
        rules=GUARDS,
        alerts={"tone": {"device": "default"}},
    )
    environment = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    running = subprocess.Popen([PROGRAM, "run", "--config", config], env=environment, stdout=subprocess.DEVNULL)
    try:
        eventually((tmp_path / "pid").exists, "it sounds", 60)
        running.send_signal(signal.SIGTERM)
        assert running.wait(30) == 0
    finally:
        running.kill()
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), signal.SIGCONT)
