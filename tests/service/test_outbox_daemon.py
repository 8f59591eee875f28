"""The daemon with an outbox: what it decided while no broker was there arrives from the next start."""

from __future__ import annotations

from pathlib import Path

import pytest
from broker import DEADLINE_S, Broker, Subscriber, wait_for
from command import run, tell, write_clip, write_config

from edge.clock.system import System
from edge.config import Config
from edge.service.clock import SessionClock
from edge.service.daemon import _events_out


def test_events_of_a_run_without_a_broker_are_delivered_by_the_next_one(
    synthetic_recording: Path, tmp_path: Path, capfd
) -> None:
    clip = write_clip(synthetic_recording, tmp_path)
    broker = Broker(tmp_path)
    sections = {
        "camera": {"kind": "recording", "path": str(clip), "realtime": False},
        "mqtt": {"host": "127.0.0.1", "port": broker.port, "reconnect_min_s": 0.02, "reconnect_max_s": 0.1},
        "state_directory": "state",
    }
    config = write_config(tmp_path, **sections)
    alone = run("run", "--config", config)
    assert alone.code == 0
    assert "events wait in the outbox for the next start" in alone.errors
    waiting = len(tell(capfd, "outbox", "export", "--config", config).output.splitlines())
    assert waiting >= 2
    broker.start()
    try:
        subscriber = Subscriber(broker, "driver-monitor/+/event/#", tmp_path)
        assert run("run", "--config", config).code == 0
        wait_for(lambda: len(subscriber.messages) == 2 * waiting, "both runs' events arrive", DEADLINE_S)
        assert [payload["session"] for payload in subscriber.payloads()] == [1] * waiting + [2] * waiting
        subscriber.stop()
    finally:
        broker.kill()
    assert "events wait" not in tell(capfd, "outbox", "export", "--config", config).output


def test_a_key_that_others_can_read_keeps_the_daemon_from_starting_and_check_tells_it(tmp_path: Path, capfd) -> None:
    state = tmp_path / "state"
    state.mkdir()
    (state / "outbox.key").write_bytes(bytes(32))
    (state / "outbox.key").chmod(0o644)
    config = write_config(
        tmp_path,
        camera={"kind": "recording", "path": str(tmp_path)},
        mqtt={"host": "127.0.0.1", "port": 9},
        state_directory="state",
    )
    told = tell(capfd, "run", "--config", config)
    assert told.code == 78
    assert "chmod 600" in told.sentence
    lines = tell(capfd, "check", "--config", config).output.splitlines()
    assert [line[:12] for line in lines if "chmod 600" in line] == ["FAIL outbox:"]


def test_a_crash_is_told_as_offline_and_no_clean_end(tmp_path: Path) -> None:
    broker = Broker(tmp_path)
    broker.start()
    hears = Subscriber(broker, "driver-monitor/+/availability", tmp_path)
    config = Config.model_validate({"mqtt": {"host": "127.0.0.1", "port": broker.port}})
    clock = SessionClock(1, None, 0.0, System())

    def crash() -> None:
        with _events_out(config, 1, None, clock):
            wait_for(lambda: hears.payloads() == ["online"], "it is connected")
            raise RuntimeError

    try:
        with pytest.raises(RuntimeError):
            crash()
        wait_for(lambda: hears.payloads() == ["online", "offline"], "the broker tells it")
    finally:
        hears.stop()
        broker.kill()
