"""How long a frame takes, stage by stage."""

from __future__ import annotations

import resource
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from edge.cameras.camera import CameraEnded
from edge.cameras.recording import RecordingCamera
from edge.config import Config
from edge.records import Frame
from edge.replay.drawn import write_drawn
from edge.replay.stopwatch import INSIDE, STAGES, Stopwatch
from edge.rules.policy import Policy
from edge.vision.pipeline import Pipeline

MOST_FRAMES = 1000
"""Decoded beforehand and kept: 300 MB at 640x480."""
LOSSES = 60
"""How often the driver is taken away and shown again."""
_BUSY = 0.05
"""Share of time during which the processor was with other programs, above which times by the clock say little."""

Clock = Callable[[], float]


@dataclass(frozen=True, slots=True)
class Spread:
    """Milliseconds."""

    median_ms: float
    p95_ms: float
    p99_ms: float


def bench(recording: Path | None, config: Config, started: float | None = None) -> dict[str, Any]:
    """Time frames of a recording (None: of a drawn driver), decoded beforehand; pin the process for one core's time.

    Of `stages`, `vision` is all of it, `following` vision of the frames in which the detector did not run, `after_loss`
    of the first frame after one without the driver. `detector` to `emotion` are parts of vision, each of the frames in
    which it ran, and `rest` is what they leave. `inside_models_and_opencv` is their share of vision.
    `frames_per_second` is of vision and rules together; `replay_frames_per_second` with decoding. `processor` holds the
    same once more by the time that the processor spent, without what other programs took meanwhile. `ready_s` is the
    time until a first frame was seen; `rss_mb` the memory before the frames were decoded; `face_visible` the share of
    frames.

    Args:
        recording: a folder or a video file.
        config: the models, the rules.
        started: of `time.perf_counter`, where the time to ready begins; None: now.

    Raises:
        InputError: the recording cannot be used.
        ConfigError: a model cannot be used.
    """
    with tempfile.TemporaryDirectory() as folder:
        begin = time.perf_counter()
        started = begin if started is None else started
        recording = recording or write_drawn(Path(folder))
        drawing = time.perf_counter() - begin
        pipeline = Pipeline(config.vision)
        with RecordingCamera(recording) as camera:
            pipeline.see(camera.read(1.0))
        ready = time.perf_counter() - started - drawing
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        begin, begin_processor = time.perf_counter(), time.process_time()
        frames = _decode(recording)
        decoding, decoding_processor = time.perf_counter() - begin, time.process_time() - begin_processor
    seen = [pipeline.see(frame).face is not None for frame in frames]
    return {
        **_measure(frames, config, time.perf_counter, decoding),
        "processor": _measure(frames, config, time.process_time, decoding_processor),
        "frames": len(frames),
        "face_visible": round(float(np.mean(seen)), 4),
        "rss_mb": round(memory, 1),
        "ready_s": round(ready, 3),
    }


def table(result: Mapping[str, Any]) -> str:
    """What `bench` found, for a person."""
    own = result["processor"]
    lines = [f"{'ms a frame':12}{'median':>8}{'p95':>8}{'p99':>8}   by the processor: median, p95, p99"]
    for stage in result["stages"]:
        figures = [f"{ms:8.2f}" for at in (result, own) for ms in at["stages"][stage].values()]
        lines.append(f"{stage.replace('_', ' '):12}{''.join(figures[:3])}           {''.join(figures[3:])}")
    lines.append(
        f"{own['inside_models_and_opencv']:.0%} of vision inside the models and OpenCV; the driver seen in "
        f"{result['face_visible']:.1%} of {result['frames']} frames"
    )
    lines.append(
        f"{result['frames_per_second']} frames a second, {result['replay_frames_per_second']} with decoding "
        f"(by the processor {own['frames_per_second']}, {own['replay_frames_per_second']}); "
        f"{result['rss_mb']} MB, ready in {result['ready_s']} s"
    )
    if result["frames_per_second"] < (1 - _BUSY) * own["frames_per_second"]:
        lines.append("The processor was with other programs, too: go by its own times, or measure on an idle machine.")
    return "\n".join(lines)


def _measure(frames: Sequence[Frame], config: Config, clock: Clock, decoding: float) -> dict[str, Any]:
    """Everything by one clock; `decoding` is the seconds that the frames took before."""
    vision, rules = _time_whole(frames, config, clock)
    parts = _time_parts(frames, config, clock)
    following = [taken for taken, part in zip(vision, parts, strict=True) if _is_following(part)]
    stages = {"vision": vision, "rules": rules, "following": following}
    stages["after_loss"] = _time_losses(frames, config, clock)
    stages |= {name: [part[name] for part in parts if name in part] for name in (*STAGES, "rest")}
    inside, whole = (sum(part.get(name, 0.0) for part in parts) for name in (INSIDE, "vision"))
    working = sum(vision) + sum(rules)
    return {
        "stages": {name: asdict(_spread(seconds)) for name, seconds in stages.items() if seconds},
        "inside_models_and_opencv": round(inside / whole, 3),
        "frames_per_second": round(len(frames) / working, 1),
        "replay_frames_per_second": round(len(frames) / (working + decoding), 1),
    }


def _time_whole(frames: Sequence[Frame], config: Config, clock: Clock) -> tuple[list[float], list[float]]:
    """Seconds of each frame in vision and in rules."""
    pipeline, policy = Pipeline(config.vision), Policy(config.rules)
    vision, rules = [], []
    for frame in frames:
        start = clock()
        observation = pipeline.see(frame)
        seen = clock()
        policy.step(observation)
        vision.append(seen - start)
        rules.append(clock() - seen)
    return vision, rules


def _time_parts(frames: Sequence[Frame], config: Config, clock: Clock) -> list[dict[str, float]]:
    """Seconds of each frame by stage, with the stopwatch attached; `vision` is longer by its own cost."""
    pipeline, stopwatch = Pipeline(config.vision), Stopwatch(clock)
    parts = []
    with stopwatch.attached():
        for frame in frames:
            start = clock()
            pipeline.see(frame)
            seconds = clock() - start
            part = stopwatch.clear()
            part["vision"] = seconds
            part["rest"] = seconds - sum(part.get(stage, 0.0) for stage in STAGES)
            parts.append(part)
    return parts


def _is_following(part: Mapping[str, float]) -> bool:
    return "detector" not in part and "landmarks" in part


def _time_losses(frames: Sequence[Frame], config: Config, clock: Clock) -> list[float]:
    """Seconds of frames that come right after an empty one, where they show the driver."""
    pipeline, seconds = Pipeline(config.vision), []
    for number, frame in enumerate(frames[:: max(1, len(frames) // LOSSES)]):
        pipeline.see(replace(frame, image=np.full_like(frame.image, 127), time=2.0 * number))
        start = clock()
        observation = pipeline.see(replace(frame, time=2.0 * number + 1.0))
        taken = clock() - start
        if observation.face is not None:
            seconds.append(taken)
    return seconds


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
