"""What training knows of a model file's card; conversion adds what int8 made of it."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from edge.vision.card import ModelCard
from train.recipes import Recipe

VERSION = "1.0.0"
PACKAGES = ("driver-monitor", "keras", "tensorflow-cpu", "tensorflow", "torch", "numpy", "opencv-python-headless")

LAWYERS = "Whether weights trained on these sets may go into a commercial product is for the operator's lawyers."


def _versions() -> dict[str, str]:
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def summary(results: dict[str, Any]) -> dict[str, Any]:
    """The few figures of `evaluate.measure` that belong on a card: rounded, without confusion."""
    figures: dict[str, Any] = {"images": results["images"]}
    for name, label_set in results["labels"].items():
        figures[name] = {
            "images": label_set["images"],
            "accuracy": round(label_set["accuracy"], 4),
            "macro_f1": round(label_set["macro_f1"], 4),
            "calibration_error": round(label_set["calibration_error"], 4),
            "recall": {label: round(row["recall"], 4) for label, row in label_set["classes"].items()},
        }
    for name in ("auc", "closed_said", "hidden_said"):
        if name in results:
            figures[name] = {source: round(value, 4) for source, value in results[name].items()}
    return figures


def write_card(
    recipe: Recipe, *, temperature: float, results: dict[str, Any], commands: list[str], seed: int
) -> ModelCard:
    """The card of the float model; `results` as they shall stand on it."""
    return ModelCard(
        task=recipe.task,
        version=VERSION,
        labels=recipe.labels,
        input=recipe.input,
        temperature=temperature,
        thresholds=recipe.thresholds,
        datasets=recipe.datasets,
        results=results,
        source={"commands": commands, "versions": _versions(), "seed": seed, "terms": LAWYERS}
        | ({"points": True} if recipe.points else {}),
    )
