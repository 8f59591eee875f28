"""Ready models in the comparison: a `.tflite` file with its card, or a `.keras` file with its card beside it."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from convert.package import card_beside
from edge.errors import InputError
from edge.vision.card import ModelCard, read_card
from edge.vision.tflite import TfliteModel
from train.comparison.data import Splits
from train.comparison.device import convert, look_into, samples
from train.data import scaled
from train.evaluate import scorer
from train.guards import room


def check(path: Path, classes: tuple[str, ...]) -> list[int]:
    """Which of the model's answers are the classes, in their order.

    Raises:
        InputError: the file or its card is missing, or a class is not among its answers.
        ConfigError: a `.tflite` file that is damaged or has no card.
    """
    labels = _card(path).labels
    missing = [name for name in classes if name not in labels]
    if missing:
        raise InputError(
            f"{path}: the model does not answer {', '.join(missing)}; compare it in other --classes, or leave it out."
        )
    return [labels.index(name) for name in classes]


def given(path: Path, splits: Splits, folder: Path) -> tuple[NDArray[np.float32], float, dict[str, Any]]:
    """Logits of the test images for the classes alone, float32[n, classes], the card's temperature, and what the model
    is on the device; a `.keras` file is copied to the folder and converted there.
    """
    columns, card = check(path, splits.classes), _card(path)
    with room(folder):
        folder.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".tflite":
        model = TfliteModel(path, "emotion")
        size = (card.input.height, card.input.width)
        pixels = splits.test.images
        if pixels.shape[1:] != size:
            whole = scaled(pixels, card.input.model_copy(update={"mean": 0.0, "std": 1.0}))[..., 0]
            pixels = np.clip(np.rint(whole), 0, 255).astype(np.uint8)
        logits = np.stack([model.run(image) for image in pixels])
        return logits[:, columns], card.temperature, look_into(path)
    logits = scorer(path)(scaled(splits.test.images, card.input))
    with room(folder):
        shutil.copyfile(path, folder / "model.keras")
    calibration, checked = (scaled(images, card.input) for images in samples(splits))
    device = convert(folder / "model.keras", card, calibration, checked)
    return logits[:, columns], card.temperature, device


def _card(path: Path) -> ModelCard:
    if not path.is_file():
        raise InputError(f"{path}: there is no such model file; name a .keras or .tflite file.")
    if path.suffix == ".tflite":
        return read_card(path)
    try:
        return ModelCard.model_validate_json(card_beside(path).read_bytes())
    except (OSError, ValidationError):
        raise InputError(
            f"{path}: there is no card.json beside it that says labels and input; train-model fit writes one."
        ) from None
