"""FER2013 in four, five or seven classes, for the comparison: the same deduplicated splits for every classifier."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge.errors import InputError
from train.data import Examples, fer2013

CLASSES = {
    4: fer2013.CLASSES,
    5: ("angry", "fear", "happy", "sad", "surprise"),
    7: ("angry", "disgust", "fear", "happy", "neutral", "sad", "surprise"),
}
VOTE = {"angry": "anger", "happy": "happiness", "sad": "sadness"}
"""FER+'s name of a class, where it has another than FER2013."""


@dataclass(frozen=True)
class Splits:
    """Images uint8[n, 48, 48] with labels `fer2013` and `ferplus` (the majority of all ten votes), -1 for another
    class. What is trained on has targets; what is measured has a label in at least one of the two sets.
    """

    classes: tuple[str, ...]
    training: Examples
    validation: Examples
    test: Examples


def read(data: Path, count: int, votes: float) -> Splits:
    """The splits of `data`/fer2013 in 4, 5 or 7 classes.

    `votes` is the part that the FER+ votes have in the targets; at 0 an image is trained on if FER2013 has it in one of
    the classes, else it counts by the part of its target that lies in them.

    Raises:
        InputError: a file is missing or does not fit, or a class has no image.
    """
    classes = CLASSES[count]
    folder = data / "fer2013"
    index = fer2013.read_index(folder)
    images = fer2013.read_images(folder, len(index.split))
    kept = fer2013.keep_first_of_latest_split(index)
    columns = [fer2013.VOTES.index(VOTE.get(name, name)) for name in classes]
    labels = fer2013.hard_labels(index, classes, columns)
    label = np.stack([index.label == name for name in classes], axis=1).astype(np.float32)
    total = index.votes.sum(axis=1, keepdims=True)
    shares = (index.votes[:, columns] / np.maximum(total, 1)).astype(np.float32)
    mixed = np.where(total > 0, (1 - votes) * label + votes * shares, label).astype(np.float32)
    mass = mixed.sum(axis=1)
    targets = mixed / np.maximum(mass[:, None], 1e-6)
    everything = Examples(images, targets, mass, labels, np.full(len(images), "fer2013"))
    labelled = (labels["ferplus"] >= 0) | (labels["fer2013"] >= 0)

    def part(split: str, useful: NDArray[np.bool_]) -> Examples:
        return everything.take((index.split == split) & kept & useful)

    splits = Splits(classes, part("Training", mass > 0), part("PublicTest", labelled), part("PrivateTest", labelled))
    for name, examples in (("Training", splits.training), ("PublicTest", splits.validation)):
        found = np.bincount(examples.targets.argmax(axis=1), minlength=count)
        if len(examples) == 0 or (found == 0).any():
            missing = [classes[number] for number in np.flatnonzero(found == 0)]
            raise InputError(f"{folder}: {name} has no image of {', '.join(missing)}; check labels.csv.")
    return splits
