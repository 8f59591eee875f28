"""The two classifiers of the comparison that scikit-learn has: trained in one go, nothing of them becomes int8."""

from __future__ import annotations

import io
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import joblib
import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline

from train.architectures import classical
from train.comparison.data import Splits
from train.guards import room

TIMED = 50
"""Images whose answering is timed, one by one."""


@dataclass(frozen=True)
class Classical:
    """`validation`, `test`: logits float32[n, classes]; `images`: how many it learned from; `seconds`: how long.

    `device` has `bytes` (of the file, no int8), `median_ms`, `multiply_adds` (None for trees), `parameters`.
    """

    validation: NDArray[np.float32]
    test: NDArray[np.float32]
    images: int
    seconds: float
    device: dict[str, Any]


def fit(name: str, splits: Splits, folder: Path, seed: int) -> Classical:
    """Trains the classifier; a forest's importance map is drawn to `importance.png` in the folder.

    Raises:
        InputError: the folder cannot be written.
    """
    training = splits.training.part(classical.SHARE if name == "logistic_regression" else 1.0, seed)
    labels = training.targets.argmax(axis=1)
    if name == "logistic_regression":
        model = classical.logistic_regression(seed, min(classical.COMPONENTS, len(training) // 2))
    else:
        model = classical.random_forest(seed)
    started = time.monotonic()
    model.fit(training.images, labels)
    seconds = time.monotonic() - started
    file = io.BytesIO()
    joblib.dump(model, file)
    with room(folder):
        folder.mkdir(parents=True, exist_ok=True)
        if name == "random_forest":
            _draw_importance(classical.importance_map(model, training.images.shape[1:]), folder / "importance.png")
    if name == "random_forest":
        model[-1].n_jobs = 1  # for one image, starting threads takes longest
    device = {"bytes": file.tell(), "median_ms": _median_ms(model, splits.test.images), **_size(model)}
    return Classical(
        _logits(model, splits.validation.images), _logits(model, splits.test.images), len(training), seconds, device
    )


def _logits(model: Pipeline, images: NDArray[np.uint8]) -> NDArray[np.float32]:
    return np.log(np.maximum(model.predict_proba(images), 1e-4)).astype(np.float32)


def _median_ms(model: Pipeline, images: NDArray[np.uint8]) -> float:
    times = []
    for number in range(min(TIMED, len(images))):
        started = time.perf_counter()
        model.predict_proba(images[number : number + 1])
        times.append(time.perf_counter() - started)
    return float(np.median(times)) * 1000


def _size(model: Pipeline) -> dict[str, int | None]:
    last = model[-1]
    if hasattr(last, "estimators_"):  # a node holds a pixel and a threshold
        return {"multiply_adds": None, "parameters": 2 * sum(tree.tree_.node_count for tree in last.estimators_)}
    pixels, parts = model[1].scale_.size, model[2].components_.size
    return {
        "multiply_adds": pixels + parts + last.coef_.size,
        "parameters": 3 * pixels + parts + last.coef_.size + last.intercept_.size,  # mean, scale, mean once more
    }


def _draw_importance(importance: NDArray[np.float64], path: Path) -> None:
    figure = Figure(figsize=(4.2, 3.6), layout="constrained")
    axes = figure.subplots()
    shown = axes.imshow(importance * importance.size, cmap="magma")
    axes.set_title("random_forest: which pixels the trees ask")
    axes.set_xlabel("pixel")
    figure.colorbar(shown, label="importance, 1 = evenly spread")
    figure.savefig(path, dpi=110)
