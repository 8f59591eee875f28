"""The card: taken as training left it, held against the network, completed, and written with the model in one piece."""

from __future__ import annotations

import importlib.metadata
import os
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from convert.quantize import Recipe
from edge.errors import InputError
from edge.vision.card import CARD_NAME, ModelCard
from edge.whole_file import whole

VERSIONS_OF = ("tensorflow-cpu", "tensorflow", "keras", "ai-edge-litert", "numpy")


def card_beside(model: Path) -> Path:
    """Where the card of a trained model lies: NAME.card.json of NAME.keras, for in a folder of several each has its
    own; else the card.json of a run folder, whether or not it is there.
    """
    own = model.with_name(f"{model.stem}.{CARD_NAME}")
    return own if own.is_file() else model.with_name(CARD_NAME)


def training_card(path: Path, task: str) -> ModelCard:
    """The card that train-model wrote beside the model.

    Raises:
        InputError: it is missing, doesn't fit, or is another task's.
    """
    try:
        card = ModelCard.model_validate_json(path.read_bytes())
    except OSError as error:
        raise InputError(
            f"{path}: the model's card cannot be read ({error.strerror}); train-model fit writes {CARD_NAME} beside "
            "the model, or name another with --card."
        ) from None
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the file"
        raise InputError(f"{path}: the model's card does not fit at {where} ({first['msg']}); correct it.") from None
    if card.task != task:
        raise InputError(f"{path}: the card is of the task {card.task}, not {task}; name the task of the model.")
    return card


def refuse_misfit(card: ModelCard, input_shape: tuple[int, int, int], outputs: int) -> None:
    """Raises InputError where the card tells another input or another number of labels than the network has."""
    expected = (card.input.height, card.input.width, card.input.channels)
    if input_shape != expected:
        raise InputError(
            f"the card says an input of {expected} (height, width, channels), the network takes {input_shape}; "
            "name the card that was written with this model."
        )
    labels = len(card.labels)
    fits = {
        "landmarks": outputs == 2 * labels - 1,  # presence, then two coordinates a point
        "face": outputs % labels == 0,  # every label once a cell
    }.get(card.task, outputs == labels)
    if not fits:
        raise InputError(
            f"the card has {labels} labels ({', '.join(card.labels)}), the network gives {outputs} scores; "
            "name the card that was written with this model."
        )


def refuse_unscaled(card: ModelCard, inputs: NDArray[np.float32], name: str) -> None:
    """Raises InputError where pictures hold what no pixel 0..255 can become by the card's mean and std."""
    spec = card.input
    expected = (spec.height, spec.width, spec.channels)
    if len(inputs) == 0 or inputs.shape[1:] != expected:
        raise InputError(f"the {name} data {inputs.shape} are not pictures of {expected}, as the card says.")
    least, most = (0 - spec.mean) / spec.std, (255 - spec.mean) / spec.std
    slack = 1 / spec.std  # a pixel's step
    if inputs.min() < least - slack or inputs.max() > most + slack:
        raise InputError(
            f"the {name} pictures go from {inputs.min():.4g} to {inputs.max():.4g}, the card's mean {spec.mean:g} and "
            f"std {spec.std:g} give {least:.4g} to {most:.4g}; the data and the card must be scaled alike."
        )


def refuse_infinite(model: Path, scores: NDArray[np.float32]) -> None:
    """Raises InputError where weights that are NaN or too large show in the float model's scores."""
    if not np.isfinite(scores).all():
        raise InputError(f"{model}: the float model's scores are not finite numbers; train it again.")


def refuse_probabilities(logits: NDArray[np.float32]) -> None:
    """Raises InputError where a network ends in a softmax: the card's temperature divides logits."""
    if logits.min() >= 0 and np.allclose(logits.sum(axis=1), 1, atol=1e-3):
        raise InputError("the network gives probabilities, not logits; take the softmax off its end and convert again.")


def complete(card: ModelCard, recipe: Recipe, seed: int, results: dict[str, Any]) -> ModelCard:
    """The card with how the model became int8 and what that changed; the hash is added when it is appended."""
    source = {**asdict(recipe), "seed": seed, "versions": versions()}
    return card.model_copy(
        update={
            "results": {**card.results, "float_against_int8": results},
            "source": {**card.source, "conversion": source},
        }
    )


def versions() -> dict[str, str]:
    """Of what takes part in the conversion, as far as it is installed."""
    found = {}
    for name in VERSIONS_OF:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def refuse_unwritable(path: Path) -> None:
    """Raises InputError, before any work is done, where a file could not be written."""
    if path.is_dir():
        raise InputError(f"{path}: this is a folder; name a file in it.")
    if not path.parent.is_dir():
        raise InputError(f"{path}: there is no folder {path.parent}; make it, or name a file in another.")
    if not os.access(path.parent, os.W_OK):
        raise InputError(f"{path}: the folder {path.parent} cannot be written to; name a file in another.")


def refuse_same(named: dict[str, Path]) -> None:
    """Raises InputError where two of the names mean one file, of which writing would destroy the other."""
    seen: dict[Path, str] = {}
    for name, path in named.items():
        other = seen.setdefault(path.resolve(), name)
        if other != name:
            raise InputError(f"{path}: this file is both {other} and {name}; name another for one of them.")


def write(path: Path, content: bytes) -> None:
    """The whole file, or the old one: never a part of the new one under the name.

    Raises:
        InputError: the disk is full, or the folder is gone or read-only.
    """
    try:
        with whole(path) as beside, beside.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise InputError(
            f"{path}: the file cannot be written ({error.strerror}); make room, or name another."
        ) from None
