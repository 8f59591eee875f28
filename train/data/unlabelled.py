"""Faces that nobody labelled, framed as FER2013 frames them: drivers, video stills, FairFace. Teachers answer for them.

But for drivers who yawn: teachers, who never met a yawn, call it laughter, and laughter excuses closed eyes. It is none
of the expressions that are told apart, so what is to be learned of it is *unknown*.

Of `fairface_val` and of the persons that are held out from the detector none is among them, unless asked for.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge.records import Box, Face
from edge.vision.card import Dataset
from edge.vision.crops import cut, emotion_square
from train.data import faces
from train.recipes import Recipe

SOURCE = "fer2013"
"""The source by which they are zoomed: framed alike."""

LEAST_EYE_DISTANCE = 14.0
"""Pixels; of a smaller face nothing can be told in a patch of 48."""


def cited(recipe: Recipe) -> Recipe:
    """The recipe whose card names these faces among what it was trained on."""
    named = ("cabin", "frames of the YawDD kind, research"), ("YouTube Faces", "research"), ("FairFace", "CC BY 4.0")
    sets = (Dataset(name=f"{name}, faces as teachers answer them", terms=terms) for name, terms in named)
    return dataclasses.replace(recipe, datasets=(*recipe.datasets, *sets))


def read(
    data: Path, side: int, sets: Sequence[str] = faces.SETS, *, held_out: bool = False
) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """The faces of the sets as uint8[n, side, side], eyes level, and which of them yawn, bool[n].

    `held_out`: those of the persons that are kept out of training, to measure by, and no others.

    Raises:
        InputError: a set of whole pictures is missing or damaged.
    """
    pictures = faces.read(data, sets, held_out=held_out)
    seen = np.isfinite(pictures.five).all(axis=(1, 2)) & (pictures.presence >= faces.LEAST_PRESENCE)
    found, yawning = [], []
    for row in np.flatnonzero(seen):
        right, left, _, *mouth = pictures.five[row].astype(float)
        middle = tuple(np.mean(mouth, axis=0))
        face = Face(Box(*pictures.box[row].tolist()), tuple(right), tuple(left), middle, score=1.0)
        if face.eye_distance >= LEAST_EYE_DISTANCE:
            found.append(cut(pictures.images[row], emotion_square(face), side))
            yawning.append(pictures.yawning[row])
    return np.stack(found), np.array(yawning, bool)
