"""What the log says of a drive on which much goes wrong: a line a change, not one a frame."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from edge.cameras.faults import Fault
from edge.cameras.recording import RecordingCamera
from edge.config import Config, RulesConfig
from edge.delivery.event import EventBuilder
from edge.monitor import Monitor, Step
from edge.records import Frame, Observation
from edge.rules.policy import Policy
from edge.service.frames import Counted
from edge.service.journal import Journal
from edge.service.notify import Notifier
from edge.service.problems import problems
from edge.service.status import Status
from edge.service.watch import Stop, watch


class Dim:
    """Vision that can only tell light from dark."""

    def see(self, frame: Frame) -> Observation:
        return Observation(frame.time, dark=float(frame.image.mean()) < 12)


def test_a_drive_full_of_faults_is_told_in_a_few_lines(
    synthetic_recording: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    faults = [Fault("black", 1 + 2 * number, 1.0) for number in range(5)]
    faults += [Fault("stall", 12, 4.0), Fault("torn", 17, 1.0), Fault("wrong_size", 18, 1.0), Fault("end", 20)]
    recording = {"kind": "recording", "path": synthetic_recording}
    status, journal = Status(Config.model_validate({"camera": recording}), 1), Journal()
    steps = 0

    def take(step: Step) -> None:
        nonlocal steps
        steps += 1
        status.count(step)
        # how fast this machine is, is none of the recording's
        journal.take(one for one in problems(status.facts()) if one.name not in ("slow", "late"))

    monitor = Monitor(Counted(Dim(), status.frames), Policy(RulesConfig()), EventBuilder("bus-17", 1), "system")
    watch(RecordingCamera(synthetic_recording, loop=True, faults=faults), monitor, 2.0, Stop(), Notifier({}), take)
    assert steps > 200
    assert [one.message.rpartition(": ")[2] for one in caplog.records] == [
        "The picture is too dark to see anything; uncover the lens, or give the lamp power.",
        "no frame came for 2 s.",
        "the camera gives frames again",
    ]
