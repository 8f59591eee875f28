"""make bench: what counts as the driver, what is told of the numbers, and the program itself on few frames."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from bench.found import found
from bench.page import verdicts, write
from bench.pictures import Clip, crowd, scaled
from bench.summary import Turn, summary

ROOT = Path(__file__).resolve().parents[2]
DRIVER = (100.0, 100.0, 80.0, 100.0)
SEAT = (400.0, 300.0, 80.0, 100.0)


def answer(seconds: float, boxes: list[list[tuple[float, ...]]], **more: Any) -> dict[str, Any]:
    return {"wall": [2 * seconds] * len(boxes), "processor": [seconds] * len(boxes), "boxes": boxes, **more}


def measured(own_s: float, fer_s: float, limit_s: float) -> dict[str, Any]:
    """A run of ten frames in which `fer` finds the driver in half and a seat in one."""
    alone = {"calls": {"face": 1, "eyes": 20}, "whole": [own_s] * 10, "inside": [limit_s] * 10}
    answers = {
        "own": answer(own_s, [[DRIVER]] * 10),
        "limit": answer(limit_s, [[DRIVER]] * 10, **alone),
        "fer": answer(fer_s, [[DRIVER]] * 5 + [[]] * 4 + [[SEAT]]),
    }
    known = {name: {"ready_s": 1.0, "rss_mb": 100, "models_mb": 1.0, "installed_mb": 300} for name in ("own", "fer")}
    result = summary([Turn("car_one", answers), Turn("car_two", answers)], known)
    result["limit"]["bare_ms"] = {"face": 0.3, "eyes": 0.05}
    steps = [{"label": label, "median_ms": 1.0} for label in ("1", "2")]
    result["sizes"] = result["faces"] = {"own": steps, "fer": steps}
    spread = {"median_us": 40.0, "p95_us": 50.0, "p99_us": 60.0}
    result["windows"] = [{"seconds": seconds, **spread} for seconds in (10, 1800)]
    result["outbox"] = [{"waiting": waiting, **spread} for waiting in (0, 100_000)]
    made = {
        "date": "2026-01-01",
        "command": "make bench",
        "processor": "P",
        "cores": 2,
        "memory_gb": 8,
        "busy_with": 0.1,
    }
    return {"made": {**made, "python": "3.11", "opencv": "4", "litert": "2"}, **result}


def test_a_box_on_a_seat_is_not_the_driver() -> None:
    assert found([[SEAT], [DRIVER], [SEAT, DRIVER], []], [[DRIVER]] * 4) == (2, 2)


def test_a_square_box_around_his_face_is_the_driver() -> None:
    assert found([[(85.0, 95.0, 110.0, 110.0)]], [[DRIVER]]) == (1, 0)


def test_where_the_other_detector_missed_him_its_nearest_box_stands_in() -> None:
    assert found([[DRIVER]] * 3, [[], [DRIVER], []]) == (3, 0)


def test_without_any_other_box_nothing_counts_as_found() -> None:
    assert found([[DRIVER]], [[]]) == (0, 1)


def test_the_numbers_are_told_of_the_same_frames() -> None:
    result = measured(own_s=0.001, fer_s=0.02, limit_s=0.0007)
    fer = result["candidates"]["fer"]
    assert (fer["driver_found"], fer["wrong_boxes"]) == (0.5, 2)
    assert fer["times_slower"]["median"] == pytest.approx(20)
    assert fer["frames_per_second"] == pytest.approx(50)
    assert fer["by_the_clock"]["frames_per_second"] == pytest.approx(25)
    assert result["limit"]["share_of_frame"] == pytest.approx(0.7)
    assert result["limit"]["calls_a_frame"] == {"face": 0.1, "eyes": 2.0}


def test_what_is_not_reached_is_said() -> None:
    reached = verdicts(measured(own_s=0.001, fer_s=0.02, limit_s=0.0007))
    missed = verdicts(measured(own_s=0.001, fer_s=0.005, limit_s=0.0002))
    assert [line.split(":")[0] for line in reached] == ["reached"] * 3
    assert [line.split(":")[0] for line in missed] == ["reached", "**not reached**", "**not reached**"]


def test_the_same_numbers_give_the_same_page_and_pictures(tmp_path: Path) -> None:
    written = []
    for name in ("one", "two"):
        write(measured(0.001, 0.02, 0.0007), tmp_path / name)
        written.append({path.name: path.read_bytes() for path in (tmp_path / name).rglob("*.*")})
    assert written[0] == written[1]
    assert set(written[0]) == {"performance.md", "speed.svg", "found.svg", "growth.svg"}
    assert all(b"<image" not in content for content in written[0].values())


def test_a_frame_is_scaled_in_proportion() -> None:
    clip = Clip("one", np.full((2, 48, 64), 200, np.uint8), [0.0, 0.1])
    wide = scaled(clip, (192, 108), 2).images
    assert wide.shape == (2, 108, 192)
    assert (wide[0, :, 24:168] == 200).all()
    assert (wide[0, :, :24] != 200).all()


def test_no_more_people_are_shown_than_asked_for() -> None:
    clip = Clip("one", np.full((2, 480, 640), 200, np.uint8), [0.0, 0.1])
    shown = [(crowd([clip], faces, 2).images[0] == 200).sum() for faces in (0, 1, 4)]
    assert shown == [0, 300 * 300, 4 * 300 * 300]


def test_the_program_measures_and_tells(synthetic_recording: Path, tmp_path: Path) -> None:
    """On the synthetic recording, this project and its models alone: the others need what is no part of it."""
    (tmp_path / "car_synthetic").symlink_to(synthetic_recording)
    out = tmp_path / "out"
    program = [sys.executable, "tests/bench/compare.py", "--quick", "--candidates", "own", "limit"]
    done = subprocess.run(
        [*program, "--recordings", str(tmp_path), "--output", str(out)],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": "tests"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    result = json.loads((out / "performance.json").read_text())
    assert result["candidates"]["own"]["driver_found"] == 1.0
    assert 0 < result["limit"]["share_of_frame"] < 1
    assert [row["waiting"] for row in result["outbox"]] == [0, 100, 1_000, 10_000]
    assert "pictures/speed.svg" in (out / "performance.md").read_text()


def test_a_folder_without_recordings_is_told_in_a_sentence(tmp_path: Path) -> None:
    program = [sys.executable, "tests/bench/compare.py", "--recordings", str(tmp_path), "--output", str(tmp_path)]
    environment = os.environ | {"PYTHONPATH": "tests"}
    done = subprocess.run(program, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("bench: ")
    assert "--recordings" in done.stderr
    assert "Traceback" not in done.stderr
