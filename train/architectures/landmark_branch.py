"""The residual net with a branch beside the pixels that reads the face's contour points.

What an expression does to brows, lids and lips stands in few numbers there, free of light; the points come from
another model, so the network asks for one more input and for that model's time.
"""

from __future__ import annotations

from collections.abc import Sequence

import keras
from keras import layers

from train.architectures.residual import build

POINTS = 127
"""Presence, then x and y of 63 points; `train.data.contours`."""


def residual_landmarks(
    input_shape: tuple[int, int, int],
    classes: int,
    *,
    stem: int = 16,
    stages: Sequence[tuple[int, int]] = ((48, 1), (80, 2), (112, 2)),
    features: int = 64,
    dropout: float = 0.2,
    points: int = POINTS,
) -> keras.Model:
    """The untrained network: [float32[n, height, width, channels], float32[n, points]] in, float32[n, classes] out.

    Args:
        input_shape: height, width, channels.
        classes: how many logits.
        stem: channels of the first convolution of the pixels' part.
        stages: channels and number of blocks of each of its stages.
        features: what the points are read into, in two dense layers.
        dropout: share of the joined features left out in training.
        points: numbers of the second input.
    """
    pixels = build(input_shape, classes, stem=stem, stages=stages, dtype=keras.config.dtype_policy().name)
    averaged = pixels.layers[-2].output
    shape = keras.Input((points,), name="points", dtype="float32")
    x = layers.BatchNormalization(momentum=0.95, dtype="float32", name="points_scaled")(shape)
    for number in range(2):
        x = layers.Dense(features, kernel_initializer="he_normal", dtype="float32", name=f"points_{number}")(x)
        x = layers.ReLU(dtype="float32")(x)
    joined = layers.Concatenate(name="joined")([averaged, x])
    if dropout:
        joined = layers.Dropout(dropout, name="joined_dropout")(joined)
    logits = layers.Dense(classes, dtype="float32", name="logits_of_both")(joined)
    return keras.Model([pixels.input, shape], logits, name="residual_landmarks")
