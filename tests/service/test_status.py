"""What the daemon says of itself: how it does, never how the driver does."""

from __future__ import annotations

import json
import typing
from pathlib import Path
from typing import Any

import numpy as np
from jsonschema import Draft202012Validator

from edge.config import Config
from edge.delivery.publisher import DeliveryStats
from edge.delivery.schema_status import status_schema
from edge.gps.gpsd import GpsState
from edge.monitor import Step
from edge.records import Box, Cause, Emotion, Eyes, Face, Frame, Observation, Signal, SignalName
from edge.rules.policy import Decision
from edge.service.frames import Counted
from edge.service.health import Board
from edge.service.status import Status
from edge.service.told import status_text

DELIVERY = DeliveryStats(True, waiting=3, sent=40, dropped=1, last_error=None)
FACE = Face(Box(0, 0, 10, 10), (1, 1), (2, 1), (1.5, 2), 0.9)

BOARD = Board(61.3, ("under_voltage",), ("under_voltage", "hot"), 148, 900, 5000)


def reported(status: Status, **known: Any) -> dict[str, Any]:
    return status.report(status.facts(**{"delivery": DELIVERY, **known}))


def driving(status: Status) -> Status:
    """With a few frames seen and a fault."""
    vision = Counted(Sighted(), status.frames)
    for number in range(5):
        time = number / 15
        vision.see(Frame(np.zeros((48, 64), np.uint8), time, time, 2 * number))
        status.count(_step(time))
    return status


class Sighted:
    """Vision that sees a driver, at once."""

    def see(self, frame: Frame) -> Observation:
        return Observation(frame.time, FACE)


def _step(time: float, seen: bool = True) -> Step:
    observation = Observation(time, FACE, Eyes(0.9, 0.9), Emotion(0, 0, 1, 0)) if seen else None
    signals = (Signal("fatigue", "sleep", "critical", "start", time, 1),)
    return Step(time, observation, Decision(time, signals, eyes_closed=True, reason="sleep"), ())


def test_frames_and_camera_faults_are_counted_apart() -> None:
    status = Status(Config(), 7)
    for time in range(5):
        status.count(_step(time))
    status.count(_step(6, seen=False))
    report = status.report(status.facts(delivery=DELIVERY))
    assert (report["session"], report["frames"], report["camera_faults"]) == (7, 5, 1)


def test_the_models_are_named_with_their_hashes() -> None:
    models = reported(Status(Config(), 1))["models"]
    assert set(models) == {"face", "landmarks", "eyes", "emotion"}
    assert all(len(model["sha256"]) == 8 for model in models.values())


def test_before_the_second_frame_there_is_no_rate() -> None:
    status = Status(Config(), 1)
    status.count(_step(0.0))
    assert reported(status)["frames_per_second"] is None


def test_where_delivery_stands_is_told() -> None:
    assert reported(Status(Config(), 1))["outbox"] == {"waiting": 3, "sent": 40, "dropped": 1}


def test_the_receiver_and_who_tells_the_time_are_told_and_not_where_the_vehicle_is() -> None:
    report = reported(Status(Config(), 1), time_source="gps", gps=GpsState(True, "3d", 0.4321, 8))
    assert report["time_source"] == "gps"
    assert report["gps"] == {"connected": True, "fix": "3d", "age": 0.4, "satellites": 8}


def test_every_report_is_valid_against_its_schema() -> None:
    status = Status(Config(), 1)
    lossy = DeliveryStats(False, 3, 40, 5, "the broker ...", ((1, 2, 4), (3, 1, 1)))
    schema = status_schema()
    Draft202012Validator.check_schema(schema)
    for report in (
        reported(status),
        reported(status, delivery=lossy, time_source="unsynchronised", gps=GpsState(False, "none", None, None)),
        reported(driving(Status(Config(), 1)), board=BOARD, alarms={"buzzer": "no pin 17"}),
    ):
        Draft202012Validator(schema).validate(json.loads(json.dumps(report)))


def test_nothing_of_the_driver_is_in_it() -> None:
    status = Status(Config(), 1)
    status.count(_step(0.0))
    text = json.dumps(reported(status)) + json.dumps(status.local_report(status.facts(delivery=DELIVERY)))
    told = {*typing.get_args(SignalName), *typing.get_args(Cause)} - {"camera_fault"}
    assert [word for word in told if f'"{word}"' in text] == []


def test_a_report_is_due_at_once_and_then_once_an_interval() -> None:
    status = Status(Config.model_validate({"mqtt": {"host": "h", "status_interval_s": 10}}), 1)
    assert [now for now in range(100, 140) if status.is_due(now)] == [100, 110, 120, 130]


def test_a_person_reads_what_is_wrong_first() -> None:
    camera = {"kind": "recording", "path": Path("drive")}
    status = driving(Status(Config.model_validate({"vehicle": "bus-17", "camera": camera}), 42))
    lost = DeliveryStats(False, 3, 0, 0, "the broker at b:8883 refused the password; correct mqtt.password_file.")
    report = status.local_report(status.facts(delivery=lost, board=BOARD, alarms={"buzzer": "ok"}))
    lines = status_text(json.loads(json.dumps(report))).splitlines()
    assert lines[0].startswith("driver-monitor 0.1.0 on bus-17, session 42, running for ")
    assert lines[0].endswith(": 2 things are wrong")
    assert lines[1] == (
        "  BOARD     The board says under voltage: its supply is too weak; use the supply that the board's maker names."
    )
    assert lines[2].startswith("  BROKER    3 events wait for the broker: the broker at b:8883 refused the password;")
    told = dict(line.split(maxsplit=1) for line in lines[4:])
    assert told["frames"] == "5 seen, 4 missed, 0 waits in vain"
    assert told["board"] == "61 °C, held back now: under voltage, since power on: under voltage, hot"
    assert told["alarms"] == "buzzer ok"


def test_a_person_reads_that_all_is_well_and_of_a_daemon_that_just_began() -> None:
    status = Status(Config(), 1)
    lines = status_text(json.loads(json.dumps(status.local_report(status.facts())))).splitlines()
    assert lines[0].endswith(": all is well")
    assert "camera     picamera starting" in lines
    assert "events     printed, no broker is configured" in lines
