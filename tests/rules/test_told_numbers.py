"""The numbers behind a decision: those of its frame, in the signal's evidence and in the trace alike."""

from __future__ import annotations

import pytest
from story import AWAKE, NO_CAMERA, OPEN, SAD_FACE, SHUT, SUNGLASSES, Camera, Played, play

from edge.config import RulesConfig
from edge.records import Signal
from edge.rules.decision import Decision
from edge.rules.policy import Policy


@pytest.fixture(scope="module")
def played() -> Played:
    """A sleep of 4 s at 70 s, sadness from 74 s on, sunglasses at 134 s, eyes again at 154 s."""
    return play(Camera(15).film([(70, AWAKE), (4, SHUT), (60, SAD_FACE), (20, SUNGLASSES), (60, OPEN)]))


def behind(signal: Signal, frame: Decision) -> dict[str, float | None]:
    if signal.signal == "sad":
        return {"share": frame.sad_share, "valid": frame.valid_sad}
    if signal.signal == "degraded":
        return {"valid_short": frame.valid_short}
    return {
        "closed_s": frame.closed_for_s,
        "perclos_short": frame.perclos_short,
        "valid_short": frame.valid_short,
        "perclos_long": frame.perclos_long,
        "valid_long": frame.valid_long,
    }


def test_evidence_is_the_numbers_of_its_frame_to_a_thousandth_without_those_that_are_unknown(played: Played) -> None:
    assert {signal.signal for signal in played.signals} == {"fatigue", "sad", "degraded"}
    for signal in played.signals:
        numbers = behind(signal, played.at(signal.time))
        assert signal.evidence == {name: round(value, 3) for name, value in numbers.items() if value is not None}


def test_a_closure_in_progress_is_told_with_its_start_and_length(played: Played) -> None:
    amid, after = played.at(72.0), played.at(74.2)
    assert (amid.eyes_closed, amid.closure_start) == (True, pytest.approx(70.0, abs=0.07))
    assert amid.closed_for_s == pytest.approx(2.0, abs=0.07)
    assert (after.eyes_closed, after.closure_start, after.closed_for_s) == (False, None, 0.0)


def test_a_closure_that_is_over_is_told_once(played: Played) -> None:
    over = [one.closure for one in played.decisions if one.closure and one.closure.end - one.closure.start > 1]
    assert [(round(one.start), round(one.end), one.ending) for one in over] == [(70, 74, "opened")]


def test_perclos_counts_the_closure_that_was_told_and_what_raises_the_next_alarm_does_not(played: Played) -> None:
    frame = played.at(80.0)
    assert frame.perclos_short == pytest.approx(4 / 60, abs=0.005)
    assert frame.perclos_long is None
    assert (frame.alarm_short, frame.alarm_long) == (pytest.approx(0.0, abs=1e-6), None)
    assert played.at(120.0).perclos_long == pytest.approx(4 / 120, abs=0.005)
    assert played.at(120.0).alarm_long == pytest.approx(0.0, abs=1e-6)


def test_how_much_of_each_window_was_seen_is_told(played: Played) -> None:
    frame = played.at(144.0)
    assert frame.valid_short == pytest.approx(50 / 60, abs=0.005)
    assert frame.valid_long == pytest.approx(134 / 180, abs=0.005)
    assert frame.valid_sad == pytest.approx(1.0, abs=0.005)


def test_the_sad_share_is_told_over_half_a_minute_and_over_the_minute(played: Played) -> None:
    frame = played.at(89.0)
    assert frame.sad_share == pytest.approx(0.5, abs=0.005)
    assert frame.sad_support == pytest.approx(0.25, abs=0.005)
    assert frame.reason == "eyes open"
    assert played.at(100.0).reason == "eyes open; sad"


def test_the_driver_s_own_thresholds_are_told_and_those_that_judged(played: Played) -> None:
    early, late = played.at(10.0), played.at(75.0)
    assert early.own is not None
    assert late.own is not None
    assert early.own.learned == pytest.approx(10 / 60, abs=0.03)
    assert late.own.learned == 1.0
    assert (early.thresholds, late.thresholds) == (early.own.thresholds, late.own.thresholds)
    assert early.thresholds.closed_above > late.thresholds.closed_above


def test_the_speed_of_the_frame_is_told() -> None:
    policy = Policy(RulesConfig())
    film = Camera(10).film([(1, OPEN), (1, NO_CAMERA)])
    told = [policy.camera_fault(shot, 7.0) if isinstance(shot, float) else policy.step(shot, 8.0) for shot in film]
    assert {decision.speed for decision in told[:10]} == {8.0}
    assert {decision.speed for decision in told[10:]} == {7.0}


def test_a_frame_that_is_left_out_says_what_the_one_before_said_and_starts_nothing_anew() -> None:
    policy = Policy(RulesConfig())
    film = Camera(10).film([(60, OPEN), (4, SHUT)])
    before = [policy.step(shot) for shot in film if not isinstance(shot, float)][-1]
    again = policy.step(film[-1])
    assert (again.reason, again.signals) == ("left out: the time did not rise", ())
    assert (again.perclos_short, again.closed_for_s) == (before.perclos_short, before.closed_for_s)
