"""How well logits answer examples: accuracy, per-class figures, confusion, calibration, and AUC for two classes."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import confusion_matrix, precision_recall_fscore_support, roc_auc_score

from convert.network import require_sound
from convert.quiet import quiet
from edge.errors import InputError
from edge.vision.card import Task
from train.calibrate import calibration_error, softmax
from train.data import Examples
from train.recipes import Recipe

Scorer = Callable[[Any], NDArray[np.float32]]
"""Inputs float32[n, h, w, c] to logits float32[n, classes]; of a network that reads points, too, the list of both."""


def _share(of: NDArray[np.bool_]) -> float:
    return float(of.mean()) if len(of) else 0.0


def _figures(recipe: Recipe, truth: NDArray[np.int64], probabilities: NDArray[np.float64]) -> dict[str, Any]:
    answer = probabilities.argmax(axis=1)
    numbers = list(range(len(recipe.classes)))
    precision, recall, f1, count = precision_recall_fscore_support(truth, answer, labels=numbers, zero_division=0.0)
    classes = {
        name: {"precision": float(p), "recall": float(r), "f1": float(f), "images": int(n)}
        for name, p, r, f, n in zip(recipe.classes, precision, recall, f1, count, strict=True)
    }
    for name, above in recipe.thresholds.items():
        if name in recipe.classes:
            called = probabilities[:, recipe.classes.index(name)] > above
            is_it = truth == recipe.classes.index(name)
            classes[name] |= {
                "threshold": above,
                "recall_above": _share(called[is_it]),
                "false_above": _share(called[~is_it]),
            }
    return {
        "images": len(truth),
        "accuracy": float((answer == truth).mean()),
        "macro_f1": float(np.mean(f1)),
        "calibration_error": calibration_error(probabilities, truth),
        "classes": classes,
        "confusion": confusion_matrix(truth, answer, labels=numbers).tolist(),
    }


def measure(
    recipe: Recipe, examples: Examples, logits: NDArray[np.float32], temperature: float = 1.0
) -> dict[str, Any]:
    """Figures for each label set, from logits float32[n, classes]; for eyes the AUC of each source as well.

    `unknown` has the shares of faces and of patches without a face that the answer unknown is given to.

    `auc` tells closed from open by their logits' difference, `auc_not_visible` not visible from both; `closed_said` is
    the share of eyes that cannot be seen that would be called closed, `hidden_said` of those that can, not visible.
    A class with a threshold has `recall_above` and `false_above` it: shares of its images and of all others whose
    probability is higher. `confusion` has the truth in rows; `loss` is the weighted cross-entropy against the targets.
    """
    everything = softmax(logits / temperature)
    targets = examples.targets[:, : logits.shape[1]]  # of those that the model learned, what it answers
    targets = targets / np.maximum(targets.sum(axis=1, keepdims=True), 1e-6)
    entropy = -(targets * np.log(np.maximum(everything, 1e-9))).sum(axis=1)
    # An unsure answer is a question of its own: the classes are told apart among themselves.
    probabilities = softmax(logits[:, : len(recipe.classes)] / temperature)
    results: dict[str, Any] = {
        "images": len(examples),
        "temperature": temperature,
        "loss": float(np.average(entropy, weights=examples.weights)),
        "labels": {
            name: _figures(recipe, labels[labels >= 0], probabilities[labels >= 0])
            for name, labels in examples.labels.items()
        },
    }
    if recipe.unsure == "unknown" and logits.shape[1] > len(recipe.classes):
        unknown = everything[:, recipe.labels.index("unknown")] > recipe.thresholds["unknown"]
        face = examples.source != "no_face"
        results["unknown"] = {
            "faces": float(unknown[face].mean()),
            "no_faces": float(unknown[~face].mean()),
        }
    if recipe.task == "eyes":
        results |= _eyes(examples.labels[recipe.reference], examples.source, logits, probabilities, recipe)
    return results


def _eyes(
    truth: NDArray[np.int64],
    source: NDArray[np.str_],
    logits: NDArray[np.float32],
    probabilities: NDArray[np.float64],
    recipe: Recipe,
) -> dict[str, Any]:
    hidden = truth == 2
    auc = {
        str(name): float(roc_auc_score(truth[rows], (logits[:, 1] - logits[:, 0])[rows]))
        for name in np.unique(source[~hidden])
        if (rows := (source == name) & ~hidden).any()
    }
    if logits.shape[1] == 2:  # a model that only knows open and closed
        return {"auc": auc}
    none = probabilities[:, 2] > recipe.thresholds["not_visible"]
    closed = ~none & (logits[:, 1] > logits[:, 0])
    return {
        "auc": auc,
        "auc_not_visible": float(roc_auc_score(hidden, logits[:, 2] - np.logaddexp(logits[:, 0], logits[:, 1]))),
        "closed_said": {
            str(name): float(closed[hidden & (source == name)].mean()) for name in np.unique(source[hidden])
        },
        "hidden_said": {
            str(name): float(none[~hidden & (source == name)].mean()) for name in np.unique(source[~hidden])
        },
    }


def choice(results: dict[str, Any], votes: float = 0.5) -> float:
    """The one number that epochs are chosen by: of eyes the mean of all AUCs, else the accuracies of the two label
    sets, of which the one of FER+ counts as much as its votes do in training; of one's own images their accuracy.
    """
    if "auc" in results:
        hidden = [results["auc_not_visible"]] if "auc_not_visible" in results else []
        return float(np.mean([*results["auc"].values(), *hidden]))
    if set(results["labels"]) == {"own"}:
        return float(results["labels"]["own"]["accuracy"])
    ferplus, fer2013 = (results["labels"][name]["accuracy"] for name in ("ferplus", "fer2013"))
    return float(votes * ferplus + (1 - votes) * fer2013)


def load(path: Path) -> Any:
    """The keras.Model of a `.keras` file.

    Raises:
        InputError: it cannot be loaded.
    """
    with quiet():
        import keras  # slow to import, and not needed for a model that was converted

        try:
            require_sound(path)
            return keras.saving.load_model(path, compile=False)
        # what a damaged archive raises at its many places
        except (ValueError, OSError, TypeError, KeyError, AttributeError, BadZipFile, zlib.error) as error:
            reason = (str(error).strip() or type(error).__name__).splitlines()[0]
            raise InputError(f"{path}: this Keras model cannot be loaded ({reason}); train it anew.") from None


def scorer(path: Path, task: Task | None = None) -> Scorer:
    """The model of a `.keras` or `.tflite` file as a function; a `.tflite` must be for the task.

    Raises:
        InputError: the file is missing, of another kind, or no such model.
    """
    if not path.is_file():
        raise InputError(f"{path}: there is no such model file; train one with train-model fit.")
    if path.suffix == ".keras":
        model = load(path)
        return lambda inputs: np.asarray(model.predict(inputs, batch_size=256, verbose=0), np.float32)
    if path.suffix == ".tflite":
        from edge.vision.tflite import TfliteModel

        tflite = TfliteModel(path, task)
        spec = tflite.card.input

        def score(inputs: NDArray[np.float32]) -> NDArray[np.float32]:
            pixels = np.clip(np.rint(inputs * spec.std + spec.mean), 0, 255).astype(np.uint8)
            return np.stack([tflite.run(image) for image in pixels])

        return score
    raise InputError(f"{path}: a model is a .keras or a .tflite file; name one of those.")
