"""A trained classifier that answers some of its labels more readily, or less: logit adjustment (Menon et al. 2021).

What is added to a label's logit is folded into the last layer's bias, so the file costs and converts as before. It
trades a label's precision for its recall, or the other way round.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from convert.quiet import quiet
from edge.errors import InputError, UserError
from edge.vision.card import ModelCard
from train import report, run
from train.guards import room


def shifted(model: Any, labels: tuple[str, ...], by: Mapping[str, float]) -> Any:
    """The keras.Model itself, with so much added to the logit of each label that is named; in nats.

    Raises:
        UserError: a label is not one of the model's.
        InputError: the model does not end in a dense layer named `logits` with a bias for each label.
    """
    if unknown := sorted(set(by) - set(labels)):
        raise UserError(f"the model has no label '{unknown[0]}'; choose of: {', '.join(labels)}.")
    last = next((layer for layer in model.layers if layer.name == "logits"), None)
    weights = last.get_weights() if last is not None else []
    if len(weights) != 2 or weights[1].shape != (len(labels),):
        raise InputError(
            "the model has no dense layer 'logits' with a bias a label; name a model.keras of train-model."
        )
    weights[1] += [by.get(label, 0.0) for label in labels]
    last.set_weights(weights)
    return model


def write(task: str, path: Path, by: Mapping[str, float], folder: Path, output: Path, command: str) -> report.Results:
    """Writes the run folder `output` with the model of `path`, moved; gives the figures of the validation.

    The temperature is fitted anew, to the validation images of the data in `folder`; report and card are written as
    after training.

    Raises:
        InputError: the model or its card cannot be used; `output` holds a model already.
        UserError: a label is not one of the model's.
    """
    if (output / "model.keras").exists():
        raise InputError(f"{output}: there is a model in it; name a folder of its own.")
    beside = path.parent / "card.json"
    if not beside.is_file():
        raise InputError(f"{path}: there is no card.json beside it; name the model.keras of a run folder.")
    card = ModelCard.model_validate_json(beside.read_text())
    recipe = dataclasses.replace(run.recipe_of_model(task, path), datasets=card.datasets)
    with quiet():
        import keras

        try:
            model = keras.saving.load_model(path, compile=False)
        except (ValueError, OSError, TypeError, KeyError) as error:
            reason = (str(error).strip() or type(error).__name__).splitlines()[0]
            raise InputError(f"{path}: this Keras model cannot be loaded ({reason}); train it anew.") from None
    shifted(model, card.labels, by)
    output.mkdir(parents=True, exist_ok=True)
    with room(output), quiet():
        model.save(output / "model.keras")
    validation = run.examples_of(recipe, "validation", folder, own=False, leave_out=None)
    commands = [*card.source.get("commands", []), command]
    seed = card.source.get("seed", 0)
    return run.finish(recipe, output, folder, validation, own=False, leave_out=None, seed=seed, commands=commands)
