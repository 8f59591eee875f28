"""Trained models as they are used again: held against what they are asked, their answers in the recipe's order."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from convert.package import card_beside
from edge.errors import InputError
from edge.vision.card import Dataset, ModelCard, read_card
from train.evaluate import Scorer, scorer
from train.recipes import Recipe, recipe_of

log = logging.getLogger(__name__)


def card_of(model: Path | None) -> ModelCard | None:
    """The card in a `.tflite`, or beside a `.keras` (`convert.package.card_beside`), where there is one.

    Raises:
        InputError: the file beside it is no card.
    """
    if model is None or not model.is_file():
        return None
    if model.suffix == ".tflite":
        return read_card(model)
    beside = card_beside(model)
    try:
        return ModelCard.model_validate_json(beside.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValidationError):
        raise InputError(f"{beside}: this is no card of a model; put the run's own there, or take it away.") from None


def with_theirs(datasets: Sequence[Dataset], models: Iterable[Path | None]) -> tuple[Dataset, ...]:
    """The sets with those that the models learned from, by their cards; a model without one is named in their stead."""
    named = {dataset.name: dataset for dataset in datasets}
    for model in models:
        if model is None or not model.is_file():
            continue  # whoever loads it tells
        card = card_of(model)
        if card is None:
            log.warning(
                "%s: it has no card, so that of the new model calls what this one learned from unknown; put the "
                "card.json of its run beside it.",
                model,
            )
            theirs: Sequence[Dataset] = [
                Dataset(name=f"unknown: what {model.name} learned from, which came without a card", terms="unknown")
            ]
        else:
            theirs = card.datasets
        named |= {dataset.name: dataset for dataset in theirs if dataset.name not in named}
    return tuple(named.values())


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
