"""How the frames fare, counted by a clock that the test moves."""

from __future__ import annotations

import numpy as np
import pytest

from edge.monitor import Step
from edge.records import Eyes, Frame, Observation
from edge.rules.decision import Decision
from edge.service.frames import Frames

IMAGE = np.zeros((48, 64), np.uint8)


class Drive:
    """Frames at 15 a second whose decision takes so many milliseconds, on a clock of its own."""

    def __init__(self, *, live: bool = True, start: float = 1000.0) -> None:
        self.now = start
        self.start = start if live else 0.0
        self.frames = Frames(live=live, clock=lambda: self.now)
        self._next = 0

    def frame(self, took_ms: float = 10.0, *, late_ms: float = 0.0, seen: bool = True, lost: int = 0) -> None:
        """One frame, after `lost` that nobody looked at; it arrives `late_ms` after its capture."""
        self._next += lost
        captured = self.start + self._next / 15
        base = 0.0 if self.frames._live else 1000.0
        self.now = base + captured + late_ms / 1000
        self.frames.arrived(Frame(IMAGE, captured, 0.0, self._next))
        self.now += took_ms / 1000
        eyes = Eyes(0.1, 0.1) if seen else Eyes()
        self.frames.decided(Step(captured, Observation(captured, eyes=eyes), Decision(captured), ()))
        self._next += 1


def test_before_the_first_frame_nothing_is_known() -> None:
    state = Drive().frames.state()
    assert (state.camera, state.per_second, state.latency_ms, state.seen) == ("starting", None, None, None)


def test_the_rate_is_of_the_last_minute() -> None:
    drive = Drive()
    for _ in range(30):
        drive.frame()
    assert drive.frames.state().per_second == pytest.approx(15)
    drive.now += 61
    assert drive.frames.state().per_second is None


def test_latency_of_a_live_camera_counts_from_capture() -> None:
    drive = Drive()
    for number in range(100):
        drive.frame(10, late_ms=30 if number >= 90 else 5)
    latency = drive.frames.state().latency_ms
    assert latency == pytest.approx((15, 40))


def test_latency_of_a_recording_counts_from_when_its_frames_are_due() -> None:
    drive = Drive(live=False)
    for number in range(100):
        drive.frame(10, late_ms=30 if number >= 90 else 0)
    assert drive.frames.state().latency_ms == pytest.approx((10, 40))


def test_a_hole_in_the_sequence_is_frames_missed() -> None:
    drive = Drive()
    drive.frame()
    drive.frame(lost=3)
    drive.frame()
    assert drive.frames.state().missed == 3


def test_a_camera_opened_anew_counts_anew() -> None:
    drive = Drive()
    drive.frame(lost=100)
    drive.frames.arrived(Frame(IMAGE, drive.now, 0.0, 0))
    assert drive.frames.state().missed == 0


def test_the_share_of_frames_with_eyes_in_sight() -> None:
    drive = Drive()
    for number in range(20):
        drive.frame(seen=number % 4 != 0)
    assert drive.frames.state().seen == 0.75


def test_the_camera_is_dark_at_fault_or_well() -> None:
    drive = Drive()
    drive.frame()
    assert drive.frames.state().camera == "ok"
    drive.frames.decided(Step(1.0, Observation(1.0, dark=True), Decision(1.0), ()))
    assert drive.frames.state().camera == "dark"
    drive.frames.decided(Step(1.0, None, Decision(1.0), ()))
    state = drive.frames.state()
    assert (state.camera, state.faults, state.frames) == ("fault", 1, 2)


def test_how_long_nothing_was_decided_is_known() -> None:
    drive = Drive()
    drive.frame()
    drive.now += 42
    assert drive.frames.state().last_s == pytest.approx(42)
