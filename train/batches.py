"""Augmented batches of one epoch; what they hold follows from seed, epoch and number alone."""

from __future__ import annotations

import keras
import numpy as np
from numpy.typing import NDArray

from train.augment import augment
from train.data import Examples, contours, scaled
from train.recipes import Recipe

Inputs = NDArray[np.float32] | tuple[NDArray[np.float32], ...]
Batch = tuple[Inputs, NDArray[np.float32], NDArray[np.float32]]


class Batches(keras.utils.PyDataset):
    """Inputs float32[b, h, w, 1], targets float32[b, classes], weights float32[b], made in a thread of their own.

    A network that reads points, too, gets them as a second input.
    A run that was interrupted goes on with exactly the batches that it would have had.
    """

    def __init__(self, examples: Examples, recipe: Recipe, *, seed: int, epoch: int) -> None:
        super().__init__(workers=1, use_multiprocessing=False, max_queue_size=8)
        self._examples, self._recipe, self._key = examples, recipe, (seed, epoch)
        self._order = self._draw()

    def _draw(self) -> NDArray[np.int64]:
        random = np.random.default_rng(self._key)
        if self._recipe.steps is None:
            return random.permutation(len(self._examples))
        kinds = self._examples.kinds()
        wanted = random.integers(0, kinds.max() + 1, self._recipe.steps * self._recipe.batch)
        order = np.empty(len(wanted), np.int64)
        for kind in range(kinds.max() + 1):
            members = np.flatnonzero(kinds == kind)
            order[wanted == kind] = random.choice(members, int((wanted == kind).sum()))
        return order

    def __len__(self) -> int:
        return max(1, len(self._order) // self._recipe.batch)  # the few images left over come another epoch

    def __getitem__(self, number: int) -> Batch:
        recipe = self._recipe
        chosen = self._order[number * recipe.batch : (number + 1) * recipe.batch]
        random = np.random.default_rng((*self._key, number))
        examples = self._examples
        size = (recipe.input.width, recipe.input.height)
        settled = recipe.settled is not None and self._key[1] >= int(recipe.settle_at * recipe.epochs)
        plan = recipe.settled if settled else recipe.augmentation
        images = augment(examples.images[chosen], examples.source[chosen], size, plan, random)
        inputs: Inputs = scaled(images, recipe.input)
        targets, weights = examples.targets[chosen], examples.weights[chosen]
        if examples.points is not None:
            inputs = (inputs, contours.varied(examples.points[chosen], random))
        return (inputs, targets, weights) if settled else mixed(inputs, targets, weights, recipe.mixup, random)


def mixed(
    inputs: Inputs,
    targets: NDArray[np.float32],
    weights: NDArray[np.float32],
    spread: float,
    random: np.random.Generator,
) -> Batch:
    """Every image with another one of the batch laid over it, and its target so, too (Zhang et al. 2018)."""
    if spread == 0:
        return inputs, targets, weights
    other = random.permutation(len(targets))
    share = random.beta(spread, spread, len(targets)).astype(np.float32)
    share = np.maximum(share, 1 - share)

    def mix(values: NDArray[np.float32]) -> NDArray[np.float32]:
        of = share.reshape(-1, *[1] * (values.ndim - 1))
        return (of * values + (1 - of) * values[other]).astype(np.float32)

    inputs = tuple(mix(each) for each in inputs) if isinstance(inputs, tuple) else mix(inputs)
    return inputs, mix(targets), mix(weights)
