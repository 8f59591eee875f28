"""What training asks of a network: loss, optimizer, learning rate, when to end, which classes count more.

With the recipe's defaults: AdamW under a cosine with warm-up, cross-entropy, every image as its reader weighs it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from train.data import Examples
from train.recipes import Recipe

CLIP = 5.0
"""The largest norm of all gradients together."""

FOCUS = 2.0
"""Focal loss: the power of 1 - p that an answer of probability p counts with (gamma of Lin et al. 2017)."""

MOMENTUM = 0.9

PLATEAU = (0.5, 3)
"""The factor for the learning rate, and after how many epochs without a better validation."""


def compile_for(model: keras.Model, recipe: Recipe, steps: int) -> None:
    """Compiles the network for so many steps in all."""
    rate: float | keras.optimizers.schedules.LearningRateSchedule = recipe.learning_rate
    if recipe.schedule == "cosine":
        warm_up = int(recipe.warm_up * steps)
        rate = keras.optimizers.schedules.CosineDecay(
            initial_learning_rate=0.0,
            decay_steps=max(1, steps - warm_up),
            warmup_target=recipe.learning_rate,
            warmup_steps=warm_up,
        )
    optimizer = _optimizer(recipe, rate)
    optimizer.build(model.trainable_variables)
    # Compiling ahead (XLA) makes convolutions on a processor slower, not faster.
    model.compile(optimizer, _loss(recipe), weighted_metrics=[], jit_compile=False)


def _optimizer(recipe: Recipe, rate: float | keras.optimizers.schedules.LearningRateSchedule) -> keras.Optimizer:
    if recipe.optimizer == "adam":
        return keras.optimizers.Adam(rate, global_clipnorm=CLIP)
    if recipe.optimizer == "sgd":
        return keras.optimizers.SGD(rate, momentum=MOMENTUM, nesterov=True, global_clipnorm=CLIP)
    optimizer = keras.optimizers.AdamW(rate, weight_decay=recipe.weight_decay, global_clipnorm=CLIP)
    optimizer.exclude_from_weight_decay(var_names=["gamma", "beta", "bias"])
    return optimizer


def _loss(recipe: Recipe) -> keras.Loss:
    if recipe.loss == "focal":
        return keras.losses.CategoricalFocalCrossentropy(
            alpha=1.0, gamma=FOCUS, from_logits=True, label_smoothing=recipe.label_smoothing
        )
    return keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=recipe.label_smoothing)


def plateau(values: Sequence[float]) -> float:
    """The factor for the learning rate after epochs that were validated so; it follows from them alone."""
    factor, patience = PLATEAU
    best, waited, rate = float("-inf"), 0, 1.0
    for value in values:
        best, waited = (value, 0) if value > best else (best, waited + 1)
        if waited == patience:
            rate, waited = rate * factor, 0
    return rate


def begin_epoch(optimizer: Any, recipe: Recipe, values: Sequence[float]) -> None:
    """Sets the learning rate that the validations so far ask for."""
    if recipe.schedule == "plateau":
        optimizer.learning_rate = recipe.learning_rate * plateau(values)


def ended(recipe: Recipe, values: Sequence[float]) -> bool:
    """Whether the best validation lies further back than the recipe has patience for."""
    return bool(recipe.patience and values) and len(values) - 1 - int(np.argmax(values)) >= (recipe.patience or 0)


def weighted(examples: Examples, recipe: Recipe) -> Examples:
    """The examples with each label of the recipe counting as much as any other, where the recipe asks for that.

    What an image counts is multiplied by the mean of its targets' factors; further answers that training asks for keep
    theirs. A factor is the mean part of all labels over the part of this one.
    """
    if recipe.class_weights == "none":
        return examples
    part = (examples.targets * examples.weights[:, None]).sum(axis=0)
    labels = len(recipe.labels)
    factors = np.ones(len(part), np.float32)
    factors[:labels] = part[:labels].mean() / np.maximum(part[:labels], 1e-6)
    weights = (examples.weights * (examples.targets @ factors)).astype(np.float32)
    return dataclasses.replace(examples, weights=weights)
