"""A thin residual net that reads contour points off a face crop: 3x3 and 1x1 convolutions, ReLU, one last map of 6x6.

Where a point is, is kept to the end: the last map is not averaged, each of its channels has its own weight for each of
the 36 places (a depthwise convolution over the whole map, as MobileFaceNet has it, Chen et al. 2018). With the
default widths on 96x96 pixels: 0.14 M weights, 19 M multiply-adds.
"""

from __future__ import annotations

import keras
from keras import layers


def _convolution(x: keras.KerasTensor, width: int, kernel: int, stride: int = 1) -> keras.KerasTensor:
    x = layers.Conv2D(width, kernel, strides=stride, padding="same", use_bias=False, kernel_initializer="he_normal")(x)
    return layers.BatchNormalization(momentum=0.95)(x)


def block(x: keras.KerasTensor, width: int, stride: int = 1) -> keras.KerasTensor:
    """Two convolutions of 3x3 with a shortcut around them (He et al. 2015)."""
    shortcut = x if stride == 1 and x.shape[-1] == width else _convolution(x, width, 1, stride)
    x = layers.ReLU()(_convolution(x, width, 3, stride))
    x = _convolution(x, width, 3)
    return layers.ReLU()(layers.Add()([x, shortcut]))


def bottleneck(x: keras.KerasTensor) -> keras.KerasTensor:
    """One convolution of 3x3 on half the channels, with a shortcut around it: a quarter of a block's weights."""
    shortcut, width = x, x.shape[-1]
    x = layers.ReLU()(_convolution(x, width // 2, 1))
    x = layers.ReLU()(_convolution(x, width // 2, 3))
    x = _convolution(x, width, 1)
    return layers.ReLU()(layers.Add()([x, shortcut]))


def convolution(x: keras.KerasTensor, width: int, kernel: int, stride: int = 1) -> keras.KerasTensor:
    """Convolution, batch normalisation, ReLU."""
    return layers.ReLU()(_convolution(x, width, kernel, stride))


def build(
    input_shape: tuple[int, int, int],
    outputs: int,
    *,
    stem: int = 16,
    widths: tuple[int, int, int] = (24, 48, 64),
    features: int = 128,
) -> keras.Model:
    """The untrained network: float32[n, 96, 96, 1] in, float32[n, outputs] out.

    Args:
        input_shape: height, width, channels.
        outputs: length of the output vector: presence, then x and y of each point.
        stem: channels at half the size.
        widths: channels at a quarter, an eighth and a sixteenth of the size.
        features: channels of the last map.
    """
    image = keras.Input(input_shape, name="image", dtype="float32")
    x = convolution(image, stem, 3, 2)
    x = block(block(x, widths[0], 2), widths[0])
    x = bottleneck(bottleneck(block(x, widths[1], 2)))
    x = bottleneck(convolution(x, widths[2], 3, 2))
    x = convolution(x, features, 1)
    x = layers.DepthwiseConv2D(x.shape[1], use_bias=True, name="places")(x)
    x = layers.Flatten()(x)
    points = layers.Dense(outputs, name="points")(x)
    return keras.Model(image, points, name="landmarks")
