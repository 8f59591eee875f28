"""What becomes of trained models without training again: loaded, checked against each other, made a run folder."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from convert.quiet import quiet
from edge.errors import InputError
from edge.vision.card import ModelCard
from train import report, run
from train.guards import room


def load(path: Path) -> Any:
    """The keras.Model of a .keras file.

    Raises:
        InputError: it cannot be loaded.
    """
    with quiet():
        import keras

        try:
            return keras.saving.load_model(path, compile=False)
        except (ValueError, OSError, TypeError, KeyError) as error:
            reason = (str(error).strip() or type(error).__name__).splitlines()[0]
            raise InputError(f"{path}: this Keras model cannot be loaded ({reason}); train it anew.") from None


def cards_of(paths: Sequence[Path]) -> list[ModelCard]:
    """The cards beside the models, which are of one kind.

    Raises:
        InputError: a model has no card that can be read, or another task, labels or input than the first.
    """
    cards = []
    for path in paths:
        try:
            cards.append(ModelCard.model_validate_json((path.parent / "card.json").read_text()))
        except (OSError, ValidationError):
            raise InputError(
                f"{path}: there is no card.json beside it; name the model.keras of a run folder."
            ) from None
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
        InputError: a card cannot be used; `output` holds a model already.
    """
    if (output / "model.keras").exists():
        raise InputError(f"{output}: there is a model in it; name a folder of its own.")
    cards = cards_of(paths)
    recipe = run.with_lineage(
        dataclasses.replace(run.recipe_of_model(task, paths[0]), datasets=cards[0].datasets), paths
    )
    output.mkdir(parents=True, exist_ok=True)
    with room(output), quiet():
        model.save(output / "model.keras")
    validation = run.examples_of(recipe, "validation", folder, own=False, leave_out=None)
    before = [each for card in cards for each in card.source.get("commands", [])]
    commands = [*dict.fromkeys(before), command]
    seed = cards[0].source.get("seed", 0)
    return run.finish(recipe, output, folder, validation, own=False, leave_out=None, seed=seed, commands=commands)
