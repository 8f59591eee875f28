"""A result that hangs on a last digit is none: what is told stays told where every frame is changed a little."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from changed import LITTLE, Change, gamma, replayed
from lenses import Glasses, Lens, lamp_above, lower_half, upper_half


@pytest.mark.parametrize("name", ["car_yawn_eyes_closed", "car_laughing"])
@pytest.mark.parametrize("change", LITTLE.values(), ids=list(LITTLE))
def test_a_little_change_changes_nothing_that_is_told(
    recordings: Path, name: str, change: Callable[[], Change]
) -> None:
    result = replayed(recordings / name, change())
    assert (result.missed, result.false) == ([], [])


def test_a_laughing_driver_in_a_harder_light_is_no_sleeper(recordings: Path) -> None:
    assert replayed(recordings / "car_laughing", gamma(2)).false == []


@pytest.mark.parametrize(
    ("name", "lens"),
    [("car_talking", upper_half), ("car_laughing", lamp_above), ("desk_glasses_blinks", lower_half)],
)
def test_who_is_awake_behind_glasses_that_mirror_in_part_is_no_sleeper(recordings: Path, name: str, lens: Lens) -> None:
    assert replayed(recordings / name, Glasses(lens)).false == []
