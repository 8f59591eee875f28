"""Shut eyes that the model doubts for a moment: one closure, whichever side of a threshold the doubt falls on."""

from __future__ import annotations

from dataclasses import replace

import pytest
from story import OPEN, SHUT, Camera, State, play

from edge.records import Eyes

KNOWN = (5, OPEN)
"""Enough to know at which level this driver's eyes are open."""
DOUBT_S, LATE_S = 0.2, 0.45
"""How long the doubt lasts, and what a camera of 10 frames a second that loses some adds to it."""


@pytest.mark.parametrize("doubt", [0.5, 0.41, 0.39, 0.35, 0.3])
def test_a_sleeper_whose_face_is_drawn_for_a_moment_is_told_as_one_closure(camera: Camera, doubt: float) -> None:
    played = play(camera.film([KNOWN, (0.5, SHUT), (DOUBT_S, State(doubt)), (3.5, SHUT), KNOWN]))
    assert played.causes == ["start microsleep", "update sleep", "end sleep"]
    assert 6.5 <= played.when("start", "microsleep") <= 6.5 + DOUBT_S + LATE_S
    assert 8.0 <= played.when("update", "sleep") <= 8.0 + DOUBT_S + LATE_S


def test_a_driver_who_opens_his_eyes_for_a_glance_has_not_slept(camera: Camera) -> None:
    """For 0.3 s he looks as he always does: the closure before is over, and neither half is a microsleep."""
    assert play(camera.film([KNOWN, (1.1, SHUT), (0.3, OPEN), (1.1, SHUT), KNOWN])).told == []


def test_a_driver_whose_lids_droop_after_a_blink_is_not_asleep(camera: Camera) -> None:
    assert play(camera.film([KNOWN, (0.2, SHUT), (8, State(0.35)), KNOWN])).told == []


@pytest.mark.parametrize("narrow", [0.3, 0.39])
def test_a_driver_who_blinks_again_and_again_with_narrow_eyes_is_not_asleep(camera: Camera, narrow: float) -> None:
    blinking = State(narrow, blink_every_s=0.6)
    assert play(camera.film([KNOWN, (6, blinking), KNOWN])).told == []


def test_narrow_eyes_of_which_single_frames_read_as_shut_are_not_asleep() -> None:
    film = Camera(30).film([KNOWN, (4, State(0.35)), KNOWN])
    shut = Eyes(0.97, 0.97)
    shots = [replace(shot, eyes=shut) if i % 8 == 0 and 5 <= shot.time < 9 else shot for i, shot in enumerate(film)]
    assert play(shots).told == []
