"""The campaign of camera faults in its short form; `make camera-faults` is the whole."""

from __future__ import annotations

import pytest
from cameras import KINDS, Plan, run_campaign


@pytest.mark.alone
def test_every_fault_of_the_camera_is_told_and_outlived_and_none_is_taken_for_fatigue() -> None:
    report = run_campaign(Plan(seed=2, each=1, shortest_s=3.0, longest_s=3.5))
    assert report["passed"], report
    assert report["faults"] == len(KINDS)
    camera = ("end", "stall", "garbage", "child killed")
    assert {cause for kind in camera for cause in report["kinds"][kind]["causes"]} == {"camera_fault"}
    assert report["after"]["zombies"] == 0
    assert report["after"]["places"] <= 1
