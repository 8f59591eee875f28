"""Which examples a task trains on, is chosen by, and is tested on; and what conversion needs of them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.errors import InputError, UserError
from edge.vision.card import InputSpec, ModelCard
from train.data import eye_examples, eyes, fer2013, folder, no_faces
from train.data.examples import Examples
from train.recipes import Recipe, recipe_of


def _folder(data: Path) -> Path:
    if not data.is_dir():
        raise InputError(f"{data}: there is no such folder; --data must name the folder that holds the training data.")
    return data


NO_FACES, NO_FACES_HELD_OUT = 4000, 1000
"""Patches without a face that `emotion` is trained on, and chosen and tested by."""


def _no_faces(data: Path, count: int, *, held_out: bool, seed: int) -> Examples:
    patches = no_faces.read(data, count, fer2013.SIDE, held_out=held_out, seed=seed)
    targets = np.zeros((count, len(fer2013.ANSWERS)), np.float32)
    targets[:, fer2013.ANSWERS.index("unknown")] = 1
    return Examples(patches, targets, np.ones(count, np.float32), {}, np.full(count, no_faces.SOURCE))


def training(task: str, data: Path, leave_out: str | None = None, votes: float = 0.5) -> Examples:
    """The examples that the weights are fitted to.

    `leave_out` names a set of `eyes` to keep out entirely; `votes` is the part of FER+ in the targets of `emotion`.
    """
    recipe_of(task)
    if task == "emotion":
        found = fer2013.read(_folder(data), "Training", votes)
        return found.joined(_no_faces(data, NO_FACES, held_out=False, seed=0))
    return eye_examples.everything(_folder(data), _others(leave_out), held_out=False)


def validation(task: str, data: Path, leave_out: str | None = None) -> Examples:
    """The examples that the best epoch, the temperature and the recipe are chosen by; never trained on."""
    recipe_of(task)
    if task == "emotion":
        found = fer2013.read(_folder(data), "PublicTest")
        return found.joined(_no_faces(data, NO_FACES_HELD_OUT, held_out=True, seed=1))
    return eye_examples.everything(_folder(data), _others(leave_out), held_out=True)


def unseen(task: str, data: Path, leave_out: str | None = None) -> Examples:
    """The examples that nothing was chosen by: `PrivateTest`, or the whole set of eyes that was left out.

    Raises:
        UserError: eyes without a set left out have no test set.
    """
    recipe_of(task)
    if task == "emotion":
        found = fer2013.read(_folder(data), "PrivateTest")
        return found.joined(_no_faces(data, NO_FACES_HELD_OUT, held_out=True, seed=2))
    if leave_out is None:
        raise UserError("eyes have no test split of their own; name the set that was left out, or use the validation.")
    _others(leave_out)
    return eye_examples.left_out(_folder(data), leave_out)


def _others(leave_out: str | None) -> tuple[str, ...]:
    if leave_out is not None and leave_out not in eyes.SETS:
        raise UserError(f"there is no set of eyes '{leave_out}' to leave out; choose one of: {', '.join(eyes.SETS)}.")
    return tuple(name for name in eyes.SETS if name != leave_out)


def scaled(images: NDArray[np.uint8], spec: InputSpec) -> NDArray[np.float32]:
    """Images uint8[n, h, w] of any size as the model's input float32[n, height, width, 1]: resized, then scaled."""
    if images.shape[1:3] != (spec.height, spec.width):
        size = (spec.width, spec.height)
        how = cv2.INTER_AREA if spec.width < images.shape[2] else cv2.INTER_LINEAR  # as training enlarges them
        images = np.stack([cv2.resize(image, size, interpolation=how) for image in images])
    return ((images[..., None].astype(np.float32) - spec.mean) / spec.std).astype(np.float32)


def _recipe_for(task: str, data: Path, card: ModelCard | None, *, own: bool) -> Recipe:
    """The task's recipe with labels and size of the card; how pixels are scaled stays the recipe's, to be compared."""
    recipe = recipe_of(task)
    if card is not None:
        size = {"width": card.input.width, "height": card.input.height}
        unsure = recipe.unsure if recipe.unsure in card.labels else None
        recipe = replace(recipe, input=recipe.input.model_copy(update=size), labels=card.labels, unsure=unsure)
    if not own:
        return recipe
    found = folder.recipe_for(recipe, data)
    if found.labels != recipe.labels:
        raise InputError(
            f"{data}: holds {', '.join(found.labels)}, the model answers {', '.join(recipe.labels)}; give the same "
            "labels as in training."
        )
    return found


def representative(
    task: str, data: Path, count: int, seed: int = 0, card: ModelCard | None = None, *, own: bool = False
) -> NDArray[np.float32]:
    """Inputs float32[count, h, w, c] that show a converter what the tensors' ranges are.

    Training images with moderate light changes, evenly of every set and class. Extreme light would widen the ranges
    for the sake of a few images.

    Args:
        task: emotion or eyes.
        data: the folder of the training data, or of one's own images.
        count: how many.
        seed: which, and how they are lit.
        card: of the model, where its size or labels are not the recipe's.
        own: whether `data` holds one's own images, a folder a label.
    """
    recipe = _recipe_for(task, data, card, own=own)
    examples = folder.read(data, recipe)["training"] if own else training(task, data)
    random = np.random.default_rng(seed)
    kinds = examples.kinds()
    order = random.permutation(len(examples))
    place = np.empty(len(order), np.int64)  # how many of its kind came before it: the lowest are chosen
    for kind in range(kinds.max() + 1):
        members = order[kinds[order] == kind]
        place[members] = np.arange(len(members))
    chosen = order[np.argsort(place[order], kind="stable")][:count]
    images = examples.images[chosen].astype(np.float32)
    gain = random.uniform(0.7, 1.2, (len(chosen), 1, 1)).astype(np.float32)
    bias = random.uniform(-25, 25, (len(chosen), 1, 1)).astype(np.float32)
    lit = np.clip((images - 128) * gain + 128 + bias, 0, 255).astype(np.uint8)
    return scaled(lit, recipe.input)


def held_out(
    task: str, data: Path, card: ModelCard | None = None, *, own: bool = False
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Inputs float32[n, h, w, c] and labels int64[n] of the validation examples that have a label of reference."""
    recipe = _recipe_for(task, data, card, own=own)
    examples = folder.read(data, recipe)["validation"] if own else validation(task, data)
    labels = examples.labels[recipe.reference]
    if recipe.unsure is not None:
        labels = np.where(examples.source == no_faces.SOURCE, recipe.labels.index(recipe.unsure), labels)
    return scaled(examples.images[labels >= 0], recipe.input), labels[labels >= 0]
