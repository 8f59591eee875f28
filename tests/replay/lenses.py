"""Glasses drawn before the eyes of a recorded driver that mirror in part; drawn otherwise than training draws them.

Lenses stand where the unchanged frame shows the eyes, so that they move with the head, and what they mirror stays
where it is in the lens. All lengths are in distances between the eyes.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.config import Config
from edge.records import Face, Frame, GreyImage
from edge.vision.pipeline import Pipeline

Picture = NDArray[np.float32]
Lens = Callable[[Picture, Picture, Picture], Picture]
"""What is seen through one lens: of its grey levels, and how far across and down from the eye each pixel stands."""

_WIDE, _HIGH, _LOWER = 0.37, 0.29, 0.04
"""Half axes of a lens, and how far below the eye its middle stands."""


def upper_half(behind: Picture, across: Picture, down: Picture) -> Picture:
    """The sky in it, down to a line through the pupils; 0.8 of what is seen there."""
    return _over(behind, 0.8 * _inside(across, down) * (down < -0.005), 238)


def lower_half(behind: Picture, across: Picture, down: Picture) -> Picture:
    """A bright dashboard in it; 0.8 of what is seen there."""
    return _over(behind, 0.8 * _inside(across, down) * (down > 0.015), 225)


def streak(behind: Picture, across: Picture, down: Picture) -> Picture:
    """A strip lamp in it, across the pupil, as high as half an iris, brighter than the sensor can tell."""
    return behind + 300 * np.exp(-(((down - 0.12 * across) / 0.035) ** 4)) * _inside(across, down)


def thin_streak(behind: Picture, across: Picture, down: Picture) -> Picture:
    """The same, dimmer and thinner."""
    return behind + 90 * np.exp(-(((down + 0.05 * across - 0.01) / 0.022) ** 4)) * _inside(across, down)


def lamp_above(behind: Picture, across: Picture, down: Picture) -> Picture:
    """A lamp with its bloom, over the upper lid."""
    far = np.hypot(across + 0.02, down + 0.12)
    return behind + 320 / (1 + (far / 0.12) ** 6) + 60 * np.exp(-far / 0.2)


def low_rim(behind: Picture, across: Picture, down: Picture) -> Picture:
    """Low glasses with a thick dark rim, clear glass, two lamps mirrored in it."""
    rim = np.abs(np.hypot(across / 0.36, (down - 0.07) / 0.16) - 1) < 0.17
    glass = _over(behind, rim.astype(np.float32), 35)
    for lamp in (-0.045, 0.055):
        glass = glass + 260 / (1 + (np.hypot(across - lamp, down + 0.025) / 0.022) ** 6)
    return glass


LENSES: dict[str, Lens] = {
    "the upper half of the lenses mirrors": upper_half,
    "the lower half": lower_half,
    "a streak across the pupils": streak,
    "a thin one": thin_streak,
    "a lamp in the glass over the upper lids": lamp_above,
    "a low, thick rim": low_rim,
}


class Glasses:
    """Draws such a lens before both eyes in frame after frame of one recording."""

    def __init__(self, lens: Lens) -> None:
        self._lens, self._pipeline, self._count = lens, Pipeline(Config().vision), 0

    def __call__(self, image: GreyImage) -> GreyImage:
        """The frame with glasses; without a face as it is."""
        self._count += 1
        face = self._pipeline.see(Frame(image, self._count / 30, 0.0, self._count)).face
        if face is None:
            return image
        drawn = image.astype(np.float32)
        for eye in (face.right_eye, face.left_eye):
            self._draw(drawn, eye, face)
        return np.asarray(np.clip(np.rint(drawn), 0, 255), np.uint8)

    def _draw(self, image: Picture, eye: tuple[float, float], face: Face) -> None:
        distance, roll = face.eye_distance, face.roll
        reach = 0.6 * distance
        left, top = (max(0, int(value - reach)) for value in eye)
        part = image[top : max(0, int(eye[1] + reach)), left : max(0, int(eye[0] + reach))]
        if not part.size:
            return
        y, x = np.mgrid[: part.shape[0], : part.shape[1]].astype(np.float32)
        x, y = (x + left - eye[0]) / distance, (y + top - eye[1]) / distance
        across, down = x * np.cos(roll) + y * np.sin(roll), y * np.cos(roll) - x * np.sin(roll)
        part += cv2.GaussianBlur(self._lens(part, across, down) - part, (0, 0), max(0.5, 0.012 * distance))


def _inside(across: Picture, down: Picture) -> Picture:
    return np.asarray(np.hypot(across / _WIDE, (down - _LOWER) / _HIGH) < 1, np.float32)


def _over(behind: Picture, share: Picture, grey: float) -> Picture:
    return np.asarray(behind + share * (grey - behind), np.float32)
