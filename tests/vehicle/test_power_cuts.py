"""Debian 13's kernel in an emulator whose power is cut at random moments: what was confirmed is there afterwards."""

from __future__ import annotations

import os
import random
import statistics
import subprocess
from pathlib import Path

import pytest
from cuts import Report, Vehicle
from emulated import Ended, empty_disk
from measured import MEASURED
from medium import Medium

CUTS = 32 if os.environ.get("VEHICLE") == "long" else 5
PROGRAM = "/usr/bin/python3 /srv/machine_program.py"
WITHOUT_SYNC = "/usr/bin/env LD_PRELOAD=libeatmydata.so " + PROGRAM
"""The same program with `fsync` and its like doing nothing."""


def cut(folder: Path, starter: Path, command: str, cuts: int) -> tuple[Report, Medium]:
    chance = random.Random()
    seed = int(os.environ.get("CUTS_SEED", chance.randrange(2**32)))
    print(f"CUTS_SEED={seed}")
    medium = Medium(empty_disk(folder), random.Random(seed))
    with Vehicle(folder, starter, medium, command, seed) as vehicle:
        for _ in range(cuts):
            vehicle.live_and_die()
        vehicle.arrive()
        return vehicle.report, medium


@pytest.mark.timeout(3600)
def test_no_confirmed_event_is_lost_by_a_power_cut(tmp_path: Path, starter: Path) -> None:
    report, medium = cut(tmp_path, starter, PROGRAM, CUTS)
    MEASURED["power cuts"] = (
        f"{report.cuts}, {report.in_start} of them in the start; {len(report.confirmed)} events confirmed, "
        f"{len(report.lost)} lost; {report.cuts_with_loss} cuts lost {report.sectors_lost} sectors that were not "
        f"flushed; start {statistics.median(report.starts_s):.0f} s (median)"
    )
    assert report.troubles == []
    assert report.lost == set()
    assert len(report.confirmed) > 3 * CUTS
    assert report.arrived > 0
    assert report.sectors_lost > 0, "the disk was not cut amid anything: the test tests nothing"
    _is_whole(tmp_path, medium)


@pytest.mark.timeout(3600)
def test_without_fsync_the_same_cuts_lose_events(tmp_path: Path, starter: Path) -> None:
    try:
        report, _ = cut(tmp_path, starter, WITHOUT_SYNC, 1)
    except Ended as ended:
        if "outbox.key" not in str(ended):
            raise
        # The key's file came to the disk without the key in it: the outbox does not open.
        MEASURED["power cuts without fsync"] = "all events lost by one, and the key"
    else:
        lost = f"{len(report.lost)} of {len(report.confirmed)} confirmed events lost by one"
        MEASURED["power cuts without fsync"] = lost
        assert report.lost


def _is_whole(folder: Path, medium: Medium) -> None:
    """The file system, too: its journal is replayed, and then nothing is to be mended."""
    path = folder / "disk.ext4"
    path.write_bytes(medium.content)
    subprocess.run(["e2fsck", "-p", path], check=False, capture_output=True)
    subprocess.run(["e2fsck", "-f", "-n", path], check=True, capture_output=True)
