"""Epochs in plain PyTorch: on a processor without a GPU the network's twin trains faster than Keras does.

The network stays defined in Keras; `train.places.twin` follows its layers. It is trained as `train.objective` has Keras
train: AdamW under a cosine with warm-up, cross-entropy.
"""

from __future__ import annotations

import copy
import math
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import keras
import numpy as np
import torch
from torch import nn
from torch.nn import functional
from tqdm import tqdm

from edge.errors import UserError
from train.batches import Batches
from train.checkpoint import Weights
from train.objective import CLIP
from train.places.loop import average_into, decay_groups
from train.places.twin import Twin
from train.recipes import Recipe

EPSILON = 1e-7
"""As Keras's AdamW has it."""


class _Variable:
    """A value of the optimizer, as a checkpoint reads and writes it."""

    def __init__(self, tensor: torch.Tensor) -> None:
        self._tensor = tensor

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return self._tensor.numpy().copy() if dtype is None else self._tensor.numpy().astype(dtype)

    def assign(self, value: np.ndarray) -> None:
        self._tensor.copy_(torch.from_numpy(np.asarray(value)))


class TorchEngine:
    """Trains a Keras network by its twin; `weights` are the moving average, in Keras's order.

    Args:
        network: functional, of convolutions, normalisation, ReLU, sums, an average and dense layers.
        recipe: with AdamW, cross-entropy and the cosine schedule.
        steps: batches of the whole training.
        seed: of what dropout leaves out.

    Raises:
        UserError: the recipe asks for something else, or the network has a layer without a twin.
    """

    def __init__(self, network: keras.Model, recipe: Recipe, steps: int, seed: int) -> None:
        asked = (recipe.optimizer, recipe.loss, recipe.schedule)
        if asked != ("adamw", "cross_entropy", "cosine") or recipe.points:
            raise UserError("--engine torch trains with adamw, cross_entropy and cosine; leave it out for others.")
        self._recipe, self._steps, self._seed = recipe, steps, seed
        try:
            self._twin = Twin(network).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        except ValueError as error:
            raise UserError(f"--engine torch cannot train this network ({error}); leave it out.") from None
        self._average = copy.deepcopy(self._twin).eval()
        groups = decay_groups(self._twin, recipe.weight_decay)
        self.optimizer = torch.optim.AdamW(groups, lr=recipe.learning_rate, eps=EPSILON)
        self.optimizer.variables = []  # type: ignore[attr-defined]  as Keras's have, for the checkpoint
        for parameter in self._twin.parameters():
            moments = [torch.zeros(()), torch.zeros_like(parameter), torch.zeros_like(parameter)]
            self.optimizer.state[parameter] = dict(zip(("step", "exp_avg", "exp_avg_sq"), moments, strict=True))
            self.optimizer.variables += map(_Variable, moments)  # type: ignore[attr-defined]

    @property
    def weights(self) -> Weights:
        return [value.copy() for value in self._average.give_back().get_weights()]

    def get_weights(self) -> Weights:
        return [value.copy() for value in self._twin.give_back().get_weights()]

    def set_weights(self, weights: Weights) -> None:
        _take(self._twin, weights)

    def begin(self, average: Weights) -> None:
        """Goes on from these averaged weights."""
        _take(self._average, average)

    def epoch(self, batches: Batches, number: int, verbose: str | int) -> float:
        """Trains the epoch of that number; gives its mean loss."""
        torch.manual_seed(hash((self._seed, number)))  # what dropout leaves out
        self._twin.train()
        total, count = 0.0, len(batches)
        told = f"epoch {number + 1}/{self._recipe.epochs}"
        # The next batch is made while this one is learned.
        with ThreadPoolExecutor(1) as maker, tqdm(total=count, desc=told, disable=None if verbose else True) as bar:
            coming = maker.submit(batches.__getitem__, 0)
            for place in range(count):
                batch = coming.result()
                if place + 1 < count:
                    coming = maker.submit(batches.__getitem__, place + 1)
                total += self._step(batch, number * count + place)
                bar.update()
        return total / count

    def _step(self, batch: Any, step: int) -> float:
        inputs, targets, weights = (torch.from_numpy(part) for part in batch)
        for group in self.optimizer.param_groups:
            group["lr"] = self._rate(step)
        images = inputs.permute(0, 3, 1, 2).to(memory_format=torch.channels_last)
        with torch.autocast("cpu", torch.bfloat16):
            logits = self._twin(images)
        each = functional.cross_entropy(
            logits.float(), targets, reduction="none", label_smoothing=self._recipe.label_smoothing
        )
        loss = (each * weights).mean()
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(self._twin.parameters(), CLIP)
        self.optimizer.step()
        average_into(self._average, self._twin, min(self._recipe.averaging, (2 + step) / (11 + step)))
        return float(loss.detach())

    def _rate(self, step: int) -> float:
        """As Keras's CosineDecay: up in a line from 0, down to 0 as half a cosine."""
        warm_up = int(self._recipe.warm_up * self._steps)
        if step < warm_up:
            return self._recipe.learning_rate * step / warm_up
        share = min(1.0, (step - warm_up) / max(1, self._steps - warm_up))
        return self._recipe.learning_rate * 0.5 * (1 + math.cos(math.pi * share))


def _take(twin: Twin, weights: Weights) -> None:
    twin.network[0].set_weights(weights)
    twin.take()
