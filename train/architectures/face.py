"""A one-shot face detector: a thin residual net over the whole frame, its coarse maps added to the finer one.

One map of cells, eight pixels apart, answers for faces of every size (no anchors); what a large face needs to be seen
as a whole comes from the maps at 16 and 32 pixels (feature pyramid, Lin et al. 2017). With the default widths on
160x128 pixels: 0.1 M weights, 24 M multiply-adds.
"""

from __future__ import annotations

import keras
from keras import layers

from train.architectures.landmarks import block, bottleneck, convolution


def build(
    input_shape: tuple[int, int, int],
    outputs: int,
    *,
    stem: int = 12,
    widths: tuple[int, int, int] = (20, 36, 48),
) -> keras.Model:
    """The untrained network: float32[n, height, width, 1] in, float32[n, cells * outputs] out, cells row by row.

    Args:
        input_shape: height and width, each a multiple of 32, and channels.
        outputs: numbers a cell.
        stem: channels at half the size.
        widths: channels at a quarter, an eighth, and a sixteenth and less of the size.
    """
    image = keras.Input(input_shape, name="image", dtype="float32")
    x = convolution(image, stem, 3, 2)
    x = block(x, widths[0], 2)
    eighth = bottleneck(block(x, widths[1], 2))
    sixteenth = bottleneck(convolution(eighth, widths[2], 3, 2))
    coarse = bottleneck(bottleneck(convolution(convolution(sixteenth, widths[2] // 2, 1), widths[2], 3, 2)))
    x = layers.Add()([layers.UpSampling2D(2)(coarse), sixteenth])
    x = convolution(bottleneck(x), widths[1], 1)
    x = layers.Add()([layers.UpSampling2D(2)(x), eighth])
    x = bottleneck(bottleneck(x))
    x = layers.Conv2D(outputs, 3, padding="same", bias_initializer="zeros", name="cells")(x)
    cells = layers.Flatten()(x)
    return keras.Model(image, cells, name="face")
