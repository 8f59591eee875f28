"""A recording of nobody: a drawn driver who moves his head and blinks, for measuring where there is no other."""

from __future__ import annotations

import math
from pathlib import Path

import cv2
import numpy as np
from numpy.random import default_rng  # loads now: a Ctrl-C while its compiled parts load is lost in them
from numpy.typing import NDArray

from edge.cameras.recording import VIDEO_NAME
from edge.errors import InputError
from edge.records import GreyImage

WIDTH, HEIGHT, RATE, FRAMES = 640, 480, 15, 150
BLINK_EVERY, BLINK = 45, 3
"""Frames between two blinks, and of one: 3 and 0.2 seconds."""
_HEAD = 100.0
"""Pixels that are one unit of the drawing; the face is 1.6 wide and 2.2 high."""
_NOISE = 3.0
"""Standard deviation of the sensor's noise, in grey levels."""


def write_drawn(folder: Path) -> Path:
    """Writes video.mp4 into the folder, 640x480 pixels, ten seconds; always the same frames. Gives the folder.

    Raises:
        InputError: the video cannot be written.
    """
    writer = cv2.VideoWriter(str(folder / VIDEO_NAME), cv2.VideoWriter.fourcc(*"mp4v"), RATE, (WIDTH, HEIGHT), True)
    if not writer.isOpened():
        raise InputError(f"{folder}: no video can be written there; name a recording instead.")
    noise = default_rng(1).normal(0, _NOISE, (HEIGHT, 2 * WIDTH))
    heads = {is_closed: draw_head(is_closed=is_closed) for is_closed in (False, True)}
    for number in range(FRAMES):
        time = number / RATE
        shift = np.array([[1, 0, 12 * math.sin(time)], [0, 1, 5 * math.sin(1.7 * time)]])
        head = heads[number % BLINK_EVERY >= BLINK_EVERY - BLINK]
        moved = cv2.warpAffine(head, shift, (WIDTH, HEIGHT), borderMode=cv2.BORDER_REPLICATE)
        start = 37 * number % WIDTH
        grey = np.clip(moved + noise[:, start : start + WIDTH], 0, 255).astype(np.uint8)
        writer.write(cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR))
    writer.release()
    return folder


def draw_head(*, is_closed: bool) -> GreyImage:
    """A driver before his seat, uint8[480, 640], his eyes open or closed."""
    image: NDArray[np.uint8] = np.full((HEIGHT, WIDTH), 70, np.uint8)
    cv2.rectangle(image, (0, 0), (140, 200), 150, -1)  # a window
    cv2.rectangle(image, (200, 150), (450, 480), 50, -1)  # the seat's back
    _ellipse(image, (0, 1.9), (1.5, 0.9), 90)  # shoulders, neck, hair, face
    _ellipse(image, (0, 1.2), (0.45, 0.55), 140)
    _ellipse(image, (0, -0.25), (1.0, 1.2), 35)
    _ellipse(image, (0, 0.05), (0.82, 1.12), 185)
    image = np.asarray(cv2.GaussianBlur(image, (0, 0), 3), np.uint8)
    for side in (-1, 1):
        _ellipse(image, (0.36 * side, -0.12), (0.24, 0.15), 150)  # socket, brow
        _ellipse(image, (0.36 * side, -0.36), (0.22, 0.05), 60)
        if is_closed:
            _ellipse(image, (0.36 * side, -0.1), (0.16, 0.06), 175)
            _ellipse(image, (0.36 * side, -0.13), (0.15, 0.06), 115, (200, 340))  # the lid's fold
            _ellipse(image, (0.36 * side, -0.09), (0.17, 0.05), 50, (0, 180))
        else:
            _ellipse(image, (0.36 * side, -0.1), (0.16, 0.075), 235)
            _ellipse(image, (0.36 * side, -0.1), (0.07, 0.07), 30)
            _ellipse(image, (0.36 * side, -0.115), (0.17, 0.085), 40, (180, 360))
        _ellipse(image, (0.12 * side, 0.32), (0.05, 0.035), 90)  # nostril
    _ellipse(image, (0, 0.08), (0.09, 0.3), 200)  # nose, lips, chin
    _ellipse(image, (0, 0.3), (0.13, 0.08), 195)
    _ellipse(image, (0, 0.36), (0.12, 0.04), 130, (0, 180))
    _ellipse(image, (0, 0.64), (0.3, 0.09), 110)
    _ellipse(image, (0, 0.63), (0.3, 0.02), 60)
    _ellipse(image, (0, 0.82), (0.2, 0.05), 165)
    shade = np.linspace(1.15, 0.8, WIDTH)
    return np.clip(np.asarray(cv2.GaussianBlur(image, (0, 0), 1.5)) * shade, 0, 255).astype(np.uint8)


def _ellipse(
    image: GreyImage,
    centre: tuple[float, float],
    axes: tuple[float, float],
    grey: int,
    arc: tuple[int, int] | None = None,
) -> None:
    """Filled, or a part of its line from one angle to another; in units from the middle of the head."""
    part = 16.0  # of a pixel: OpenCV's fixed point with four bits
    middle = (int(part * (WIDTH / 2 + centre[0] * _HEAD)), int(part * (230 + centre[1] * _HEAD)))
    size = (int(part * axes[0] * _HEAD), int(part * axes[1] * _HEAD))
    begin, end = arc or (0, 360)
    cv2.ellipse(image, middle, size, 0, begin, end, grey, 3 if arc else -1, cv2.LINE_AA, 4)
