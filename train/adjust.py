"""A trained classifier that answers some of its labels more readily, or less: logit adjustment (Menon et al. 2021).

What is added to a label's logit is folded into the last layer's bias, so the file costs and converts as before. It
trades a label's precision for its recall, or the other way round.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from edge.errors import InputError, UserError
from train import remake, report
from train.evaluate import load


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

    Raises:
        InputError: the model or its card cannot be used; `output` holds a model already.
        UserError: a label is not one of the model's.
    """
    (card,) = remake.cards_of([path], task)
    model = shifted(load(path), card.labels, by)
    return remake.write(task, [path], model, folder, output, command)
