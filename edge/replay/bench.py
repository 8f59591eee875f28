"""How long a frame takes, stage by stage."""

from __future__ import annotations

import resource
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from edge.cameras.camera import CameraEnded
from edge.cameras.recording import RecordingCamera
from edge.config import Config
from edge.records import Frame
from edge.rules.policy import Policy
from edge.vision.pipeline import Pipeline

MOST_FRAMES = 1000
"""Decoded beforehand and kept: 300 MB at 640x480."""


@dataclass(frozen=True, slots=True)
class Spread:
    """Milliseconds."""

    median_ms: float
    p95_ms: float
    p99_ms: float


def bench(recording: Path, config: Config) -> dict[str, Any]:
    """Time frames of a recording, decoded beforehand; pin the process to one core for the time on one core.

    `frames_per_second` is of vision and rules together, without decoding; `replay_frames_per_second` with it.
    `ready_s` is the time to load models and see a first frame; `rss_mb` the memory before the frames were decoded.

    Raises:
        InputError: the recording cannot be used.
        ConfigError: a model cannot be used.
    """
    begin = time.perf_counter()
    pipeline, policy = Pipeline(config.vision), Policy(config.rules)
    with RecordingCamera(recording) as camera:
        pipeline.see(camera.read(1.0))
    ready = time.perf_counter() - begin
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    begin = time.perf_counter()
    frames = _decode(recording)
    decoding = time.perf_counter() - begin
    pipeline, policy = Pipeline(config.vision), Policy(config.rules)
    vision, rules = [], []
    for frame in frames:
        start = time.perf_counter()
        observation = pipeline.see(frame)
        seen = time.perf_counter()
        policy.step(observation)
        vision.append(seen - start)
        rules.append(time.perf_counter() - seen)
    working = sum(vision) + sum(rules)
    return {
        "stages": {"vision": asdict(_spread(vision)), "rules": asdict(_spread(rules))},
        "frames": len(frames),
        "frames_per_second": round(len(frames) / working, 1),
        "replay_frames_per_second": round(len(frames) / (working + decoding), 1),
        "rss_mb": round(memory, 1),
        "ready_s": round(ready, 3),
    }


def _decode(recording: Path) -> list[Frame]:
    frames: list[Frame] = []
    with RecordingCamera(recording) as camera:
        while len(frames) < MOST_FRAMES:
            try:
                frames.append(camera.read(1e9))
            except CameraEnded:
                break
    return frames


def _spread(seconds: Sequence[float]) -> Spread:
    median, p95, p99 = (round(float(value) * 1000, 3) for value in np.percentile(seconds, (50, 95, 99)))
    return Spread(median, p95, p99)
