"""What `train-model fit` may be asked beyond a task's recipe, and the recipe that comes of it.

Every option changes fields of the recipe, so a checkpoint holds them all; without options the recipe stays as it is.
"""

from __future__ import annotations

import dataclasses
import json
import os
import shlex
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from edge.errors import InputError, UserError

if TYPE_CHECKING:
    from train.recipes import Augmentation, Recipe

LOSSES = ("cross_entropy", "focal")
OPTIMIZERS = ("adamw", "adam", "sgd")
SCHEDULES = ("cosine", "plateau", "constant")

OCCLUSION: Mapping[str, dict[str, Any]] = {
    "none": {"erase": 0.0, "highlight": 0.0, "glasses": 0.0, "lower_face": 0.0},
    "rectangles": {
        "erase": 0.2,
        "highlight": 0.0,
        "glasses": 0.0,
        "lower_face": 0.0,
    },  # for teachers, asked clear faces
    "mild": {"erase": 0.15, "highlight": 0.05},
    "strong": {"erase": 0.4, "highlight": 0.2},
    "glasses": {"glasses": 0.25, "highlight": 0.1},
}
"""Shares of the images that something is laid over: a rectangle of up to a quarter, a lamp's reflection, glasses."""

LOW_LIGHT: Mapping[str, dict[str, Any]] = {
    "none": {
        "mean": (110.0, 150.0),
        "deviation": (40.0, 70.0),
        "gamma": 0.0,
        "falloff": 0.0,
        "lamp": (0.0, 0.0),
        "noise": (0.0, 0.0),
    },
    "mild": {"mean": (50.0, 205.0), "deviation": (14.0, 75.0), "gamma": 0.5, "falloff": 0.6, "noise": (0.6, 0.2)},
    "strong": {
        "standardised": 0.3,
        "mean": (14.0, 160.0),
        "deviation": (5.0, 60.0),
        "gamma": 0.8,
        "falloff": 1.0,
        "lamp": (0.5, 1.5),
        "noise": (0.8, 0.35),
    },
}
"""Fields of `recipes.Augmentation`: the stronger, the darker and flatter; fewer images are brought to the middle."""

_OPTIONS = (
    click.option("--batch", type=click.IntRange(min=1), help="Images a step.  [default: the recipe's]"),
    click.option("--loss", type=click.Choice(LOSSES), help="[default: cross_entropy]"),
    click.option("--optimizer", type=click.Choice(OPTIMIZERS), help="[default: adamw]"),
    click.option("--schedule", type=click.Choice(SCHEDULES), help="Of the learning rate.  [default: cosine]"),
    click.option(
        "--patience", type=click.IntRange(min=1), help="End after so many epochs without a better validation."
    ),
    click.option("--class-weights", type=click.Choice(["none", "balanced"]), help="[default: none]"),
    click.option("--side", type=click.IntRange(24, 224), help="Of the input, in pixels: 48, 96, 224.  [default: 48]"),
    click.option("--occlusion", type=click.Choice(list(OCCLUSION)), help="What is laid over.  [default: the recipe's]"),
    click.option("--low-light", type=click.Choice(list(LOW_LIGHT)), help="How dark.  [default: the recipe's]"),
    click.option("--architecture", metavar="NAME", help="Another network, such as cbam or residual_landmarks."),
    click.option("--weights", metavar="none|imagenet|FILE", help="What one of ImageNet's or of faces begins with."),
    click.option("--network", type=click.Path(path_type=Path), help="A best.json of train-model search."),
)


def keras_bar(*, quiet: bool) -> int | str:
    """Keras's `verbose`: its bar, which is coloured, on a terminal that wants colours; else one line an epoch."""
    return 0 if quiet or os.environ.get("NO_COLOR") or not sys.stdout.isatty() else "auto"


def recipe_options(command: Callable[..., None]) -> Callable[..., None]:
    """The command with these options, which it takes as keywords."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def told(asked: Mapping[str, Any]) -> str:
    """The options as they were given, for the card: " --batch 64 --loss focal"; of files the name alone."""
    return "".join(
        f" --{name.replace('_', '-')} {shlex.quote(value.name if isinstance(value, Path) else str(value))}"
        for name, value in asked.items()
        if value is not None
    )


def refuse(task: str, asked: Mapping[str, Any]) -> None:
    """That a task which has none of these options is not asked one.

    Raises:
        UserError: it is.
    """
    if given := told(asked).split():
        raise UserError(f"{given[0]} is an option of emotion and eyes; leave it out for {task}.")


def changed(recipe: Recipe, asked: Mapping[str, Any]) -> Recipe:
    """The recipe with what was asked.

    Raises:
        UserError: an option does not go with another one.
        InputError: the file of --network cannot be used.
    """
    given = {name: value for name, value in asked.items() if value is not None}
    if "network" in given:
        recipe = _searched(recipe, given["network"])
    if "architecture" in given:
        recipe = _other_network(recipe, given["architecture"], given.get("weights"))
    elif "weights" in given:
        raise UserError("--weights belongs to a network of ImageNet's or of faces; name it with --architecture.")
    if "side" in given:
        size = {"width": given["side"], "height": given["side"]}
        recipe = dataclasses.replace(recipe, input=recipe.input.model_copy(update=size))
    plan = OCCLUSION.get(given.get("occlusion", ""), {}) | LOW_LIGHT.get(given.get("low_light", ""), {})
    if plan:
        settled = recipe.settled and _lit(recipe.settled, plan)
        recipe = dataclasses.replace(recipe, augmentation=_lit(recipe.augmentation, plan), settled=settled)
    plain = ("batch", "loss", "optimizer", "schedule", "patience", "class_weights")
    return dataclasses.replace(recipe, **{name: given[name] for name in plain if name in given})


def _lit(plan: Augmentation, changes: dict[str, Any]) -> Augmentation:
    return dataclasses.replace(plan, **changes)


def _other_network(recipe: Recipe, name: str, weights: str | None) -> Recipe:
    """The recipe with a network that has its own sizes; those that can answer for both sides of an image do."""
    from train.architectures import FAMILIES, NETWORKS, WITH_POINTS
    from train.recipes import FACES

    if name == recipe.architecture:
        return recipe
    if name not in NETWORKS + WITH_POINTS:
        raise UserError(f"there is no architecture '{name}'; choose one of: {', '.join(NETWORKS + WITH_POINTS)}.")
    options: dict[str, Any] = {}
    spec, datasets = recipe.input, recipe.datasets
    if name in FAMILIES["pretrained"]:
        options = {"weights": weights or "imagenet"}
        spec = spec.model_copy(update={"mean": 0.0, "std": 1.0})  # these scale their own input from 0..255
    elif name in FAMILIES["faces"]:
        options = {"weights": weights or "none"}
        datasets += (FACES,) if weights not in (None, "none") else ()
    elif weights is not None:
        raise UserError(f"--weights belongs to a network of ImageNet's or of faces; {name} is none, leave it out.")
    points, mirrored = name in WITH_POINTS, recipe.mirrored and name in FAMILIES["faces"]
    return dataclasses.replace(
        recipe, architecture=name, options=options, mirrored=mirrored, input=spec, points=points, datasets=datasets
    )


def _searched(recipe: Recipe, path: Path) -> Recipe:
    try:
        found = json.loads(path.read_text())
        name, options, rate = found["architecture"], dict(found["options"]), float(found["learning_rate"])
    except (OSError, ValueError, KeyError, TypeError):
        raise InputError(f"{path}: this is no best.json; name the file that train-model search wrote.") from None
    mirrored = recipe.mirrored and name == "residual"
    return dataclasses.replace(recipe, architecture=name, options=options, mirrored=mirrored, learning_rate=rate)
