"""Plain convolutional networks of the reports: blocks of 3x3 convolutions, a max-pool after each, dense layers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
from keras import layers

Shape = tuple[int, int, int]


class _Stack:
    """The layers so far; every method adds to them."""

    def __init__(self, input_shape: Shape) -> None:
        self.image = keras.Input(input_shape, name="image", dtype="float32")
        self.x: Any = self.image

    def add(self, *added: layers.Layer) -> _Stack:
        for layer in added:
            self.x = layer(self.x)
        return self

    def convolution(self, width: int, *, normalised: bool) -> _Stack:
        """Convolution, and ReLU after the normalisation where there is one."""
        self.add(layers.Conv2D(width, 3, padding="same"))
        return self.add(layers.BatchNormalization(), layers.ReLU()) if normalised else self.add(layers.ReLU())

    def pooled(self, dropout: float) -> _Stack:
        self.add(layers.MaxPooling2D())
        return self.add(layers.Dropout(dropout)) if dropout else self

    def dense(self, width: int, dropout: float) -> _Stack:
        return self.add(layers.Dense(width, activation="relu"), layers.Dropout(dropout))

    def model(self, classes: int, name: str) -> keras.Model:
        logits = layers.Dense(classes, dtype="float32", name="logits")(self.x)
        return keras.Model(self.image, logits, name=name)


def _blocks(input_shape: Shape, widths: Sequence[int], *, normalised: bool, dropout: float = 0.0) -> _Stack:
    stack = _Stack(input_shape)
    for width in widths:
        stack.convolution(width, normalised=normalised).pooled(dropout)
    return stack.add(layers.Flatten())


def cnn_2_blocks(input_shape: Shape, classes: int) -> keras.Model:
    return _blocks(input_shape, (32, 64), normalised=False).dense(128, 0.5).model(classes, "cnn_2_blocks")


def cnn_3_blocks(input_shape: Shape, classes: int) -> keras.Model:
    return _blocks(input_shape, (32, 64, 128), normalised=False).dense(256, 0.5).model(classes, "cnn_3_blocks")


def cnn_batchnorm(input_shape: Shape, classes: int) -> keras.Model:
    """The dropout's rate, .5, is our choice: the report does not state it."""
    return _blocks(input_shape, (32, 64, 128), normalised=True).dense(128, 0.5).model(classes, "cnn_batchnorm")


def cnn_4_blocks(input_shape: Shape, classes: int) -> keras.Model:
    stack = _blocks(input_shape, (32, 64, 128, 256), normalised=True, dropout=0.2)
    return stack.dense(256, 0.2).model(classes, "cnn_4_blocks")


def cnn_5_blocks(input_shape: Shape, classes: int) -> keras.Model:
    """Two convolutions a block of 64, 128, 256, 256, one of 512, a global average: 3.9 M weights."""
    stack = _Stack(input_shape)
    for width in (64, 128, 256, 256):
        stack.convolution(width, normalised=True).convolution(width, normalised=True).pooled(0.25)
    stack.convolution(512, normalised=True).add(layers.GlobalAveragePooling2D())
    return stack.dense(512, 0.5).dense(256, 0.3).model(classes, "cnn_5_blocks")


def cnn_tuned(
    input_shape: Shape,
    classes: int,
    *,
    widths: Sequence[int] = (32, 128, 128, 32),
    kernel: int = 3,
    dense: Sequence[int] = (64,),
) -> keras.Model:
    """Found by random search: two convolutions a block, ReLU before the normalisation; 558 k weights.

    `widths`, `kernel` (3 or 5) and `dense` are what the search varied. A grey image is given three times.
    """
    stack = _Stack(input_shape)
    if input_shape[2] == 1:
        stack.x = layers.Concatenate()([stack.x] * 3)
    for width in widths:
        for _ in range(2):
            stack.add(layers.Conv2D(width, kernel, padding="same", kernel_initializer="he_normal", activation="relu"))
            stack.add(layers.BatchNormalization())
        stack.pooled(0.2)
    stack.add(layers.Flatten())
    for width in dense:
        stack.add(layers.Dense(width, activation="relu", kernel_initializer="he_normal"))
        stack.add(layers.BatchNormalization(), layers.Dropout(0.5))
    return stack.model(classes, "cnn_tuned")
