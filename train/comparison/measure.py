"""The figures of one classifier of the comparison, from its logits on the test images."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from train.calibrate import BINS, calibration_error, fit_temperature, softmax
from train.data import Examples
from train.evaluate import measure
from train.recipes import EMOTION, Recipe

Z = 1.959964
"""Of a 95 % interval."""


def recipe_for(classes: tuple[str, ...]) -> Recipe:
    """The record that the figures are made with: these classes and no other answer."""
    return dataclasses.replace(EMOTION, labels=classes, also=(), unsure=None, mirrored=False, thresholds={})


def wilson(share: float, count: int) -> tuple[float, float]:
    """The 95 % interval of a share of so many images (Wilson 1927)."""
    if count == 0:
        return 0.0, 1.0
    middle = (share + Z**2 / (2 * count)) / (1 + Z**2 / count)
    half = Z * math.sqrt(share * (1 - share) / count + Z**2 / (4 * count**2)) / (1 + Z**2 / count)
    return middle - half, middle + half


def temperature(logits: NDArray[np.float32], examples: Examples, reference: str) -> float:
    """Fitted on the validation, to the label set that the training is chosen by."""
    labels = examples.labels[reference]
    return fit_temperature(logits[labels >= 0], labels[labels >= 0])


def figures(
    classes: tuple[str, ...], examples: Examples, logits: NDArray[np.float32], temperature: float
) -> dict[str, Any]:
    """By label set what `evaluate.measure` gives, with `interval` (95 %), `calibration_error_raw`, and `reliability`:
    images, mean confidence and accuracy of each of 15 bins of confidence that holds any.
    """
    found: dict[str, Any] = measure(recipe_for(classes), examples, logits, temperature)["labels"]
    for name, part in found.items():
        labels = examples.labels[name]
        rows = labels >= 0
        truth, scaled = labels[rows], softmax(logits[rows] / temperature)
        part["interval"] = wilson(part["accuracy"], part["images"])
        part["calibration_error_raw"] = calibration_error(softmax(logits[rows]), truth)
        confidence, right = scaled.max(axis=1), scaled.argmax(axis=1) == truth
        bins = np.minimum((confidence * BINS).astype(int), BINS - 1)
        part["reliability"] = [
            [int((bins == b).sum()), float(confidence[bins == b].mean()), float(right[bins == b].mean())]
            for b in np.unique(bins)
        ]
    return found
