"""One's own images of faces, `FOLDER/<label>/*.png|jpg`: cut as the vehicle cuts a face, of any size, grey or not.

A tenth of them is kept out for validation and another for the test, by a hash of the file's name alone: it stays the
same when images are added, and images of one name go together. Images of one person, or of one film, should therefore
not be spread over many names; nothing here can know who is on them. Of identical images one stays, and none where
their labels contradict each other.
"""

from __future__ import annotations

import dataclasses
import hashlib
import logging
import os
from collections.abc import Mapping
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.cameras.images import read_image
from edge.errors import InputError
from edge.vision.card import Dataset
from train.data import no_faces
from train.data.examples import Examples
from train.data.fer2013 import LEAST_WEIGHT
from train.recipes import Augmentation, Recipe

log = logging.getLogger(__name__)

SOURCE = "own"
"""The source and the label set of such images."""

SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".webp"})
VALIDATION, TEST = 3, 7
"""The tenths that are kept out."""
MOST_UNREADABLE = 0.01
"""Of all images: so many may be damaged and are left out; more, and something is wrong with the folder."""
NAMED = 5
"""Images that a message names at most."""

OTHER_NAMES = {"angry": "anger", "happiness": "happy", "sadness": "sad"}
"""FER2013's and FER+'s names of answers that are called otherwise here."""


def tenth(name: str) -> int:
    """A tenth that follows from the name alone, on every machine, also of names that are numbers in a row."""
    return int.from_bytes(hashlib.sha256(name.encode(errors="surrogateescape")).digest()[:4], "big") % 10


def _labels(folder: Path, recipe: Recipe) -> dict[str, list[Path]]:
    """The image files of each label that has a folder, in the order of their names."""
    answers = recipe.labels + recipe.also
    if not folder.is_dir():
        raise InputError(f"{folder}: there is no such folder; --images must name one that holds a folder a label.")
    files: dict[str, list[Path]] = {}
    for place in sorted(part for part in folder.iterdir() if part.is_dir() and not part.name.startswith(".")):
        label = OTHER_NAMES.get(place.name.lower(), place.name.lower())
        if label not in answers:
            raise InputError(f"{place}: '{place.name}' is no label; name the folder one of: {', '.join(answers)}.")
        found = sorted(path for path in place.iterdir() if path.suffix.lower() in SUFFIXES)
        files.setdefault(label, []).extend(found)
    if not any(files.values()):
        raise InputError(f"{folder}: there is no image in it; put them into a folder a label: {', '.join(answers)}.")
    return files


def _square(path: Path, side: int) -> NDArray[np.uint8] | None:
    """The middle of the image, uint8[side, side]; None where it cannot be read."""
    # Not cv2.imread: a name that is not UTF-8 ends the process there, and a JPEG cut short gets a grey rest.
    try:
        image = read_image(path)
    except InputError:
        return None
    height, width = image.shape
    length = min(height, width)
    top, left = (height - length) // 2, (width - length) // 2
    how = cv2.INTER_AREA if length > side else cv2.INTER_LINEAR
    cut = image[top : top + length, left : left + length]
    return np.asarray(cv2.resize(cut, (side, side), interpolation=how), np.uint8)


def _readable(files: Mapping[str, list[Path]], folder: Path, side: int) -> list[tuple[str, str, NDArray[np.uint8]]]:
    """Label, name and image of each file; what cannot be read is named, counted and left out."""
    read, damaged = [], []
    for label, paths in files.items():
        for path in paths:
            image = _square(path, side)
            if image is None:
                # bytes that are not UTF-8 as \xNN: a log or a terminal may refuse them
                damaged.append(os.fsencode(path.relative_to(folder)).decode(errors="backslashreplace"))
            else:
                read.append((label, path.stem, image))
    if damaged:
        total = len(read) + len(damaged)
        names = ", ".join(damaged[:NAMED]) + (", ..." if len(damaged) > NAMED else "")
        if len(damaged) > MOST_UNREADABLE * total:
            raise InputError(
                f"{folder}: {len(damaged)} of {total} images cannot be read ({names}), more than "
                f"{MOST_UNREADABLE:.0%}; mend or delete them."
            )
        log.warning("%s: left out %d of %d images, which cannot be read: %s", folder, len(damaged), total, names)
    return read


def _unlike(read: list[tuple[str, str, NDArray[np.uint8]]], folder: Path) -> list[tuple[str, str, NDArray[np.uint8]]]:
    """One of each group of identical images; none of a group with several labels."""
    groups: dict[bytes, list[int]] = {}
    for number, (_, _, image) in enumerate(read):
        groups.setdefault(hashlib.sha256(image.tobytes()).digest(), []).append(number)
    kept = [group[0] for group in groups.values() if len({read[number][0] for number in group}) == 1]
    contradicting = len(groups) - len(kept)
    if dropped := len(read) - len(kept):
        text = "%s: left out %d identical images; the labels of %d groups of them contradict each other"
        log.warning(text, folder, dropped, contradicting)
    if not kept:
        raise InputError(
            f"{folder}: every image in it also stands under another label; keep each under the one that is right."
        )
    return [read[number] for number in kept]


def recipe_for(recipe: Recipe, folder: Path) -> Recipe:
    """The recipe for what the folder holds: only its labels are asked beyond the four classes, and it alone is cited.

    Raises:
        InputError: the folder is missing, empty, or holds a label that does not fit.
    """
    present = _labels(folder, recipe)
    labels = tuple(label for label in recipe.labels if label != recipe.unsure or label in present)

    def zoomed(plan: Augmentation) -> Augmentation:
        return dataclasses.replace(plan, zoom=plan.zoom | {SOURCE: plan.zoom["fer2013"]})

    return dataclasses.replace(
        recipe,
        labels=labels,
        also=tuple(label for label in recipe.also if label in present),
        unsure=recipe.unsure if recipe.unsure in present else None,
        thresholds={label: value for label, value in recipe.thresholds.items() if label in labels},
        reference=SOURCE,
        datasets=(Dataset(name="own images", terms="the operator's own"),),
        augmentation=zoomed(recipe.augmentation),
        settled=recipe.settled and zoomed(recipe.settled),
    )


def read(folder: Path, recipe: Recipe) -> dict[str, Examples]:
    """`training`, `validation` and `test`, in the size of the recipe's input.

    Args:
        folder: holds a folder a label.
        recipe: as `recipe_for` made it.

    Raises:
        InputError: the folder is missing or empty, a label does not fit, over 1 % of the images cannot be read, none
            stands under one label alone, or no image of a class falls to a part that is kept out.
    """
    found = _unlike(_readable(_labels(folder, recipe), folder, recipe.input.width), folder)
    answers = recipe.labels + recipe.also
    number = np.array([answers.index(label) for label, _, _ in found], np.int64)
    own = np.where(np.isin(number, [answers.index(label) for label in recipe.classes]), number, -1)
    everything = Examples(
        np.stack([image for _, _, image in found]),
        np.eye(len(answers), dtype=np.float32)[number],
        np.where(number < len(recipe.labels), 1.0, LEAST_WEIGHT).astype(np.float32),
        {SOURCE: own},
        np.where([label == recipe.unsure for label, _, _ in found], no_faces.SOURCE, SOURCE),
    )
    tenths = np.array([tenth(name) for _, name, _ in found])
    answered = number < len(recipe.labels)
    parts = {
        "training": everything.take((tenths != VALIDATION) & (tenths != TEST)),
        "validation": everything.take((tenths == VALIDATION) & answered),
        "test": everything.take((tenths == TEST) & answered),
    }
    for part in ("validation", "test"):
        there = set(parts[part].targets.argmax(axis=1).tolist())
        missing = [label for place, label in enumerate(recipe.labels) if place not in there]
        if missing:
            raise InputError(
                f"{folder}: no image of {', '.join(missing)} falls to the tenth kept out for {part}; add some, about "
                "50 a label are enough."
            )
    return parts
