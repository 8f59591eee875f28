"""What one frame tells of how the camera is aimed: a few numbers, measured where the face is."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from edge.records import Box, Face, Frame, GreyImage, Observation
from edge.vision.crops import EYE_SIDE

WHITE = 250
"""Grey from which a pixel holds no picture any more."""


@dataclass(frozen=True, slots=True)
class View:
    """`frame` is width and height in pixels; `x`, `y` (middle of the face), `width`, `height` are shares of them.

    Brightness is a mean grey 0..255, `*_white` a share of saturated pixels, `right_over_left` the brightness of the
    half of the face at the driver's right over that of the other; degrees are signed as in `edge.records.HeadPose`, but
    against the line from the camera to the face: 0 looks into the lens, wherever in the frame. `eye_distance` is in
    pixels, `*_closed` the probability of a closed eye, None where it cannot be seen. Without a face all that is
    of it stays at its default.
    """

    time: float
    frame: tuple[int, int]
    brightness: float
    dark: bool = False
    face: bool = False
    x: float = 0.5
    y: float = 0.5
    width: float = 0.0
    height: float = 0.0
    eye_distance: float = 0.0
    yaw: float = 0.0
    pitch: float = 0.0
    roll: float = 0.0
    face_brightness: float = 0.0
    right_over_left: float = 1.0
    face_white: float = 0.0
    eyes_white: float = 0.0
    right_closed: float | None = None
    left_closed: float | None = None


def view(frame: Frame, observation: Observation) -> View:
    """What is measured in a frame, and what was seen in it."""
    image = frame.image
    height, width = image.shape
    brightness = float(image[::4, ::4].mean())
    face, pose = observation.face, observation.pose
    inside = _cut(image, face.box) if face else image[:0]
    if face is None or pose is None or inside.shape[0] < 2 or inside.shape[1] < 2:
        return View(frame.time, (width, height), brightness, dark=observation.dark)
    middle = inside.shape[1] // 2
    box = face.box
    x, y = (box.x + box.width / 2) / width, (box.y + box.height / 2) / height
    focal = max(width, height)  # as `edge.vision.pose` takes it
    return View(
        frame.time,
        (width, height),
        brightness,
        face=True,
        x=x,
        y=y,
        width=box.width / width,
        height=box.height / height,
        eye_distance=face.eye_distance,
        yaw=pose.yaw - math.degrees(math.atan((0.5 - x) * width / focal)),
        pitch=pose.pitch + math.degrees(math.atan((0.5 - y) * height / focal)),
        roll=pose.roll,
        face_brightness=float(inside.mean()),
        # at least one grey, so that a black half divides, too
        right_over_left=max(1.0, float(inside[:, :middle].mean())) / max(1.0, float(inside[:, middle:].mean())),
        face_white=float((inside >= WHITE).mean()),
        eyes_white=max(_white_at(image, face, eye) for eye in (face.right_eye, face.left_eye)),
        right_closed=observation.eyes.right,
        left_closed=observation.eyes.left,
    )


def _white_at(image: GreyImage, face: Face, eye: tuple[float, float]) -> float:
    side = EYE_SIDE * face.eye_distance
    patch = _cut(image, Box(eye[0] - side / 2, eye[1] - side / 2, side, side))
    return float(np.mean(patch >= WHITE)) if patch.size else 0.0


def _cut(image: GreyImage, box: Box) -> GreyImage:
    """What of the box lies in the image."""
    left, top = max(0, round(box.x)), max(0, round(box.y))
    return image[top : max(top, round(box.y + box.height)), left : max(left, round(box.x + box.width))]
