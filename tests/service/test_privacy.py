"""What the daemon keeps and sends: nothing outside its state directory, and nothing but events and words on itself."""

from __future__ import annotations

import ast
import json
import resource
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest
import wire
from broker import Broker, Subscriber
from command import PROGRAM, write_clip, write_config
from jsonschema import Draft202012Validator, FormatChecker
from traced import Traced, trace

from edge.delivery.schema import event_schema
from edge.delivery.schema_status import availability_schema, status_schema
from edge.delivery.topics import Topics

ROOT = Path(__file__).resolve().parent.parent.parent
TOPICS = Topics("bus-17")
KIB = 1024
PATIENCE_S = 30.0
NOBODY = {Path("/dev/null")}
NAME_SERVICE = "/var/run/nscd/socket"
"""Where the C library asks for names before anything else; it is on this machine and, mostly, not there."""


@dataclass
class Run:
    traced: Traced
    state: Path
    port: int
    sent: list[bytes]
    received: int


@pytest.fixture(scope="module")
def run(synthetic_recording: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """The daemon on a recording of a driver who falls asleep, traced, with a tap between it and a real broker."""
    folder, broker_folder = tmp_path_factory.mktemp("vehicle"), tmp_path_factory.mktemp("broker")
    recording = tmp_path_factory.mktemp("recording")
    broker = Broker(broker_folder)
    broker.start()
    tap = wire.Tap(broker.port)
    subscriber = Subscriber(broker, "driver-monitor/#", broker_folder)
    config = write_config(
        folder,
        vehicle="bus-17",
        camera={"kind": "recording", "path": str(write_clip(synthetic_recording, recording)), "realtime": False},
        rules={"guards": {"laughing": False}},
        mqtt={"host": "127.0.0.1", "port": tap.port, "status_interval_s": 0.5, "evidence": True},
        state_directory="state",
    )
    try:
        # Compiled Python is written beside the program, once, by whoever may: a matter of the installation.
        traced = trace([str(PROGRAM), "run", "--config", str(config)], folder, PYTHONDONTWRITEBYTECODE="1")
        received = len(subscriber.payloads("event"))
        subscriber.stop()
    finally:
        tap.close()
        broker.kill()
    return Run(traced, folder / "state", tap.port, [bytes(said) for said in tap.sent], received)


@pytest.fixture(scope="module")
def packets(run: Run) -> list[wire.Packet]:
    return [packet for said in run.sent for packet in wire.read_packets(said)]


def test_the_daemon_did_its_work_under_the_eyes_of_the_kernel(run: Run) -> None:
    assert run.traced.code == 0, run.traced.output
    assert run.received >= 2
    assert run.state / "outbox.db" in run.traced.written


def test_no_file_outside_the_state_directory_is_opened_for_writing(run: Run) -> None:
    elsewhere = {path for path in run.traced.written if not path.is_relative_to(run.state)}
    assert elsewhere - NOBODY == set()


def test_nobody_but_the_broker_is_spoken_to(run: Run) -> None:
    assert run.traced.peers - {NAME_SERVICE} == {f"127.0.0.1:{run.port}"}


def test_no_other_program_is_started(run: Run) -> None:
    assert run.traced.started == [str(PROGRAM)]


def test_nothing_in_the_state_directory_is_a_picture_or_tells_of_the_driver(run: Run) -> None:
    known = {"session", "clock.json", "outbox.key", "outbox.lock", "outbox.db", "outbox.db-wal", "outbox.db-shm"}
    assert {path.name for path in run.state.iterdir()} <= known
    for path in run.state.iterdir():
        content = path.read_bytes()
        assert [word for word in (b"fatigue", b"microsleep", b"sad") if word in content] == []


def test_every_byte_on_the_wire_belongs_to_a_packet_that_mqtt_knows(packets: list[wire.Packet]) -> None:
    kinds = {packet.kind for packet in packets}
    assert {wire.CONNECT, wire.PUBLISH, wire.DISCONNECT} <= kinds
    assert kinds <= {wire.CONNECT, wire.PUBLISH, wire.PUBACK, wire.SUBSCRIBE, wire.PINGREQ, wire.DISCONNECT}


def test_every_payload_is_an_event_a_status_or_a_word_of_availability(packets: list[wire.Packet]) -> None:
    schemas = {TOPICS.availability: availability_schema(), TOPICS.status: status_schema()}
    schemas |= {TOPICS.event(name): event_schema() for name in ("fatigue", "sad", "degraded")}
    told = [packet for packet in packets if packet.kind in (wire.CONNECT, wire.PUBLISH)]
    for packet in told:
        text = packet.payload.decode()
        content = text if packet.topic == TOPICS.availability else json.loads(text)
        Draft202012Validator(schemas[packet.topic], format_checker=FormatChecker()).validate(content)
    assert {packet.topic for packet in told} >= {TOPICS.availability, TOPICS.status, TOPICS.event("fatigue")}


def test_every_payload_is_under_a_kibibyte(packets: list[wire.Packet]) -> None:
    longest = {packet.topic: len(packet.payload) for packet in sorted(packets, key=lambda one: len(one.payload))}
    assert [topic for topic, size in longest.items() if size >= KIB] == []


def test_events_are_never_retained(packets: list[wire.Packet]) -> None:
    assert {packet.retain for packet in packets if "/event/" in packet.topic} == {False}


def test_nothing_hides_beside_the_payloads(packets: list[wire.Packet]) -> None:
    """Properties say form, life, session and schema; the only other text is the client's name."""
    user = {value[0] for packet in packets for number, value in packet.properties if number == 38}
    texts = {value for packet in packets for _, value in packet.properties if isinstance(value, str)}
    names = {text for packet in packets for text in packet.texts.values()}
    assert user <= {"session", "schema"}
    assert texts <= {"application/json"}
    assert names == {"driver-monitor-bus-17"}


def test_the_kernels_eye_sees_a_file_that_is_written_elsewhere(tmp_path: Path) -> None:
    """The proof above can fail."""
    script = "import os, threading; t = threading.Thread(target=lambda: open('frame.png', 'wb')); t.start(); t.join()"
    script += "; os.mkdir('pictures'); os.rename('frame.png', 'pictures/1.png')"
    traced = trace([sys.executable, "-c", script], tmp_path, PYTHONDONTWRITEBYTECODE="1")
    assert {tmp_path / name for name in ("frame.png", "pictures", "pictures/1.png")} <= traced.written


@pytest.mark.parametrize(
    "stream",
    [
        b"\xc0\x00\x00",  # a byte behind a PINGREQ
        b"\xc0\x01\x00",  # a PINGREQ with something in it
        b"GIF89a",
        b"\x30\x05\x00\x01a\x00",  # shorter than it says
        b"\x30\x06\x00\x01a\x02\x7f\x00",  # a property that does not exist
        b"\xe0\x03\x00\x00x",  # something behind a DISCONNECT's properties
    ],
)
def test_bytes_that_are_no_packet_are_noticed(stream: bytes) -> None:
    """So can this one."""
    with pytest.raises(ValueError, match=r"."):
        list(wire.read_packets(stream))


WRITERS = {"imwrite", "imencode", "VideoWriter", "tofile", "savez", "savez_compressed", "imsave"}


def _calls(source: str) -> set[str]:
    called = [node.func for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    return {one.attr for one in called if isinstance(one, ast.Attribute)} | {
        one.id for one in called if isinstance(one, ast.Name)
    }


def test_nothing_that_the_daemon_is_made_of_can_write_a_picture() -> None:
    """Only a replay can, when it is asked to; nothing of the daemon imports replay, which the import contract holds."""
    found = {}
    for path in sorted((ROOT / "edge").rglob("*.py")):
        place = path.relative_to(ROOT / "edge")
        if place.parts[0] not in ("replay", "cli.py"):
            found[str(place)] = _calls(path.read_text()) & WRITERS
    assert {place: writers for place, writers in found.items() if writers} == {}


@pytest.mark.parametrize("command", ["run", "aim"])
def test_no_crash_leaves_a_picture_in_a_core_dump(command: str, synthetic_recording: Path, tmp_path: Path) -> None:
    """Neither the program's nor that of the process that captures; psutil reads the limits that the kernel holds."""
    camera = {"kind": "recording", "path": str(synthetic_recording), "capture": "process", "loop": True}
    config = write_config(tmp_path, camera=camera | {"realtime": True})
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    most = resource.getrlimit(resource.RLIMIT_CORE)[1]
    before = resource.prlimit(0, resource.RLIMIT_CORE, (most, most))  # what it begins with
    with subprocess.Popen([PROGRAM, command, "--config", config], **quiet) as process:
        resource.setrlimit(resource.RLIMIT_CORE, before)
        try:
            daemon, end = psutil.Process(process.pid), time.monotonic() + PATIENCE_S
            while not daemon.children() and time.monotonic() < end:
                time.sleep(0.05)
            limits = [one.rlimit(psutil.RLIMIT_CORE)[0] for one in (daemon, *daemon.children())]
        finally:
            process.terminate()
    assert limits == [0, 0]
