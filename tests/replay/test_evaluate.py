"""What `evaluate` counts as reported, missed and false, and how it measures closures and PERCLOS."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import count
from typing import Any

import pytest

from edge.config import RulesConfig
from edge.records import Cause, Phase, Signal, SignalName
from edge.replay.evaluate import Moment, Score, score, summary
from edge.replay.truth import Interval, Truth

RULES = RulesConfig()
RATE = 30
SECONDS = 100.0


def signal(cause: Cause, time: float, phase: Phase = "start", episode: int = 1) -> Signal:
    name: SignalName = "sad" if cause == "sustained" else "degraded" if "visible" in cause else "fatigue"
    return Signal(name, cause, "warning", phase, time, episode)


def moments(
    seconds: float = 10.0,
    closed: Sequence[Interval] = (),
    unseen: Sequence[Interval] = (),
    perclos: Callable[[float], float | None] = lambda _time: None,
) -> list[Moment]:
    """One at 30 a second; the face is gone where the eyes are."""

    def within(intervals: Sequence[Interval], time: float) -> bool:
        return any(start - 1e-9 <= time < end - 1e-9 for start, end in intervals)

    times = (index / RATE for index in range(round(seconds * RATE)))
    return [
        Moment(
            time,
            face=not within(unseen, time),
            closed=None if within(unseen, time) else within(closed, time),
            perclos=perclos(time),
        )
        for time in times
    ]


def judged(
    signals: Sequence[Signal] = (), seen: Sequence[Moment] = (), rules: RulesConfig = RULES, **truth: Any
) -> Score:
    return score("drive", SECONDS, seen, signals, Truth.model_validate(truth), rules)


def expected(cause: Cause, start: float) -> dict[str, Any]:
    return {"signal": "fatigue", "cause": cause, "closure_start_s": start}


MICROSLEEP = [expected("microsleep", 20.0)]
DUE = 20.0 + RULES.closures.microsleep_s
SAD = [{"signal": "sad", "cause": "sustained", "between_s": [30, 60]}]


@pytest.mark.parametrize("late", [-0.2, 0.0, 0.5])
def test_a_signal_from_a_fifth_of_a_second_early_to_half_a_second_late_is_reported(late: float) -> None:
    assert judged([signal("microsleep", DUE + late)], expect=MICROSLEEP).reported == 1


@pytest.mark.parametrize("late", [-0.21, 0.51])
def test_a_signal_too_early_or_too_late_is_missed_and_false(late: float) -> None:
    result = judged([signal("microsleep", DUE + late)], expect=MICROSLEEP)
    assert (result.reported, result.missed) == (0, ["fatigue microsleep at 21.50 s"])
    assert [(f.signal, f.cause, f.time) for f in result.false] == [("fatigue", "microsleep", round(DUE + late, 3))]


def test_delay_is_measured_from_the_moment_the_closure_reached_its_threshold() -> None:
    assert judged([signal("microsleep", DUE + 0.133)], expect=MICROSLEEP).delay_s == [0.133]


def test_an_early_signal_has_a_negative_delay() -> None:
    assert judged([signal("microsleep", DUE - 0.1)], expect=MICROSLEEP).delay_s == [-0.1]


@pytest.mark.parametrize(
    ("cause", "threshold"),
    [
        ("microsleep", RULES.closures.microsleep_s),
        ("sleep", RULES.closures.sleep_s),
        ("unresponsive", RULES.closures.unresponsive_s),
    ],
)
def test_each_cause_is_due_at_its_own_threshold(cause: Cause, threshold: float) -> None:
    assert judged([signal(cause, 20 + threshold)], expect=[expected(cause, 20.0)]).delay_s == [0.0]


def test_thresholds_are_those_of_the_configuration() -> None:
    rules = RulesConfig.model_validate({"closures": {"microsleep_s": 1.0}})
    assert judged([signal("microsleep", 21.0)], rules=rules, expect=MICROSLEEP).delay_s == [0.0]


def test_a_cause_that_an_episode_rises_to_is_reported() -> None:
    rise = [signal("microsleep", 21.5), signal("sleep", 23.1, "update")]
    result = judged(rise, expect=[expected("sleep", 20.0)])
    assert (result.reported, result.false, result.delay_s) == (1, [], [0.1])


def test_an_episode_counts_for_each_cause_it_goes_through() -> None:
    rise = [signal("microsleep", 21.5), signal("sleep", 23.0, "update"), signal("sleep", 25.0, "end")]
    result = judged(rise, expect=[*MICROSLEEP, expected("sleep", 20.0)])
    assert (result.expected, result.reported, result.missed, result.false) == (2, 2, [], [])


def test_the_end_of_an_episode_reports_nothing() -> None:
    result = judged([signal("microsleep", 5.0), signal("microsleep", DUE, "end")], expect=MICROSLEEP)
    assert result.reported == 0


def test_another_cause_of_the_same_signal_is_not_what_was_expected() -> None:
    assert judged([signal("perclos", DUE)], expect=MICROSLEEP).reported == 0


def test_an_alarm_that_began_before_the_closure_is_false_though_it_rises_in_it() -> None:
    rise = [signal("microsleep", 18.0), signal("sleep", 23.0, "update")]
    result = judged(rise, expect=[expected("sleep", 20.0)])
    assert result.reported == 1
    assert [f.time for f in result.false] == [18.0]


ONE_CLOSURE = [signal("microsleep", DUE), signal("sleep", 23.0, "update"), signal("sleep", 25.0, "end")]


def test_a_rise_after_the_closure_of_an_expected_alarm_is_false() -> None:
    result = judged(ONE_CLOSURE, expect=MICROSLEEP, eyes_closed_s=[(20.0, 21.7)])
    assert (result.reported, [(f.cause, f.time) for f in result.false]) == (1, [("sleep", 23.0)])


def test_a_rise_in_a_closure_that_is_labelled_as_so_long_is_right() -> None:
    assert judged(ONE_CLOSURE, expect=MICROSLEEP, eyes_closed_s=[(20.0, 22.9)]).false == []


def test_a_rise_in_a_blink_is_false() -> None:
    result = judged(ONE_CLOSURE, expect=MICROSLEEP, eyes_closed_s=[(20.0, 21.7), (22.9, 23.1)])
    assert [f.time for f in result.false] == [23.0]


def test_a_rise_in_a_closure_with_a_flicker_is_right() -> None:
    assert judged(ONE_CLOSURE, expect=MICROSLEEP, eyes_closed_s=[(20.0, 21.7), (21.85, 23.1)]).false == []


def test_a_rise_where_a_closure_goes_on_into_what_is_not_scored_is_right() -> None:
    labels = {"eyes_closed_s": [(20.0, 21.7)], "not_scored_s": [(21.7, 24.0)]}
    assert judged(ONE_CLOSURE, expect=MICROSLEEP, **labels).false == []


def test_a_rise_on_the_way_to_what_is_expected_of_the_closure_is_right() -> None:
    rise = [*ONE_CLOSURE[:2], signal("unresponsive", 26.0, "update")]
    assert judged(rise, expect=[expected("unresponsive", 20.0)]).false == []


def test_a_rise_before_the_closure_of_which_another_is_expected_is_false() -> None:
    rise = [*ONE_CLOSURE[:2], signal("unresponsive", 30.0, "update")]
    result = judged(rise, expect=[*MICROSLEEP, expected("unresponsive", 24.0)], eyes_closed_s=[(20, 21.7), (24, 31)])
    assert (result.reported, [(f.cause, f.time) for f in result.false]) == (2, [("sleep", 23.0)])


def test_a_rise_that_is_false_is_counted_once_however_high_it_goes() -> None:
    rise = [*ONE_CLOSURE[:2], signal("unresponsive", 26.0, "update")]
    assert [f.cause for f in judged(rise, expect=MICROSLEEP).false] == ["sleep"]


def test_a_rise_of_what_is_allowed_is_not_false() -> None:
    assert judged(ONE_CLOSURE, expect=MICROSLEEP, allow=["fatigue"]).false == []


def test_a_rise_of_the_level_alone_is_not_false() -> None:
    drowsy = [signal("perclos", 40.0), signal("perclos", 50.0, "update"), signal("perclos", 90.0, "end")]
    between = [{"signal": "fatigue", "cause": "perclos", "between_s": [30, 60]}]
    assert judged(drowsy, expect=between).false == []


def test_a_signal_answers_one_expectation() -> None:
    result = judged([signal("microsleep", DUE)], expect=[*MICROSLEEP, expected("microsleep", 20.1)])
    assert (result.reported, result.missed) == (1, ["fatigue microsleep at 21.60 s"])


def test_what_is_expected_twice_needs_two_signals() -> None:
    sad = [signal("sustained", 40.0), signal("sustained", 45.0, "end")]
    again = [signal("sustained", 50.0, episode=2), signal("sustained", 55.0, "end", episode=2)]
    assert judged(sad, expect=[*SAD, *SAD]).reported == 1
    assert judged([*sad, *again], expect=[*SAD, *SAD]).reported == 2


def test_an_expectation_that_can_wait_leaves_its_signal_to_one_that_cannot() -> None:
    sad = [signal("sustained", 40.0), signal("sustained", 45.0, "end")]
    again = [signal("sustained", 70.0, episode=2), signal("sustained", 75.0, "end", episode=2)]
    wide = {"signal": "sad", "cause": "sustained", "between_s": [30, 80]}
    assert judged([*sad, *again], expect=[wide, *SAD]).missed == []


def test_a_second_alarm_in_the_same_closure_is_false() -> None:
    both = [signal("microsleep", DUE, episode=1), signal("microsleep", DUE + 0.3, episode=2)]
    result = judged(both, expect=MICROSLEEP)
    assert (result.reported, [f.time for f in result.false]) == (1, [21.8])


def test_every_other_fatigue_or_sad_start_is_false_with_its_time() -> None:
    others = [signal("perclos", 7.12345, episode=1), signal("sustained", 40.0, episode=2)]
    result = judged(others)
    assert [(f.signal, f.cause, f.time) for f in result.false] == [
        ("fatigue", "perclos", 7.123),
        ("sad", "sustained", 40.0),
    ]


def test_degraded_is_never_false() -> None:
    assert judged([signal("face_not_visible", 8.0)]).false == []


def test_updates_and_ends_are_not_false_a_second_time() -> None:
    episode = [signal("microsleep", 5.0), signal("sleep", 6.5, "update"), signal("sleep", 9.0, "end")]
    assert len(judged(episode).false) == 1


def test_what_is_allowed_is_not_false() -> None:
    result = judged([signal("perclos", 7.0, episode=1), signal("sustained", 40.0, episode=2)], allow=["fatigue"])
    assert [f.signal for f in result.false] == ["sad"]


def test_a_signal_expected_between_counts_if_it_starts_there_and_has_ended() -> None:
    result = judged([signal("sustained", 45.0), signal("sustained", 70.0, "end")], expect=SAD)
    assert (result.reported, result.false, result.delay_s) == (1, [], [])


@pytest.mark.parametrize("start", [29.9, 60.1])
def test_a_signal_expected_between_is_missed_and_false_outside(start: float) -> None:
    result = judged([signal("sustained", start), signal("sustained", 70.0, "end")], expect=SAD)
    assert (result.reported, [f.time for f in result.false]) == (0, [start])


def test_a_signal_expected_between_that_never_ends_is_missed() -> None:
    assert judged([signal("sustained", 45.0)], expect=SAD).missed == ["sad sustained at 30.00 s"]


def test_what_only_the_end_of_the_recording_ends_has_not_ended() -> None:
    assert judged([signal("sustained", 45.0), signal("sustained", SECONDS, "end")], expect=SAD).reported == 0


def test_a_rise_within_the_interval_does_not_count_as_a_start() -> None:
    between = [{"signal": "fatigue", "cause": "sleep", "between_s": [30, 60]}]
    rise = [signal("perclos", 20.0), signal("sleep", 40.0, "update"), signal("sleep", 50.0, "end")]
    assert judged(rise, expect=between).reported == 0


def test_a_signal_expected_of_a_closure_need_not_end() -> None:
    assert judged([signal("microsleep", DUE)], expect=MICROSLEEP).reported == 1


def test_visible_shares_are_of_all_frames() -> None:
    seen = moments(10, unseen=[(2.0, 4.5)])
    seen[0] = Moment(0.0, face=True, closed=None, perclos=None)  # a face whose eyes are not seen
    result = judged(seen=seen)
    assert (result.frames, result.face_visible, result.eyes_visible) == (300, 0.75, round(224 / 300, 4))


def test_a_recording_without_labelled_closures_has_no_closure_score() -> None:
    result = judged(seen=moments(70, perclos=lambda _: 0.1))
    assert (result.closures, result.perclos_error) == (None, None)


def closures(found: Sequence[Interval], truth: Sequence[Interval], **more: Any) -> Any:
    return judged(seen=moments(30, closed=found), eyes_closed_s=truth, **more).closures


def test_each_labelled_closure_that_was_seen_is_found() -> None:
    result = closures([(2.0, 3.0), (8.0, 9.0)], [(2.0, 3.0), (5.0, 6.0), (8.0, 9.0)])
    assert (result.truth, result.found, result.spurious) == (3, 2, 0)


def test_a_found_closure_that_no_label_holds_is_spurious() -> None:
    result = closures([(2.0, 3.0), (8.0, 9.0)], [(2.0, 3.0)])
    assert (result.truth, result.found, result.spurious) == (1, 1, 1)


def test_a_closure_that_two_frames_part_from_its_label_is_the_same() -> None:
    result = closures([(2.0, 2.1)], [(2.2, 2.3)])
    assert (result.found, result.spurious) == (1, 0)


def test_a_closure_further_away_is_another() -> None:
    result = closures([(2.0, 2.1)], [(2.3, 2.4)])
    assert (result.found, result.spurious) == (0, 1)


def test_errors_are_medians_of_absolute_values() -> None:
    truth = [(2.0, 3.0), (8.0, 9.0), (14.0, 15.0)]
    result = closures([(1.9, 3.0), (8.2, 9.3), (14.0, 14.9)], truth)
    assert (result.start_error_s, result.end_error_s) == (0.1, 0.1)


def test_closures_under_a_quarter_of_a_second_are_found_but_not_timed() -> None:
    result = closures([(2.0, 2.4), (8.0, 9.0)], [(2.2, 2.4), (8.0, 9.0)])
    assert (result.found, result.start_error_s) == (2, 0.0)


def test_a_closure_of_a_quarter_of_a_second_is_timed() -> None:
    start, end = 1.76, 2.01
    assert end - start < 0.25  # by rounding alone
    assert closures([(1.7, 2.0)], [(start, end)]).start_error_s is not None


def test_without_a_timed_closure_there_is_no_error() -> None:
    result = closures([], [(8.0, 9.0)])
    assert (result.start_error_s, result.end_error_s) == (None, None)


def test_a_closure_that_flickers_is_timed_by_its_outer_ends() -> None:
    result = closures([(8.0, 8.4), (8.5, 9.0)], [(8.0, 9.0)])
    assert (result.found, result.spurious, result.start_error_s, result.end_error_s) == (1, 0, 0.0, 0.0)


def test_a_closure_that_lasts_to_the_last_frame_is_found() -> None:
    assert closures([(28.0, 30.0)], [(28.0, 30.0)]).found == 1


def test_what_is_not_scored_is_neither_found_nor_missed_nor_spurious() -> None:
    result = closures([(2.0, 3.0), (8.5, 8.9)], [(2.0, 3.0), (8.0, 8.3)], not_scored_s=[(7.9, 9.0)])
    assert (result.truth, result.found, result.spurious) == (1, 1, 0)


def test_what_was_found_of_an_unscored_closure_is_not_spurious() -> None:
    result = closures([(7.9, 8.1)], [(8.0, 8.3)], not_scored_s=[(8.2, 9.0)])
    assert (result.truth, result.spurious) == (0, 0)


def test_a_closure_that_ends_where_scoring_pauses_is_scored() -> None:
    assert closures([(5.0, 9.0)], [(5.0, 9.0)], not_scored_s=[(9.0, 12.0)]).truth == 1


def perclos_error(perclos: Callable[[float], float | None], truth: Sequence[Interval], seconds: float = 90) -> Any:
    return judged(seen=moments(seconds, perclos=perclos), eyes_closed_s=truth).perclos_error


def test_perclos_is_not_judged_before_a_minute_has_passed() -> None:
    assert perclos_error(lambda _: 0.9, [], seconds=59.9) is None


def test_perclos_that_was_never_known_has_no_error() -> None:
    assert perclos_error(lambda _: None, []) is None


def test_the_largest_perclos_error_counts() -> None:
    spike = {70.0: 0.25, 80.0: 0.1}
    assert perclos_error(lambda time: spike.get(round(time, 6), 0.0), []) == 0.25


def test_perclos_too_low_is_an_error_as_well() -> None:
    assert perclos_error(lambda _: 0.0, [(62.0, 68.0)]) == pytest.approx(0.1)


def test_the_true_perclos_leaves_blinks_out() -> None:
    assert perclos_error(lambda _: 0.0, [(start, start + 0.2) for start in range(10, 90)]) == 0.0


def test_the_true_perclos_cuts_closures_at_both_ends_of_its_window() -> None:
    truth = [(10.0, 16.0)]

    def true_perclos(time: float) -> float:
        return max(0.0, min(16.0, time) - max(10.0, time - 60)) / 60

    assert perclos_error(true_perclos, truth) == pytest.approx(0.0, abs=1e-4)


def test_the_minute_begins_with_the_first_frame() -> None:
    late = [Moment(m.time + 40, m.face, m.closed, 0.9) for m in moments(59)]
    assert judged(seen=late, eyes_closed_s=[]).perclos_error is None


def test_a_recording_without_frames_is_judged_without_crashing() -> None:
    result = judged(eyes_closed_s=[(1.0, 2.0)])
    assert (result.frames, result.face_visible, result.perclos_error) == (0, 0.0, None)


def _scores(*counts: tuple[int, int, int]) -> list[Score]:
    """(expected, reported, false) of recordings of 100 s each."""
    episode = count(1)
    scores = []
    for wanted, reported, false in counts:
        expect = [expected("microsleep", 10.0 * number) for number in range(1, wanted + 1)]
        right = [signal("microsleep", 10.0 * n + 1.5, episode=next(episode)) for n in range(1, reported + 1)]
        wrong = [signal("perclos", 95.0, episode=next(episode)) for _ in range(false)]
        scores.append(judged([*right, *wrong], expect=expect))
    return scores


def test_precision_and_recall_are_of_all_recordings_together() -> None:
    result = summary(_scores((4, 3, 1), (0, 0, 1)))
    assert (result["precision"], result["recall"]) == (0.6, 0.75)


def test_false_alarms_are_told_by_the_hour() -> None:
    result = summary(_scores((0, 0, 1), (0, 0, 0)))
    assert (result["false_alarms"], result["hours"]) == (1, round(200 / 3600, 4))
    assert result["false_alarms_per_hour"] == pytest.approx(18.0)


def test_where_nothing_was_expected_or_said_there_is_no_share() -> None:
    result = summary(_scores((0, 0, 0)))
    assert (result["precision"], result["recall"]) == (None, None)


def test_a_recordings_result_has_the_keys_of_the_contract() -> None:
    recordings = summary(_scores((1, 1, 0)))["recordings"]
    assert isinstance(recordings, list)
    assert {
        "name", "seconds", "frames", "face_visible", "eyes_visible", "expected", "reported", "missed", "false",
        "delay_s", "closures", "perclos_error",
    } <= set(recordings[0])  # fmt: skip
