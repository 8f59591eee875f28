"""One model file, one call: pixels in, scores out.

Runs on LiteRT (`ai-edge-litert`), or on `tflite-runtime` where only that is installed.
"""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.errors import ConfigError
from edge.records import GreyImage
from edge.vision.card import Task, read_model


def _interpreter_class() -> Any:
    try:
        from ai_edge_litert.interpreter import Interpreter
    except ImportError:
        try:
            from tflite_runtime.interpreter import Interpreter
        except ImportError:
            raise ConfigError(
                "No runtime for the models is installed: pip install ai-edge-litert (or tflite-runtime)."
            ) from None
    return Interpreter


@contextmanager
def _without_chatter() -> Iterator[None]:
    """Standard error closed for a moment: the runtime tells there, past every setting, that it works as it should.

    What goes wrong comes as an exception.
    """
    sys.stderr.flush()
    saved = os.dup(2)
    with Path(os.devnull).open("w") as nowhere:
        os.dup2(nowhere.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)


class TfliteModel:
    """A model with its card: int8, as they ship, or one whose input and output stayed float32.

    Args:
        path: the model file, flatbuffer with card.
        task: what the caller needs it for; None takes any.
        threads: threads of the runtime; one is fastest for models this small.

    Raises:
        ConfigError: the file is missing, damaged or foreign, or the card does not fit the task or the network.
    """

    def __init__(self, path: Path, task: Task | None = None, threads: int = 1) -> None:
        flatbuffer, self.card = read_model(path)
        if task is not None and self.card.task != task:
            raise ConfigError(f"{path}: this model is for {self.card.task}, not for {task}; name another file.")
        try:
            # the flatbuffer is handed over as bytes, so that what was hashed is what runs
            with _without_chatter():
                self._interpreter = _interpreter_class()(model_content=flatbuffer, num_threads=threads)
                self._interpreter.allocate_tensors()
        except (ValueError, RuntimeError) as error:
            reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
            raise ConfigError(
                f"{path}: the runtime cannot load the model ({reason}); convert it again with convert-tflite."
            ) from None
        given, taken = self._interpreter.get_input_details()[0], self._interpreter.get_output_details()[0]
        spec = self.card.input
        expected = (1, spec.height, spec.width, spec.channels)
        kinds = {given["dtype"], taken["dtype"]}
        if tuple(given["shape"]) != expected or kinds not in ({np.int8}, {np.float32}):
            raise ConfigError(
                f"{path}: the card says an input {expected} of int8 or float32, the network has "
                f"{given['dtype'].__name__} "
                f"{tuple(int(n) for n in given['shape'])}; convert it again with convert-tflite."
            )
        if self.card.task != "face" and (spec.width != spec.height or spec.channels != 1):
            raise ConfigError(
                f"{path}: the network takes {spec.width}x{spec.height} pixels of {spec.channels} channels, and patches "
                "are cut square and grey; train and convert a model for such."
            )
        labels, scores = len(self.card.labels), int(np.prod(taken["shape"]))
        # of landmarks the first is presence, each other a point with two coordinates
        wanted = {"emotion": labels, "eyes": labels, "landmarks": 2 * labels - 1}.get(self.card.task, scores)
        if scores != wanted:
            raise ConfigError(
                f"{path}: the card has {labels} labels, so {wanted} scores, the network has {scores}; "
                "convert it again with convert-tflite."
            )
        self._input, self._output = given["index"], taken["index"]
        self._input_scale, self._input_zero = given["quantization"]
        self._output_scale, self._output_zero = taken["quantization"]
        if kinds == {np.float32}:
            self._output_scale, self._output_zero = 1.0, 0
        self._dtype = given["dtype"]
        self._shape = expected
        # 0..127 and then -128..-1, which count from the end as indices do
        levels = np.arange(256, dtype=np.uint8).view(np.int8)
        self._level_to_score = self._dequantize(levels) if self._dtype is np.int8 else None
        self._labels, self._temperature = self.card.labels, self.card.temperature
        pixels = (np.arange(256, dtype=np.float32) - spec.mean) / spec.std
        self._pixel_to_input = self._quantize(pixels)

    def _quantize(self, scaled: NDArray[np.float32]) -> NDArray[np.int8 | np.float32]:
        if self._dtype is np.float32:
            return scaled.astype(np.float32)
        levels = np.round(scaled / self._input_scale) + self._input_zero
        quantized: NDArray[np.int8] = np.clip(levels, -128, 127).astype(np.int8)
        return quantized

    def _dequantize(self, output: NDArray[np.int8 | np.float32]) -> NDArray[np.float32]:
        scores: NDArray[np.float32] = (output.astype(np.float32) - self._output_zero) * np.float32(self._output_scale)
        return scores

    def run(self, image: GreyImage, levels: NDArray[np.uint8] | None = None) -> NDArray[np.float32]:
        """Scores (float32[labels], logits) of pixels uint8[height, width] or [height, width, channels].

        `levels`, uint8[256], is what each value of a pixel becomes before: one pass over the pixels then does both.
        """
        table = self._pixel_to_input if levels is None else self._pixel_to_input.take(levels)
        return self._invoke(np.asarray(cv2.LUT(image, table)))

    def run_scaled(self, scaled: NDArray[np.float32]) -> NDArray[np.float32]:
        """Scores of one input that is already (pixel - mean) / std, float32[height, width, channels]."""
        return self._invoke(self._quantize(scaled))

    def probabilities(self, image: GreyImage, levels: NDArray[np.uint8] | None = None) -> dict[str, float]:
        """Calibrated probability 0..1 of each label, for pixels and levels as in `run`."""
        logits = self.run(image, levels).tolist()  # so few that Python's own numbers are faster than an array
        most = max(logits)
        shares = [math.exp((logit - most) / self._temperature) for logit in logits]
        whole = sum(shares)
        return {label: share / whole for label, share in zip(self._labels, shares, strict=True)}

    def _invoke(self, quantized: NDArray[np.int8 | np.float32]) -> NDArray[np.float32]:
        self._interpreter.set_tensor(self._input, quantized.reshape(self._shape))
        self._interpreter.invoke()
        output: NDArray[Any] = self._interpreter.get_tensor(self._output).reshape(-1)
        return self._dequantize(output) if self._level_to_score is None else self._level_to_score.take(output)
