"""The Raspberry Pi's camera class over the real picamera2 and libcamera, which draws the camera itself."""

from __future__ import annotations

import random
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from emulated import Emulated, empty_disk
from measured import MEASURED
from medium import Medium

from edge.config import CameraConfig

PROGRAM = "/usr/bin/python3 /srv/camera_program.py"
BARS = (235, 210, 170, 145, 106, 81, 41, 16)
"""White, yellow, cyan, green, magenta, red, blue, black: Y by ITU-R BT.601, which whole numbers meet within 1."""


@dataclass(frozen=True)
class Taken:
    """A frame as the machine told it; the two moments after it are those at which it was read."""

    dtype: str
    size: tuple[int, int]
    sequence: int
    upright: bool
    time: float
    read_at: float
    wall: float
    read_at_wall: float
    row: np.ndarray


@dataclass(frozen=True)
class Told:
    frames: dict[str, list[Taken]]
    refused: dict[str, str]
    files: list[int]


def as_taken(words: list[str]) -> Taken:
    dtype, width, height, sequence, upright, *times, row = words
    moments = [float(moment) for moment in times]
    size = int(width), int(height)
    return Taken(
        dtype, size, int(sequence), upright == "True", *moments, row=np.frombuffer(bytes.fromhex(row), np.uint8)
    )


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory, starter: Path) -> Told:
    folder = tmp_path_factory.mktemp("camera")
    told = Told({}, {}, [])
    with Emulated(folder, starter, Medium(empty_disk(folder), random.Random(0)), PROGRAM) as machine:
        for words in machine.lines():
            match words:
                case ["frame", name, *rest]:
                    told.frames.setdefault(name, []).append(as_taken(rest))
                case ["refused", name, *rest]:
                    told.refused[name] = " ".join(rest)
                case ["files", number]:
                    told.files.append(int(number))
                case ["done"]:
                    break
    first = told.frames["first"]
    MEASURED["frames of the virtual camera"] = f"{len(first)} in {first[-1].read_at - first[0].read_at:.1f} s, emulated"
    return told


def moved(row: np.ndarray) -> int | None:
    """By how many columns the bars have moved to the left; None: this is another picture."""
    bars = np.repeat(np.array(BARS), len(row) // len(BARS))
    return next((by for by in range(len(row)) if np.all(np.abs(np.roll(bars, -by) - row) <= 1)), None)


def test_frames_are_grey_and_of_the_size_that_the_configuration_asks_for(told: Told) -> None:
    asked = CameraConfig()
    assert len(told.frames["first"]) == 30
    assert {(one.dtype, one.size) for one in told.frames["first"]} == {("uint8", (asked.width, asked.height))}


def test_each_frame_is_the_picture_that_the_camera_drew_and_not_one_before(told: Told) -> None:
    first = told.frames["first"]
    assert all(one.upright for one in first)
    places = [moved(one.row) for one in first]
    assert None not in places
    steps = np.diff([place for place in places if place is not None])
    assert np.all(steps % first[0].size[0] > 0), places


def test_times_rise_and_are_those_at_which_the_frame_was_taken(told: Told) -> None:
    first = told.frames["first"]
    assert np.all(np.diff([one.time for one in first]) > 0)
    assert np.all(np.diff([one.sequence for one in first]) > 0)
    for one, previous in zip(first[1:], first, strict=False):
        assert previous.time < one.time <= one.read_at
        assert one.read_at_wall - one.wall == pytest.approx(one.read_at - one.time, abs=0.1)


def test_the_sequence_has_holes_where_frames_of_the_configured_rate_are_missing(told: Told) -> None:
    duration = 1 / CameraConfig().frames_per_second
    first = told.frames["first"]
    for one, previous in zip(first[1:], first, strict=False):
        missing = (one.time - previous.time) / duration
        assert one.sequence - previous.sequence == max(1, round(missing)) or missing % 1 == pytest.approx(0.5, abs=0.01)


def test_a_camera_that_was_closed_opens_again_in_any_size(told: Told) -> None:
    assert {one.size for one in told.frames["again"]} == {(640, 480)}
    assert {one.size for one in told.frames["small"]} == {(320, 240)}
    assert all(moved(one.row) is not None for one in told.frames["again"] + told.frames["small"])
    assert told.frames["again"][0].sequence == 0


def test_a_size_that_the_camera_has_not_becomes_one_that_it_has(told: Told) -> None:
    assert {one.size for one in told.frames["unknown"]} == {(640, 480)}


def test_opening_and_closing_leaves_no_file_open(told: Told) -> None:
    assert told.files[-1] <= told.files[0], told.files


@pytest.mark.parametrize(
    ("name", "reason"),
    [("missing", "(No camera number 0 found)"), ("busy", "(Failed to acquire camera: Device or resource busy)")],
)
def test_a_camera_that_cannot_be_opened_says_why_in_one_sentence(told: Told, name: str, reason: str) -> None:
    assert told.refused[name] == (
        f"CameraLost The camera cannot be opened {reason}; check its cable, and that no other program is using it "
        "(`rpicam-hello --list-cameras`)."
    )


def test_a_control_that_the_camera_has_not_is_a_matter_of_the_configuration(told: Told) -> None:
    assert told.refused["exposure"] == (
        "ConfigError This camera cannot be told its ExposureTime; set camera.exposure_us to null, or use another "
        "camera."
    )


def test_after_a_refusal_the_camera_gives_frames(told: Told) -> None:
    assert len(told.frames["last"]) == 1


def test_the_process_that_captures_gives_the_same_frames_and_comes_back_when_killed(told: Told) -> None:
    frames = told.frames["process"] + told.frames["anew"]
    assert len(frames) == 6
    assert all(one.upright and moved(one.row) is not None for one in frames)
    assert np.all(np.diff([one.time for one in frames]) > 0)
    assert np.all(np.diff([one.sequence for one in frames]) > 0)
