"""Trained models as they are used again: held against what they are asked, their answers in the recipe's order."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from edge.errors import InputError
from edge.vision.card import ModelCard, read_card
from train.evaluate import Scorer, scorer
from train.recipes import Recipe, recipe_of


def card_of(model: Path | None) -> ModelCard | None:
    """The card in a `.tflite`, or beside a `.keras`, where there is one.

    Raises:
        InputError: the file beside it is no card.
    """
    if model is None or not model.is_file():
        return None
    if model.suffix == ".tflite":
        return read_card(model)
    beside = model.parent / "card.json"
    try:
        return ModelCard.model_validate_json(beside.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValidationError):
        raise InputError(f"{beside}: this is no card of a model; put the run's own there, or take it away.") from None


def answering(path: Path, recipe: Recipe) -> Scorer:
    """The model of a file as a function from inputs to logits of the recipe's labels, float32[n, labels].

    A model that knows fewer of them, the first ones in order, gives these. Without a card it is taken for one of the
    task's own labels where it gives so many answers, else for one of the recipe's.

    Raises:
        InputError: there is no such model, or it is one of another task, other labels, or images of another size.
    """
    card = card_of(path)
    if card is not None and card.task != recipe.task:
        raise InputError(f"{path}: it is a model of {card.task}, not of {recipe.task}; name another.")
    score = scorer(path, recipe.task)
    size = f"{recipe.input.width}x{recipe.input.height}"

    def answer(inputs: Any) -> NDArray[np.float32]:
        try:
            logits = score(inputs)
        except ValueError:
            raise InputError(f"{path}: it does not read images of {size} pixels; name one that does.") from None
        own = recipe_of(recipe.task).labels
        labels = card.labels if card else own if logits.shape[1] == len(own) else recipe.labels
        if set(recipe.labels) <= set(labels):
            return logits[:, [labels.index(label) for label in recipe.labels]]
        if labels == recipe.labels[: len(labels)]:
            return logits
        raise InputError(f"{path}: it answers {', '.join(labels)}, asked are {', '.join(recipe.labels)}; name another.")

    return answer
