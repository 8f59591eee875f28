"""How a person's eyes and head look to the models: fitted to what they say of real recordings."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Person:
    """Logits of "closed" of each eye, open and shut: mean and standard deviation from frame to frame.

    Degrees of the head at rest against the camera; `far_eye_seen` is the share of frames in which the eye that is
    farther from the camera is found at all.
    """

    open_right: float = -5.0
    open_left: float = -5.5
    open_sd: float = 1.3
    shut: float = 6.5
    shut_sd: float = 0.8
    yaw: float = 4.0
    pitch: float = 2.0
    far_eye_seen: float = 1.0


LASTING_S = 0.2
"""Noise of the eyes model keeps a third of itself for so long: its correlation over 33 ms was 0.67 to 0.87."""
COMMON = 0.5
"""So much of its variance is the same for both eyes."""
WRONG = 0.002
"""Share of frames in which the model is at a loss, whatever the eyes do: none in 470 frames of real long closures."""

PASSERBY = Person()
"""Between the two below."""

GLASSES = Person(open_right=-8.0, open_left=-7.2, open_sd=1.4, shut=8.0, shut_sd=0.35, yaw=-0.3, pitch=10.6)
"""A person with glasses before a desk camera: clear, 588 frames."""

CAR = Person(
    open_right=-3.4, open_left=-4.6, open_sd=1.7, shut=5.5, shut_sd=0.7, yaw=17.0, pitch=-2.0, far_eye_seen=0.85
)
"""A driver in a parked car, seen at an angle: the hardest of those that say nothing, 587 frames."""

NARROW = Person(open_right=-1.6, open_left=-1.9, open_sd=0.9)
"""Eyes that are narrow by nature: open, they look half closed to the model, P about 0.15 with excursions over 0.4."""
