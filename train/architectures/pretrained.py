"""ImageNet's backbones under a small head; a grey image is given three times.

Every network scales its own input from pixels 0..255 as its backbone was trained, so nothing outside may scale it:
EfficientNet does so itself, the others get it in front. `weights` is `none` (random; all of it learns then),
`imagenet` (fetched by Keras), or a weights file of the backbone.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
from keras import layers

from edge.errors import InputError

Shape = tuple[int, int, int]
Scale = Callable[[Any], Any]

FINE_TUNED_FROM = 140
"""The first layer of ResNet50V2 that learns in the second part of `resnet50v2_finetuned`."""


def _backbone(kind: Any, shape: Shape, weights: str) -> keras.Model:
    """The backbone without its head, for pictures of the shape's height and width with three channels."""
    named = {"none": None, "imagenet": "imagenet"}.get(weights, weights)
    if weights not in ("none", "imagenet") and not Path(weights).is_file():
        raise InputError(f"{weights}: there is no such weights file; name one, or say none or imagenet.")
    try:
        backbone: keras.Model = kind(include_top=False, weights=named, input_shape=(*shape[:2], 3))
    except Exception as error:
        # OSError: the network; ValueError: a file of another backbone; what a download raised, Keras raises anew as a
        # bare Exception.
        if type(error) is not Exception and not isinstance(error, OSError | ValueError):
            raise
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise InputError(
            f"the {weights} weights of {kind.__name__} cannot be had ({reason.rstrip('.')}); fetch the file without "
            "head on a machine with a network and name it with --weights FILE, or say --weights none."
        ) from None
    return backbone


def _headed(
    kind: Any,
    input_shape: Shape,
    classes: int,
    *,
    weights: str,
    scale: Scale,
    head: list[layers.Layer],
    frozen: bool = True,
) -> keras.Model:
    """Global average and the head's layers over the backbone, which learns only where nothing was learned before."""
    image = keras.Input(input_shape, name="image", dtype="float32")
    grey = input_shape[2] == 1
    x: Any = layers.Concatenate()([image] * 3) if grey else image
    if scale is _caffe and not grey:
        x = keras.ops.flip(x, axis=-1)
    backbone = _backbone(kind, input_shape, weights)
    backbone.trainable = not frozen or weights == "none"
    x = layers.GlobalAveragePooling2D()(backbone(scale(x)))
    for layer in head:
        x = layer(x)
    return keras.Model(image, layers.Dense(classes, dtype="float32", name="logits")(x), name="on_backbone")


def _itself(x: Any) -> Any:
    return x


def _centred(x: Any) -> Any:
    """-1..1."""
    return layers.Rescaling(1 / 127.5, offset=-1)(x)


def _caffe(x: Any) -> Any:
    """Less ImageNet's means of blue, green and red, in that order."""
    return layers.Normalization(mean=[103.939, 116.779, 123.68], variance=[1.0, 1.0, 1.0])(x)


def _dense(width: int, dropout: float) -> list[layers.Layer]:
    return [layers.Dense(width, activation="relu"), layers.Dropout(dropout)]


def vgg16(input_shape: Shape, classes: int, *, weights: str = "imagenet") -> keras.Model:
    kind = keras.applications.VGG16
    return _headed(kind, input_shape, classes, weights=weights, scale=_caffe, head=_dense(256, 0.5))


def resnet50v2(input_shape: Shape, classes: int, *, weights: str = "imagenet") -> keras.Model:
    kind = keras.applications.ResNet50V2
    return _headed(kind, input_shape, classes, weights=weights, scale=_centred, head=_dense(256, 0.5))


def efficientnetb0(input_shape: Shape, classes: int, *, weights: str = "imagenet", frozen: bool = True) -> keras.Model:
    """`frozen` False is the fine-tuned one of the reports."""
    kind, head = keras.applications.EfficientNetB0, _dense(256, 0.5)
    return _headed(kind, input_shape, classes, weights=weights, scale=_itself, head=head, frozen=frozen)


def resnet50(input_shape: Shape, classes: int, *, weights: str = "imagenet") -> keras.Model:
    """The dropout's rate, .5, is our choice: the report does not state it."""
    kind = keras.applications.ResNet50
    return _headed(kind, input_shape, classes, weights=weights, scale=_caffe, head=_dense(1024, 0.5))


def mobilenetv2(input_shape: Shape, classes: int, *, weights: str = "imagenet") -> keras.Model:
    """All layers learn; here the dropout comes before the dense layer."""
    kind, head = keras.applications.MobileNetV2, [layers.Dropout(0.5), layers.Dense(128, activation="relu")]
    return _headed(kind, input_shape, classes, weights=weights, scale=_centred, head=head, frozen=False)


def resnet50v2_finetuned(input_shape: Shape, classes: int, *, weights: str = "imagenet") -> keras.Model:
    """As it is in the first part of its training; `fine_tuned` makes it ready for the second."""
    kind = keras.applications.ResNet50V2
    return _headed(kind, input_shape, classes, weights=weights, scale=_centred, head=_dense(128, 0.5))


def fine_tuned(model: keras.Model) -> None:
    """Lets the backbone's layers from 140 on learn, and those before stand still; to be compiled anew."""
    backbone = next(layer for layer in model.layers if isinstance(layer, keras.Model))
    backbone.trainable = True
    for layer in backbone.layers[:FINE_TUNED_FROM]:
        layer.trainable = False
