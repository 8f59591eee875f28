"""Patches that hold no face: what the tracker might hand over when it has lost the driver.

Places beside the faces of whole pictures, pieces of a face too small to be one, and drawn patterns; pictures of
persons held out for faces are held out here, too.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from train import light
from train.data import faces

SOURCE = "no_face"

MOST_SHARED = 0.12
"""Of a square beside a face: the largest part of it that the face's box may cover."""
PIECE = (0.12, 0.3)
"""Side of a piece of a face over the height of the face's box: a cheek, an ear, an eye, no expression."""
PATTERNS, PIECES = 0.15, 0.25
"""Shares of drawn patterns and of pieces; the rest lies beside."""


def read(data: Path, count: int, side: int, *, held_out: bool, seed: int) -> NDArray[np.uint8]:
    """`count` patches uint8[count, side, side]; the same seed gives the same patches.

    Raises:
        InputError: a set of whole pictures is missing or damaged.
    """
    pictures = faces.read(data, held_out=held_out)
    rows = np.flatnonzero(np.isfinite(pictures.box).all(axis=1) & ~pictures.several)
    random = np.random.default_rng(seed)
    patches = np.empty((count, side, side), np.uint8)
    for number in range(count):
        kind = random.random()
        if kind < PATTERNS:
            patches[number] = light.pattern((side, side), random)
            continue
        patch = None
        while patch is None:
            row = int(random.choice(rows))
            draw = _piece if kind < PATTERNS + PIECES else _beside
            patch = draw(pictures.images[row], pictures.box[row], random)
        patches[number] = cv2.resize(patch, (side, side), interpolation=cv2.INTER_AREA)
    return patches


def _piece(image: NDArray[np.uint8], box: NDArray[np.float32], random: Generator) -> NDArray[np.uint8] | None:
    side = random.uniform(*PIECE) * box[3]
    return _square(image, box[:2] + random.uniform(0, 1, 2) * (box[2:] - side), side)


def _beside(image: NDArray[np.uint8], box: NDArray[np.float32], random: Generator) -> NDArray[np.uint8] | None:
    """A square as large as faces are cut, somewhere in the picture; None where it would hold too much of the face."""
    height, width = image.shape
    side = np.exp(random.uniform(np.log(0.3), np.log(1.5))) * box[3]
    corner = random.uniform([0, 0], [max(1.0, width - side), max(1.0, height - side)])
    shared = np.minimum(corner + side, box[:2] + box[2:]) - np.maximum(corner, box[:2])
    if shared.min() > 0 and shared.prod() > MOST_SHARED * min(side**2, float(box[2:].prod())):
        return None
    return _square(image, corner, side)


def _square(image: NDArray[np.uint8], corner: NDArray[np.floating], side: float) -> NDArray[np.uint8] | None:
    x, y, length = int(corner[0]), int(corner[1]), int(side)
    if length < 12 or x < 0 or y < 0 or x + length > image.shape[1] or y + length > image.shape[0]:
        return None
    return image[y : y + length, x : x + length]
