"""From a network in floating point to a flatbuffer that is int8 throughout."""

from __future__ import annotations

import hashlib
import tempfile
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from convert.network import Network, tensorflow
from convert.quiet import quiet
from edge.errors import InputError


@dataclass(frozen=True, slots=True)
class Recipe:
    """How the numbers became int8, and the calibration set (its size and SHA-256) that set the ranges."""

    calibration_count: int
    calibration_sha256: str
    weights: str = "int8, per channel; of dense layers per tensor"
    activations: str = "int8, per tensor"
    input_and_output: str = "int8"


@dataclass(frozen=True, slots=True)
class Quantized:
    """`model` is the flatbuffer, without a card."""

    model: bytes
    recipe: Recipe


def quantize(network: Network, calibration: NDArray[np.float32]) -> Quantized:
    """The network with int8 weights, activations, input and output; the same input gives the same bytes.

    Args:
        network: what to convert.
        calibration: the representative set, float32[n, height, width, channels], scaled as the network takes it.

    Raises:
        InputError: the calibration set doesn't fit, or the converter has no int8 for something in the network.
    """
    if len(calibration) == 0 or calibration.shape[1:] != network.input_shape or not np.isfinite(calibration).all():
        raise InputError(
            f"the calibration set {calibration.shape} is not made of finite pictures {network.input_shape} as the "
            "network takes them; check the data and the task."
        )
    tf = tensorflow()
    from tensorflow.lite.python.convert_phase import ConverterError

    with quiet(), tempfile.TemporaryDirectory() as folder:
        # One picture a call, fixed here: sizes left open would become operators that compute shapes on the device,
        # and split the network between them and XNNPACK.
        one = tf.TensorSpec((1, *network.input_shape), tf.float32, name="image")
        network.model.export(folder, format="tf_saved_model", verbose=False, input_signature=[one])
        converter = tf.lite.TFLiteConverter.from_saved_model(folder)
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.representative_dataset = lambda: ([picture[None]] for picture in calibration)
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        converter.inference_input_type = tf.int8
        converter.inference_output_type = tf.int8
        # TFLite Micro and NNAPI read one scale for the weights of a dense layer, and answer wrongly to several.
        converter._experimental_disable_per_channel_quantization_for_dense_layers = True
        try:
            model: bytes = converter.convert()
        except (ConverterError, RuntimeError) as error:
            reason = (str(error).strip() or type(error).__name__).splitlines()[0]
            raise InputError(
                f"the network cannot become int8 ({reason.rstrip('.')}); replace the layer by one that TFLite has."
            ) from None
    digest = hashlib.sha256(np.ascontiguousarray(calibration).tobytes()).hexdigest()
    return Quantized(model, Recipe(len(calibration), digest))
