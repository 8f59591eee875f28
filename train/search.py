"""A random search for a network and its learning rate, on KerasTuner; a trial is a short run of `fit`.

Whatever has been tried stays in the folder: the same command goes on after an interruption, with more --trials it goes
on further. A trial that was interrupted goes on after its last epoch.
"""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from convert.quiet import quiet
from edge.errors import InputError
from train import run
from train.data import Examples
from train.files import replace
from train.guards import OutOfMemory, check_classes, room
from train.recipes import Recipe, recipe_of

if TYPE_CHECKING:
    from keras_tuner import HyperParameters

ARCHITECTURES = ("residual", "cnn_tuned")
RATES = (1e-4, 1e-2)

_FILTERS = [16, 32, 64, 128, 256, 512]
_BLOCKS, _DENSE = (3, 5), (1, 3)


def space(architecture: str) -> HyperParameters:
    """What is drawn from.

    `cnn_tuned`: the space that its report names: 3-5 blocks, 16-512 filters each, kernel 3 or 5, 1-3 dense layers of
    32-256 units. `residual`: stem 8-32, three stages of 16-192 channels, 1-2 blocks each, dropout 0-0.5. Both: learning
    rate 1e-4 to 1e-2.
    """
    with quiet():
        from keras_tuner import HyperParameters

    drawn = HyperParameters()
    if architecture == "cnn_tuned":
        drawn.Int("blocks", *_BLOCKS)
        for number in range(_BLOCKS[1]):
            drawn.Choice(f"filters_{number}", _FILTERS)
        drawn.Choice("kernel", [3, 5])
        drawn.Int("dense", *_DENSE)
        for number in range(_DENSE[1]):
            drawn.Int(f"units_{number}", 32, 256, step=32)
    else:
        drawn.Int("stem", 8, 32, step=8)
        for number, (least, most) in enumerate(((16, 64), (32, 112), (48, 192))):
            drawn.Int(f"width_{number}", least, most, step=16)
            drawn.Int(f"blocks_{number}", 1, 2)
        drawn.Float("dropout", 0.0, 0.5, step=0.1)
    drawn.Float("learning_rate", *RATES, sampling="log")
    return drawn


def network(architecture: str, values: dict[str, Any]) -> dict[str, Any]:
    """What `fit --network` takes, of one draw."""
    if architecture == "cnn_tuned":
        options: dict[str, Any] = {
            "widths": [values[f"filters_{number}"] for number in range(values["blocks"])],
            "kernel": values["kernel"],
            "dense": [values[f"units_{number}"] for number in range(values["dense"])],
        }
    else:
        options = {
            "stem": values["stem"],
            "stages": [[values[f"width_{number}"], values[f"blocks_{number}"]] for number in range(3)],
            "dropout": round(values["dropout"], 2),
        }
    return {"architecture": architecture, "options": options, "learning_rate": float(values["learning_rate"])}


def search(
    task: str,
    data: Path,
    output: Path,
    *,
    architecture: str = "residual",
    trials: int,
    epochs: int,
    share: float = 1.0,
    seed: int = 0,
    verbose: str | int = "auto",
) -> list[dict[str, Any]]:
    """Tries so many networks in all, then writes `trials.md`, `trials.json` and `best.json`; gives the trials.

    Each trial has `network`, `validation` (as `evaluate.choice`; None where it failed) and `weights`, best first.

    Raises:
        InputError: the data do not fit, the folder holds another search, or cannot be written.
    """
    recipe = dataclasses.replace(recipe_of(task), epochs=epochs)
    asked = {"task": task, "architecture": architecture, "epochs": epochs, "share": share, "seed": seed}
    _begin(output, asked)
    training = run.examples_of(recipe, "training", data, own=False, leave_out=None)
    check_classes(training, recipe, data)
    training = training.part(share, seed)
    validation = run.examples_of(recipe, "validation", data, own=False, leave_out=None)
    with room(output):
        done = _tried(recipe, training, validation, output, architecture, trials, seed, verbose)
        replace(output / "trials.json", json.dumps(asked | {"trials": done}, indent=1) + "\n")
        replace(output / "trials.md", table(done))
        if done and done[0]["validation"] is not None:
            replace(output / "best.json", json.dumps(done[0]["network"], indent=1) + "\n")
    return done


def _begin(output: Path, asked: dict[str, Any]) -> None:
    """That the folder is a new one, or that of the same search."""
    path = output / "search.json"
    try:
        output.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            replace(path, json.dumps(asked) + "\n")
        before = json.loads(path.read_text())
    except OSError as error:
        raise InputError(f"{output}: the folder cannot be written ({error.strerror}); choose another.") from None
    except ValueError:
        raise InputError(f"{path}: this cannot be read; choose another folder, or delete it.") from None
    differing = sorted(key for key in asked if before.get(key) != asked[key])
    if differing:
        raise InputError(
            f"{output}: holds a search with another {', '.join(differing)}; give the same options or another folder."
        )


def _tried(
    recipe: Recipe,
    training: Examples,
    validation: Examples,
    output: Path,
    architecture: str,
    trials: int,
    seed: int,
    verbose: str | int,
) -> list[dict[str, Any]]:
    with quiet():
        import keras_tuner

        from train import fit as fitting

    class Search(keras_tuner.RandomSearch):
        def run_trial(self, trial: Any, *_: Any, **__: Any) -> dict[str, float]:
            found = network(architecture, trial.hyperparameters.values)
            mirrored = recipe.mirrored and architecture == "residual"
            tried = dataclasses.replace(recipe, mirrored=mirrored, **found)
            folder = output / f"trial-{trial.trial_id}"
            try:
                state = fitting.fit(tried, training, validation, folder, seed=seed, verbose=verbose)
            except OutOfMemory as error:  # a network too large to be tried; others may fit
                raise keras_tuner.errors.FailedTrialError(str(error)) from None
            except InputError as error:
                raise _Ended(str(error)) from None
            return {"validation": state.best}

    class _Ended(keras_tuner.errors.FatalError):  # type: ignore[misc]  # a class of a package without types
        """What ends the whole search; KerasTuner takes any other error for that of one trial."""

    with quiet():
        tuner = Search(
            objective=keras_tuner.Objective("validation", "max"),
            max_trials=trials,
            max_consecutive_failed_trials=trials + 1,  # a failed one stands in the table; the next may fit
            hyperparameters=space(architecture),
            tune_new_entries=False,
            seed=seed,
            directory=str(output),
            project_name="tuner",
        )
    try:
        tuner.search(verbose=0)
    except _Ended as error:
        raise InputError(str(error)) from None
    return sorted(
        (_told(trial, architecture, recipe) for trial in tuner.oracle.trials.values()),
        key=lambda row: -np.inf if row["validation"] is None else row["validation"],
        reverse=True,
    )


def _told(trial: Any, architecture: str, recipe: Recipe) -> dict[str, Any]:
    from train import architectures

    found = network(architecture, trial.hyperparameters.values)
    shape = (recipe.input.height, recipe.input.width, recipe.input.channels)
    built = architectures.build(architecture, shape, len(recipe.labels), **found["options"])
    score = None if trial.score is None else float(trial.score)
    return {"trial": trial.trial_id, "network": found, "validation": score, "weights": built.count_params()}


def table(trials: list[dict[str, Any]]) -> str:
    """The trials as Markdown, best first."""
    name = trials[0]["network"]["architecture"] if trials else "network"
    lines = [f"| trial | validation | weights | learning rate | {name} |", "|---|---|---|---|---|"]
    for row in trials:
        found = row["network"]
        score = "failed" if row["validation"] is None else f"{row['validation']:.4f}"
        options = ", ".join(f"{name} {value}" for name, value in found["options"].items())
        lines.append(f"| {row['trial']} | {score} | {row['weights']:,} | {found['learning_rate']:.2g} | {options} |")
    return "\n".join(lines) + "\n"
