"""Convolutions with attention to channels and places (CBAM, Woo et al. 2018)."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers

REDUCTION = 8
"""Of channels within the channel attention."""


def _attended(x: Any) -> Any:
    """The tensor weighed channel by channel, then place by place."""
    channels = x.shape[-1]
    narrow = layers.Dense(max(1, channels // REDUCTION), activation="relu")
    wide = layers.Dense(channels)
    mean = layers.GlobalAveragePooling2D(keepdims=True)(x)
    most = layers.GlobalMaxPooling2D(keepdims=True)(x)
    weights = layers.Add()([wide(narrow(mean)), wide(narrow(most))])
    x = layers.Multiply()([x, layers.Activation("sigmoid")(weights)])
    both = layers.Concatenate()([keras.ops.mean(x, axis=-1, keepdims=True), keras.ops.max(x, axis=-1, keepdims=True)])
    return layers.Multiply()([x, layers.Conv2D(1, 7, padding="same", activation="sigmoid")(both)])


def cbam(input_shape: tuple[int, int, int], classes: int) -> keras.Model:
    """Five blocks of a convolution, normalisation, attention and max-pool, 32 to 256 wide.

    The report states neither number nor widths of its blocks, nor the dropout: they are our choice.
    """
    image = keras.Input(input_shape, name="image", dtype="float32")
    x: Any = image
    for width in (32, 64, 128, 256, 256):
        x = layers.ReLU()(layers.BatchNormalization()(layers.Conv2D(width, 3, padding="same")(x)))
        x = layers.MaxPooling2D()(_attended(x))
    x = layers.Dropout(0.5)(layers.GlobalAveragePooling2D()(x))
    return keras.Model(image, layers.Dense(classes, dtype="float32", name="logits")(x), name="cbam")
