"""The networks, one family a file; pure Keras 3, so they run on every backend of it."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from edge.errors import UserError

if TYPE_CHECKING:
    import keras

FAMILIES = {
    "residual": ("residual",),
    "dense": ("mlp", "ann"),
    "recurrent": ("lstm_rows",),
    "plain": ("cnn_2_blocks", "cnn_3_blocks", "cnn_5_blocks", "cnn_batchnorm", "cnn_4_blocks", "cnn_tuned"),
    "attention": ("cbam",),
    "pretrained": ("vgg16", "resnet50v2", "efficientnetb0", "resnet50", "mobilenetv2", "resnet50v2_finetuned"),
    "faces": ("mobilenet_faces",),
    "classical": ("logistic_regression", "random_forest"),
    "landmark_branch": ("residual_landmarks",),
}
"""The file of each; `classical` is scikit-learn's and no network, `landmark_branch` has a second input."""

ARCHITECTURES = {name: family for family, names in FAMILIES.items() for name in names}
NETWORKS = tuple(name for name, family in ARCHITECTURES.items() if family not in ("classical", "landmark_branch"))
"""Those that read an image and nothing beside it."""
WITH_POINTS = FAMILIES["landmark_branch"]
"""Those that read the face's contours, too."""


def build(
    name: str, input_shape: tuple[int, int, int], classes: int, *, dtype: str = "float32", **options: Any
) -> keras.Model:
    """The named network, untrained or with the weights that its options name; float32[n, height, width, channels] in,
    logits float32[n, classes] out. `dtype` is the policy of the inner layers.

    Raises:
        UserError: there is none of that name.
        InputError: weights that an option names cannot be had.
    """
    if name not in NETWORKS + WITH_POINTS:
        raise UserError(f"there is no architecture '{name}'; choose one of: {', '.join(NETWORKS + WITH_POINTS)}.")
    family = importlib.import_module(f"train.architectures.{ARCHITECTURES[name]}")
    if name == "residual":
        made: keras.Model = family.build(input_shape, classes, dtype=dtype, **options)
    else:
        with _policy(dtype):
            made = getattr(family, name)(input_shape, classes, **options)
    return made


@contextmanager
def _policy(dtype: str) -> Iterator[None]:
    """Layers that are made in the block compute in `dtype`, those of Keras's own backbones too."""
    import keras

    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(dtype)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)
