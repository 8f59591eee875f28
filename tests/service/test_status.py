"""What the daemon says of itself: how it does, never how the driver does."""

from __future__ import annotations

import json
import typing

from jsonschema import Draft202012Validator

from edge.config import Config
from edge.delivery.publisher import DeliveryStats
from edge.delivery.schema_status import status_schema
from edge.gps.gpsd import GpsState
from edge.monitor import Step
from edge.records import Box, Cause, Emotion, Eyes, Face, Observation, Signal, SignalName
from edge.rules.policy import Decision
from edge.service.status import Status

DELIVERY = DeliveryStats(True, waiting=3, sent=40, dropped=1, last_error=None)
FACE = Face(Box(0, 0, 10, 10), (1, 1), (2, 1), (1.5, 2), 0.9)


def _step(time: float, seen: bool = True) -> Step:
    observation = Observation(time, FACE, Eyes(0.9, 0.9), Emotion(0, 0, 1, 0)) if seen else None
    signals = (Signal("fatigue", "sleep", "critical", "start", time, 1),)
    return Step(time, observation, Decision(time, signals, eyes_closed=True, reason="sleep"), ())


def test_frames_and_camera_faults_are_counted_apart() -> None:
    status = Status(Config(), 7)
    for time in range(5):
        status.count(_step(time))
    status.count(_step(6, seen=False))
    report = status.report(DELIVERY)
    assert (report["session"], report["frames"], report["camera_faults"]) == (7, 5, 1)


def test_the_models_are_named_with_their_hashes() -> None:
    models = Status(Config(), 1).report(DELIVERY)["models"]
    assert set(models) == {"face", "landmarks", "eyes", "emotion"}
    assert all(len(model["sha256"]) == 16 for model in models.values())


def test_before_the_second_frame_there_is_no_rate() -> None:
    status = Status(Config(), 1)
    status.count(_step(0.0))
    assert status.report(DELIVERY)["frames_per_second"] is None


def test_where_delivery_stands_is_told() -> None:
    assert Status(Config(), 1).report(DELIVERY)["outbox"] == {"waiting": 3, "sent": 40, "dropped": 1}


def test_the_receiver_and_who_tells_the_time_are_told_and_not_where_the_vehicle_is() -> None:
    report = Status(Config(), 1).report(DELIVERY, "gps", GpsState(True, "3d", 0.4321, 8))
    assert report["time_source"] == "gps"
    assert report["gps"] == {"connected": True, "fix": "3d", "age": 0.4, "satellites": 8}


def test_every_report_is_valid_against_its_schema() -> None:
    status = Status(Config(), 1)
    lossy = DeliveryStats(False, 3, 40, 5, "the broker ...", ((1, 2, 4), (3, 1, 1)))
    schema = status_schema()
    Draft202012Validator.check_schema(schema)
    for report in (
        status.report(DELIVERY),
        status.report(lossy, "unsynchronised", GpsState(False, "none", None, None)),
    ):
        Draft202012Validator(schema).validate(json.loads(json.dumps(report)))


def test_nothing_of_the_driver_is_in_it() -> None:
    status = Status(Config(), 1)
    status.count(_step(0.0))
    text = json.dumps(status.report(DELIVERY))
    told = {*typing.get_args(SignalName), *typing.get_args(Cause)} - {"camera_fault"}
    assert [word for word in told if f'"{word}"' in text] == []


def test_a_report_is_due_at_once_and_then_once_an_interval() -> None:
    status = Status(Config.model_validate({"mqtt": {"host": "h", "status_interval_s": 10}}), 1)
    assert [now for now in range(100, 140) if status.is_due(now)] == [100, 110, 120, 130]
