"""What a network of the comparison is shown: resized, scaled, and moved where its report says so."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from train.comparison.recipes import Moves, Report
from train.data import Examples

Batch = tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]
CHUNK = 64


def inputs_of(images: NDArray[np.uint8], report: Report) -> NDArray[np.float32]:
    """Images uint8[n, h, w] as inputs float32[n, side, side, 1]."""
    size = (report.side, report.side)
    if images.shape[1:] != size:
        images = np.stack([cv2.resize(image, size, interpolation=cv2.INTER_LINEAR) for image in images])
    return images[..., None].astype(np.float32) / np.float32(report.std)


def moved(image: NDArray[np.uint8], side: int, moves: Moves, random: np.random.Generator) -> NDArray[np.uint8]:
    """The image uint8[side, side] rotated, shifted, zoomed, sheared and mirrored at random, its border drawn out."""
    angle = np.deg2rad(random.uniform(-moves.rotation, moves.rotation))
    zoom = random.uniform(1 - moves.zoom, 1 + moves.zoom) * len(image) / side
    cos, sin = np.cos(angle) * zoom, np.sin(angle) * zoom
    shear = np.array([[1.0, random.uniform(-moves.shear, moves.shear)], [0.0, 1.0]])
    linear = np.array([[cos, -sin], [sin, cos]]) @ shear @ np.diag([random.choice((-1.0, 1.0)), 1.0])
    centre = (len(image) - 1) / 2 + random.uniform(-moves.shift, moves.shift, 2) * len(image)
    offset = centre - linear @ np.full(2, (side - 1) / 2)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    matrix = np.hstack([linear, offset[:, None]])
    changed = cv2.warpAffine(image, matrix, (side, side), flags=flags, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(changed, np.uint8)


class Epoch:
    """The batches of one epoch; what they hold follows from seed, epoch and number alone."""

    def __init__(self, examples: Examples, report: Report, *, seed: int, epoch: int) -> None:
        self._examples, self._report, self._key = examples, report, (seed, epoch)
        self._order = np.random.default_rng(self._key).permutation(len(examples))
        self._weights = examples.weights * (_balance(examples) if report.balanced else 1)

    def __len__(self) -> int:
        return max(1, len(self._order) // self._report.batch)  # the few images left over come another epoch

    def __getitem__(self, number: int) -> Batch:
        report, examples = self._report, self._examples
        chosen = self._order[number * report.batch : (number + 1) * report.batch]
        images = examples.images[chosen]
        if report.moves:
            random = np.random.default_rng((*self._key, number))
            images = np.stack([moved(image, report.side, report.moves, random) for image in images])
        return inputs_of(images, report), examples.targets[chosen], self._weights[chosen].astype(np.float32)


def _balance(examples: Examples) -> NDArray[np.float32]:
    """A factor for each image by which its class counts as much as any other, 1 on average."""
    kinds = examples.targets.argmax(axis=1)
    counts = np.bincount(kinds)
    factor = np.where(counts > 0, len(kinds) / (np.count_nonzero(counts) * np.maximum(counts, 1)), 0)
    return np.asarray(factor[kinds], np.float32)


def answers(
    predict: Callable[[NDArray[np.float32]], NDArray[np.float32]],
    images: NDArray[np.uint8],
    report: Report,
    told: Callable[[float], None] = lambda _: None,
) -> NDArray[np.float32]:
    """Logits float32[n, classes], a few images at a time; `told` hears the share that is done."""
    parts = []
    for first in range(0, len(images), CHUNK):
        chunk = images[first : first + CHUNK]
        few = CHUNK - len(chunk)  # one size for all, so that nothing is traced anew for the last ones
        filled = np.concatenate([chunk, np.repeat(chunk[-1:], few, axis=0)]) if few else chunk
        parts.append(np.asarray(predict(inputs_of(filled, report)), np.float32)[: len(chunk)])
        told(min(1.0, (first + CHUNK) / len(images)))
    return np.concatenate(parts)
