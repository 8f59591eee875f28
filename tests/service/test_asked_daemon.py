"""The running daemon is asked by the fleet, over a real broker."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import jsonschema
from broker import Broker, program, wait_for
from command import start, write_config

from edge.delivery.schema_command import response_schema

ROOT = Path(__file__).resolve().parents[2]


def ask(broker: Broker, name: str, content: dict[str, object]) -> dict[str, object]:
    """By mosquitto's own client, which waits for the answer at a topic of its own."""
    command = [program("mosquitto_rr"), "-h", "127.0.0.1", "-p", str(broker.port), "-V", "5", "-e", "office/answer"]
    command += ["-t", f"driver-monitor/bus-17/request/{name}", "-m", json.dumps(content), "-W", "30"]
    told = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    assert isinstance(told, dict)
    return told


def test_the_daemon_answers_the_fleet(tmp_path: Path) -> None:
    broker = Broker(tmp_path)
    broker.start()
    recording = ROOT / "tests" / "recordings" / "synthetic_closure"
    config = write_config(
        tmp_path,
        vehicle="bus-17",
        camera={"kind": "recording", "path": str(recording), "loop": True},
        mqtt={"host": "127.0.0.1", "port": broker.port, "commands": True},
        state_directory="state",
    )
    log = tmp_path / "log"
    with log.open("w") as errors:
        daemon = start("run", "--config", config, stderr=errors)
    try:
        wait_for(lambda: "connected to the broker" in log.read_text(), "it connects", 120)
        for name in ("status", "bundle-info"):
            told = ask(broker, name, {"id": name})
            jsonschema.Draft202012Validator(response_schema(name)).validate(told)
            assert told["ok"] is True
        assert ask(broker, "mute-alerts", {"id": "1", "minutes": 5})["result"] == {"minutes": 5}
        assert ask(broker, "image", {"id": "2"})["ok"] is False
    finally:
        daemon.kill()
        daemon.communicate()
        broker.kill()
