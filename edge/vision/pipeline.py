"""From a frame to an observation: find the driver, follow him, read his eyes and his face."""

from __future__ import annotations

import math

import cv2

from edge.config import VisionConfig
from edge.records import Emotion, Face, Frame, GreyImage, Observation
from edge.vision.crops import Square
from edge.vision.emotion import EmotionReader
from edge.vision.eyes import EyeReader
from edge.vision.face import choose_driver, face_detector
from edge.vision.landmarks import Contours, LandmarkReader
from edge.vision.points import face_square, square_of_eyes
from edge.vision.pose import head_pose

KEEP_PRESENCE = 0.5
"""The face is followed while it is more likely there than not ..."""
FIND_PRESENCE = 0.7
"""... and believed at first only where it is surely there."""
SETTLE_ROUNDS = 2
"""A detector's box is rough: the points are read again from where they say the face is."""
CHECK_S = 2.0
"""Seconds after which the detector is asked whether what is followed is still a face."""
_DARK_STEP = 16
"""Every 16th pixel of every 16th row tells how bright a frame is."""


class Pipeline:
    """What is seen in one frame after the other; it remembers where the driver was.

    Raises:
        ConfigError: a model cannot be used.
    """

    def __init__(self, config: VisionConfig) -> None:
        cv2.setNumThreads(config.threads)  # its pool would fight the models' own over the cores
        self._config = config
        self._detector = face_detector(config.face)
        self._landmarks = LandmarkReader(config.landmarks_model, config.threads)
        self._eyes = EyeReader(config.eyes_model, config.threads)
        self._emotions = EmotionReader(config.emotion_model, config.threads)
        self._square: Square | None = None
        self._checked = -math.inf
        self._last_face: Face | None = None
        self._emotion: Emotion | None = None
        self._emotion_time = -math.inf

    def see(self, frame: Frame) -> Observation:
        """What is to be seen in one frame, uint8[height, width] of any size from 64x48."""
        image = frame.image
        if float(image[::_DARK_STEP, ::_DARK_STEP].mean()) < self._config.dark_below:
            self._forget()
            return Observation(frame.time, dark=True)
        seen = self._follow(image, frame.time) or self._search(image)
        if seen is None:
            self._forget()
            return Observation(frame.time)
        face = self._last_face = seen.face()
        height, width = image.shape
        return Observation(
            frame.time,
            face=face,
            eyes=self._eyes.read(image, face),
            emotion=self._read_emotion(image, face, frame.time),
            mouth_open=seen.mouth_open(),
            pose=head_pose(seen.points, width, height),
        )

    def _follow(self, image: GreyImage, time: float) -> Contours | None:
        """The face where it was in the last frame."""
        if self._square is None:
            return None
        if not 0 <= time - self._checked < CHECK_S:
            self._checked = time
            if self._is_elsewhere(image, self._square):
                return None
        return self._read(image, self._square, KEEP_PRESENCE)

    def _is_elsewhere(self, image: GreyImage, square: Square) -> bool:
        """Whether faces are found, but none of them where the driver's is followed. None at all proves nothing."""
        faces = self._detector.find(image, None)
        return bool(faces) and not any(
            abs(face.box.x + face.box.width / 2 - square.x) < face.box.width / 2
            and abs(face.box.y + face.box.height / 2 - square.y) < face.box.height / 2
            for face in faces
        )

    def _search(self, image: GreyImage) -> Contours | None:
        """The driver's face wherever the detector finds it."""
        near = self._last_face.box if self._last_face else None
        faces = self._detector.find(image, near)
        if faces:
            self._last_face = None  # what was found near may be no driver: without him, search everywhere next time
        found = choose_driver(faces, self._config.face.seat, image)
        if found is None:
            return None
        square = square_of_eyes(found.right_eye, found.left_eye)
        seen = None
        for _ in range(SETTLE_ROUNDS):
            seen = self._read(image, square, FIND_PRESENCE)
            if seen is None or self._square is None:
                return None
            square = self._square
        return seen

    def _read(self, image: GreyImage, square: Square, presence: float) -> Contours | None:
        contours = self._landmarks.read(image, square)
        height, width = image.shape
        if contours.presence < presence or not (0 <= square.x < width and 0 <= square.y < height):
            self._square = None
            return None
        self._square = face_square(contours.points)
        return contours

    def _read_emotion(self, image: GreyImage, face: Face, time: float) -> Emotion | None:
        """Read anew once the interval has passed; in between the last one holds, of the same face."""
        if not 0 <= time - self._emotion_time < self._config.emotion_interval_s:
            self._emotion = self._emotions.read(image, face)
            self._emotion_time = time
        return self._emotion

    def _forget(self) -> None:
        self._square = None
        self._emotion_time = -math.inf
