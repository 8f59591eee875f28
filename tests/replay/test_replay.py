"""Recordings through the whole program: events, trace and result, the same bytes each time."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from broker import Broker, Subscriber, wait_for
from command import Told, run, tell, write_clip, write_config

from edge.config import Config
from edge.delivery.schema import event_schema
from edge.monitor import Step
from edge.replay.player import play
from edge.replay.trace import COLUMNS, TraceWriter

DEMO = Path(__file__).resolve().parents[2] / "config" / "demo.yaml"
"""As the daemon plays the synthetic recording: its portrait smiles from end to end, and that is no laughter."""
SMILING = {"guards": {"laughing": False}}


@pytest.fixture(scope="module")
def clip(synthetic_recording: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Seven seconds with the closure of 4 s, as numbered images."""
    return write_clip(synthetic_recording, tmp_path_factory.mktemp("clip"))


@pytest.fixture(scope="module")
def replayed(synthetic_recording: Path, tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """Two replays of the synthetic recording, each a process of its own: events and trace."""
    both = []
    for name in ("first", "second"):
        folder = tmp_path_factory.mktemp(name)
        events, trace = folder / "events.jsonl", folder / "trace.csv"
        done = run("replay", synthetic_recording, "--config", DEMO, "--events", events, "--trace", trace)
        both.append({"done": done, "events": events.read_bytes(), "trace": trace.read_bytes()})
    return both


def test_the_same_recording_gives_the_same_bytes(replayed: list[dict[str, Any]]) -> None:
    first, second = replayed
    assert first["events"] == second["events"] != b""
    assert first["trace"] == second["trace"] != b""


def test_a_replay_prints_nothing_but_what_was_asked_for(replayed: list[dict[str, Any]]) -> None:
    done: Told = replayed[0]["done"]
    assert (done.code, done.output, done.errors) == (0, "", "")


@pytest.fixture
def events(replayed: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in replayed[0]["events"].splitlines()]


@pytest.fixture
def rows(replayed: list[dict[str, Any]]) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(replayed[0]["trace"].decode())))


def test_the_closure_of_four_seconds_is_told_with_start_rise_and_end(events: list[dict[str, Any]]) -> None:
    assert [(event["signal"], event["cause"], event["phase"]) for event in events] == [
        ("fatigue", "microsleep", "start"),
        ("fatigue", "sleep", "update"),
        ("fatigue", "sleep", "end"),
    ]


def test_every_event_is_valid(events: list[dict[str, Any]]) -> None:
    validator = jsonschema.Draft202012Validator(event_schema())
    assert [error.message for event in events for error in validator.iter_errors(event)] == []


def test_a_replays_events_say_that_their_clock_is_the_recordings(events: list[dict[str, Any]]) -> None:
    assert {event["time_source"] for event in events} == {"recording"}
    assert {event["time"][:17] for event in events} == {"1970-01-01T00:00:"}


def test_the_trace_has_a_row_a_frame_and_one_for_the_end(rows: list[dict[str, str]]) -> None:
    assert len(rows) == 301
    assert [row["reason"] for row in rows[-1:]] == ["the end"]
    assert tuple(rows[0]) == COLUMNS


def test_the_trace_tells_each_signal_where_it_was_given(
    rows: list[dict[str, str]], events: list[dict[str, Any]]
) -> None:
    told = [(float(row["time_s"]), row["signals"]) for row in rows if row["signals"]]
    assert [signals for _, signals in told] == [
        "fatigue:microsleep:warning:start",
        "fatigue:sleep:critical:update",
        "fatigue:sleep:critical:end",
    ]
    assert [seconds for seconds, _ in told] == pytest.approx([float(e["time"][17:-1]) for e in events], abs=0.001)


def test_the_trace_shows_the_eyes_closed_as_long_as_they_were(rows: list[dict[str, str]]) -> None:
    closed = [float(row["time_s"]) for row in rows if row["eyes_closed"] == "1" and 7 < float(row["time_s"]) < 13]
    assert (min(closed), max(closed)) == pytest.approx((8.0, 12.0), abs=0.15)


def test_what_was_not_seen_is_empty_in_the_trace(clip: Path) -> None:
    trace = io.StringIO()
    writer = TraceWriter(trace)
    last = list(play(clip, Config()))[-1]
    writer.write(last)
    (row,) = csv.DictReader(io.StringIO(trace.getvalue()))
    assert {row[name] for name in ("face_x", "right_eye_closed", "happy", "eyes_closed", "perclos_short")} == {""}


def test_a_replay_in_real_time_gives_the_same_steps(clip: Path) -> None:
    def facts(steps: Iterator[Step]) -> list[tuple[object, ...]]:
        return [(step.time, step.observation, step.decision, step.events) for step in steps]

    assert facts(play(clip, Config(), realtime=True)) == facts(play(clip, Config()))


def test_events_happen_where_the_track_says(clip: Path, tmp_path: Path) -> None:
    folder = tmp_path / "drive"
    folder.mkdir()
    for path in clip.iterdir():
        (folder / path.name).symlink_to(path)
    (folder / "track.nmea").write_text(_track(seconds=8))
    positions = [event.position for step in play(folder, Config()) for event in step.events]
    assert positions
    assert all(p is not None and p.latitude == pytest.approx(45.5, abs=0.01) and p.age < 1.1 for p in positions)


def _track(seconds: int) -> str:
    lines = []
    for second in range(seconds):
        body = f"GPRMC,1200{second:02d}.00,A,4530.000,N,07334.000,W,20.0,90.0,201126,,,A"
        checksum = 0
        for character in body:
            checksum ^= ord(character)
        lines.append(f"${body}*{checksum:02X}")
    return "\r\n".join(lines) + "\r\n"


def test_the_synthetic_recording_is_judged_right(
    capfd: pytest.CaptureFixture[str], synthetic_recording: Path, tmp_path: Path
) -> None:
    done = tell(capfd, "evaluate", synthetic_recording, "--json", tmp_path / "result.json")
    assert done.code == 0
    assert "1 of 1" in done.output
    result = json.loads((tmp_path / "result.json").read_text())
    (one,) = result["recordings"]
    assert (one["name"], one["frames"], one["expected"], one["reported"]) == ("synthetic_closure", 300, 1, 1)
    assert (one["missed"], one["false"], result["precision"], result["recall"]) == ([], [], 1.0, 1.0)
    assert one["face_visible"] == one["eyes_visible"] == 1.0
    assert (one["closures"]["truth"], one["closures"]["found"], one["closures"]["spurious"]) == (6, 6, 0)
    assert max(map(abs, one["delay_s"])) < 0.2


def test_a_result_that_is_asked_for_on_standard_output_stands_there_alone(
    capfd: pytest.CaptureFixture[str], clip: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "drive"
    folder.symlink_to(clip)
    (clip / "truth.yaml").write_text("expect: []\nallow: [fatigue]\n")
    done = tell(capfd, "evaluate", folder, "--json", "-")
    assert json.loads(done.output)["false_alarms"] == 0


def test_a_replay_stays_under_250_megabytes(synthetic_recording: Path, tmp_path: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from edge.cli import cli; "
        "cli(sys.argv[1:], standalone_mode=False); "
        "print(Path('/proc/self/status').read_text().partition('VmHWM:')[2].split()[0])"
    )
    command = [sys.executable, "-c", script, "replay", str(synthetic_recording), "--events", str(tmp_path / "events")]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    assert int(done.stdout) / 1024 < 250


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    broker = Broker(tmp_path)
    broker.start()
    yield broker
    broker.kill()


@pytest.fixture
def subscriber(broker: Broker, tmp_path: Path) -> Iterator[Subscriber]:
    """mosquitto's own client."""
    subscriber = Subscriber(broker, "driver-monitor/#", tmp_path)
    yield subscriber
    subscriber.stop()


def test_a_subscriber_receives_every_event_of_a_replay_in_real_time(
    broker: Broker, subscriber: Subscriber, clip: Path, tmp_path: Path
) -> None:
    config = write_config(tmp_path, vehicle="bus-17", mqtt={"host": "127.0.0.1", "port": broker.port}, rules=SMILING)
    done = run("replay", clip, "--realtime", "--publish", "--config", config)
    assert done.code == 0, done.errors
    printed = [json.loads(line) for line in done.output.splitlines()]
    assert [event["phase"] for event in printed] == ["start", "update", "end"]
    wait_for(lambda: len(subscriber.payloads("/event/")) >= len(printed), "every event is received")
    received = subscriber.payloads("/event/")
    validator = jsonschema.Draft202012Validator(event_schema())
    assert [error.message for event in received for error in validator.iter_errors(event)] == []
    assert received == [{**event, "historical": True} for event in printed]  # they happened in 1970
    wait_for(lambda: subscriber.payloads("availability")[-1:] == ["stopped"], "the end is told")
    assert subscriber.payloads("availability") == ["online", "stopped"]
