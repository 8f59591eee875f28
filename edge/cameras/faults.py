"""Faults of a camera, made on purpose: what a recording shows when it is asked to misbehave."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from edge.records import GreyImage

FaultKind = Literal["stall", "black", "torn", "wrong_size", "end"]


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault in `start_s` <= time < `start_s` + `duration_s`, in seconds of the recording's clock.

    - `stall`: no frame comes;
    - `black`: every pixel is 0, as with a covered lens;
    - `torn`: the upper half is of this frame, the lower half of the one before;
    - `wrong_size`: the frame has half the width and half the height;
    - `end`: the recording ends at `start_s` for good, looping or not.
    """

    kind: FaultKind
    start_s: float
    duration_s: float = math.inf

    def __post_init__(self) -> None:
        if not (self.start_s >= 0 and self.duration_s > 0):  # refuses NaN, too
            raise ValueError(f"a fault needs start_s >= 0 and duration_s > 0, not {self.start_s} and {self.duration_s}")

    def covers(self, time: float) -> bool:
        return self.start_s <= time < self.start_s + self.duration_s


def damage(image: GreyImage, previous: GreyImage | None, kind: FaultKind) -> GreyImage:
    """The frame as a faulty camera would give it; `previous` is the undamaged frame before, if there was one."""
    height, width = image.shape
    if kind == "black":
        return np.zeros_like(image)
    if kind == "torn":
        lower = np.zeros_like(image) if previous is None else previous
        return np.concatenate([image[: height // 2], lower[height // 2 :]])
    if kind == "wrong_size":
        return np.ascontiguousarray(image[: height // 2, : width // 2])
    return image
