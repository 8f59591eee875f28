"""The networks, one family a file, each with one function `build`; pure Keras 3, so they run on every backend of it."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from edge.errors import UserError

if TYPE_CHECKING:
    import keras

ARCHITECTURES = {"residual": "train.architectures.residual"}


def build(
    name: str, input_shape: tuple[int, int, int], classes: int, *, dtype: str = "float32", **options: Any
) -> keras.Model:
    """The named network, untrained; logits out.

    Raises:
        UserError: there is none of that name.
    """
    if name not in ARCHITECTURES:
        raise UserError(f"there is no architecture '{name}'; choose one of: {', '.join(ARCHITECTURES)}.")
    family = importlib.import_module(ARCHITECTURES[name])
    model: keras.Model = family.build(input_shape, classes, dtype=dtype, **options)
    return model
