"""What is compared: this project, its parts with another detector, and the models alone.

A candidate sees one frame after the other; what it is given is made before the time is taken.
"""

from __future__ import annotations

import hashlib
import time as clocks
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from edge.config import Config, FaceConfig
from edge.records import Box, Emotion, Face, Frame, Observation
from edge.rules.policy import Policy
from edge.vision import tflite
from edge.vision.emotion import EmotionReader
from edge.vision.eyes import EyeReader
from edge.vision.face import face_detector
from edge.vision.pipeline import Pipeline

Boxes = list[tuple[float, float, float, float]]
"""Left, top, width, height in pixels."""


class Own:
    """The whole frame of this project: face, contours, eyes, emotion, pose, rules."""

    def __init__(self) -> None:
        self.fresh()

    def fresh(self) -> None:
        """Another recording begins."""
        config = Config()
        self.pipeline, self._policy = Pipeline(config.vision), Policy(config.rules)

    def given(self, image: np.ndarray) -> np.ndarray:
        return image

    def see(self, image: np.ndarray, time: float) -> Observation:
        seen = self.pipeline.see(Frame(image, time, time, 0))
        self._policy.step(seen)
        return seen

    def boxes(self, seen: Observation) -> Boxes:
        return [_box(seen.face)] if seen.face else []


class Assembled:
    """A detector on every frame, then this project's eyes, emotion and rules; no contours, so nothing is followed.

    Emotion is read as often as in the whole product, and of the largest face alone.
    """

    def __init__(self, face: FaceConfig) -> None:
        vision = Config().vision
        self._face = face
        self._detector = face_detector(face)
        self._eyes, self._emotions = EyeReader(vision.eyes_model), EmotionReader(vision.emotion_model)
        self._interval_s = vision.emotion_interval_s
        cv2.setNumThreads(1)
        self.fresh()

    def fresh(self) -> None:
        self._policy = Policy(Config().rules)
        self._near: Box | None = None
        self._emotion: Emotion | None = None
        self._emotion_time = -1e9

    def given(self, image: np.ndarray) -> np.ndarray:
        return image

    def see(self, image: np.ndarray, time: float) -> Observation:
        faces = self._detector.find(image, self._near)
        if not faces:
            self._near = None
            seen = Observation(time)
        else:
            face = max(faces, key=lambda one: one.box.width * one.box.height)
            self._near = face.box
            if time - self._emotion_time >= self._interval_s:
                self._emotion, self._emotion_time = self._emotions.read(image, face), time
            seen = Observation(time, face=face, eyes=self._eyes.read(image, face), emotion=self._emotion)
        self._policy.step(seen)
        return seen

    def boxes(self, seen: Observation) -> Boxes:
        return [_box(seen.face)] if seen.face else []


class Limit(Own):
    """The same calls of the same models in the same order, and nothing else: what a frame cannot be faster than."""

    def timed(self, images: list[np.ndarray], times: list[float]) -> dict[str, Any]:
        """Seconds of the models alone, frame by frame; `whole` and `inside` are a whole frame's, measured around it."""
        interpreter = tflite._interpreter_class()
        invoke = interpreter.invoke
        calls: list[list[Any]] = []
        inside: list[float] = []

        def noted(model: Any) -> None:
            began = clocks.perf_counter()
            invoke(model)
            inside[-1] += clocks.perf_counter() - began
            calls[-1].append(model)

        boxes, whole = [], []
        interpreter.invoke = noted
        try:
            for image, time in zip(images, times, strict=True):
                calls.append([])
                inside.append(0.0)
                began = clocks.perf_counter()
                seen = self.see(image, time)
                whole.append(clocks.perf_counter() - began)
                boxes.append(self.boxes(seen))
        finally:
            interpreter.invoke = invoke
        wall, processor = [], []
        for models in calls:
            began, began_processor = clocks.perf_counter(), clocks.process_time()
            for model in models:
                model.invoke()
            wall.append(clocks.perf_counter() - began)
            processor.append(clocks.process_time() - began_processor)
        names = {id(model): name for name, model in self._models().items()}
        used = [names[id(model)] for models in calls for model in models]
        counts = {name: used.count(name) for name in names.values()}
        return {"wall": wall, "processor": processor, "boxes": boxes, "whole": whole, "inside": inside, "calls": counts}

    def bare(self, repetitions: int = 300) -> dict[str, float]:
        """Median seconds of one call of each model, again and again."""
        medians = {}
        for name, model in self._models().items():
            taken = []
            for _ in range(repetitions):
                began = clocks.perf_counter()
                model.invoke()
                taken.append(clocks.perf_counter() - began)
            medians[name] = float(np.median(taken))
        return medians

    def _models(self) -> dict[str, Any]:
        parts = self.pipeline
        readers = {
            "face": parts._detector, "landmarks": parts._landmarks, "eyes": parts._eyes, "emotion": parts._emotions
        }  # fmt: skip
        return {name: reader._model._interpreter for name, reader in readers.items()}


def _box(face: Face) -> tuple[float, float, float, float]:
    return face.box.x, face.box.y, face.box.width, face.box.height


def _yunet(path: str) -> Assembled:
    hashed = hashlib.sha256(Path(path).read_bytes()).hexdigest()
    return Assembled(FaceConfig(detector="yunet", yunet_model=Path(path), yunet_sha256=hashed))


def candidate(name: str, yunet: str) -> Any:
    """The candidate of that name; `yunet` is the path of YuNet's file."""
    made: dict[str, Callable[[], Any]] = {
        "own": Own,
        "limit": Limit,
        "yunet": lambda: _yunet(yunet),
        "haar": lambda: Assembled(FaceConfig(detector="haar")),
    }
    return made[name]()
