"""Ranges of activations without their outliers.

Calibration takes the least and the largest value that it meets; one odd picture then widens the range of a tensor, and
every other picture pays with coarser steps. Percentiles leave such values out: they saturate.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from convert.network import tensorflow
from convert.quiet import quiet

PICTURES = 200
"""Of the calibration set, so many tell the percentiles: every value of every tensor is held for one picture."""
SAMPLE = 4096
"""Values of a tensor that are kept of a picture, evenly spaced, so that the sum of all pictures fits in memory."""


def requantize(calibrated: bytes, calibration: NDArray[np.float32], percentile: float) -> bytes:
    """The int8 flatbuffer of a calibrated one, its ranges cut to [100 - percentile, percentile] of the values.

    `calibrated` is a float model whose tensors hold the ranges that they took; `percentile` is above 50. The ranges of
    input and output stay: a pixel is never an outlier, and scores are what is asked for.
    """
    tf = tensorflow()
    from tensorflow.lite.python.convert import mlir_quantize
    from tensorflow.lite.tools import flatbuffer_utils

    model = flatbuffer_utils.convert_bytearray_to_object(bytearray(calibrated))
    graph = model.subgraphs[0]
    fixed = {*graph.inputs, *graph.outputs}
    ranged = [
        number
        for number, tensor in enumerate(graph.tensors)
        if number not in fixed and tensor.quantization is not None and _has_range(tensor.quantization)
    ]
    for number, values in _values(calibrated, calibration[:PICTURES], ranged).items():
        low, high = np.percentile(values, [100 - percentile, percentile])
        quantization = graph.tensors[number].quantization
        quantization.min = np.array([max(float(low), float(quantization.min[0]))], np.float32)
        quantization.max = np.array([min(float(high), float(quantization.max[0]))], np.float32)
    with quiet():
        quantized: bytes = mlir_quantize(
            bytes(flatbuffer_utils.convert_object_to_bytearray(model)),
            input_data_type=tf.int8,
            output_data_type=tf.int8,
            disable_per_channel_for_dense_layers=True,
        )
    return quantized


def _has_range(quantization: Any) -> bool:
    return quantization.min is not None and len(quantization.min) == 1


def _values(model: bytes, pictures: NDArray[np.float32], tensors: list[int]) -> dict[int, NDArray[np.float32]]:
    """What each of the tensors held over the pictures, by its number."""
    from ai_edge_litert.interpreter import Interpreter

    with quiet():
        interpreter = Interpreter(model_content=model, experimental_preserve_all_tensors=True)
        interpreter.allocate_tensors()
    place = interpreter.get_input_details()[0]["index"]
    found: dict[int, list[NDArray[np.float32]]] = {number: [] for number in tensors}
    for picture in pictures:
        interpreter.set_tensor(place, picture[None])
        interpreter.invoke()
        for number in tensors:
            values = interpreter.get_tensor(number).ravel()
            found[number].append(values[:: max(1, len(values) // SAMPLE)].copy())
    return {number: np.concatenate(parts) for number, parts in found.items()}
