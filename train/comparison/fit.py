"""Trains one network of the comparison as its report says, within epochs and minutes, and goes on where it was left.

The folder of a run holds `checkpoint.npz`, written after every epoch, every two minutes, and when it is interrupted;
and `model.keras`, float32, the weights of the best accuracy of the validation.
"""

from __future__ import annotations

import dataclasses
import json
import math
import time
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from edge.errors import InputError
from train import architectures, checkpoint
from train.architectures import ARCHITECTURES, pretrained
from train.calibrate import softmax
from train.checkpoint import State, Weights
from train.comparison.batches import Epoch, answers
from train.comparison.recipes import Report, ended, rate_of
from train.data import Examples
from train.fit import save_model
from train.guards import room

NARROW = ("plain", "attention", "residual")
"""Families that are faster in bfloat16, where the processor has it; their weights stay float32."""

SAVED_EVERY_S = 120.0

Told = Callable[[float, str], None]
"""Hears the share of the training that is done, 0..1, and where it stands in words."""


@dataclass(frozen=True)
class Limits:
    """What a training may take at most; None: as much as its report says."""

    epochs: int | None = None
    minutes: float | None = None


@dataclass(frozen=True)
class Trained:
    """The best network; `history` has a record for every epoch, the last one perhaps of a part; `ended`: by what."""

    model: keras.Model
    history: list[dict[str, float]]
    ended: str

    @property
    def epochs(self) -> float:
        return sum(record["part"] for record in self.history)


def fit(
    name: str,
    report: Report,
    training: Examples,
    validation: Examples,
    folder: Path,
    *,
    reference: str,
    seed: int,
    limits: Limits,
    settings: dict[str, Any],
    weights: str = "none",
    told: Told = lambda *_: None,
) -> Trained:
    """Trains, or goes on with, the run in `folder`.

    Args:
        name: the architecture.
        report: its recipe.
        training: what its weights are fitted to.
        validation: what the best epoch is chosen by.
        folder: see above.
        reference: the label set that accuracy is measured against.
        seed: of weights, order and changes.
        limits: in this run and those before it together.
        settings: what the run was asked, which a run that goes on must agree with.
        weights: of a backbone.
        told: see Told.

    Raises:
        InputError: the folder cannot be written or holds another run, or the loss is no number.
    """
    last = min(report.epochs, limits.epochs or report.epochs)
    if report.fine_tuning and last < report.epochs:  # the second part comes in a short run, too
        from_epoch = max(1, round(last * report.fine_tuning[0] / report.epochs))
        report = dataclasses.replace(report, fine_tuning=(from_epoch, report.fine_tuning[1]))
        settings = settings | {"fine_tuning_from": from_epoch}
    keras.utils.set_random_seed(seed)
    run = _Run(name, report, training, validation, folder, reference, seed, settings, weights)
    history = run.begin()
    ends = _ends(report, history, last, limits)
    while ends is None:
        run.epoch(history, limits, lambda part, text: told(run.share(history, part, last, limits), text))
        ends = _ends(report, history, last, limits)
    return Trained(run.best_model(), history, ends)


def _ends(report: Report, history: list[dict[str, float]], last: int, limits: Limits) -> str | None:
    if ended(report, [record["accuracy"] for record in _whole(history)]):
        return "early stopping"
    if len(_whole(history)) >= last:
        return "all epochs" if last == report.epochs else "--epochs"
    if limits.minutes is not None and _seconds(history) >= 60 * limits.minutes:
        return "--minutes"
    return None


def _whole(history: list[dict[str, float]]) -> list[dict[str, float]]:
    return [record for record in history if record["part"] == 1]


def _seconds(history: list[dict[str, float]]) -> float:
    return sum(record["seconds"] for record in history)


def _records(path: Path) -> int:
    """How many records the history of a checkpoint has; 0 where there is none that can be read."""
    try:
        with np.load(path) as file:
            return len(json.loads(str(file["state"]))["history"])
    except (OSError, KeyError, ValueError, TypeError, zipfile.BadZipFile):
        return 0


@dataclass
class _Run:
    """One network, its best weights so far, and the folder they are kept in."""

    name: str
    report: Report
    training: Examples
    validation: Examples
    folder: Path
    reference: str
    seed: int
    settings: dict[str, Any]
    weights: str
    spent: float = 0.0
    """Seconds of training, those of earlier runs, too; the first batch of a process, which traces, is not counted."""
    traced: bool = False

    def share(self, history: list[dict[str, float]], part: float, last: int, limits: Limits) -> float:
        """How much of the training is done, by epochs or by minutes."""
        done = (len(_whole(history)) + part) / last
        return min(1.0, max(done, self.spent / (60 * limits.minutes) if limits.minutes else 0.0))

    def begin(self) -> list[dict[str, float]]:
        """The network, compiled, as a checkpoint has it; gives the records of what was trained before."""
        with room(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
        self.model = self._built("mixed_bfloat16" if ARCHITECTURES[self.name] in NARROW else "float32", self.weights)
        path = self.folder / "checkpoint.npz"
        self.tuned = bool(self.report.fine_tuning and _records(path) > self.report.fine_tuning[0])
        self._compile()
        self.state = State(self.settings, history=[])
        self.best: Weights = self.model.get_weights()
        if path.exists():
            self.state, self.best = checkpoint.restore(path, self.settings, self.model)
        return list(self.state.history or [])

    def _built(self, dtype: str, weights: str) -> keras.Model:
        shape, classes = (self.report.side, self.report.side, 1), self.training.targets.shape[1]
        given = {"weights": weights} if ARCHITECTURES[self.name] == "pretrained" else {}
        return architectures.build(self.name, shape, classes, dtype=dtype, **given, **self.report.options)

    def _compile(self) -> None:
        if self.tuned:
            pretrained.fine_tuned(self.model)
        optimizer = keras.optimizers.Adam(self.report.rate)
        optimizer.build(self.model.trainable_variables)
        loss = keras.losses.CategoricalCrossentropy(from_logits=True)
        # Compiling ahead (XLA) makes convolutions on a processor slower, not faster.
        self.model.compile(optimizer, loss, weighted_metrics=[], jit_compile=False)

    def best_model(self) -> keras.Model:
        """Float32, with the best weights; written, too."""
        model = self._built("float32", "none")
        model.set_weights(self.best)
        with room(self.folder):
            save_model(model, self.folder / "model.keras")
        return model

    def epoch(self, history: list[dict[str, float]], limits: Limits, told: Told) -> None:
        """Trains the next epoch, or what is left of one; its record comes to, or replaces, the end of the history."""
        report, begun = self.report, {}
        if history and history[-1]["part"] < 1:
            begun = history.pop()
        number = len(history)
        if report.fine_tuning and number >= report.fine_tuning[0] and not self.tuned:
            self.tuned = True
            self._compile()
        rate = rate_of(report, [record["validation_loss"] for record in history])
        self.model.optimizer.learning_rate = rate
        batches = Epoch(self.training, report, seed=self.seed, epoch=number)
        first, before, earlier = int(begun.get("batches", 0)), begun.get("seconds", 0.0), _seconds(history)
        loss, done = begun.get("loss", 0.0), first
        started = saved = time.monotonic()

        def record(part: float, **more: float) -> dict[str, float]:
            spent = before + time.monotonic() - started
            return {"part": part, "batches": done, "loss": loss, "seconds": spent, "rate": rate, **more}

        def unfinished() -> dict[str, float]:
            return record(min(0.999, done / len(batches)))

        try:
            for batch in range(first, len(batches)):
                inputs, targets, weights = batches[batch]
                value = float(self.model.train_on_batch(inputs, targets, sample_weight=weights))
                if not self.traced:
                    started, self.traced = time.monotonic(), True
                done = batch + 1
                loss += (value - loss) / done
                now = time.monotonic()
                self.spent = earlier + before + now - started
                told(done / len(batches), f"epoch {number + 1}, loss {loss:.3f}")
                if limits.minutes is not None and self.spent >= 60 * limits.minutes:
                    break
                if now - saved > SAVED_EVERY_S:
                    self._save([*history, unfinished()])
                    saved = now
        except KeyboardInterrupt:
            self._save([*history, unfinished()])
            raise
        if not math.isfinite(loss):
            raise InputError(f"{self.folder}: the loss is no longer a number in epoch {number + 1}; delete the folder.")
        accuracy, surprise = self._validated(lambda share: told(1.0, f"epoch {number + 1}, validation {share:.0%}"))
        if accuracy > self.state.best:
            self.state.best, self.best = accuracy, self.model.get_weights()
        part = 1.0 if done == len(batches) else done / len(batches)
        history.append(record(part, accuracy=accuracy, validation_loss=surprise))
        self._save(history)

    def _save(self, history: list[dict[str, float]]) -> None:
        self.state.history, self.state.epoch = history, len(_whole(history))
        with room(self.folder):
            checkpoint.save(self.folder / "checkpoint.npz", self.state, self.model, self.best)

    def _validated(self, told: Callable[[float], None]) -> tuple[float, float]:
        """Accuracy and cross-entropy against the label set of reference."""
        labels: NDArray[np.int64] = self.validation.labels[self.reference]
        rows = labels >= 0
        logits = answers(self.model.predict_on_batch, self.validation.images[rows], self.report, told)
        shares = softmax(logits)[np.arange(int(rows.sum())), labels[rows]]
        return float((logits.argmax(axis=1) == labels[rows]).mean()), float(-np.log(np.maximum(shares, 1e-9)).mean())
