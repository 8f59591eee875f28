"""A recurrent network that reads the image row by row."""

from __future__ import annotations

import keras
from keras import layers


def lstm_rows(input_shape: tuple[int, int, int], classes: int) -> keras.Model:
    """LSTM(128) over the rows, dropout .4, dense 64, dropout .3."""
    height, width, channels = input_shape
    image = keras.Input(input_shape, name="image", dtype="float32")
    x = layers.Reshape((height, width * channels))(image)
    # Unrolled, since TensorFlow's converter ends with a segmentation fault when it gives int8 to the loop.
    x = layers.LSTM(128, unroll=True)(x)
    x = layers.Dropout(0.4)(x)
    x = layers.Dropout(0.3)(layers.Dense(64, activation="relu")(x))
    return keras.Model(image, layers.Dense(classes, dtype="float32", name="logits")(x), name="lstm_rows")
