"""A real mosquitto on a free port of 127.0.0.1, and its own client as the subscriber."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

DEADLINE_S = 30.0


def program(name: str) -> str:
    """The path of one of mosquitto's programs; without it a test is skipped, in CI it fails."""
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin")
    if found is None:
        message = f"{name} is not installed: apt-get install mosquitto mosquitto-clients"
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)
    return found


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(condition: Callable[[], Any], what: str, seconds: float = DEADLINE_S) -> None:
    """Return as soon as the condition holds; fail when it does not within the time."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"not within {seconds} s: {what}"
        time.sleep(0.01)


class Broker:
    """mosquitto with its files in `folder`; with `users` (name to password) nobody else is let in.

    `options` are further lines of its configuration.
    """

    def __init__(
        self, folder: Path, users: dict[str, str] | None = None, *, options: Sequence[str] = (), port: int | None = None
    ) -> None:
        self.port = port or free_port()
        self.folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        self._configuration = folder / "mosquitto.conf"
        lines = [f"listener {self.port} 127.0.0.1", "persistence false", "log_dest stderr"]
        lines.append("max_queued_messages 0")  # it would drop what a slow subscriber has not taken yet
        if users is None:
            lines.append("allow_anonymous true")
        else:
            passwords = folder / "passwords"
            passwords.touch(mode=0o600)
            for name, password in users.items():
                command = [program("mosquitto_passwd"), "-b", str(passwords), name, password]
                subprocess.run(command, check=True, capture_output=True)
            lines += ["allow_anonymous false", f"password_file {passwords}"]
            if os.geteuid() == 0:
                lines.append("user root")  # it would give up root otherwise, and could not read the passwords
        self._configuration.write_text("\n".join([*lines, *options]) + "\n")

    def start(self) -> None:
        with (self.folder / "mosquitto.log").open("ab") as log:
            command = [program("mosquitto"), "-c", str(self._configuration)]
            self._process = subprocess.Popen(command, stdout=log, stderr=log)
        wait_for(self._accepts, f"mosquitto accepts connections on port {self.port}")

    def stop(self) -> None:
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        self._end(signal.SIGKILL)

    def pause(self) -> None:
        """Leave its connections open and answer nothing."""
        assert self._process
        self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        assert self._process
        self._process.send_signal(signal.SIGCONT)

    @property
    def log(self) -> str:
        """What mosquitto said so far."""
        return (self.folder / "mosquitto.log").read_text()

    def _end(self, how: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(how)
            self._process.send_signal(signal.SIGCONT)
            self._process.wait(DEADLINE_S)
            self._process = None

    def _accepts(self) -> bool:
        assert self._process
        assert self._process.poll() is None, self.log
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0


class Subscriber:
    """mosquitto_sub on a topic; `messages` are what it received so far: topic, qos, retain, payload, properties.

    It stands on its own broker connection and ends with it; what it received stays.
    """

    def __init__(self, broker: Broker, topic: str, folder: Path, *, user: tuple[str, str] | None = None) -> None:
        self._file = folder / f"received-{time.monotonic_ns()}.jsonl"
        command = [program("mosquitto_sub"), "-h", "127.0.0.1", "-p", str(broker.port), "-V", "5", "-q", "1"]
        command += ["-t", topic, "-t", "ready/#", "-F", "%j"]
        if user:
            command += ["-u", user[0], "-P", user[1]]
        self._file.touch()
        with self._file.open("ab") as output:
            self._process = subprocess.Popen(command, stdout=output, stderr=subprocess.DEVNULL)
        self._wait_until_subscribed(broker, user)

    @property
    def messages(self) -> list[dict[str, Any]]:
        lines = self._file.read_text().split("\n")[:-1]
        return [message for line in lines if not (message := json.loads(line))["topic"].startswith("ready/")]

    def payloads(self, part_of_topic: str = "") -> list[Any]:
        """The payloads, those of JSON decoded, of the topics that contain the text."""
        return [_decoded(message["payload"]) for message in self.messages if part_of_topic in message["topic"]]

    def stop(self) -> None:
        self._process.kill()  # on SIGTERM it may wait for a broker that has gone
        self._process.wait(DEADLINE_S)

    def _wait_until_subscribed(self, broker: Broker, user: tuple[str, str] | None) -> None:
        command = [program("mosquitto_pub"), "-h", "127.0.0.1", "-p", str(broker.port), "-t", "ready/now", "-m", "yes"]
        if user:
            command += ["-u", user[0], "-P", user[1]]

        def echoed() -> bool:
            subprocess.run(command, check=True, capture_output=True)
            return b"ready/now" in self._file.read_bytes()

        wait_for(echoed, "mosquitto_sub is subscribed")


def _decoded(payload: str) -> Any:
    return json.loads(payload) if payload.startswith("{") else payload
