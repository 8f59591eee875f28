"""Crops that train-model mine collected and a person labelled, as further training images.

They are never measured on: recordings that were mined say nothing any more about a model that was trained on them.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.cameras.images import read_image
from edge.errors import InputError
from edge.vision.card import Dataset
from train.data.examples import Examples
from train.mining.folder import MANIFEST, read_manifest
from train.recipes import Recipe

FRAMED_AS = {"emotion": "fer2013", "eyes": "face"}
"""The source by which a crop is zoomed and balanced: those that are framed as mined crops are."""


def cited(recipe: Recipe) -> Recipe:
    """The recipe whose card names such crops among what it was trained on."""
    own = Dataset(name="crops mined from recordings", terms="the operator's own")
    return dataclasses.replace(recipe, datasets=(*recipe.datasets, own))


def read(folder: Path, recipe: Recipe, side: int) -> Examples:
    """The labelled crops of the recipe's task, uint8[n, side, side]; those without a label are left out.

    Args:
        folder: what `train-model mine --output` named.
        recipe: as it is trained.
        side: pixels, as the other training images have.

    Raises:
        InputError: there is no manifest, no labelled crop of this task, a label that does not fit, or a crop that
            cannot be read.
    """
    answers = recipe.labels + recipe.also
    rows = [(line, row) for line, row in enumerate(read_manifest(folder), 2) if row["task"] == recipe.task]
    labelled = [(line, row["file"], row["label"].strip().lower()) for line, row in rows if row["label"].strip()]
    if not labelled:
        raise InputError(
            f"{folder / MANIFEST}: none of its {len(rows)} crops for {recipe.task} has a label; write what is to be "
            f"seen into the column label: {', '.join(answers)}."
        )
    for line, _, label in labelled:
        if label not in answers:
            raise InputError(
                f"{folder / MANIFEST}: line {line}: '{label}' is no label of {recipe.task}; write one of "
                f"{', '.join(answers)}, or nothing."
            )
    images = np.stack([_crop(folder / file, side) for _, file, _ in labelled])
    number = np.array([answers.index(label) for _, _, label in labelled], np.int64)
    count = len(labelled)
    targets = np.eye(len(answers), dtype=np.float32)[number]
    return Examples(images, targets, np.ones(count, np.float32), {}, np.full(count, FRAMED_AS[recipe.task]))


def _crop(path: Path, side: int) -> NDArray[np.uint8]:
    try:
        image = read_image(path)
    except InputError:
        raise InputError(
            f"{path}: the crop is missing or damaged; mine the recording again, or take its row away."
        ) from None
    return np.asarray(cv2.resize(image, (side, side), interpolation=cv2.INTER_AREA), np.uint8)
