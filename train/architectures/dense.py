"""Dense layers on the flattened image: what a face is to a network that knows of no neighbourhood."""

from __future__ import annotations

import keras
from keras import layers

Shape = tuple[int, int, int]


def mlp(input_shape: Shape, classes: int) -> keras.Model:
    """Three dense layers with dropout; their widths (512, 256, 128) and its rate are our choice, no report has them."""
    image = keras.Input(input_shape, name="image", dtype="float32")
    x = layers.Flatten()(image)
    for width in (512, 256, 128):
        x = layers.Dropout(0.3)(layers.Dense(width, activation="relu")(x))
    return keras.Model(image, layers.Dense(classes, dtype="float32", name="logits")(x), name="mlp")


def ann(input_shape: Shape, classes: int) -> keras.Model:
    """Dense 256, normalisation, dropout .3, dense 128, dropout .3."""
    image = keras.Input(input_shape, name="image", dtype="float32")
    x = layers.Dense(256, activation="relu")(layers.Flatten()(image))
    x = layers.Dropout(0.3)(layers.BatchNormalization()(x))
    x = layers.Dropout(0.3)(layers.Dense(128, activation="relu")(x))
    return keras.Model(image, layers.Dense(classes, dtype="float32", name="logits")(x), name="ann")
