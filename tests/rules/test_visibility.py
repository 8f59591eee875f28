"""What is lost and what is back is told in time, whatever the frame rate; a closure outlasts a moment out of sight."""

from __future__ import annotations

import pytest
from story import AWAY, DARK, NO_CAMERA, OPEN, SHUT, SUNGLASSES, Camera, State, play

RATES = (5, 7, 12.5, 25, 60)
LOSSES = {
    "face_not_visible": AWAY,
    "eyes_not_visible": SUNGLASSES,
    "camera_fault": NO_CAMERA,
    "too_dark": DARK,
}


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("cause", LOSSES)
def test_a_loss_is_told_within_10_s_and_the_cameras_within_3_s_and_its_end_2_s_after(cause: str, rate: float) -> None:
    played = play(Camera(rate).film([(20, OPEN), (15, LOSSES[cause]), (10, OPEN)]))
    assert played.causes == [f"start {cause}", f"end {cause}"]
    told_s = 2.0 if cause == "camera_fault" else 8.0
    assert told_s <= played.when("start", cause) - 20.0 <= told_s + 2 / rate
    assert 2.0 - 1e-6 <= played.when("end", cause) - 35.0 <= 2.0 + 2 / rate


def test_a_frame_rate_that_changes_in_between_changes_no_time() -> None:
    film = [
        *Camera(60).film([(10, OPEN)]),
        *Camera(5).film([(6, SUNGLASSES)], begin=10.0),
        *Camera(30).film([(6, SUNGLASSES)], begin=16.0),
        *Camera(7).film([(10, OPEN)], begin=22.0),
    ]
    played = play(film)
    assert played.when("start", "eyes_not_visible") == pytest.approx(18.0, abs=0.05)
    assert played.when("end", "eyes_not_visible") == pytest.approx(24.0, abs=0.15)


@pytest.mark.parametrize("rate", [10, 20, 60])
def test_a_closure_goes_on_over_three_tenths_out_of_sight_and_is_not_made_longer(rate: float) -> None:
    played = play(Camera(rate).film([(10, OPEN), (1.0, SHUT), (0.3, SUNGLASSES), (1.0, SHUT), (5, OPEN)]))
    (closure,) = [decision.closure for decision in played.decisions if decision.closure]
    assert closure.ending == "opened"
    assert closure.unseen_s == pytest.approx(0.3, abs=1e-6)
    assert played.when("start", "microsleep") == pytest.approx(11.8, abs=1.5 / rate)


@pytest.mark.parametrize("rate", [10, 20, 60])
def test_beyond_three_tenths_out_of_sight_it_ends_as_unknown(rate: float) -> None:
    played = play(Camera(rate).film([(10, OPEN), (1.0, SHUT), (0.4, SUNGLASSES), (1.0, SHUT), (5, OPEN)]))
    endings = [(d.closure.ending, d.closure.end) for d in played.decisions if d.closure]
    assert endings == [("unknown", pytest.approx(11.0, abs=0.01)), ("opened", pytest.approx(12.4, abs=0.01))]
    assert played.told == []


@pytest.mark.parametrize("gap_s", [0.25, 0.45, 0.6, 3.0])
def test_a_gap_in_the_frames_is_time_not_seen(gap_s: float) -> None:
    """The frame before it stands for 0.2 s; the rest neither ends a closure, up to 0.3 s, nor makes it longer."""
    before = Camera(20).film([(5, OPEN), (1.05, SHUT)])
    after = Camera(20).film([(1.0, SHUT), (5, OPEN)], begin=6.0 + gap_s)
    played = play([*before, *after])
    first = next(decision.closure for decision in played.decisions if decision.closure)
    assert first.ending == ("opened" if gap_s <= 0.5 else "unknown")
    assert first.unseen_s == pytest.approx(gap_s - 0.2 if gap_s <= 0.5 else 0.0, abs=1e-6)


def test_no_perclos_is_told_on_less_than_half_a_minute_of_valid_time() -> None:
    closing = [(0.9, SHUT), (1.1, OPEN), (2.4, SUNGLASSES)] * 40
    played = play(Camera(15).film(closing))
    assert all(decision.perclos_short is None for decision in played.decisions)
    assert "start perclos" not in played.causes


def test_half_open_eyes_behind_glare_are_neither_open_nor_closed() -> None:
    played = play(Camera(15).film([(10, OPEN), *[(0.2, State(eyes=None)), (0.1, OPEN)] * 60]))
    assert not [decision for decision in played.decisions if decision.closure]
