"""Turning logits into probabilities that mean what they say: one temperature (Guo et al. 2017)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

TEMPERATURES = np.geomspace(0.25, 4.0, 321)
BINS = 15


def softmax(logits: NDArray[np.floating]) -> NDArray[np.float64]:
    """Logits [n, classes] as probabilities float64[n, classes]."""
    powers = np.exp(logits.astype(np.float64) - logits.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True), np.float64)


def fit_temperature(logits: NDArray[np.float32], labels: NDArray[np.int64]) -> float:
    """The temperature by which the logits float32[n, classes] are least surprised by the labels int64[n]."""
    rows = np.arange(len(labels))
    surprise = [-np.log(np.maximum(softmax(logits / t)[rows, labels], 1e-12)).mean() for t in TEMPERATURES]
    return round(float(TEMPERATURES[int(np.argmin(surprise))]), 4)


def calibration_error(probabilities: NDArray[np.float64], labels: NDArray[np.int64]) -> float:
    """Expected calibration error: mean distance of confidence and accuracy over 15 equal bins, weighted by images."""
    confidence, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == labels
    bins = np.minimum((confidence * BINS).astype(int), BINS - 1)
    gaps = [abs(right[bins == b].mean() - confidence[bins == b].mean()) * (bins == b).mean() for b in np.unique(bins)]
    return float(np.sum(gaps))
