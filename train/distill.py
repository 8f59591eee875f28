"""What trained models answer, learned beside the labels (Hinton et al. 2015): a student of larger ones."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge.vision.crops import Square, cut, level
from train import data
from train.answers import answering
from train.calibrate import softmax
from train.data import Examples, scaled
from train.recipes import Recipe

SHARE = 0.7
"""The part of the teachers in the targets; the labels keep the rest."""


def taught(
    examples: Examples,
    recipe: Recipe,
    teachers: Sequence[Path],
    unlabelled: tuple[NDArray[np.uint8], NDArray[np.bool_]] | None = None,
) -> Examples:
    """The examples with the mean of the teachers' probabilities mixed into the targets.

    Teachers see each image framed in the middle of what the student meets, levelled as the vehicle levels it, and else
    unchanged: the student, who meets it dark, blurred or covered, learns to answer as if it were not. Teachers answer
    the recipe's labels, of its `taught` sources alone where it names some; what else training asks for keeps its
    targets, and its part of each image.

    Args:
        examples: what is trained on.
        recipe: of the student, which has the teachers' labels and input.
        teachers: `.keras` or `.tflite` files.
        unlabelled: faces uint8[n, h, w] that are added, and which of them yawn, bool[n]; of those that do not only the
            teachers say what they show.

    Raises:
        InputError: a teacher is missing, no such model, or one of another task, other labels or size.
    """
    if not teachers:
        return examples
    count = len(recipe.labels)
    targets = examples.targets.copy()
    rows = np.isin(examples.source, recipe.taught) if recipe.taught else np.ones(len(examples), bool)
    answers = _answers(examples.images[rows], examples.source[rows], recipe, teachers)
    mass = targets[rows, :count].sum(axis=1, keepdims=True)
    targets[rows, :count] = (1 - SHARE) * targets[rows, :count] + SHARE * mass * answers
    examples = dataclasses.replace(examples, targets=targets)
    if unlabelled is None:
        return examples
    faces, yawning = unlabelled
    theirs = np.zeros((len(faces), targets.shape[1]), np.float32)
    source = np.full(len(faces), data.unlabelled.SOURCE)
    theirs[:, :count] = _answers(faces, source, recipe, teachers)
    if recipe.unsure is not None:
        theirs[yawning] = np.eye(targets.shape[1], dtype=np.float32)[recipe.labels.index(recipe.unsure)]
    return examples.joined(Examples(faces, theirs, np.ones(len(faces), np.float32), {}, source))


def _answers(
    images: NDArray[np.uint8], sources: NDArray[np.str_], recipe: Recipe, teachers: Sequence[Path]
) -> NDArray[np.float32]:
    """The mean of the teachers' probabilities, float32[n, labels]."""
    zoom = {source: float(np.mean(reach)) for source, reach in recipe.augmentation.zoom.items()}
    framed = [_framed(image, zoom[source], recipe) for image, source in zip(images, sources, strict=True)]
    inputs = scaled(np.stack(framed), recipe.input)
    return np.mean([softmax(answering(teacher, recipe)(inputs)) for teacher in teachers], axis=0).astype(np.float32)


def _framed(image: NDArray[np.uint8], zoom: float, recipe: Recipe) -> NDArray[np.uint8]:
    middle = (len(image) - 1) / 2
    return level(cut(image, Square(middle, middle, zoom * len(image)), recipe.input.width))
