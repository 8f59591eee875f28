"""A broker that refuses, or that is not there: check says so, a replay fails, the daemon goes on."""

from __future__ import annotations

import functools
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from broker import Broker, Subscriber, free_port, wait_for
from command import Told, start, tell, write_clip, write_config

from edge.replay import publishing

REFUSED = "refuses this client (Not authorized)"
MEND = "correct mqtt.username and mqtt.password_file"

Tell = Callable[..., Told]
ConfigOf = Callable[..., Path]


@pytest.fixture(scope="module")
def closure(synthetic_recording: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_clip(synthetic_recording, tmp_path_factory.mktemp("closure"))


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[Broker]:
    """A broker that lets in nobody but bus-17 with its password."""
    folder = tmp_path / "broker"
    folder.mkdir()
    broker = Broker(folder, users={"bus-17": "right"})
    broker.start()
    yield broker
    broker.kill()


@pytest.fixture
def config_of(tmp_path: Path, closure: Path) -> ConfigOf:
    """A configuration with a looped recording as camera, and a broker."""

    def config_of(port: int, password: str | None = None) -> Path:
        mqtt: dict[str, Any] = {"host": "127.0.0.1", "port": port, "reconnect_min_s": 0.05, "reconnect_max_s": 0.2}
        if password is not None:
            (tmp_path / "password").write_text(password)
            (tmp_path / "password").chmod(0o600)
            mqtt |= {"username": "bus-17", "password_file": "password"}
        camera = {"kind": "recording", "path": str(closure), "loop": True}
        smiling = {"guards": {"laughing": False}}  # the portrait does, and it is no laughter
        return write_config(tmp_path, vehicle="bus-17", camera=camera, mqtt=mqtt, rules=smiling)

    return config_of


@pytest.fixture
def told(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Tell:
    """The command in this process; a replay waits a second for its broker, not thirty."""
    impatient = functools.partial(publishing.published, patience_s=1.0)
    monkeypatch.setattr(publishing, "published", impatient)
    return lambda *arguments: tell(capfd, *arguments)


@pytest.mark.parametrize("password", [None, "wrong"])
def test_check_says_that_the_broker_refuses_and_what_to_do(
    told: Tell, guarded: Broker, config_of: ConfigOf, password: str | None
) -> None:
    done = told("check", "--config", config_of(guarded.port, password))
    (line,) = [line for line in done.output.splitlines() if line.startswith("FAIL")]
    assert f"broker at 127.0.0.1:{guarded.port} {REFUSED}" in line
    assert MEND in line
    assert done.code == 1
    assert done.sentence.startswith("1 of these")


def test_check_accepts_the_right_password(told: Tell, guarded: Broker, config_of: ConfigOf) -> None:
    done = told("check", "--config", config_of(guarded.port, "right"))
    assert done.code == 0
    assert f"ok   broker: 127.0.0.1:{guarded.port} accepts this vehicle" in done.output.splitlines()


def test_check_of_all_that_is_well_says_ok_of_everything(told: Tell, guarded: Broker, config_of: ConfigOf) -> None:
    lines = told("check", "--config", config_of(guarded.port, "right")).output.splitlines()
    assert len(lines) >= 8
    assert [line for line in lines if not line.startswith("ok ")] == []


def test_check_publishes_nothing(told: Tell, guarded: Broker, config_of: ConfigOf, tmp_path: Path) -> None:
    subscriber = Subscriber(guarded, "driver-monitor/#", tmp_path, user=("bus-17", "right"))
    told("check", "--config", config_of(guarded.port, "right"))
    subscriber.stop()
    assert subscriber.messages == []


def test_a_replay_that_is_refused_fails_with_the_reason(
    told: Tell, guarded: Broker, config_of: ConfigOf, closure: Path
) -> None:
    done = told("replay", closure, "--publish", "--config", config_of(guarded.port, "wrong"))
    assert done.code == 1
    last = done.errors.splitlines()[-1]
    assert last.startswith("driver-monitor: 3 events were not delivered: the broker at 127.0.0.1:")
    assert REFUSED in last
    assert MEND in last
    assert "Traceback" not in done.errors


def test_a_replay_without_its_broker_fails_with_the_reason(told: Tell, config_of: ConfigOf, closure: Path) -> None:
    done = told("replay", closure, "--publish", "--config", config_of(free_port()))
    assert done.code == 1
    assert "cannot be reached (Connection refused); start it, or correct mqtt.host" in done.errors.splitlines()[-1]


def test_a_replay_that_cannot_be_published_is_printed_all_the_same(
    told: Tell, config_of: ConfigOf, closure: Path
) -> None:
    assert len(told("replay", closure, "--publish", "--config", config_of(free_port())).output.splitlines()) == 3


def test_the_daemon_goes_on_where_the_broker_refuses_and_says_so_once(
    guarded: Broker, config_of: ConfigOf, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    with log.open("w") as errors, start("run", "--config", config_of(guarded.port, "wrong"), stderr=errors) as process:
        try:
            wait_for(lambda: guarded.log.lower().count("not authorised") >= 3, "it tries again and again", 60)
            assert process.poll() is None
            process.send_signal(signal.SIGTERM)
            assert process.wait(30) == 0
        finally:
            process.kill()
    text = log.read_text()
    assert text.count(REFUSED) == 1
    assert "ends after" in text
    assert "Traceback" not in text


def test_the_daemon_delivers_once_its_broker_is_there(config_of: ConfigOf, tmp_path: Path) -> None:
    """Started without a broker; what happened meanwhile is delivered as soon as there is one."""
    folder = tmp_path / "broker"
    folder.mkdir()
    broker = Broker(folder)
    with (tmp_path / "log").open("w") as errors:
        process = start("run", "--config", config_of(broker.port), stderr=errors)
    subscriber = None
    try:
        wait_for(lambda: "cannot be reached" in (tmp_path / "log").read_text(), "it says what it misses", 60)
        broker.start()
        subscriber = Subscriber(broker, "driver-monitor/#", tmp_path)
        wait_for(lambda: subscriber.payloads("/event/fatigue"), "an event arrives", 60)
        assert subscriber.payloads("availability")[0] == "online"
        assert {"frames", "models", "outbox"} <= set(subscriber.payloads("/status")[0])
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
        wait_for(lambda: subscriber.payloads("availability")[-1] == "stopped", "the end is told")
    finally:
        process.kill()
        process.communicate()
        if subscriber:
            subscriber.stop()
        broker.kill()
