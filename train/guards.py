"""What ends a run with one sentence instead of a traceback: too few images, no memory, no room on the disk."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from edge.errors import InputError
from train.data import Examples
from train.recipes import Recipe

LEAST_SHARE = 1 / 50
"""Of the largest class: a smaller class is hardly ever answered by what was trained on it."""


class OutOfMemory(InputError):
    """Batches of this size do not fit into memory."""


def check_classes(examples: Examples, recipe: Recipe, place: Path) -> None:
    """That there is something to learn of each label.

    Raises:
        InputError: no image, none of a label, or, without class weights, far fewer of one than of another.
    """
    counts = np.bincount(examples.targets.argmax(axis=1), minlength=len(recipe.labels))[: len(recipe.labels)]
    named = dict(zip(recipe.labels, counts.tolist(), strict=True))
    if not counts.any():
        raise InputError(f"{place}: there is no image to train on; add some of: {', '.join(recipe.labels)}.")
    absent = [label for label, count in named.items() if count == 0]
    if absent:
        raise InputError(f"{place}: there is no image to train on of {', '.join(absent)}; add some.")
    least, most = min(named, key=named.__getitem__), max(named, key=named.__getitem__)
    if named[least] < LEAST_SHARE * named[most] and recipe.class_weights == "none":
        raise InputError(
            f"{place}: only {named[least]} images of {least} beside {named[most]} of {most}; add some, or give "
            "--class-weights balanced."
        )


@contextmanager
def enough_memory(recipe: Recipe, output: Path) -> Iterator[None]:
    """Makes one sentence of a lack of memory.

    Raises:
        OutOfMemory: the block took more memory than there is.
    """
    try:
        yield
    except _out_of_memory():
        raise OutOfMemory(
            f"{output}: there is not enough memory for batches of {recipe.batch} images of {recipe.input.width} "
            "pixels; give a smaller --batch, and another --output if an epoch was done here."
        ) from None


def _out_of_memory() -> tuple[type[BaseException], ...]:
    import keras  # by now loaded; what only looks at the images need not wait for it

    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf  # loaded already, by Keras

        return (MemoryError, tf.errors.ResourceExhaustedError)
    if keras.backend.backend() == "torch":
        import torch

        return (MemoryError, torch.OutOfMemoryError)
    return (MemoryError,)


@contextmanager
def room(output: Path) -> Iterator[None]:
    """Makes one sentence of a disk that takes nothing more; what was written in one step before stays whole.

    Raises:
        InputError: the block could not write.
    """
    try:
        yield
    except OSError as error:
        for half in (*output.glob("*.new"), *output.glob("new-*")):
            half.unlink(missing_ok=True)
        reason = error.strerror or str(error).splitlines()[0]
        raise InputError(
            f"{output}: the run cannot be written ({reason}); make room and give the same command again: a training "
            "goes on after the last epoch that was written."
        ) from None
