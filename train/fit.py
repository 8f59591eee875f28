"""Trains one task's model: epochs with a checkpoint after each, the averaged weights judged, the best kept.

A run folder holds `checkpoint.npz` (to go on from), `model.keras` (float32, the best averaged weights), `card.json`
(what conversion puts into the model file) and `report/`.
"""

from __future__ import annotations

import dataclasses
import json
import logging
import math
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import keras
import numpy as np

from edge.errors import InputError
from train import architectures, checkpoint, narrow, objective
from train.batches import Batches
from train.checkpoint import State, Weights
from train.data import Examples, scaled
from train.evaluate import choice, load, measure
from train.guards import enough_memory, room
from train.recipes import Recipe

log = logging.getLogger(__name__)

COMPUTE = "mixed_bfloat16"
"""Twice the speed of float32 on processors with bfloat16; weights, statistics and what is saved stay float32."""


def untrained(recipe: Recipe, dtype: str = "float32") -> keras.Model:
    """The recipe's network as it is trained, with all that it is asked."""
    shape = (recipe.input.height, recipe.input.width, recipe.input.channels)
    answers = len(recipe.labels) + len(recipe.also)
    return architectures.build(recipe.architecture, shape, answers, dtype=dtype, **recipe.options)


def shipped(recipe: Recipe, weights: Weights) -> keras.Model:
    """The network as it is judged and ships: its labels alone, both sides of the image where the recipe says so."""
    shape = (recipe.input.height, recipe.input.width, recipe.input.channels)
    options = recipe.options | ({"mirrored": True} if recipe.mirrored else {})
    model = architectures.build(recipe.architecture, shape, len(recipe.labels), **options)
    *others, kernel, bias = weights  # of the last layer, an answer a column
    model.set_weights([*others, kernel[:, : len(recipe.labels)], bias[: len(recipe.labels)]])
    return model


class Engine(Protocol):
    """What trains a network an epoch at a time; a checkpoint reads and writes it as it does a Keras model."""

    optimizer: Any

    @property
    def weights(self) -> Weights:
        """The moving average, in the order of the Keras network: what is judged and kept."""
        ...

    def get_weights(self) -> Weights: ...

    def set_weights(self, weights: Weights) -> None: ...

    def begin(self, average: Weights) -> None:
        """Goes on from these averaged weights."""
        ...

    def epoch(self, batches: Batches, number: int, verbose: str | int) -> float:
        """Trains the epoch of that number; gives its mean loss."""
        ...


class KerasEngine(keras.callbacks.Callback):
    """Keras's own loop; the moving average is shorter at the start, where weights change fast.

    Args:
        network: as it is trained.
        recipe: what it is trained by.
        steps: batches of the whole training.
    """

    def __init__(self, network: keras.Model, recipe: Recipe, steps: int) -> None:
        super().__init__()
        objective.compile_for(network, recipe, steps)
        self._network, self._recipe = network, recipe
        self.optimizer = network.optimizer
        self.get_weights, self.set_weights = network.get_weights, network.set_weights
        self._steps = 0
        self._average: Weights = []

    @property
    def weights(self) -> Weights:
        return self._average

    def begin(self, average: Weights) -> None:
        self._average = [value.copy() for value in average]

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:  # noqa: ARG002  (Keras's)
        self._steps += 1
        decay = min(self._recipe.averaging, (1 + self._steps) / (10 + self._steps))
        for mean, value in zip(self._average, self._network.get_weights(), strict=True):
            mean += (1 - decay) * (value - mean)

    def epoch(self, batches: Batches, number: int, verbose: str | int) -> float:
        self._steps = number * len(batches)
        fitted = self._network.fit(batches, initial_epoch=number, epochs=number + 1, callbacks=[self], verbose=verbose)
        return float(fitted.history["loss"][0])


def fit(
    recipe: Recipe,
    training: Examples,
    validation: Examples,
    output: Path,
    *,
    seed: int,
    leave_out: str | None = None,
    start: Path | None = None,
    stop_after: int | None = None,
    votes: float = 0.5,
    teachers: Sequence[Path] = (),
    engine: str = "keras",
    verbose: str | int = "auto",
) -> State:
    """Trains, or goes on with, the run in `output`; `model.keras` there is the best by `evaluate.choice`.

    `start` names a `.keras` file of the same network whose weights a new run begins with; `stop_after` ends the
    run after so many of its epochs, as an interruption would. `teachers` are named for the record: their answers stand
    in the targets. `engine` is one of ENGINES, `verbose` as Keras has it.

    Raises:
        InputError: `output` cannot be written, or holds a run that was asked something else; `start` does not fit.
    """
    try:
        output.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{output}: the run folder cannot be made ({error.strerror}); choose another.") from None
    keras.utils.set_random_seed(seed)
    try:
        model = untrained(recipe, "float32" if engine == "torch" else COMPUTE)
    except (TypeError, ValueError) as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise InputError(
            f"The network {recipe.architecture} cannot be built ({reason}); correct its options."
        ) from None
    steps = len(Batches(training, recipe, seed=seed, epoch=0))
    training = objective.weighted(training, recipe)

    settings = _plain(dataclasses.asdict(recipe))
    settings |= {"seed": seed, "leave_out": leave_out, "images": len(training)}
    settings |= {"start": start.name} if start else {}
    settings |= {"votes": votes} if votes != 0.5 else {}
    settings |= {"teachers": [teacher.name for teacher in teachers]} if teachers else {}
    settings |= {"engine": engine} if engine != "keras" else {}
    if start:
        _begin_with(start, model)
    trained = _engine(engine, model, recipe, steps * recipe.epochs, seed)
    state, average = State(settings, history=[]), trained.get_weights()
    path = output / "checkpoint.npz"
    if path.exists():
        defaults = {f.name: f.default for f in dataclasses.fields(recipe) if f.default is not dataclasses.MISSING}
        state, average = checkpoint.restore(path, settings, trained, _plain(defaults))
        log.info("%s: goes on after epoch %d of %d", output, state.epoch, recipe.epochs)
    trained.begin(average)

    inputs: Any = scaled(validation.images, recipe.input)
    if validation.points is not None:
        inputs = [inputs, validation.points]
    for epoch in range(state.epoch, min(recipe.epochs, stop_after or recipe.epochs)):
        validations = [done["validation"] for done in state.history or []]
        if objective.ended(recipe, validations):
            log.info("%s: ends after epoch %d, the best was %d before", output, epoch, recipe.patience)
            break
        objective.begin_epoch(trained.optimizer, recipe, validations)
        start = time.monotonic()
        batches = Batches(training, recipe, seed=seed, epoch=epoch)
        with enough_memory(recipe, output):
            loss = trained.epoch(batches, epoch, verbose)
            judged = shipped(recipe, trained.weights)
            logits = np.asarray(judged.predict(inputs, batch_size=256, verbose=0), np.float32)
        results = measure(recipe, validation, logits)
        value = choice(results, votes)
        record = {
            "loss": loss,
            "validation_loss": float(results["loss"]),
            "validation": value,
            "seconds": round(time.monotonic() - start, 1),
        }
        if not math.isfinite(record["loss"]):
            raise InputError(f"{output}: the loss is no longer a number in epoch {epoch + 1}; lower the learning rate.")
        log.info("epoch %d: %s", epoch + 1, json.dumps(record))
        state.history = [*(state.history or []), record]
        state.epoch = epoch + 1
        with room(output):
            if value > state.best:
                state.best = value
                save_model(judged, output / "model.keras")
            checkpoint.save(path, state, trained, trained.weights)
    return state


ENGINES = ("keras", "torch")


def _engine(name: str, model: keras.Model, recipe: Recipe, steps: int, seed: int) -> Engine:
    if name == "keras":
        return KerasEngine(model, recipe, steps)
    from train.engine_torch import TorchEngine  # slow to import

    return TorchEngine(model, recipe, steps, seed)


def _plain(settings: dict[str, Any]) -> dict[str, Any]:
    """As JSON gives it back."""
    plain: dict[str, Any] = json.loads(json.dumps(settings, default=lambda part: part.model_dump()))
    return plain


def _begin_with(start: Path, model: keras.Model) -> None:
    if not start.is_file():
        raise InputError(f"{start}: there is no such model file; name a model.keras of an earlier run.")
    before = load(start)
    try:
        narrow.take_over(before, model)
    except (ValueError, OSError, TypeError, KeyError):
        raise InputError(f"{start}: its weights do not fit this network; name a model of the same recipe.") from None


def save_model(model: keras.Model, path: Path) -> None:
    """Writes the model so that the file is there whole or as it was."""
    new = path.with_name(f"new-{path.name}")
    model.save(new)
    new.replace(path)
