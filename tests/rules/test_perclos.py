"""PERCLOS over 60 and 180 s."""

from __future__ import annotations

import pytest
from story import AWAKE, OPEN, SAD, SHUT, SUNGLASSES, Camera, State, play

STEADY = [Camera(10), Camera(15), Camera(30)]
drowsy = [(70, OPEN), *[(0.7, SHUT), (2.3, OPEN)] * 40, (60, OPEN)]


def test_perclos_is_the_share_of_closed_time(camera: Camera) -> None:
    played = play(camera.film(drowsy))
    assert played.at(69).perclos_short == 0.0
    assert played.at(100).perclos_short == pytest.approx(10 * 0.7 / 60, abs=0.012)
    assert played.at(180).perclos_short == pytest.approx(0.7 / 3, abs=0.015)
    assert played.at(189.9).perclos_long == pytest.approx(40 * 0.7 / 180, abs=0.012)
    assert played.at(249.5).perclos_short == pytest.approx(0.0, abs=0.01)


@pytest.mark.parametrize("camera", STEADY)
def test_blinks_do_not_count(camera: Camera) -> None:
    assert play(camera.film([(120, AWAKE)])).at(119).perclos_short == 0.0


@pytest.mark.parametrize("camera", STEADY)
def test_a_closure_counts_from_its_start_once_it_is_no_blink(camera: Camera) -> None:
    played = play(camera.film([(60, OPEN), (2, SHUT)]))
    before, after = played.at(60.2), played.at(60.4)
    assert before.perclos_short == 0.0
    assert after.perclos_short == pytest.approx((after.time - 60) / 60, abs=1e-6)


def test_time_out_of_sight_is_in_neither_numerator_nor_denominator(camera: Camera) -> None:
    played = play(camera.film([(36, OPEN), (4, SHUT), (20, SUNGLASSES)]))
    last = played.at(59.9)
    assert last.perclos_short == pytest.approx(0.1, abs=0.01)
    assert last.valid_short == pytest.approx(40 / 60, abs=0.02)


def test_too_little_valid_time_gives_no_perclos(camera: Camera) -> None:
    played = play(camera.film([(60, OPEN), (35, SUNGLASSES)]))
    assert played.at(87).perclos_short is not None
    assert played.at(94).perclos_short is None


def test_eyes_that_close_again_and_again_are_told_and_it_ends_when_they_stay_open(camera: Camera) -> None:
    played = play(camera.film(drowsy))
    assert played.causes == ["start perclos", "update perclos", "end perclos"]
    assert [signal.level for signal in played.signals] == ["advisory", "warning", "warning"]
    assert 95 < played.when("start", "perclos") < 106
    assert 225 < played.when("end", "perclos") < 240


def test_closures_that_were_told_raise_no_second_alarm(camera: Camera) -> None:
    played = play(camera.film([(60, OPEN), *[(2.5, SHUT), (10, OPEN)] * 6]))
    assert max(decision.perclos_short or 0 for decision in played.decisions) > 0.15
    assert played.causes == ["start microsleep", "end microsleep"] * 6


def test_closures_that_were_told_hide_no_drowsiness(camera: Camera) -> None:
    played = play(camera.film([(60, OPEN), (5, SHUT), (5, OPEN), *[(0.7, SHUT), (2.3, OPEN)] * 20]))
    assert "start perclos" in played.causes


def test_a_microsleep_of_a_drowsy_driver_raises_the_alarm_and_the_next_one_is_told_too(camera: Camera) -> None:
    played = play(camera.film([*drowsy[:-1], (2, SHUT), (5, OPEN), (2, SHUT), (5, OPEN)]))
    assert played.causes == [
        "start perclos", "update perclos", "update microsleep", "end microsleep", "start microsleep", "end microsleep",
    ]  # fmt: skip


def test_a_drowsy_driver_is_told_again_20_s_after_an_alarm_at_the_earliest(camera: Camera) -> None:
    played = play(camera.film([*drowsy[:-1], (2, SHUT), *[(0.7, SHUT), (2.3, OPEN)] * 15]))
    ended = played.when("end", "microsleep")
    again = [told.time for told in played.told if told.phase == "start" and told.time > ended]
    assert again == [pytest.approx(ended + 20, abs=0.3)]


def test_a_sad_driver_is_told_of_less(camera: Camera) -> None:
    sometimes = [(60, 0), *[(0.7, 1), (6.8, 0)] * 20]
    sad = [(seconds, State(0.97 if shut else 0.03, emotion=SAD)) for seconds, shut in sometimes]
    calm = [(seconds, State(0.97 if shut else 0.03)) for seconds, shut in sometimes]
    assert "start perclos" in play(camera.film(sad)).causes
    assert play(camera.film(calm)).told == []


@pytest.mark.parametrize("rate", [15, 30])
def test_lids_on_their_way_do_not_make_a_blink_long(rate: int) -> None:
    blink = [(0.07, State(0.8)), (0.15, SHUT), (0.2, State(0.8))]
    played = play(Camera(rate).film([*blink, (3, OPEN)] * 30))
    assert played.at(90).perclos_short == 0.0


def test_a_long_closure_of_which_the_model_is_not_always_sure_counts_whole() -> None:
    unsure = [(0.2, SHUT), (0.3, State(0.8))] * 6
    played = play(Camera(30).film([(57, OPEN), *unsure, (0.2, SHUT), (10, OPEN)]))
    assert played.at(60.5).perclos_short == pytest.approx(3.2 / 60, abs=0.003)
