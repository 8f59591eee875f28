"""What every reader gives: images, what the model should answer for each, and which of them belong together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Examples:
    """Images of one size with their answers.

    `images` uint8[n, height, width]; `targets` float32[n, classes], each row sums to 1; `weights` float32[n], how much
    an image counts in the loss; `labels`: sets of hard labels by name, int64[n], -1 where that set has none for an
    image; `source`: str[n], the set an image came from, within which classes are balanced; `points`: float32[n, 127]
    where a network reads contours beside the pixels (`train.data.contours`), else None.
    """

    images: NDArray[np.uint8]
    targets: NDArray[np.float32]
    weights: NDArray[np.float32]
    labels: Mapping[str, NDArray[np.int64]]
    source: NDArray[np.str_] = field(repr=False)
    points: NDArray[np.float32] | None = None

    def __len__(self) -> int:
        return len(self.images)

    def take(self, which: NDArray[np.bool_] | NDArray[np.int64]) -> Examples:
        """The chosen images, by mask or by index."""
        labels = {name: values[which] for name, values in self.labels.items()}
        points = None if self.points is None else self.points[which]
        return Examples(
            self.images[which], self.targets[which], self.weights[which], labels, self.source[which], points
        )

    def part(self, share: float, seed: int) -> Examples:
        """That share of every kind of the images, at least one of each; the same seed gives the same ones."""
        if share >= 1:
            return self
        random, kinds = np.random.default_rng(seed), self.kinds()
        members = (random.permutation(np.flatnonzero(kinds == kind)) for kind in range(kinds.max() + 1))
        return self.take(np.sort(np.concatenate([each[: max(1, round(share * len(each)))] for each in members])))

    def joined(self, other: Examples) -> Examples:
        """These and the other ones, without points; a label set that one of them lacks is -1 there."""
        labels = {
            name: np.concatenate([part.labels.get(name, np.full(len(part), -1, np.int64)) for part in (self, other)])
            for name in {**self.labels, **other.labels}
        }
        return Examples(
            np.concatenate([self.images, other.images]),
            np.concatenate([self.targets, other.targets]),
            np.concatenate([self.weights, other.weights]),
            labels,
            np.concatenate([self.source, other.source]),
        )

    def kinds(self) -> NDArray[np.int64]:
        """A number int64[n] for each pair of source and likeliest class that occurs, to balance them by."""
        sources = np.unique(self.source, return_inverse=True)[1]
        classes = self.targets.shape[1]
        pairs = sources * classes + self.targets.argmax(axis=1)
        return np.unique(pairs, return_inverse=True)[1].astype(np.int64)
