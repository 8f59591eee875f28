"""The daemon: frames until it is told to stop, whatever the camera does; faults are made with the fake camera."""

from __future__ import annotations

import contextlib
import json
import logging
import signal
import socket
import time
from collections.abc import Iterator, Sequence
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import pytest
import yaml
from command import Told, run, start, write_clip, write_config

from edge.cameras.camera import Camera, CameraEnded, CameraLost, CameraStalled
from edge.cameras.faults import Fault
from edge.cameras.recording import RecordingCamera
from edge.clock.system import is_synchronised
from edge.config import RulesConfig, VisionConfig
from edge.delivery.event import EventBuilder, parse_time
from edge.monitor import Monitor, Step
from edge.records import Frame, Observation
from edge.rules.policy import Policy
from edge.service import watch as watching
from edge.service.notify import Notifier
from edge.service.watch import Stop, watch
from edge.vision.pipeline import Pipeline

ROOT = Path(__file__).resolve().parent.parent.parent


class Blind:
    """Vision that sees nobody, at once."""

    def see(self, frame: Frame) -> Observation:
        return Observation(frame.time)


def monitor(vision: Blind | Pipeline) -> Monitor:
    return Monitor(vision, Policy(RulesConfig()), EventBuilder("bus-17", 1), "system")


def watched(camera: Camera, one: Monitor, stall_s: float = 1.0) -> list[Step]:
    steps: list[Step] = []
    watch(camera, one, stall_s, Stop(), Notifier({}), steps.append)
    return steps


def told(steps: Sequence[Step]) -> list[tuple[str, str, str]]:
    return [(e.signal, e.cause, e.phase) for step in steps for e in step.events]


@pytest.fixture
def systemd(tmp_path: Path) -> Iterator[socket.socket]:
    """The service manager's ear."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ear:
        ear.bind(str(tmp_path / "notify"))
        ear.setblocking(False)
        yield ear


def said(systemd: socket.socket) -> list[bytes]:
    """What was said since it was last asked."""
    messages = []
    with contextlib.suppress(BlockingIOError):
        while True:
            messages.append(systemd.recv(1024))
    return messages


@pytest.fixture(scope="module")
def awake(synthetic_recording: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The clip's first second, eyes open."""
    clip = write_clip(synthetic_recording, tmp_path_factory.mktemp("awake"))
    for image in sorted(clip.glob("*.png"))[14:]:
        image.unlink()
    return clip


@pytest.fixture(scope="module")
def closure(synthetic_recording: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_clip(synthetic_recording, tmp_path_factory.mktemp("closure"))


def test_a_stalled_camera_is_told_as_degraded_and_told_to_be_over(awake: Path) -> None:
    faults = [Fault("stall", 1.0, 12.0), Fault("end", 17.0)]
    steps = watched(RecordingCamera(awake, loop=True, faults=faults), monitor(Pipeline(VisionConfig())))
    assert told(steps) == [("degraded", "camera_fault", "start"), ("degraded", "camera_fault", "end")]
    began, ended = (step.time for step in steps if step.events)
    lost = RulesConfig().visibility.camera_s
    assert 1.0 + lost <= began <= 1.0 + lost + 0.8
    assert 13.0 < ended <= 13.0 + RulesConfig().visibility.back_s + 0.2


class Late:
    """A live camera whose first frame after a stall was taken `late_s` before the last word of that stall."""

    def __init__(self, late_s: float) -> None:
        self._times = [*(float(tick) / 10 for tick in range(50)), *(8.0 - late_s + tick / 10 for tick in range(60))]
        self._read = 0

    def __enter__(self) -> Late:
        return self

    def __exit__(self, *_: object) -> None:
        return

    def read(self, timeout: float) -> Frame:
        self._read += 1
        if self._read in (51, 52):
            raise CameraStalled("it stalls", 6.0 + 2 * (self._read - 51), 0.0)
        if self._read > len(self._times) + 2:
            raise CameraEnded("it ended")
        number = self._read - (3 if self._read > 52 else 1)
        return Frame(np.zeros((48, 64), np.uint8), self._times[number], 0.0, number)


@pytest.mark.parametrize("late_s", [0.05, 0.8, 1.3, 4.0])
def test_a_frame_that_comes_late_after_a_stall_is_left_out_and_no_new_clock(late_s: float) -> None:
    """A new clock ends every alarm and forgets the driver: a sleeper's would fall silent."""
    steps = watched(Late(late_s), monitor(Blind()))
    times = [step.time for step in steps]
    assert times == sorted(times)
    assert not [step for step in steps[1:-1] if step.decision.reason.startswith("left out")]
    assert told(steps)[0] == ("degraded", "camera_fault", "start")
    assert times[-1] == pytest.approx(8.0 - late_s + 5.9)


def test_a_covered_lens_is_told_as_too_dark(awake: Path) -> None:
    faults = [Fault("black", 1.0, 10.0), Fault("end", 11.0)]
    steps = watched(RecordingCamera(awake, loop=True, faults=faults), monitor(Pipeline(VisionConfig())))
    assert told(steps) == [("degraded", "too_dark", "start")]


def test_torn_frames_and_frames_of_another_size_do_not_end_it(awake: Path) -> None:
    faults = [Fault("torn", 0.3, 0.2), Fault("wrong_size", 0.6, 0.2), Fault("end", 1.5)]
    steps = watched(RecordingCamera(awake, loop=True, faults=faults), monitor(Pipeline(VisionConfig())))
    assert len(steps) == 23
    assert steps[-1].observation is not None
    assert steps[-1].observation.face is not None


def test_a_stall_is_said_once_in_the_log_and_so_is_its_end(awake: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    watched(RecordingCamera(awake, loop=True, faults=[Fault("stall", 0.5, 5.0), Fault("end", 7.0)]), monitor(Blind()))
    assert [(record.levelname, record.message.rpartition(": ")[2]) for record in caplog.records] == [
        ("WARNING", "no frame came for 1 s."),
        ("INFO", "the camera gives frames again"),
    ]


class LooseCable:
    """A camera that is lost after each frame and cannot be opened every other time."""

    def __init__(self, frames: int) -> None:
        self._frames = iter(range(frames))
        self._openings = count()

    def __enter__(self) -> Self:
        if next(self._openings) % 2:
            raise CameraLost("/dev/video0: the camera is gone; look at its cable.")
        self._fresh = True
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None:
        pass

    def read(self, timeout: float) -> Frame:
        if not self._fresh:
            raise CameraLost("/dev/video0: the camera is gone; look at its cable.")
        self._fresh = False
        number = next(self._frames, None)
        if number is None:
            raise CameraEnded("enough")
        return Frame(np.zeros((48, 64), np.uint8), float(number), float(number), number)


def test_a_lost_camera_is_opened_again_and_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "REOPEN_S", 0.0)
    steps = watched(LooseCable(frames=4), monitor(Blind()))
    assert sum(step.observation is not None for step in steps) == 4


def test_a_camera_that_is_down_from_the_start_is_reported_and_then_the_daemon_is_ready(
    awake: Path, systemd: socket.socket
) -> None:
    camera = RecordingCamera(awake, loop=True, faults=[Fault("stall", 0.0, 9.0), Fault("end", 9.5)])
    heard: list[bytes] = []

    def take(step: Step) -> None:
        heard.extend(said(systemd))
        heard.extend(b"reported" for event in step.events if (event.cause, event.phase) == ("camera_fault", "start"))

    watch(camera, monitor(Blind()), 1.0, Stop(), Notifier({"NOTIFY_SOCKET": systemd.getsockname()}), take)
    assert heard[0] == b"reported"
    assert heard.count(b"READY=1") == 1


def test_readiness_is_told_with_the_first_frame_and_once(awake: Path, systemd: socket.socket) -> None:
    camera = RecordingCamera(awake, loop=True, faults=[Fault("stall", 0.0, 1.9), Fault("end", 4.0)])
    heard: list[bytes] = []

    def take(step: Step) -> None:
        heard.extend(said(systemd))
        heard.append(b"frame" if step.observation else b"fault")

    watch(camera, monitor(Blind()), 1.0, Stop(), Notifier({"NOTIFY_SOCKET": systemd.getsockname()}), take)
    assert heard.count(b"READY=1") == 1
    assert heard.index(b"fault") < heard.index(b"frame") < heard.index(b"READY=1")


def test_a_stop_is_heard_between_frames(awake: Path) -> None:
    stop = Stop()
    steps: list[Step] = []

    def take(step: Step) -> None:
        steps.append(step)
        if len(steps) == 20:
            stop.ask(signal.SIGTERM, None)

    watch(RecordingCamera(awake, loop=True), monitor(Blind()), 1.0, stop, Notifier({}), take)
    assert len(steps) == 20


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Told:
    """The daemon on the demo's configuration, as fast as it can, its 42nd start."""
    folder = tmp_path_factory.mktemp("demo")
    content = yaml.safe_load((ROOT / "config" / "demo.yaml").read_text())
    recording = (ROOT / "config" / content["camera"]["path"]).resolve()
    content["camera"] |= {"path": str(recording), "realtime": False}
    (folder / "state").mkdir()
    (folder / "state" / "session").write_text("41\n")
    return run("run", "--config", write_config(folder, **content, state_directory="state"))


@pytest.fixture(scope="module")
def demo_events(demo: Told) -> list[dict[str, Any]]:
    return [json.loads(line) for line in demo.output.splitlines()]


def test_the_demo_ends_by_itself_and_without_a_fault(demo: Told) -> None:
    assert demo.code == 0, demo.errors
    assert [line for line in demo.errors.splitlines() if not line.startswith("INFO ")] == []


def test_the_demo_tells_start_and_end_of_the_closure(demo_events: list[dict[str, Any]]) -> None:
    phases = [(event["signal"], event["phase"]) for event in demo_events]
    assert (phases[0], phases[-1]) == (("fatigue", "start"), ("fatigue", "end"))
    assert len({event["id"] for event in demo_events}) == 1


def test_the_daemons_events_have_the_time_of_now_also_from_a_recording(demo_events: list[dict[str, Any]]) -> None:
    source = "system" if is_synchronised() else "unsynchronised"
    assert {event["time_source"] for event in demo_events} == {source}
    ages = [time.time() - parse_time(event["time"]) for event in demo_events]
    assert max(map(abs, ages)) < 600


def test_the_daemon_counts_its_starts(demo: Told, demo_events: list[dict[str, Any]]) -> None:
    assert "session 42 of demo begins" in demo.errors
    assert {event["session"] for event in demo_events} == {42}


def test_the_daemon_ends_within_three_seconds_when_told_to(awake: Path, tmp_path: Path) -> None:
    config = write_config(tmp_path, camera={"kind": "recording", "path": str(awake), "loop": True})
    begin = time.monotonic()
    with start("run", "--config", config) as process:
        assert process.stderr is not None
        try:
            assert "begins" in process.stderr.readline()
            ready = time.monotonic()
            process.send_signal(signal.SIGTERM)
            busy = ready - begin  # a machine that is slow to start is slow to end
            assert process.wait(max(3.0, busy)) == 0
            assert "ends after" in process.stderr.read()
        finally:
            process.kill()


def test_what_is_open_when_the_daemon_is_interrupted_ends(closure: Path, tmp_path: Path) -> None:
    config = write_config(tmp_path, camera={"kind": "recording", "path": str(closure), "loop": True})
    with start("run", "--config", config) as process:
        assert process.stdout is not None
        try:
            first = json.loads(process.stdout.readline())
            process.send_signal(signal.SIGINT)
            last = json.loads(process.stdout.readlines()[-1])
            assert process.wait(60) == 0
        finally:
            process.kill()
    assert (first["phase"], last["phase"]) == ("start", "end")
    assert first["id"] == last["id"]
