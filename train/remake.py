"""What becomes of trained models without training again: held against each other, made a run folder."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from convert.quiet import quiet
from edge.errors import InputError
from edge.vision.card import ModelCard
from train import report, run
from train.answers import card_of
from train.guards import room


def cards_of(paths: Sequence[Path], task: str | None = None) -> list[ModelCard]:
    """The cards beside the models, which are of one kind, and of the task where one is named.

    Raises:
        InputError: a model has no card that can be read, or another task, labels or input than the first.
    """
    cards = []
    for path in paths:
        card = card_of(path) if path.suffix == ".keras" else None
        if card is None:
            raise InputError(f"{path}: there is no card.json beside it; name the model.keras of a run folder.")
        if task not in (None, card.task):
            raise InputError(f"{path}: it is a model of {card.task}, not of {task}; name another.")
        cards.append(card)
    first = cards[0]
    for path, card in zip(paths, cards, strict=True):
        if (card.task, card.labels, card.input) != (first.task, first.labels, first.input):
            raise InputError(f"{path}: it has another task, labels or input than {paths[0]}; name models of one kind.")
    return cards


def write(task: str, paths: Sequence[Path], model: Any, folder: Path, output: Path, command: str) -> report.Results:
    """Writes the run folder `output` of the model made of those in `paths`; gives the figures of the validation.

    The temperature is fitted anew, to the validation images of the data in `folder`; report and card are written as
    after training.

    Raises:
        InputError: a card cannot be used; `output` holds a finished run already, or cannot be made.
    """
    if (output / "card.json").exists():  # without one, a model in it is what an interrupted command left
        raise InputError(f"{output}: there is a model in it; name a folder of its own.")
    cards = cards_of(paths, task)
    recipe = run.with_lineage(
        dataclasses.replace(run.recipe_of_model(task, paths[0]), datasets=cards[0].datasets), paths
    )
    validation = run.examples_of(recipe, "validation", folder, own=False, leave_out=None)
    try:
        output.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{output}: the run folder cannot be made ({error.strerror}); choose another.") from None
    with room(output), quiet():
        model.save(output / "model.keras")
    before = [each for card in cards for each in card.source.get("commands", [])]
    commands = [*dict.fromkeys(before), command]
    seed = cards[0].source.get("seed", 0)
    return run.finish(recipe, output, folder, validation, own=False, leave_out=None, seed=seed, commands=commands)
