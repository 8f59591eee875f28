"""The frames that everything is measured on: of recordings, scaled, and composed with several faces; all in memory."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.cameras.camera import CameraEnded
from edge.cameras.recording import RecordingCamera
from edge.config import Config
from edge.records import Frame
from edge.vision.pipeline import Pipeline

SIZES = ((320, 240), (640, 480), (960, 720), (1280, 720), (1920, 1080))
FACES = (0, 1, 2, 4, 8)
_CANVAS = (1280, 720)
_COLUMNS, _TILE = 4, (320, 360)
_PATCH = 300
"""Pixels of a tile that one person fills, and how many of his face's heights that shows."""
_AROUND = 1.6
_BACKGROUND = 90


@dataclass(frozen=True)
class Clip:
    """Frames uint8[n, height, width] and their seconds."""

    name: str
    images: NDArray[np.uint8]
    times: list[float]


def read(recording: Path, most: int) -> Clip:
    """The first frames of a recording.

    Raises:
        InputError: it cannot be read.
    """
    images, times = [], []
    with RecordingCamera(recording) as camera:
        while len(images) < most:
            try:
                frame = camera.read(1e9)
            except CameraEnded:
                break
            images.append(frame.image)
            times.append(frame.time)
    return Clip(recording.name, np.stack(images), times)


def scaled(clip: Clip, size: tuple[int, int], frames: int) -> Clip:
    """The clip at another size (width, height), its sides in proportion, the rest of the frame grey."""
    width, height = size
    images = np.full((min(frames, len(clip.images)), height, width), _BACKGROUND, np.uint8)
    scale = min(width / clip.images.shape[2], height / clip.images.shape[1])
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    for canvas, image in zip(images, clip.images, strict=False):
        small = cv2.resize(image, None, fx=scale, fy=scale, interpolation=how)[:height, :width]
        left = (width - small.shape[1]) // 2
        canvas[: small.shape[0], left : left + small.shape[1]] = small
    return Clip(f"{width}x{height}", images, clip.times[: len(images)])


def crowd(clips: list[Clip], faces: int, frames: int) -> Clip:
    """So many of the clips' people beside each other in a frame of 1280x720, each moving as in his clip."""
    frames = min(frames, *(len(clip.images) for clip in clips))
    images = np.full((frames, _CANVAS[1], _CANVAS[0]), _BACKGROUND, np.uint8)
    people = [_portraits(clip, frames) for clip in clips[: max(1, faces)]]
    for number in range(faces):
        left = number % _COLUMNS * _TILE[0] + (_TILE[0] - _PATCH) // 2
        top = number // _COLUMNS * _TILE[1] + (_TILE[1] - _PATCH) // 2
        images[:, top : top + _PATCH, left : left + _PATCH] = people[number % len(people)]
    return Clip(str(faces), images, [number / 30 for number in range(frames)])


def _portraits(clip: Clip, frames: int) -> NDArray[np.uint8]:
    """The surroundings of the clip's first face, uint8[frames, 300, 300], at the same place in each frame."""
    box = None
    pipeline = Pipeline(Config().vision)
    for image, time in zip(clip.images[:frames], clip.times, strict=False):
        face = pipeline.see(Frame(image, time, time, 0)).face
        if face is not None:
            box = face.box
            break
    height, width = clip.images.shape[1:]
    side = int(min(height, width, _AROUND * box.height if box else height))
    left = int(np.clip((box.x + box.width / 2 if box else width / 2) - side / 2, 0, width - side))
    top = int(np.clip((box.y + box.height / 2 if box else height / 2) - side / 2, 0, height - side))
    cut = clip.images[:frames, top : top + side, left : left + side]
    return np.stack([cv2.resize(image, (_PATCH, _PATCH), interpolation=cv2.INTER_AREA) for image in cut])
