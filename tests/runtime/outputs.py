"""Runs in either environment: `outputs.py MODEL INPUTS.npy OUTPUTS.json KERNELS` writes what a model says of pictures.

INPUTS: uint8[n, height, width]. KERNELS: `default`, or `builtin` for the runtime's own, without XNNPACK. `scores` are
the int8 outputs times one scale, `step`, so equal scores are equal int8 outputs.
"""

from __future__ import annotations

import functools
import importlib
import importlib.util
import json
import sys
from pathlib import Path

import numpy as np

from edge.vision import tflite


def main(model_file: str, inputs: str, outputs: str, kernels: str) -> None:
    runtime = next(name for name in ("ai_edge_litert", "tflite_runtime") if importlib.util.find_spec(name))
    if kernels == "builtin":
        module = importlib.import_module(f"{runtime}.interpreter")
        plain = module.OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
        tflite._interpreter_class = lambda: functools.partial(module.Interpreter, experimental_op_resolver_type=plain)
    model = tflite.TfliteModel(Path(model_file))
    pictures = np.load(inputs)
    said = {
        "runtime": runtime,
        "step": float(model._output_scale),
        "scores": [model.run(picture).tolist() for picture in pictures],
    }
    if model.card.task in ("emotion", "eyes"):
        said["probabilities"] = [list(model.probabilities(picture).values()) for picture in pictures]
    Path(outputs).write_text(json.dumps(said), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
