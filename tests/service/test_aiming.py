"""What an installer is told to move, from numbers alone."""

from __future__ import annotations

from dataclasses import replace

import pytest

from edge.service.aim_view import View
from edge.service.aiming import Aiming, Check, worst

GOOD = View(
    0.0, (640, 480), 90.0, face=True, x=0.5, y=0.5, width=0.25, height=0.45, eye_distance=80.0,
    face_brightness=120.0, right_closed=0.02, left_closed=0.03,
)  # fmt: skip
ABSENT = View(0.0, (640, 480), 90.0)
RATE = 15.0


def judged(*views: View, rate: float = RATE) -> list[Check]:
    """Two seconds of these, again and again."""
    aiming, checks = Aiming(), []
    for number in range(int(2.5 * rate)):
        checks = aiming.take(replace(views[number % len(views)], time=number / rate))
    return checks


def first(*views: View, rate: float = RATE) -> Check:
    found = worst(judged(*views, rate=rate))
    assert found is not None
    return found


def test_a_camera_that_sees_well_is_left_alone() -> None:
    checks = judged(GOOD)
    assert worst(checks) is None
    assert {check.grade for check in checks} == {"good"}
    assert [check.name for check in checks if check.advice or check.arrow or not check.now] == []


@pytest.mark.parametrize(
    ("changes", "name", "grade", "advice", "arrow"),
    [
        ({"yaw": 20.0}, "Side", "fair", "about 15 cm to the driver's left", "right"),
        ({"yaw": -35.0}, "Side", "bad", "about 30 cm to the driver's right", "left"),
        ({"pitch": 27.0}, "Height", "fair", "about 25 cm higher", "up"),
        ({"pitch": -40.0}, "Height", "bad", "about 40 cm lower", "down"),
        ({"roll": 20.0}, "Tilt", "fair", "Turn the camera 20° clockwise, as seen from behind it.", ""),
        ({"roll": -40.0}, "Tilt", "bad", "40° counterclockwise", ""),
        ({"x": 0.2}, "Place", "fair", "to the driver's right, or move it about 15 cm there", "left"),
        ({"x": 0.95}, "Place", "bad", "to the driver's left", "right"),
        ({"y": 0.3}, "Place", "fair", "Tilt the camera up, or mount it about 10 cm higher", "up"),
        ({"y": 0.9}, "Place", "bad", "Tilt the camera down", "down"),
        ({"eye_distance": 40.0, "height": 0.2}, "Size", "fair", "about 25 cm towards the driver", ""),
        ({"eye_distance": 20.0, "height": 0.1}, "Size", "bad", "towards the driver, or take a longer lens", ""),
        ({"height": 0.8}, "Size", "fair", "about 15 cm away from the driver", ""),
        ({"height": 0.95}, "Size", "bad", "away from the driver", ""),
        ({"face_brightness": 35.0}, "Light", "fair", "more light", ""),
        ({"face_brightness": 15.0}, "Light", "bad", "more light", ""),
        ({"face_brightness": 210.0}, "Light", "fair", "less light", ""),
        ({"face_brightness": 240.0}, "Light", "bad", "less light", ""),
        ({"right_over_left": 3.0}, "Evenness", "fair", "Shade the driver's right", ""),
        ({"right_over_left": 0.2}, "Evenness", "bad", "Shade the driver's left", ""),
        ({"eyes_white": 0.05}, "Glare", "fair", "Move the lamp away", ""),
        ({"face_white": 0.2}, "Glare", "bad", "Shade the face", ""),
        ({"right_closed": None}, "Eyes", "fair", "Free the right eye", ""),
        ({"right_closed": None, "left_closed": None}, "Eyes", "bad", "Free the eyes", ""),
    ],
)  # fmt: skip
def test_each_fault_says_what_to_move_and_where(
    changes: dict[str, float], name: str, grade: str, advice: str, arrow: str
) -> None:
    check = first(replace(GOOD, **changes))
    assert (check.name, check.grade, check.arrow) == (name, grade, arrow)
    assert advice in check.advice
    assert check.advice.endswith(".")


def test_nobody_in_the_seat_is_said_and_nothing_else_is_judged() -> None:
    checks = judged(ABSENT)
    assert first(ABSENT).name == "Face"
    unknown = {check.name for check in checks if check.grade == "unknown"}
    assert unknown >= {"Size", "Place", "Side", "Height", "Tilt", "Glare", "Eyes"}


def test_a_covered_lens_is_darkness_and_not_an_empty_seat() -> None:
    dark = replace(ABSENT, brightness=3.0, dark=True)
    bad = [check.name for check in judged(dark) if check.grade == "bad"]
    assert bad == ["Light"]
    assert "cover off the lens" in first(dark).advice


def test_a_face_that_comes_and_goes_is_not_an_empty_seat() -> None:
    assert "comes and goes" in first(GOOD, GOOD, GOOD, ABSENT).advice


def test_a_blink_and_a_glance_aside_change_nothing() -> None:
    glance = replace(GOOD, yaw=40.0, right_closed=0.99, left_closed=0.99)
    assert worst(judged(*[GOOD] * 12, *[glance] * 3)) is None


def test_what_is_bad_goes_before_what_is_only_fair() -> None:
    assert first(replace(GOOD, face_brightness=35.0, yaw=40.0)).name == "Side"


def test_too_few_frames_are_said() -> None:
    assert (first(GOOD, rate=12.0).name, first(GOOD, rate=12.0).grade) == ("Frames", "fair")
    assert first(GOOD, rate=6.0).grade == "bad"


def test_the_first_frame_alone_is_judged_too() -> None:
    checks = Aiming().take(GOOD)
    assert {check.name for check in checks if check.grade == "unknown"} == {"Frames"}


def test_no_advice_is_longer_than_is_read_at_a_glance() -> None:
    for changes in ({"yaw": 80.0}, {"pitch": 60.0}, {"eye_distance": 3.0}, {"x": 0.01, "eye_distance": 5.0}):
        assert len(first(replace(GOOD, **changes)).advice) <= 110
