"""FER2013 with its own labels and the ten FER+ votes an image, four classes, no image in two places.

The set holds groups of byte-identical images, within splits and across them: an image of `Training` that also stands in
a test split would be learned by heart. So an image of a later split always wins: `PrivateTest` over `PublicTest` over
`Training`, and of equal images in one split the first stays.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from edge.cameras.images import read_image
from edge.errors import InputError
from train.data.examples import Examples

Split = Literal["Training", "PublicTest", "PrivateTest"]
SPLITS: tuple[Split, ...] = ("Training", "PublicTest", "PrivateTest")

CLASSES = ("happy", "neutral", "sad", "surprise")
LABELS = ("angry", "disgust", "fear", "happy", "neutral", "sad", "surprise")
VOTES = ("neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt", "unknown", "NF")
ANSWERS = (*CLASSES, "unknown", "anger", "disgust", "fear", "contempt")
"""What training asks for: the four classes first; the others keep it from learning that every face is one of four."""
VOTES_OF_ANSWER = {
    "happy": ("happiness",),
    "sad": ("sadness",),
    "unknown": ("unknown", "NF"),  # NF: no face
} | {name: (name,) for name in ("neutral", "surprise", "anger", "disgust", "fear", "contempt")}
LABEL_OF_ANSWER = {"anger": "angry"}
"""FER2013's name of an answer, where it has another; it knows neither unknown nor contempt."""

SIDE, TILES_A_ROW = 48, 32
TILES_A_MOSAIC = TILES_A_ROW * TILES_A_ROW

SHARPENING = 2.0
"""The power that vote shares are raised to before they are learned. What counts in the end is which answer most people
gave; where images that look alike have a narrow majority for sad or a wide one for neutral, plain shares hide sad."""

LEAST_WEIGHT = 0.4
"""An image none of whose votes lie in the four classes counts so much, one with all of them there counts 1."""


@dataclass(frozen=True)
class Index:
    """The rows of labels.csv: `split`, `label` str[n], `group` int64[n], `votes` int64[n, 10] in the order of VOTES."""

    split: NDArray[np.str_]
    label: NDArray[np.str_]
    group: NDArray[np.int64]
    votes: NDArray[np.int64]


def read_index(folder: Path) -> Index:
    """labels.csv of the folder.

    Raises:
        InputError: the file is missing, lacks a column, or names a split or label that there is not.
    """
    path = folder / "labels.csv"
    try:
        with path.open(newline="") as file:
            rows = list(csv.DictReader(file))
        votes = [[int(row[f"ferplus_{name}"] or 0) for name in VOTES] for row in rows]
        for line, row in enumerate(rows, start=2):
            for column, known in (("split", SPLITS), ("label", LABELS)):
                if row[column] not in known:
                    raise InputError(
                        f"{path}: line {line}: {column} '{row[column]}' is none of {', '.join(known)}; mend the row."
                    )
        return Index(
            split=np.array([row["split"] for row in rows]),
            label=np.array([row["label"] for row in rows]),
            group=np.array([int(row["duplicate_group"]) for row in rows], np.int64),
            votes=np.array(votes, np.int64).reshape(-1, len(VOTES)),
        )
    except OSError:
        raise InputError(f"{path}: there is no such file; --data must name the folder that holds fer2013/.") from None
    except (KeyError, ValueError) as error:
        raise InputError(f"{path}: the column or value {error} does not fit; see train/README.md.") from None


def read_images(folder: Path, count: int) -> NDArray[np.uint8]:
    """The first `count` tiles of the mosaics, uint8[count, 48, 48]."""
    images = np.empty((count, SIDE, SIDE), np.uint8)
    for number in range(-(-count // TILES_A_MOSAIC)):
        path = folder / f"{number:02d}.webp"
        try:
            mosaic = read_image(path)
        except InputError:
            mosaic = None
        if mosaic is None or mosaic.shape[1] != TILES_A_ROW * SIDE or mosaic.shape[0] % SIDE:
            raise InputError(f"{path}: this mosaic cannot be read; fetch the data set again.")
        tiles = mosaic.reshape(-1, SIDE, TILES_A_ROW, SIDE).swapaxes(1, 2).reshape(-1, SIDE, SIDE)
        first = number * TILES_A_MOSAIC
        wanted = min(TILES_A_MOSAIC, count - first)
        if len(tiles) < wanted:
            raise InputError(f"{path}: the mosaic has {len(tiles)} tiles, not {wanted}; fetch the data set again.")
        images[first : first + wanted] = tiles[:wanted]
    return images


def keep_first_of_latest_split(index: Index) -> NDArray[np.bool_]:
    """Mask bool[n]: one image of each group of identical ones, in the latest split that holds it."""
    rank = np.array([SPLITS.index(split) for split in index.split])
    order = np.lexsort((np.arange(len(rank)), -rank, index.group))
    first_of_group = np.ones(len(order), bool)
    first_of_group[1:] = index.group[order][1:] != index.group[order][:-1]
    keep = np.zeros(len(order), bool)
    keep[order[first_of_group]] = True
    return keep


def _targets(index: Index, votes: float) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Label and vote shares, mixed, over ANSWERS, float32[n, 9], and how much an image counts, float32[n]."""
    label = np.stack([index.label == LABEL_OF_ANSWER.get(name, name) for name in ANSWERS], axis=1).astype(np.float32)
    total = index.votes.sum(axis=1, keepdims=True)
    columns = [[VOTES.index(vote) for vote in VOTES_OF_ANSWER[name]] for name in ANSWERS]
    shares = np.stack([index.votes[:, of].sum(axis=1) for of in columns], axis=1) / np.maximum(total, 1)
    shares = shares**SHARPENING / np.maximum((shares**SHARPENING).sum(axis=1, keepdims=True), 1e-9)
    both = np.where(total > 0, (1 - votes) * label + votes * shares, label)
    weight = LEAST_WEIGHT + (1 - LEAST_WEIGHT) * both[:, : len(CLASSES)].sum(axis=1)
    return both.astype(np.float32), weight.astype(np.float32)


def hard_labels(index: Index, classes: Sequence[str], columns: Sequence[int]) -> dict[str, NDArray[np.int64]]:
    """FER2013's own label, and the answer with most FER+ votes among all ten (of a tie, the first in VOTES).

    int64[n], the number of the class or -1; the votes for a class stand in its column of `index.votes`.
    """
    own = np.full(len(index.label), -1, np.int64)
    majority = own.copy()
    winner, voted = index.votes.argmax(axis=1), index.votes.max(axis=1) > 0
    for number, (name, column) in enumerate(zip(classes, columns, strict=True)):
        own[index.label == name] = number
        majority[voted & (winner == column)] = number
    return {"ferplus": majority, "fer2013": own}


def read(data: Path, split: Split, votes: float = 0.5) -> Examples:
    """One split of `data`/fer2013, without duplicates and without any image of a later split.

    Training keeps every image; the two test splits keep those for which at least one of the two label sets names one
    of the four classes. `votes` is the part that the FER+ votes have in the targets, FER2013's label has the rest.

    Raises:
        InputError: a file is missing or does not fit.
    """
    folder = data / "fer2013"
    index = read_index(folder)
    targets, weight = _targets(index, votes)
    labels = hard_labels(index, CLASSES, [VOTES.index(VOTES_OF_ANSWER[name][0]) for name in CLASSES])
    labelled = (labels["ferplus"] >= 0) | (labels["fer2013"] >= 0)
    useful = labelled | (split == "Training")
    everything = Examples(
        read_images(folder, len(index.split)), targets, weight, labels, np.full(len(index.split), "fer2013")
    )
    return everything.take((index.split == split) & keep_first_of_latest_split(index) & useful)
