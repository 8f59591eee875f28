"""Recordings made for a test, and how they are played through."""

from __future__ import annotations

import subprocess
from pathlib import Path

import cv2
import numpy as np

from edge.cameras.camera import CameraEnded
from edge.cameras.recording import RecordingCamera
from edge.records import Frame

TIMEOUT = 0.5


class StoppedClock:
    """Real time, as far as the camera can tell: it moves on only by being slept in, and notes each sleep."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float, /) -> None:
        self.slept.append(seconds)
        self.now += seconds


def level(index: int) -> int:
    """The grey level of the frame with this number: far enough apart to survive a lossy codec."""
    return 10 + 8 * (index % 30)


def picture(index: int, width: int = 160, height: int = 120) -> np.ndarray:
    return np.full((height, width), level(index), np.uint8)


def write_images(folder: Path, count: int, *, suffix: str = ".png", digits: int = 6) -> Path:
    folder.mkdir(exist_ok=True)
    for index in range(count):
        assert cv2.imwrite(str(folder / f"{index + 1:0{digits}d}{suffix}"), picture(index))
    return folder


def write_video(path: Path, count: int, rate: float = 20.0, width: int = 160, height: int = 120) -> Path:
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), rate, (width, height))
    for index in range(count):
        writer.write(cv2.cvtColor(picture(index, width, height), cv2.COLOR_GRAY2BGR))
    writer.release()
    return path


def ffmpeg(*arguments: str | Path) -> None:
    subprocess.run(["ffmpeg", "-v", "error", "-y", *map(str, arguments)], check=True)


def cut_short(path: Path) -> Path:
    """Turns the video into one whose index stands first, then takes its second half away."""
    whole = path.with_name("whole.mp4")
    path.rename(whole)
    ffmpeg("-i", whole, "-c", "copy", "-movflags", "faststart", path)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    whole.unlink()
    return path


def play(camera: RecordingCamera, limit: int = 10_000) -> list[Frame]:
    frames: list[Frame] = []
    with camera:
        try:
            while len(frames) < limit:
                frames.append(camera.read(TIMEOUT))
        except CameraEnded:
            pass
    return frames


def times(frames: list[Frame]) -> list[float]:
    return [frame.time for frame in frames]


def levels(frames: list[Frame]) -> list[int]:
    """The number in the cycle of 30 that each frame shows."""
    return [round((float(frame.image.mean()) - 10) / 8) for frame in frames]
