"""The trained network as Keras holds it: loaded on the TensorFlow backend, whichever backend trained it."""

from __future__ import annotations

import os
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convert.quiet import quiet
from edge.errors import InputError

MEMBERS = {"config.json", "model.weights.h5"}
"""What every .keras file holds, Keras 3's own format."""


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
            raise InputError("TensorFlow is not installed: pip install 'driver-monitor[train]'.") from None
    return tf


@dataclass(frozen=True)
class Network:
    """A network with one picture in and one row of logits out.

    `model` is the keras.Model; `input_shape` height, width, channels; `outputs` how many logits.
    """

    model: Any
    input_shape: tuple[int, int, int]
    outputs: int

    def logits(self, inputs: NDArray[np.float32]) -> NDArray[np.float32]:
        """float32[n, outputs] of inputs float32[n, height, width, channels], in floating point."""
        with quiet():
            found = self.model.predict(inputs, batch_size=128, verbose=0)
        return np.asarray(found, np.float32)


def load(path: Path) -> Network:
    """The network of a .keras file, without its optimizer, loss and metrics.

    Raises:
        InputError: the file is missing, damaged or foreign, or is no classifier of pictures.
    """
    if not path.is_file():
        raise InputError(f"{path}: there is no such file; name the .keras file that train-model fit wrote.")
    if path.suffix != ".keras" or not zipfile.is_zipfile(path) or not _members(path) >= MEMBERS:
        raise InputError(f"{path}: this is not a .keras file of Keras 3, or it is cut short; save the model again.")
    tensorflow()
    with quiet():
        import keras

        try:
            model = keras.saving.load_model(path, compile=False)
        except (ValueError, TypeError, KeyError, AttributeError, OSError, zipfile.BadZipFile, zlib.error) as error:
            reason = (str(error).strip() or type(error).__name__).splitlines()[0]
            raise InputError(
                f"{path}: Keras {keras.__version__} cannot load the model ({reason.rstrip('.')}); save it again."
            ) from None
    return describe(model, str(path))


def describe(model: Any, name: str) -> Network:
    """The network around a keras.Model; `name` stands in the error.

    Raises:
        InputError: it has several inputs or outputs, one of unknown size, or computes in less than float32.
    """
    shapes = [tuple(tensor.shape) for tensor in (*model.inputs, *model.outputs)]
    kinds_fit = [len(shape) for shape in shapes] == [4, 2]
    if not kinds_fit or any(side is None for shape in shapes for side in shape[1:]):
        raise InputError(
            f"{name}: a model takes one picture [height, width, channels] and gives one row of scores, this one has "
            f"the tensors {', '.join(str(shape) for shape in shapes)}; convert the classifier alone."
        )
    narrow = sorted({layer.compute_dtype for layer in model.layers} - {"float32"})
    if narrow:
        raise InputError(f"{name}: layers compute in {', '.join(narrow)}; save the model with the policy float32.")
    (_, height, width, channels), (_, outputs) = shapes
    return Network(model, (height, width, channels), outputs)


def _members(path: Path) -> set[str]:
    with zipfile.ZipFile(path) as archive:
        return set(archive.namelist())
