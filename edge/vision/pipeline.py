"""From a frame to an observation: find the driver, follow him, read his eyes and his face."""

from __future__ import annotations

import math
from collections.abc import Sequence

import cv2
import numpy as np

from edge.config import VisionConfig
from edge.records import Box, Emotion, Face, Frame, GreyImage, Observation
from edge.vision.crops import Square
from edge.vision.driver import Driver
from edge.vision.emotion import EmotionReader
from edge.vision.eyes import EyeReader
from edge.vision.face import face_detector
from edge.vision.landmarks import Contours, LandmarkReader
from edge.vision.points import face_square, square_of_eyes
from edge.vision.pose import PoseReader
from edge.vision.smoothing import OneEuro

KEEP_PRESENCE = 0.5
"""The face is followed while it is more likely there than not ..."""
FIND_PRESENCE = 0.7
"""... and believed at first only where it is surely there."""
SETTLE_ROUNDS = 2
"""A detector's box is rough: the points are read again from where they say the face is."""
CANDIDATES = 3
"""So many faces of a frame are tried at most until the contours confirm one."""
LEANING = 0.5
"""Who is followed may lean out of the seat's region by this share of his face."""
CHECK_S = 2.0
"""Seconds after which the detector is asked whether what is followed is still a face ..."""
RECHECK_S, DOUBTS = 0.2, 5
"""... and again sooner where it finds faces, but not this one; that often in turn, and he is searched anew. A driver in
profile beside a passenger is missed for a moment: one such answer proves nothing."""
OUTGROWN_CHECKS = 5
"""So many checks in turn in which somebody larger sits in the seat, 10 s: a passenger leans forward for less."""
_DARK_STEP = 16
"""Every 16th pixel of every 16th row tells how bright a frame is."""


class Pipeline:
    """What is seen in one frame after the other; it remembers where the driver was.

    Raises:
        ConfigError: a model cannot be used.
    """

    def __init__(self, config: VisionConfig) -> None:
        # One pool of threads at a time: the models' runtime has its own, OpenCV gets one only where it searches itself.
        cv2.setNumThreads(1 if config.face.detector == "native" else config.threads)
        self._config = config
        self._detector = face_detector(config.face, config.threads)
        self._landmarks = LandmarkReader(config.landmarks_model, config.threads)
        self._eyes = EyeReader(config.eyes_model, config.threads)
        self._emotions = EmotionReader(config.emotion_model, config.threads)
        self._driver = Driver(config.face.seat)
        self._smoother = OneEuro()
        self._poses = PoseReader()
        self._square: Square | None = None
        self._near: Box | None = None
        self._checked = -math.inf
        self._doubts = 0
        self._outgrown = 0
        self._emotion: Emotion | None = None
        self._emotion_time = -math.inf
        self.contours: Contours | None = None
        """Of the driver in the last frame that was seen, for drawing; None where he is not seen."""

    def see(self, frame: Frame) -> Observation:
        """What is to be seen in one frame, uint8[height, width] of any size from 64x48, its rows padded or not.

        Raises:
            ValueError: the image is no grey one; `edge.cameras.grey` makes it one.
        """
        image = frame.image
        if image.ndim != 2 or image.dtype != np.uint8 or not image.size:
            raise ValueError(
                f"a frame is grey, uint8 (height, width), and not {image.dtype} {image.shape}; convert it with "
                "edge.cameras.grey.grey first"
            )
        dark = self._is_dark(image[::_DARK_STEP, ::_DARK_STEP])
        seen = self._track(image, frame.time)
        # a lamp may light the face alone, in a frame that is dark as a whole; in a dark face there is noise to be read
        if seen is None or (dark and self._is_dark(_within(image, seen.box()))):
            self._forget()
            return Observation(frame.time, dark=dark)
        seen = Contours(self._smoother.smooth(seen.points, frame.time, seen.eye_distance), seen.presence)
        self.contours, self._square = seen, face_square(seen.points)
        face = seen.face()
        self._near = face.box
        self._driver.follow(face.box, frame.time)
        height, width = image.shape
        return Observation(
            frame.time,
            face=face,
            eyes=self._eyes.read(image, face),
            emotion=self._read_emotion(image, face, frame.time),
            mouth_open=seen.mouth_open(),
            pose=self._poses.read(seen.points, width, height),
        )

    def _is_dark(self, image: GreyImage) -> bool:
        return cv2.sumElems(image)[0] < self._config.dark_below * image.size

    def _track(self, image: GreyImage, time: float) -> Contours | None:
        """The driver's contours: where he was in the last frame, else wherever the detector finds him."""
        faces: Sequence[Face] | None = None
        if self._square is not None:
            if not 0 <= time - self._checked < (RECHECK_S if self._doubts else CHECK_S):
                self._checked = time
                faces = self._detector.find(image, None)
                self._doubts = 0 if self._driver.is_among(faces, image.shape) else self._doubts + 1
                self._outgrown = self._outgrown + 1 if self._driver.is_outgrown(faces, image.shape) else 0
            if self._outgrown >= OUTGROWN_CHECKS:
                self._driver.forget()
            elif self._doubts < DOUBTS:
                seen = self._read(image, self._square, KEEP_PRESENCE)
                if seen is not None and self._driver.is_seated(seen.box(), image.shape, LEANING):
                    return seen
        return self._search(image, time, faces)

    def _search(self, image: GreyImage, time: float, faces: Sequence[Face] | None) -> Contours | None:
        """The driver among the faces, which the detector finds where they are not known."""
        self._smoother.reset()
        self._poses.reset()
        if faces is None:
            faces = self._detector.find(image, self._near)
            if faces:
                self._near = None  # what was found near may be no driver: without him, search everywhere next time
        for candidate in self._driver.candidates(faces, image.shape, time)[:CANDIDATES]:
            seen = self._settle(image, candidate)
            if seen is not None:
                self._driver.follow(seen.box(), time)
                self._driver.is_among(faces, image.shape)
                self._checked, self._doubts, self._outgrown = time, 0, 0
                return seen
        return None

    def _settle(self, image: GreyImage, candidate: Face) -> Contours | None:
        """The contours of a face that a detector found; None where they deny that it is one."""
        square, seen = square_of_eyes(candidate.right_eye, candidate.left_eye), None
        for _ in range(SETTLE_ROUNDS):
            seen = self._read(image, square, FIND_PRESENCE)
            if seen is None:
                return None
            square = face_square(seen.points)
        return seen

    def _read(self, image: GreyImage, square: Square, presence: float) -> Contours | None:
        height, width = image.shape
        if not (0 <= square.x < width and 0 <= square.y < height):
            return None
        contours = self._landmarks.read(image, square)
        return contours if contours.presence >= presence else None

    def _read_emotion(self, image: GreyImage, face: Face, time: float) -> Emotion | None:
        """Read anew once the interval has passed; in between the last one holds, of the same face."""
        if not 0 <= time - self._emotion_time < self._config.emotion_interval_s:
            self._emotion = self._emotions.read(image, face)
            self._emotion_time = time
        return self._emotion

    def _forget(self) -> None:
        self.contours = self._square = None
        self._emotion_time = -math.inf


def _within(image: GreyImage, box: Box) -> GreyImage:
    """What of the image lies in the box; its first pixel where the box lies beside it."""
    height, width = image.shape
    left, top = min(max(0, int(box.x)), width - 1), min(max(0, int(box.y)), height - 1)
    return image[top : max(top + 1, int(box.y + box.height)), left : max(left + 1, int(box.x + box.width))]
