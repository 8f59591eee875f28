"""What the vehicle's own way of seeing makes of the pictures of fairface_val, and who is on them.

Each picture goes through detector, contours, crops, levelling and models as a frame of a camera does.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge.config import RulesConfig, VisionConfig
from edge.errors import InputError
from edge.records import Frame, GreyImage, Observation
from edge.vision.card import read_card
from edge.vision.face_decode import GREY
from edge.vision.pipeline import Pipeline
from train.data import faces

SET = "fairface_val"
ATTRIBUTES = ("age", "gender", "race")

MARGIN = 1.4
"""Height of the frame over that of the picture: a face of FairFace fills 0.96 of its picture's height (median), so here
it fills 0.69 of the frame's, which is what the audit of the detector lays around a face, too."""
FRAME = 4 / 3
"""Width over height of the frame."""

_APART_S = 60.0
"""Seconds between two pictures: nobody is remembered for so long."""

MEASURES: Mapping[str, tuple[str, ...]] = {
    "face": ("face_found",),
    "eyes": ("eyes_not_read", "eyes_closed"),
    "emotion": ("emotion_unknown", "sad_first", "sad_likely"),
}
"""What is asked of each task's model, by name."""


@dataclass(frozen=True)
class Facts:
    """Row k belongs to picture k.

    `said` by measure: float64[n], 1 yes, 0 no, NaN where it cannot be asked (no face, no readable eye, unknown).
    `people` by attribute: str[n], as FairFace's annotators saw them.
    """

    said: Mapping[str, NDArray[np.float64]]
    people: Mapping[str, NDArray[np.str_]]

    def __len__(self) -> int:
        return len(next(iter(self.people.values())))


def framed(picture: GreyImage) -> GreyImage:
    """The picture in the middle of a grey frame, as large in it as a driver's face in that of a near camera."""
    height, width = picture.shape
    tall = round(MARGIN * max(height, width / FRAME))
    wide = round(FRAME * tall)
    frame = np.full((tall, wide), GREY, np.uint8)
    top, left = (tall - height) // 2, (wide - width) // 2
    frame[top : top + height, left : left + width] = picture
    return frame


def see_each(pictures: Iterable[GreyImage], config: VisionConfig) -> Iterator[Observation]:
    """What is seen in each picture by itself; the same whatever came before it.

    Raises:
        ConfigError: a model cannot be used.
    """
    pipeline = Pipeline(config)
    for number, picture in enumerate(pictures):
        time = 2 * number * _APART_S
        pipeline.see(Frame(np.zeros((48, 64), np.uint8), time, 0.0, 2 * number))  # in the dark the driver is lost
        yield pipeline.see(Frame(framed(picture), time + _APART_S, 0.0, 2 * number + 1))


def facts(data: Path, config: VisionConfig) -> Facts:
    """All pictures of the set, by the models and thresholds that a vehicle has.

    Raises:
        InputError: the set is missing or damaged.
        ConfigError: a model cannot be used.
    """
    pictures = faces.read(data, (SET,))
    people = _people(data / f"{SET}.npz", len(pictures))
    sad_above = read_card(config.emotion_model).thresholds.get("sad", RulesConfig().sad.probability)
    rows = [_answers(seen, sad_above) for seen in see_each(pictures.images, config)]
    said = {name: np.array([row.get(name, np.nan) for row in rows]) for names in MEASURES.values() for name in names}
    return Facts(said, people)


def _answers(seen: Observation, sad_above: float) -> dict[str, float]:
    """What can be asked of one picture, 1 or 0 by measure."""
    if seen.face is None:
        return {"face_found": 0.0}
    closed, emotion = seen.eyes.closed, seen.emotion
    answers = {"face_found": 1.0, "eyes_not_read": float(closed is None), "emotion_unknown": float(emotion is None)}
    if closed is not None:
        answers["eyes_closed"] = float(closed > RulesConfig().closures.closed_above)
    if emotion is not None:
        others = max(emotion.happy, emotion.neutral, emotion.surprise)
        answers |= {"sad_first": float(emotion.sad > others), "sad_likely": float(emotion.sad > sad_above)}
    return answers


def _people(path: Path, count: int) -> dict[str, NDArray[np.str_]]:
    try:
        with np.load(path) as file:
            people = {name: file[name] for name in ATTRIBUTES}
    except KeyError as error:
        raise InputError(f"{path}: it does not say {error} of the persons; fetch the file again.") from None
    except (ValueError, OSError, zipfile.BadZipFile) as error:
        raise InputError(f"{path}: the persons cannot be read ({error}); fetch the file again.") from None
    if any(len(values) != count for values in people.values()):
        raise InputError(f"{path}: it does not describe {count} pictures; fetch the file again.")
    return people
