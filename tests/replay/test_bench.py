"""bench: a frame's time by stage, of a recording or of a drawn driver, and nothing left behind by the measuring."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.cameras.camera import CameraEnded
from edge.cameras.recording import RecordingCamera
from edge.config import Config
from edge.records import Frame
from edge.replay.bench import bench
from edge.replay.drawn import FRAMES, write_drawn
from edge.replay.stopwatch import INSIDE, Stopwatch
from edge.vision.landmarks import LandmarkReader
from edge.vision.pipeline import Pipeline
from tests.command import Told, tell


@pytest.fixture
def told(capfd: pytest.CaptureFixture[str]) -> Callable[..., Told]:
    return lambda *arguments: tell(capfd, *arguments)


def frames(recording: Path) -> list[Frame]:
    found = []
    with RecordingCamera(recording) as camera:
        while True:
            try:
                found.append(camera.read(1e9))
            except CameraEnded:
                return found


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> list[Frame]:
    return frames(write_drawn(tmp_path_factory.mktemp("drawn")))


def test_the_drawn_driver_is_seen_in_every_frame_and_blinks(drawn: list[Frame]) -> None:
    pipeline = Pipeline(Config().vision)
    seen = [pipeline.see(frame) for frame in drawn]
    assert len(seen) == FRAMES
    assert all(observation.face is not None for observation in seen)
    assert {frame.image.shape for frame in drawn} == {(480, 640)}


def test_the_drawn_driver_is_always_the_same(drawn: list[Frame], tmp_path: Path) -> None:
    again = frames(write_drawn(tmp_path))
    assert all(np.array_equal(one.image, other.image) for one, other in zip(drawn, again, strict=True))


def test_bench_needs_no_recording(told: Callable[..., Told], tmp_path: Path) -> None:
    done = told("bench", "--json", tmp_path / "bench.json")
    assert done.code == 0
    for stage in ("vision", "following", "after loss", "rules", "detector", "landmarks", "eyes", "emotion", "rest"):
        assert f"\n{stage} " in done.output
    assert "inside the models and OpenCV" in done.output
    result = json.loads((tmp_path / "bench.json").read_text())
    assert result["frames"] == FRAMES
    assert result["face_visible"] == 1.0
    assert set(result["stages"]["vision"]) == {"median_ms", "p95_ms", "p99_ms"}
    for name in ("frames_per_second", "rss_mb", "ready_s"):
        assert result[name] > 0


def test_the_stages_are_parts_of_vision(synthetic_recording: Path) -> None:
    """By the processor, whatever else runs on the machine."""
    result = bench(synthetic_recording, Config())["processor"]
    median = {stage: spread["median_ms"] for stage, spread in result["stages"].items()}
    assert median["landmarks"] + median["eyes"] + median["rest"] < 1.2 * median["following"]
    assert median["after_loss"] > median["following"]
    assert 0.3 < result["inside_models_and_opencv"] < 1
    assert result["replay_frames_per_second"] < result["frames_per_second"]


def test_a_recording_without_a_driver_is_timed_too(tmp_path: Path) -> None:
    for number in range(20):
        cv2.imwrite(str(tmp_path / f"{number:03d}.png"), np.full((120, 160), 127, np.uint8))
    result = bench(tmp_path, Config())
    assert result["face_visible"] == 0
    assert {"vision", "rules", "detector", "rest"} == set(result["stages"])


def test_the_stopwatch_leaves_everything_as_it_was(drawn: list[Frame]) -> None:
    before = cv2.resize, LandmarkReader.read
    ticks = iter(range(10**6))
    stopwatch = Stopwatch(lambda: float(next(ticks)))
    pipeline = Pipeline(Config().vision)
    with stopwatch.attached():
        timed = [pipeline.see(frame) for frame in drawn[:5]]
        assert cv2.resize is not before[0]
    assert (cv2.resize, LandmarkReader.read) == before
    shown = stopwatch.clear()
    assert set(shown) == {"detector", "landmarks", "eyes", "emotion", INSIDE}
    assert all(math.isfinite(value) and value > 0 for value in shown.values())
    plain = Pipeline(Config().vision)
    assert timed == [plain.see(frame) for frame in drawn[:5]]
