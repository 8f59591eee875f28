"""What the vehicle would see in single pictures: each by itself, as the first frame of a drive."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from edge.cameras.camera import MIN_HEIGHT, MIN_WIDTH
from edge.cameras.images import read_image
from edge.config import ClosuresConfig, VisionConfig
from edge.errors import InputError
from edge.records import Emotion, Face, Frame, GreyImage, Observation
from edge.vision.pipeline import Pipeline

EyeState = Literal["open", "between", "closed", "not_visible"]
UNKNOWN = "unknown"
_MEND = "name a picture such as a PNG or a JPEG"


@dataclass(frozen=True, slots=True)
class Looked:
    """One picture, uint8[height, width], what was seen in it, and the contour points float32[n, 2] in its pixels."""

    path: Path
    image: GreyImage
    seen: Observation
    points: NDArray[np.float32] | None


def look(path: Path, config: VisionConfig) -> Looked:
    """Reads a picture and looks at it; nobody is remembered from another one.

    Raises:
        InputError: it is no picture, or too small to hold a face.
        ConfigError: a model cannot be used.
    """
    image = read_image(path, _MEND)
    height, width = image.shape
    if width < MIN_WIDTH or height < MIN_HEIGHT:
        raise InputError(
            f"{path}: the picture has {width}x{height} pixels, too few to hold a face; "
            f"name one of at least {MIN_WIDTH}x{MIN_HEIGHT}."
        )
    pipeline = Pipeline(config)
    seen = pipeline.see(Frame(image, 0.0, 0.0, 0))
    return Looked(path, image, seen, pipeline.contours.points if pipeline.contours else None)


def eye_state(closed: float | None, closures: ClosuresConfig) -> EyeState:
    """What the rules take a probability that the eye is closed for; None: it cannot be seen."""
    if closed is None:
        return "not_visible"
    if closed > closures.closed_above:
        return "closed"
    return "open" if closed < closures.open_below else "between"


def label_of(emotion: Emotion | None) -> tuple[str, float | None]:
    """The likeliest emotion and its probability 0..1; unknown has none."""
    if emotion is None:
        return UNKNOWN, None
    shares = _shares(emotion)
    label = max(shares, key=lambda name: shares[name])
    return label, shares[label]


def _shares(emotion: Emotion) -> dict[str, float]:
    return {name: getattr(emotion, name) for name in ("happy", "neutral", "sad", "surprise")}


def told(looked: Looked, closures: ClosuresConfig) -> dict[str, Any]:
    """What `driver-monitor look` prints of one picture; docs/vision.md says what each value is."""
    height, width = looked.image.shape
    seen = looked.seen
    about: dict[str, Any] = {"image": str(looked.path), "width": width, "height": height, "dark": seen.dark}
    if seen.face is None:
        return about | {"face": None, "eyes": None, "emotion": None, "mouth_open": None, "pose": None}
    label, confidence = label_of(seen.emotion)
    eyes = {
        side: {"state": eye_state(closed, closures), "closed": _share(closed)}
        for side, closed in (("right", seen.eyes.right), ("left", seen.eyes.left))
    }
    pose = seen.pose
    return about | {
        "face": _face(seen.face, looked.points),
        "eyes": {"state": eye_state(seen.eyes.closed, closures), "closed": _share(seen.eyes.closed), **eyes},
        "emotion": {
            "label": label,
            "confidence": _share(confidence),
            "probabilities": {name: _share(value) for name, value in _shares(seen.emotion).items()}
            if seen.emotion
            else None,
        },
        "mouth_open": _share(seen.mouth_open),
        "pose": {name: round(getattr(pose, name), 1) for name in ("yaw", "pitch", "roll")} if pose else None,
    }


def _face(face: Face, points: NDArray[np.float32] | None) -> dict[str, Any]:
    box = face.box
    return {
        "score": _share(face.score),
        "box": [round(value, 1) for value in (box.x, box.y, box.width, box.height)],
        "right_eye": [round(value, 1) for value in face.right_eye],
        "left_eye": [round(value, 1) for value in face.left_eye],
        "mouth": [round(value, 1) for value in face.mouth],
        "points": [] if points is None else [[round(value, 1) for value in point] for point in points.tolist()],
    }


def _share(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
