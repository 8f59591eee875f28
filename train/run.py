"""The two things that the command does: a run from data to report and card, and the measuring of a model file."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convert.quiet import quiet
from edge.errors import InputError
from edge.vision.card import InputSpec
from edge.vision.crops import level
from train import data, report
from train.answers import answering, card_of, with_theirs
from train.calibrate import fit_temperature
from train.card import summary, write_card
from train.evaluate import Scorer, measure, scorer
from train.files import replace
from train.guards import check_classes, room
from train.options import changed
from train.recipes import Recipe, recipe_of


def inputs_of(images: NDArray[np.uint8], spec: InputSpec, *, levelled: bool) -> NDArray[np.float32]:
    """Model inputs of raw patches, or of patches brought to one mean and contrast as the vehicle brings them."""
    if levelled:
        images = np.stack([level(image) for image in images])
    return data.scaled(images, spec)


def _logits(recipe: Recipe, examples: data.Examples, score: Scorer, *, levelled: bool) -> NDArray[np.float32]:
    inputs = inputs_of(examples.images, recipe.input, levelled=levelled)
    return score(inputs if examples.points is None else [inputs, examples.points])


def _judge(
    recipe: Recipe, examples: data.Examples, score: Scorer, temperature: float, *, levelled: bool
) -> report.Results:
    return measure(recipe, examples, _logits(recipe, examples, score, levelled=levelled), temperature)


def examples_of(
    recipe: Recipe,
    part: str,
    source: Path,
    *,
    own: bool,
    leave_out: str | None,
    votes: float = 0.5,
    mined: Sequence[Path] = (),
) -> data.Examples:
    """`training`, `validation` or `test` of the recipe, with points where its network reads them.

    Args:
        recipe: as it is trained.
        part: one of the three.
        source: the folder of the training data, or of one's own images.
        own: whether it is the latter.
        leave_out: the set of eyes that is kept out.
        votes: part of FER+ in the targets of `training`.
        mined: folders of train-model mine whose labelled crops are added.
    """
    if own:
        found = data.folder.read(source, recipe)[part]
    elif part == "training":
        found = data.training(recipe.task, source, leave_out, votes)
    else:
        found = (data.validation if part == "validation" else data.unseen)(recipe.task, source, leave_out)
    for place in mined:
        found = found.joined(data.mined.read(place, recipe, found.images.shape[1]))
    return data.contours.with_points(found) if recipe.points else found


def _cited(runs: list[Path]) -> dict[str, Any]:
    """The AUC on the set that each of the runs left out, by set."""
    found: dict[str, Any] = {}
    for run in runs:
        path = run / "report" / "results.json"
        try:
            results = json.loads(path.read_text())
            found |= results["test"]["auc"]
        except (OSError, ValueError, KeyError):
            raise InputError(f"{path}: holds no result on a set that was left out; finish that run first.") from None
    return {name: round(value, 4) for name, value in found.items()}


def _commands_before(start: Path | None) -> list[str]:
    """The commands that made the model that a run began with, as far as a card beside it tells."""
    card = card_of(start)
    return list(card.source.get("commands", [])) if card else []


def with_lineage(recipe: Recipe, models: Sequence[Path | None]) -> Recipe:
    """The recipe whose card names also what the models learned from that it begins with or is taught by."""
    return dataclasses.replace(recipe, datasets=with_theirs(recipe.datasets, models))


def fit(
    task: str,
    folder: Path,
    output: Path,
    *,
    epochs: int | None,
    seed: int,
    leave_out: str | None,
    cite: list[Path],
    start: Path | None,
    learning_rate: float | None,
    stop_after: int | None,
    votes: float,
    teachers: list[Path],
    stages: tuple[tuple[int, int], ...] | None = None,
    asked: Mapping[str, Any] | None = None,
    own: bool = False,
    mined: Sequence[Path] = (),
    unlabelled: bool = False,
    engine: str = "keras",
    command: str,
    verbose: str | int = "auto",
) -> report.Results:
    """Trains (or goes on), then writes report and card; gives the figures of the validation.

    `asked`: of `options.recipe_options`; `own`: whether `folder` holds one's own images, a folder a label; `mined`:
    folders of train-model mine whose labelled crops are trained on, too; `unlabelled`: whether the faces of whole
    pictures in `folder` are, as the teachers answer them.
    """
    recipe = changed(recipe_of(task), asked or {})
    if own:
        recipe = data.folder.recipe_for(recipe, folder)
    if epochs is not None:
        recipe = dataclasses.replace(recipe, epochs=epochs)
    if stages is not None:
        recipe = dataclasses.replace(recipe, options=recipe.options | {"stages": stages})
    if learning_rate is not None:
        recipe = dataclasses.replace(recipe, learning_rate=learning_rate)
    if mined:
        recipe = data.mined.cited(recipe)
    if unlabelled:
        recipe = data.unlabelled.cited(recipe)
    cited = _cited(cite)
    learned_before, lineage = _commands_before(start), with_lineage(recipe, [start, *teachers])
    training = examples_of(recipe, "training", folder, own=own, leave_out=leave_out, votes=votes, mined=mined)
    check_classes(training, recipe, folder)
    validation = examples_of(recipe, "validation", folder, own=own, leave_out=leave_out)

    with quiet():
        import keras  # it and its backend take seconds to import

        keras.random.uniform((1,))  # the backend starts, and says so, at its first operation
        from train import fit as fitting
    from train.distill import taught

    others = data.unlabelled.read(folder, training.images.shape[1]) if unlabelled else None
    state = fitting.fit(
        recipe,
        taught(training, recipe, teachers, others),
        validation,
        output,
        seed=seed,
        leave_out=leave_out,
        start=start,
        stop_after=stop_after,
        votes=votes,
        teachers=teachers,
        engine=engine,
        verbose=verbose,
    )

    return finish(
        lineage,
        output,
        folder,
        validation,
        own=own,
        leave_out=leave_out,
        seed=seed,
        commands=[*learned_before, command],
        history=state.history,
        cited=cited,
    )


def finish(
    recipe: Recipe,
    output: Path,
    folder: Path,
    validation: data.Examples,
    *,
    own: bool,
    leave_out: str | None,
    seed: int,
    commands: list[str],
    history: list[dict[str, float]] | None = None,
    cited: dict[str, Any] | None = None,
) -> report.Results:
    """Temperature, report and card of the model.keras in `output`; gives the figures of the validation."""
    score = scorer(output / "model.keras")
    labels = validation.labels[recipe.reference]
    temperature = recipe.temperature
    if temperature is None:  # The vehicle levels its patches, so it is fitted to levelled ones.
        logits = _logits(recipe, validation.take(labels >= 0), score, levelled=True)
        temperature = fit_temperature(logits, labels[labels >= 0])
    with room(output):
        replace(output / "temperature.json", json.dumps({"temperature": temperature}) + "\n")

    parts = {
        "validation": _judge(recipe, validation, score, temperature, levelled=False),
        "validation-levelled": _judge(recipe, validation, score, temperature, levelled=True),
    }
    if recipe.task == "emotion" or leave_out is not None:
        unseen = examples_of(recipe, "test", folder, own=own, leave_out=leave_out)
        parts["test"] = _judge(recipe, unseen, score, temperature, levelled=False)
    report.write(output / "report", recipe, parts, history)

    results: dict[str, Any] = {"float": {name: summary(part) for name, part in parts.items()}}
    if cited:
        results["leave_one_set_out_auc"] = cited
    card = write_card(recipe, temperature=temperature, results=results, commands=commands, seed=seed)
    with room(output):
        replace(output / "card.json", card.model_dump_json(indent=1) + "\n")
    return parts["validation"]


def recipe_of_model(task: str, model: Path) -> Recipe:
    """The task's recipe with the input and labels of the card beside or in the model file, where there is one."""
    recipe = recipe_of(task)
    card = card_of(model)
    if card is None or card.task != task:
        return recipe  # what the model file is for is told where it is asked
    unsure = recipe.unsure if recipe.unsure in card.labels else None
    points = bool(card.source.get("points"))
    return dataclasses.replace(recipe, input=card.input, labels=card.labels, unsure=unsure, points=points)


def temperature_of(model: Path) -> float:
    """The temperature on the card of a `.tflite`, or on the card beside a `.keras`; 1 where there is no card."""
    card = card_of(model)
    return card.temperature if card else 1.0


def evaluate(
    task: str,
    model: Path,
    folder: Path,
    *,
    split: str,
    leave_out: str | None,
    levelled: bool,
    temperature: float,
    own: bool = False,
) -> report.Results:
    """Measures a `.keras` or `.tflite` file on the validation or on the unseen images, of `folder` or of one's own."""
    recipe = recipe_of_model(task, model)
    if own:
        recipe = data.folder.recipe_for(recipe, folder)
    score = answering(model, recipe)
    examples = examples_of(recipe, split, folder, own=own, leave_out=leave_out)
    return _judge(recipe, examples, score, temperature, levelled=levelled)
