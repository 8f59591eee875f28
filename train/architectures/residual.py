"""Plain residual nets: convolution, batch normalisation, ReLU, and nothing that int8 rounds badly.

Two 3x3 convolutions a block with a shortcut around them (He et al. 2015), every stage halves the image, a global
average ends it. With a stem of 32 and stages of (48, 1), (80, 2), (144, 2) on 48x48 pixels: 0.9 M weights, 75 M
multiply-adds; with 16 and (32, 1), (64, 2), (96, 1) on 32x32: 0.29 M and 14.5 M.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import keras
from keras import layers, ops


@dataclass(frozen=True)
class _Layers:
    """The two building blocks, with the precision that they compute in."""

    dtype: str

    def convolution(self, x: keras.KerasTensor, width: int, kernel: int, stride: int = 1) -> keras.KerasTensor:
        x = layers.Conv2D(
            width,
            kernel,
            strides=stride,
            padding="same",
            use_bias=False,
            kernel_initializer="he_normal",
            dtype=self.dtype,
        )(x)
        return layers.BatchNormalization(momentum=0.95, dtype=self.dtype)(x)

    def block(self, x: keras.KerasTensor, width: int, stride: int) -> keras.KerasTensor:
        shortcut = x
        if stride > 1 or x.shape[-1] != width:
            shortcut = self.convolution(x, width, 1, stride)
        x = layers.ReLU(dtype=self.dtype)(self.convolution(x, width, 3, stride))
        x = self.convolution(x, width, 3)
        return layers.ReLU(dtype=self.dtype)(layers.Add(dtype=self.dtype)([x, shortcut]))


def build(
    input_shape: tuple[int, int, int],
    classes: int,
    *,
    stem: int,
    stages: Sequence[tuple[int, int]],
    dropout: float = 0.0,
    mirrored: bool = False,
    dtype: str = "float32",
) -> keras.Model:
    """The untrained network: float32[n, height, width, channels] in, one logit a class out, float32[n, classes].

    Args:
        input_shape: height, width, channels.
        classes: how many logits.
        stem: channels of the first convolution, at full size.
        stages: channels and number of blocks of each stage.
        dropout: share of the averaged features left out in training.
        mirrored: answer with the mean of the image's logits and its mirror image's, at twice the time; the weights are
            the same, in the same order.
        dtype: policy of the inner layers; `mixed_bfloat16` trains faster, its weights are float32 all the same.
    """
    net = _Layers(dtype)
    image = keras.Input(input_shape, name="image", dtype="float32")
    # The two images go through as a batch of two, so that a converted model holds the weights once.
    x = ops.concatenate([image, ops.flip(image, axis=2)], axis=0) if mirrored else image
    x = layers.ReLU(dtype=dtype)(net.convolution(x, stem, 3))
    for width, blocks in stages:
        for number in range(blocks):
            x = net.block(x, width, stride=2 if number == 0 else 1)
    x = layers.GlobalAveragePooling2D(dtype=dtype)(x)
    if dropout:
        x = layers.Dropout(dropout, dtype=dtype)(x)
    logits = layers.Dense(classes, dtype="float32", name="logits")(x)
    if mirrored:
        logits = ops.mean(ops.reshape(logits, (2, -1, classes)), axis=0)
    return keras.Model(image, logits, name="residual")
