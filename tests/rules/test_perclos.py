"""PERCLOS over 60 and 180 s."""

from __future__ import annotations

import pytest
from story import AWAKE, AWAY, OPEN, SHUT, Camera, play

STEADY = [Camera(10), Camera(15), Camera(30)]
drowsy = [(70, OPEN), *[(0.7, SHUT), (2.3, OPEN)] * 40, (60, OPEN)]


def test_perclos_is_the_share_of_closed_time(camera: Camera) -> None:
    played = play(camera.film(drowsy))
    assert played.told == []
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
    played = play(camera.film([(36, OPEN), (4, SHUT), (20, AWAY)]))
    last = played.at(59.9)
    assert last.perclos_short == pytest.approx(0.1, abs=0.01)
    assert last.valid_short == pytest.approx(40 / 60, abs=0.02)


def test_too_little_valid_time_gives_no_perclos(camera: Camera) -> None:
    played = play(camera.film([(60, OPEN), (35, AWAY)]))
    assert played.at(87).perclos_short is not None
    assert played.at(94).perclos_short is None
