"""The trained network, from a .keras file (whichever backend trained it) or a SavedModel, on TensorFlow."""

from __future__ import annotations

import os
import zipfile
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from convert.quiet import quiet
from edge.errors import InputError

MEMBERS = {"config.json", "model.weights.h5"}
"""What every .keras file holds, Keras 3's own format."""
SAVED = ("saved_model.pb", "saved_model.pbtxt")
"""One of these every folder of a SavedModel holds."""


def tensorflow() -> Any:
    """The package, imported without its greetings; seconds the first time.

    Raises:
        InputError: TensorFlow is not installed.
    """
    os.environ["KERAS_BACKEND"] = "tensorflow"
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    # oneDNN adds in an order of its own, which changes with the number of threads: the same input, the same bytes.
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
    os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
    with quiet():
        try:
            import tensorflow as tf
        except ImportError:
            raise InputError("TensorFlow is not installed: pip install '.[train]' in the clone.") from None
    return tf


class Network(Protocol):
    """A network with one picture in and one row of logits out.

    `input_shape`: height, width, channels; `outputs`: how many logits.
    """

    input_shape: tuple[int, int, int]
    outputs: int

    def logits(self, inputs: NDArray[np.float32]) -> NDArray[np.float32]:
        """float32[n, outputs] of inputs float32[n, height, width, channels], in floating point."""
        ...

    def export(self, folder: str) -> None:
        """Writes a SavedModel that takes one picture a call: sizes left open would become operators that compute
        shapes on the device, and split the network between them and XNNPACK.
        """
        ...


class KerasNetwork:
    """A network that Keras holds: `model` is the keras.Model."""

    def __init__(self, model: Any, input_shape: tuple[int, int, int], outputs: int) -> None:
        self.model, self.input_shape, self.outputs = model, input_shape, outputs

    def logits(self, inputs: NDArray[np.float32]) -> NDArray[np.float32]:
        with quiet():
            found = self.model.predict(inputs, batch_size=128, verbose=0)
        (scores,) = tensorflow().nest.flatten(found)  # a model may give them by name
        return np.asarray(scores, np.float32)

    def export(self, folder: str) -> None:
        one = tensorflow().TensorSpec((1, *self.input_shape), "float32", name="image")
        self.model.export(folder, format="tf_saved_model", verbose=False, input_signature=[one])


class SavedNetwork:
    """A SavedModel as TensorFlow loaded it; its serving function takes float32[n, h, w, channels] by its `name`."""

    def __init__(self, loaded: Any, name: str, input_shape: tuple[int, int, int], outputs: int) -> None:
        self._loaded, self._name, self.input_shape, self.outputs = loaded, name, input_shape, outputs
        self._served = loaded.signatures["serving_default"]

    def _call(self, inputs: Any) -> Any:
        return next(iter(self._served(**{self._name: inputs}).values()))

    def logits(self, inputs: NDArray[np.float32]) -> NDArray[np.float32]:
        tf = tensorflow()
        parts = [self._call(tf.constant(inputs[i : i + 128])) for i in range(0, len(inputs), 128)]
        return np.concatenate([np.asarray(part, np.float32) for part in parts])

    def export(self, folder: str) -> None:
        tf = tensorflow()
        module = tf.Module()
        module.loaded = self._loaded  # what the function reads must be written with it
        one = tf.TensorSpec((1, *self.input_shape), tf.float32, name="image")
        tf.saved_model.save(module, folder, signatures=tf.function(self._call, input_signature=[one]))


def refuse_foreign(path: Path) -> None:
    """Raises InputError where there is nothing of that name that can be converted, without loading anything."""
    if path.is_dir():
        if not any((path / name).is_file() for name in SAVED):
            raise InputError(
                f"{path}: this folder holds no SavedModel; name the folder that model.export() wrote, or a .keras file."
            )
        return
    if not path.is_file():
        raise InputError(f"{path}: there is no such file; name the .keras file that train-model fit wrote.")
    if path.suffix != ".keras":
        raise InputError(f"{path}: this is no .keras file; name the one that train-model fit wrote.")
    if not zipfile.is_zipfile(path) or not _members(path) >= MEMBERS:
        raise InputError(
            f"{path}: this is not a .keras file of Keras 3, or it is cut short or damaged; save the model again."
        )


def require_sound(path: Path) -> None:
    """Raises zipfile.BadZipFile, OSError or zlib.error where a .keras file is not what was written.

    Keras reads the weights out of it without looking at their checksum, and would load others.
    """
    with zipfile.ZipFile(path) as archive:
        if (part := archive.testzip()) is not None:
            raise zipfile.BadZipFile(f"{part} in it is damaged")


def load(path: Path) -> Network:
    """The network of a .keras file, without its optimizer, loss and metrics, or of the folder of a SavedModel.

    Raises:
        InputError: the file is missing, damaged or foreign, or is no classifier of pictures.
    """
    refuse_foreign(path)
    if path.is_dir():
        return load_saved(path)
    tensorflow()
    with quiet():
        import keras

        try:
            require_sound(path)
            model = keras.saving.load_model(path, compile=False)
        except (ValueError, TypeError, KeyError, AttributeError, OSError, zipfile.BadZipFile, zlib.error) as error:
            reason = (str(error).strip() or type(error).__name__).splitlines()[0]
            raise InputError(
                f"{path}: Keras {keras.__version__} cannot load the model ({reason.rstrip('.')}); save it again."
            ) from None
    return describe(model, str(path))


def load_saved(path: Path) -> SavedNetwork:
    """The serving function of the SavedModel in the folder `path`.

    Raises:
        InputError: there is none, or it is no classifier of pictures.
    """
    tf = tensorflow()
    with quiet():
        try:
            loaded = tf.saved_model.load(str(path))
            served = loaded.signatures["serving_default"]
        except (OSError, LookupError, ValueError, AttributeError, tf.errors.OpError) as error:
            reason = (str(error).strip() or type(error).__name__).splitlines()[0]
            raise InputError(
                f"{path}: this folder holds no SavedModel with a serving function, or it is damaged "
                f"({reason.rstrip('.')}); name the folder that model.export() wrote, or a .keras file."
            ) from None
    given, found = served.structured_input_signature[1], served.structured_outputs
    return SavedNetwork(loaded, next(iter(given), ""), *_sizes(str(path), given.values(), found.values()))


def _sizes(name: str, given: Iterable[Any], found: Iterable[Any]) -> tuple[tuple[int, int, int], int]:
    """Height, width and channels of the one picture `given`, and how many scores are `found`: tensors or their specs.

    Raises:
        InputError: it is another number of tensors, or one of another type, rank or of unknown size.
    """
    tf = tensorflow()
    sides = [[(tf.as_dtype(one.dtype).name, tf.TensorShape(one.shape)) for one in side] for side in (given, found)]
    tensors = [tensor for side in sides for tensor in side]
    # Of an unknown rank a shape has no length either. Scaled pixels are fractions, of which other types keep nothing.
    fits = [[(kind, shape.rank) for kind, shape in side] for side in sides] == [[("float32", 4)], [("float32", 2)]]
    if not fits or any(size is None for _, shape in tensors for size in shape[1:]):
        raise InputError(
            f"{name}: a model takes one picture [height, width, channels] and gives one row of scores, both float32, "
            f"this one has the tensors {', '.join(f'{kind} {shape}' for kind, shape in tensors)}; save the classifier "
            "alone, with such an input and output."
        )
    (_, height, width, channels), (_, outputs) = (tuple(shape) for _, shape in tensors)
    return (height, width, channels), outputs


def describe(model: Any, name: str) -> KerasNetwork:
    """The network around a keras.Model; `name` stands in the error.

    Raises:
        InputError: it has several inputs or outputs, one of unknown size or not float32, or computes in less.
    """
    if not hasattr(model, "inputs"):  # a Sequential without an Input that was never called, or a class of its own
        raise InputError(
            f"{name}: the model does not say what it takes; build it with keras.Input((height, width, channels)) as "
            "its beginning and save it again."
        )
    narrow = sorted({layer.compute_dtype for layer in model.layers} - {"float32"})
    if narrow:
        raise InputError(f"{name}: layers compute in {', '.join(narrow)}; save the model with the policy float32.")
    return KerasNetwork(model, *_sizes(name, model.inputs, model.outputs))


def _members(path: Path) -> set[str]:
    """The names of what the file holds; none where a part has not its checksum, which readers need not look at."""
    with zipfile.ZipFile(path) as archive:
        try:
            sound = archive.testzip() is None
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError):
            sound = False
        return set(archive.namelist()) if sound else set()
