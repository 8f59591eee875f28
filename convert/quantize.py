"""From a network in floating point to a flatbuffer: int8 throughout, or, where asked, of weights alone, or float16."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from convert import clip
from convert.network import Network, tensorflow
from convert.quiet import quiet
from edge.errors import InputError

Precision = Literal["int8", "int8-weights", "float16"]
PRECISIONS: tuple[Precision, ...] = get_args(Precision)
"""int8 throughout; int8 weights with activations in float32; float16 weights with activations in float32."""

NUMBERS = {
    "int8": ("int8, per channel; of dense layers per tensor", "int8, per tensor", "int8"),
    "int8-weights": ("int8, per channel; of dense layers per tensor", "float32", "float32"),
    "float16": ("float16", "float32", "float32"),
}


@dataclass(frozen=True, slots=True)
class Recipe:
    """How the numbers were stored, and the calibration set (its size and SHA-256) that set the ranges.

    `clip_percentile`: activations' ranges leave out what lies beyond this percentile on either side; None: nothing.
    """

    calibration_count: int
    calibration_sha256: str
    weights: str
    activations: str
    input_and_output: str
    clip_percentile: float | None = None


@dataclass(frozen=True, slots=True)
class Quantized:
    """`model` is the flatbuffer, without a card."""

    model: bytes
    recipe: Recipe


def quantize(
    network: Network,
    calibration: NDArray[np.float32],
    precision: Precision = "int8",
    clip_percentile: float | None = None,
) -> Quantized:
    """The network in the numbers that are asked for; the same input gives the same bytes.

    Args:
        network: what to convert.
        calibration: the representative set, float32[n, height, width, channels], scaled as the network takes it.
        precision: one of PRECISIONS.
        clip_percentile: for int8: see Recipe.

    Raises:
        InputError: the calibration set doesn't fit, or the converter has no int8 for something in the network.
    """
    if len(calibration) == 0 or calibration.shape[1:] != network.input_shape or not np.isfinite(calibration).all():
        raise InputError(
            f"the calibration set {calibration.shape} is not made of finite pictures {network.input_shape} as the "
            "network takes them; check the data and the task."
        )
    with converter(network, calibration, precision) as made:
        if precision == "int8" and clip_percentile is not None:
            made._experimental_calibrate_only = True
            model = clip.requantize(_converted(made), calibration, clip_percentile)
        else:
            model = _converted(made)
    digest = hashlib.sha256(np.ascontiguousarray(calibration).tobytes()).hexdigest()
    return Quantized(model, Recipe(len(calibration), digest, *NUMBERS[precision], clip_percentile))


class converter:  # noqa: N801  used as a function: with converter(...) as made
    """TensorFlow's converter for the network, set up; the exported network lasts as long as the block."""

    def __init__(self, network: Network, calibration: NDArray[np.float32], precision: Precision = "int8") -> None:
        self._network, self._calibration, self._precision = network, calibration, precision

    def __enter__(self) -> Any:
        tf = tensorflow()
        self._folder = tempfile.TemporaryDirectory()
        with quiet():
            self._network.export(self._folder.name)
        try:
            _refuse_loops(Path(self._folder.name))
        except InputError:
            self._folder.cleanup()
            raise
        made = tf.lite.TFLiteConverter.from_saved_model(self._folder.name)
        made.optimizations = [tf.lite.Optimize.DEFAULT]
        if self._precision == "float16":
            made.target_spec.supported_types = [tf.float16]
        if self._precision == "int8":
            made.representative_dataset = self._pictures
            made.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
            made.inference_input_type = tf.int8
            made.inference_output_type = tf.int8
        # TFLite Micro and NNAPI read one scale for the weights of a dense layer, and answer wrongly to several.
        made._experimental_disable_per_channel_quantization_for_dense_layers = True
        return made

    def _pictures(self) -> Iterator[list[NDArray[np.float32]]]:
        return ([picture[None]] for picture in self._calibration)

    def __exit__(self, *_: object) -> None:
        self._folder.cleanup()


def _refuse_loops(folder: Path) -> None:
    """The converter does not refuse a loop over a list of tensors: it aborts, and takes this process with it."""
    tensorflow()
    from tensorflow.core.protobuf.saved_model_pb2 import SavedModel

    saved = SavedModel.FromString((folder / "saved_model.pb").read_bytes())
    graphs = [graph.graph_def for graph in saved.meta_graphs]
    functions = [function for graph in graphs for function in graph.library.function]
    operators = {node.op for holder in graphs for node in holder.node}
    operators |= {node.op for function in functions for node in function.node_def}
    if any(name.startswith("TensorList") for name in operators):
        raise InputError(
            "the network loops over a sequence (a recurrent layer such as LSTM or GRU), which TFLite has no int8 for; "
            "build that layer with unroll=True, which takes the same weights, and save the model again."
        )


def _converted(made: Any) -> bytes:
    tensorflow()
    from tensorflow.lite.python.convert_phase import ConverterError

    with quiet():
        try:
            model: bytes = made.convert()
        except (ConverterError, RuntimeError) as error:
            reason = (str(error).strip() or type(error).__name__).splitlines()[0]
            raise InputError(
                f"the network cannot become int8 ({reason.rstrip('.')}); replace the layer by one that TFLite has."
            ) from None
    return model
