"""What is wrong: each trouble is named, told in one sentence, worst first, and said in the log once."""

from __future__ import annotations

import logging
from dataclasses import replace

import pytest

from edge.delivery.publisher import DeliveryStats
from edge.delivery.schema_status import PROBLEMS
from edge.gps.gpsd import GpsState
from edge.service.frames import FrameState
from edge.service.health import Board
from edge.service.journal import OVER_S, Journal
from edge.service.problems import NAMES, Facts, Problem, problems

FRAMES = FrameState(900, 0, 0, 15.0, (12.0, 20.0), 0.98, "ok", 0.05)
DELIVERY = DeliveryStats(True, 0, 10, 0, None)
BOARD = Board(55.0, (), (), 150, 900, 5000)
WELL = Facts(FRAMES, DELIVERY, "gps", GpsState(True, "3d", 0.3, 9), BOARD, {"buzzer": "ok"})

TROUBLES = {
    "stuck": replace(WELL, frames=replace(FRAMES, last_s=30.0)),
    "camera": replace(WELL, frames=replace(FRAMES, camera="fault")),
    "dark": replace(WELL, frames=replace(FRAMES, camera="dark")),
    "slow": replace(WELL, frames=replace(FRAMES, per_second=7.5)),
    "late": replace(WELL, frames=replace(FRAMES, latency_ms=(80.0, 250.0))),
    "unseen": replace(WELL, frames=replace(FRAMES, seen=0.3)),
    "alarms": replace(WELL, alarms={"buzzer": "ok", "can": "no bus can0"}),
    "board": replace(WELL, board=replace(BOARD, throttling=("under_voltage",))),
    "disk": replace(WELL, board=replace(BOARD, disk_free_mb=12)),
    "memory": replace(WELL, board=replace(BOARD, free_mb=12)),
    "broker": replace(WELL, delivery=replace(DELIVERY, connected=False, last_error="the broker refused; mend it.")),
    "dropped": replace(WELL, delivery=replace(DELIVERY, dropped=3)),
    "gps": replace(WELL, gps=GpsState(True, "none", None, 2)),
    "clock": replace(WELL, time_source="unsynchronised"),
}


def names(facts: Facts) -> list[str]:
    return [one.name for one in problems(facts)]


def test_all_is_well() -> None:
    assert names(WELL) == []


def test_before_anything_is_known_nothing_is_wrong() -> None:
    assert names(Facts(FrameState(0, 0, 0, None, None, None, "starting", None))) == []


@pytest.mark.parametrize("name", TROUBLES)
def test_each_trouble_is_told_alone_in_one_sentence(name: str) -> None:
    (one,) = problems(TROUBLES[name])
    assert one.name == name
    assert one.text[0].isupper() or one.text[0].isdigit() or one.text.startswith("gpsd")
    assert one.text.endswith(".")


def test_the_fleets_schema_names_every_trouble() -> None:
    assert set(TROUBLES) == set(NAMES)
    assert PROBLEMS == NAMES


def test_the_first_seconds_say_nothing_of_speed_and_sight() -> None:
    early = replace(FRAMES, frames=20, per_second=3.0, latency_ms=(300.0, 900.0), seen=0.0)
    assert names(replace(WELL, frames=early)) == []


def test_a_gpsd_that_does_not_answer_is_told() -> None:
    assert "gpsd does not answer" in problems(replace(WELL, gps=GpsState(False, "none", None, None)))[0].text


def test_a_board_too_hot_is_told_where_no_firmware_tells_it() -> None:
    assert "83 °C" in problems(replace(WELL, board=Board(temperature=83.0)))[0].text


def test_the_worst_comes_first() -> None:
    everything = Facts(
        replace(FRAMES, camera="fault"), replace(DELIVERY, connected=False), "unsynchronised", None, Board(90.0)
    )
    assert names(everything) == ["camera", "board", "broker", "clock"]


def test_a_stuck_daemon_is_not_told_as_something_else_too() -> None:
    assert names(replace(WELL, frames=replace(FRAMES, last_s=30.0, camera="fault", per_second=1.0))) == ["stuck"]


class Hand:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_trouble_is_said_once_in_the_log_and_so_is_its_end(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    clock = Hand()
    journal = Journal(clock)
    for second in range(0, 300, 10):
        clock.now = float(second)
        # hot on and off for two minutes, every ten seconds: one trouble
        hot = [Problem("board", "It is hot.")] if second < 120 and second % 20 == 0 else []
        journal.take(hot)
    assert [(one.levelname, one.message) for one in caplog.records] == [
        ("WARNING", "It is hot."),
        ("INFO", "no longer: board"),
    ]
    assert OVER_S < 120


def test_the_log_says_nothing_of_whether_the_driver_is_seen(caplog: pytest.LogCaptureFixture) -> None:
    Journal().take(problems(TROUBLES["unseen"]))
    assert caplog.records == []
