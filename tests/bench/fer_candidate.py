"""The `fer` package as its own documentation says to use it; needs that package's environment, and nothing of ours."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np

Found = list[tuple[float, float, float, float]]


class Fer:
    """`FER().detect_emotions` with its defaults: Haar, then the quantised TFLite model, for each face of each frame."""

    def __init__(self) -> None:
        import tensorflow as tf

        tf.config.threading.set_intra_op_parallelism_threads(1)
        tf.config.threading.set_inter_op_parallelism_threads(1)
        from fer.fer import FER

        self._detector = FER()
        cv2.setNumThreads(1)

    def fresh(self) -> None:
        """Nothing is remembered from frame to frame."""

    def given(self, image: np.ndarray) -> np.ndarray:
        """The colour picture that the package takes, made before the time is taken."""
        return np.asarray(cv2.cvtColor(image, cv2.COLOR_GRAY2BGR))

    def see(self, image: np.ndarray, time: float) -> Any:
        return self._detector.detect_emotions(image)

    def boxes(self, seen: Any) -> Found:
        return [tuple(float(value) for value in face["box"]) for face in seen]
