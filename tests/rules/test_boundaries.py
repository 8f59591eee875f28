"""Each small rule by itself, at the very number where it begins and ends."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import pytest

from edge.config import PerclosConfig, SadConfig, SpeedGateConfig
from edge.records import Cause
from edge.rules.alarm import Alarm
from edge.rules.drowsiness import Drowsiness
from edge.rules.episodes import Counter, Episodes, Finding
from edge.rules.gate import SpeedGate
from edge.rules.sad import Sad
from edge.rules.seat import Seat
from edge.rules.window import Elapsed

ADVISORY, WARNING = Finding("perclos", "advisory"), Finding("perclos", "warning")
MICROSLEEP, SLEEP = Finding("microsleep", "warning"), Finding("sleep", "critical")


def found(step: Callable[[Elapsed, Cause | None], bool], seen: Sequence[tuple[int, Cause | None]]) -> list[int]:
    """The numbers of the frames, ten a second, at which something is found."""
    obstacles = [obstacle for frames, obstacle in seen for _ in range(frames)]
    times = [index / 10 for index in range(len(obstacles))]
    steps = zip([0.0, *times], times, obstacles, strict=False)
    return [round(now * 10) for before, now, obstacle in steps if step(Elapsed.between(before, now, 0.2), obstacle)]


def test_a_seat_is_found_empty_once_when_nobody_was_there_for_10_s() -> None:
    assert found(Seat(10.0).step, [(300, "face_not_visible")]) == [100]


@pytest.mark.parametrize("blind", ["too_dark", "camera_fault"])
def test_time_in_which_nobody_could_be_seen_neither_empties_the_seat_nor_fills_it(blind: Cause) -> None:
    assert found(Seat(10.0).step, [(50, "face_not_visible"), (50, blind), (100, "face_not_visible")]) == [150]
    assert found(Seat(10.0).step, [(300, blind)]) == []


@pytest.mark.parametrize("blind", ["too_dark", "camera_fault"])
def test_after_five_minutes_in_which_nobody_could_be_seen_another_may_sit_there(blind: Cause) -> None:
    assert found(Seat(10.0).step, [(10, None), (3100, blind)]) == [3010]
    assert found(Seat(10.0).step, [(10, None), (2990, blind), (20, None), (2990, blind)]) == []
    assert found(Seat(10.0).step, [(50, "face_not_visible"), (2960, blind)]) == [3000]


def test_after_five_minutes_without_a_frame_another_may_sit_there() -> None:
    for gap_s, anew in ((299.0, False), (301.0, True)):
        seat = Seat(10.0)
        seat.step(Elapsed.between(0.0, 0.1, 0.2), None)
        assert seat.step(Elapsed.between(0.1, 0.1 + gap_s, 0.2), None) == anew


@pytest.mark.parametrize("there", [None, "eyes_not_visible"])
def test_whoever_is_seen_in_between_sits_there(there: Cause | None) -> None:
    seen = [(90, "face_not_visible"), (1, there), (150, "face_not_visible")]
    assert found(Seat(10.0).step, seen) == [191]
    assert found(Seat(10.0).step, [*seen, (1, there), (150, "face_not_visible")]) == [191, 342]


@pytest.mark.parametrize(
    ("speed", "closures", "drowsiness", "standing"),
    [
        (0.0, False, False, True),
        (1.11, False, False, True),
        (1.12, False, False, False),
        (5.55, False, False, False),
        (5.56, True, False, False),
        (13.88, True, False, False),
        (13.89, True, True, False),
        (None, True, True, False),
        (math.nan, True, True, False),
    ],
)
def test_the_gate_opens_at_20_and_50_km_h_and_where_the_speed_is_not_known(
    speed: float | None, closures: bool, drowsiness: bool, standing: bool
) -> None:
    gate = SpeedGate(SpeedGateConfig(enabled=True))
    gate.step(speed)
    assert (gate.closures, gate.drowsiness, gate.standing) == (closures, drowsiness, standing)


def test_a_gate_exactly_at_its_speed_is_open() -> None:
    gate = SpeedGate(SpeedGateConfig(enabled=True, closures_kmh=18.0, drowsiness_kmh=36.0, standing_kmh=18.0))
    gate.step(5.0)
    assert (gate.closures, gate.drowsiness, gate.standing) == (True, False, False)
    gate.step(10.0)
    assert gate.drowsiness


def test_a_gate_that_is_switched_off_is_open_at_any_speed() -> None:
    gate = SpeedGate(SpeedGateConfig())
    gate.step(0.0)
    assert (gate.closures, gate.drowsiness, gate.standing) == (True, True, False)


def after(alarm: Alarm, *steps: tuple[float, Finding | None, Finding | None]) -> list[Finding | None]:
    told = []
    for now, closure, drowsiness in steps:
        alarm.step(now, closure, drowsiness)
        told.append(alarm.finding)
    return told


def test_drowsiness_is_told_again_20_s_after_the_alarm_and_not_before() -> None:
    steps = ((0.0, None, ADVISORY), (10.0, None, None), (29.9, None, ADVISORY), (30.0, None, ADVISORY))
    assert after(Alarm(20.0), *steps) == [ADVISORY, None, None, ADVISORY]


def test_drowsiness_that_is_higher_than_what_was_told_is_told_at_once() -> None:
    steps = ((0.0, None, ADVISORY), (10.0, None, None), (10.1, None, WARNING))
    assert after(Alarm(20.0), *steps) == [ADVISORY, None, WARNING]


def test_a_closure_that_is_over_ends_its_alarm_though_the_driver_is_drowsy() -> None:
    steps = ((0.0, MICROSLEEP, WARNING), (2.0, None, WARNING), (21.9, None, WARNING), (22.0, None, WARNING))
    assert after(Alarm(20.0), *steps) == [MICROSLEEP, None, None, WARNING]


def test_the_next_closure_is_told_however_soon_it_comes() -> None:
    steps = ((0.0, MICROSLEEP, None), (2.0, None, None), (2.1, MICROSLEEP, None))
    assert after(Alarm(20.0), *steps) == [MICROSLEEP, None, MICROSLEEP]


def test_an_open_alarm_rises_and_does_not_fall_while_the_closure_lasts() -> None:
    steps = ((0.0, None, ADVISORY), (1.0, MICROSLEEP, ADVISORY), (2.0, SLEEP, None), (3.0, MICROSLEEP, None))
    assert after(Alarm(20.0), *steps) == [ADVISORY, MICROSLEEP, SLEEP, SLEEP]


def held(*steps: tuple[float, float | None, float | None, float | None]) -> list[str | None]:
    """The level held after each step of time, both PERCLOS and the share that was sad."""
    drowsiness = Drowsiness(PerclosConfig())
    levels = []
    for step in steps:
        drowsiness.step(*step)
        levels.append(drowsiness.finding.level if drowsiness.finding else None)
    return levels


@pytest.mark.parametrize(
    ("short", "sad", "level"),
    [
        (0.119, None, None),
        (0.12, None, "advisory"),
        (0.149, 0.0, "advisory"),
        (0.15, None, "warning"),
        (0.08, 0.51, "advisory"),
        (0.08, 0.5, None),
        (0.08, None, None),
        (0.079, 0.9, None),
        (None, 0.9, None),
    ],
)
def test_perclos_is_told_from_these_shares_on(short: float | None, sad: float | None, level: str | None) -> None:
    assert held((0.0, short, None, sad)) == [level]


def test_a_warning_needs_the_long_window_as_soon_as_that_has_passed() -> None:
    assert held((5.0, 0.0, 0.0, None), (184.9, 0.15, 0.0, None)) == [None, "warning"]
    assert held((5.0, 0.0, 0.0, None), (185.0, 0.15, 0.099, None)) == [None, "advisory"]
    assert held((5.0, 0.0, 0.0, None), (185.0, 0.15, 0.1, None)) == [None, "warning"]
    assert held((5.0, 0.0, 0.0, None), (185.0, 0.15, None, None)) == [None, "warning"]


def test_an_advisory_ends_below_two_thirds_of_what_it_passed() -> None:
    assert held((0.0, 0.12, None, None), (1.0, 0.0805, None, None), (2.0, 0.0803, None, None)) == [
        "advisory",
        "advisory",
        None,
    ]
    assert held((0.0, 0.15, None, None), (1.0, 0.0805, None, None), (2.0, 0.0803, None, None))[1:] == ["warning", None]


def test_one_that_sadness_supported_ends_below_two_thirds_of_the_lower_share() -> None:
    sad = (0.0, 0.08, None, 0.9)
    assert held(sad, (1.0, 0.0537, None, 0.9), (2.0, 0.0535, None, 0.9)) == ["advisory", "advisory", None]
    assert held(sad, (1.0, 0.12, None, 0.9), (2.0, 0.0803, None, None)) == ["advisory", "advisory", None]
    passed = (0.0, 0.12, None, None)
    assert held(passed, (1.0, 0.085, None, 0.9), (2.0, 0.0803, None, None)) == ["advisory", "advisory", None]


def test_without_a_share_nothing_is_held() -> None:
    assert held((0.0, 0.2, None, None), (1.0, None, 0.2, None)) == ["warning", None]


def turns(*moods: tuple[float, float | None]) -> list[float]:
    """When sadness begins and ends, seconds, where P(sad) was so much for so long, ten frames a second."""
    sad = Sad(SadConfig(), 0.5, 60.0)
    faces = [probability for seconds, probability in moods for _ in range(round(seconds * 10))]
    changes, before, was = [], 0.0, False
    for index, probability in enumerate(faces):
        sad.step(Elapsed.between(before, index / 10, 0.2), probability)
        before = index / 10
        if (sad.finding is not None) != was:
            was = not was
            changes.append(before)
    return changes


def test_sad_begins_with_three_fifths_of_30_s_and_ends_10_s_after_less_than_three_tenths() -> None:
    begins, ends = turns((40, 0.2), (60, 0.36), (60, 0.2))
    assert begins == pytest.approx(58.0, abs=0.101)
    assert ends == pytest.approx(131.0, abs=0.201)


def test_p_sad_must_be_above_its_threshold() -> None:
    assert turns((90, 0.35)) == []


def test_sad_needs_half_of_its_window_known() -> None:
    assert turns((60, 0.9)) == pytest.approx([15.0], abs=0.101)
    assert turns((14.5, 0.9), (60, None)) == []


def test_a_face_that_is_not_known_any_more_is_not_sad_for_ever() -> None:
    begins, ends = turns((60, 0.9), (60, None))
    assert (begins, ends) == pytest.approx((15.0, 85.0), abs=0.201)


def test_a_sad_moment_on_the_way_out_begins_its_10_s_anew() -> None:
    """Sad again while it lasts: the share rises over 0.3 again, and the end is counted from there."""
    (_, once), (_, again) = turns((60, 0.9), (60, 0.2)), turns((60, 0.9), (21.5, 0.2), (13.5, 0.9), (60, 0.2))
    assert again > once + 20


def test_what_supports_a_high_perclos_is_the_share_of_the_minute() -> None:
    sad = Sad(SadConfig(), 0.5, 60.0)
    for index in range(901):
        sad.step(Elapsed.between(max(0, index - 1) / 10, index / 10, 0.2), 0.9 if index < 600 else 0.1)
    assert sad.support.share == pytest.approx(0.5, abs=0.005)
    assert sad.window.share == 0.0


def test_an_episode_starts_rises_and_ends_once_with_the_numbers_behind_it() -> None:
    counter = Counter()
    fatigue, sad = Episodes("fatigue", counter), Episodes("sad", counter)
    said = [
        fatigue.step(1.0, ADVISORY, lambda: {"perclos_short": 0.12}),
        fatigue.step(2.0, ADVISORY, dict),
        fatigue.step(3.0, SLEEP, lambda: {"closed_s": 3.0}),
        fatigue.step(4.0, MICROSLEEP, dict),
        sad.step(4.5, Finding("sustained", "advisory"), dict),
        fatigue.step(5.0, None, lambda: {"closed_s": 0.0}),
        fatigue.step(6.0, None, dict),
        fatigue.step(7.0, MICROSLEEP, dict),
    ]
    told = [(one.signal, one.cause, one.level, one.phase, one.time, one.episode) for (one,) in filter(None, said)]
    assert told == [
        ("fatigue", "perclos", "advisory", "start", 1.0, 1),
        ("fatigue", "sleep", "critical", "update", 3.0, 1),
        ("sad", "sustained", "advisory", "start", 4.5, 2),
        ("fatigue", "sleep", "critical", "end", 5.0, 1),
        ("fatigue", "microsleep", "warning", "start", 7.0, 3),
    ]
    assert [one.evidence for (one,) in filter(None, said)][:2] == [{"perclos_short": 0.12}, {"closed_s": 3.0}]
    assert said[5][0].evidence == {"closed_s": 0.0}


def test_a_higher_level_outweighs_a_higher_cause() -> None:
    assert WARNING.above(ADVISORY)
    assert MICROSLEEP.above(WARNING)
    assert not MICROSLEEP.above(MICROSLEEP)
    assert Finding("perclos", "critical").above(MICROSLEEP)
