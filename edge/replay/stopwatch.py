"""Where a frame's time goes, without a clock in the program itself: while it measures, calls are timed from outside."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from types import BuiltinFunctionType
from typing import Any

import cv2

from edge.vision import tflite
from edge.vision.emotion import EmotionReader
from edge.vision.eyes import EyeReader
from edge.vision.haar import HaarDetector
from edge.vision.landmarks import LandmarkReader
from edge.vision.native import NativeDetector
from edge.vision.yunet import YunetDetector

STAGES = ("detector", "landmarks", "eyes", "emotion")
INSIDE = "inside"
"""The models' runtime and OpenCV's functions, whichever stage calls them."""

_CALLS: tuple[tuple[str, type, str], ...] = (
    ("detector", NativeDetector, "find"),
    ("detector", HaarDetector, "find"),
    ("detector", YunetDetector, "find"),
    ("landmarks", LandmarkReader, "read"),
    ("eyes", EyeReader, "read"),
    ("emotion", EmotionReader, "read"),
)


class Stopwatch:
    """Seconds since it was last cleared, by stage; a stage that did not run has none."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self.seconds: dict[str, float] = {}

    def clear(self) -> dict[str, float]:
        """What it shows; it starts anew."""
        shown, self.seconds = self.seconds, {}
        return shown

    @contextmanager
    def attached(self) -> Iterator[None]:
        """Inside, the stages and what is inside the models and OpenCV are timed; a timed call costs 0.3 microseconds.

        OpenCV's own detectors (haar, yunet) are methods of types that cannot be replaced: their time counts as the
        stage's, and not as OpenCV's.
        """
        with ExitStack() as attached:

            def attach(owner: Any, name: str, stage: str) -> None:
                function = getattr(owner, name)
                setattr(owner, name, self._timed(stage, function))
                attached.callback(setattr, owner, name, function)

            for stage, owner, name in _CALLS:
                attach(owner, name, stage)
            for name in ("set_tensor", "invoke", "get_tensor"):
                attach(tflite._interpreter_class(), name, INSIDE)
            for name in [name for name, member in vars(cv2).items() if isinstance(member, BuiltinFunctionType)]:
                attach(cv2, name, INSIDE)
            yield

    def _timed(self, stage: str, function: Callable[..., Any]) -> Callable[..., Any]:
        clock = self._clock

        def timed(*arguments: Any, **named: Any) -> Any:
            begin = clock()
            try:
                return function(*arguments, **named)
            finally:
                self.seconds[stage] = self.seconds.get(stage, 0.0) + clock() - begin

        return timed
