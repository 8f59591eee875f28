"""What a network of the comparison is on the device: int8 size, time, multiply-adds, and whether it answers as before.

Runs as a program of its own, since the converter of TensorFlow may end the process that it runs in.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.errors import InputError, UserError
from edge.vision.card import ModelCard, append_card, read_model
from train.comparison.data import Splits
from train.files import replace

LIMIT_S = 1800.0
"""Of a conversion; the backbones take minutes on a busy machine."""

CALIBRATION, CHECKED = 200, 200
"""Images that the int8 ranges are made of, and that float and int8 are compared on."""

Found = dict[str, Any]
"""`bytes`, `median_ms`, `multiply_adds`, `parameters`, `agreement` (share of images answered alike), or `failed`."""


def convert(model: Path, card: ModelCard, calibration: NDArray[np.float32], checked: NDArray[np.float32]) -> Found:
    """Converts the `.keras` file to `int8.tflite` beside it, and measures that.

    `calibration` and `checked` are inputs float32[n, height, width, 1]; a conversion that fails is told, not raised.
    """
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        np.savez(work / "inputs.npz", calibration=calibration, checked=checked)
        (work / "card.json").write_text(card.model_dump_json())
        program = [sys.executable, "-P", "-m", "train.comparison.device", str(model), str(work)]
        before = os.environ.get("PYTHONPATH")
        paths = os.pathsep.join([str(Path(__file__).resolve().parents[2]), *([before] if before else [])])
        environment = os.environ | {"KERAS_BACKEND": "tensorflow", "PYTHONPATH": paths}
        try:
            done = subprocess.run(
                program, capture_output=True, text=True, errors="replace", timeout=LIMIT_S, env=environment
            )
        except subprocess.TimeoutExpired:
            return {"failed": f"the conversion took more than {LIMIT_S / 60:.0f} minutes"}
        found = work / "found.json"
        if done.returncode < 0:
            return {"failed": f"TensorFlow's converter crashed (signal {-done.returncode})"}
        if done.returncode or not found.is_file():
            lines = done.stderr.strip().splitlines() or ["no reason given"]
            return {"failed": lines[-1].removeprefix("compare: ")}
        told: Found = json.loads(found.read_text())
        return told


def samples(splits: Splits) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Training images of every class for the ranges, and test images spread over all for the check."""
    calibration = splits.training.part(CALIBRATION / len(splits.training), 0).images
    return calibration, splits.test.images[:: max(1, len(splits.test) // CHECKED)]


def look_into(path: Path) -> Found:
    """A model file's bytes without its card, time of a call, multiply-adds and parameters.

    Raises:
        ConfigError: the file is no model with a card, or the runtime cannot load it.
    """
    from convert.inspect import median_ms
    from convert.quiet import quiet
    from edge.vision.tflite import TfliteModel

    content, _ = read_model(path)
    model = TfliteModel(path)
    with quiet():
        return {"bytes": len(content), "median_ms": median_ms(model), **_counted(content)}


def _counted(content: bytes) -> dict[str, int]:
    """Multiply-adds of convolutions and dense layers for one image, and the numbers that they hold."""
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    interpreter = Interpreter(
        model_content=content, experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
    )
    interpreter.allocate_tensors()
    shapes = {tensor["index"]: tensor["shape"].astype(np.int64) for tensor in interpreter.get_tensor_details()}
    operators = interpreter._get_ops_details()
    made = {number for operator in operators for number in operator["outputs"]}
    made |= {tensor["index"] for tensor in interpreter.get_input_details()}
    total, held = 0, set()
    for operator in operators:
        if operator["op_name"] not in ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED"):
            continue
        held |= {number for number in operator["inputs"][1:] if number >= 0 and number not in made}
        weights, outputs = shapes[operator["inputs"][1]], int(shapes[operator["outputs"][0]].prod())
        each = weights[1:3].prod() if operator["op_name"] == "DEPTHWISE_CONV_2D" else weights[1:].prod()
        total += outputs * int(each)
    return {"multiply_adds": total, "parameters": int(sum(shapes[number].prod() for number in held))}


def _convert_here(model: Path, work: Path) -> Found:
    from convert.cli import on_device_runner
    from convert.network import load
    from convert.quantize import quantize

    network = load(model)
    with np.load(work / "inputs.npz") as file:
        calibration, checked = file["calibration"], file["checked"]
    card = ModelCard.model_validate_json((work / "card.json").read_bytes())
    content = append_card(quantize(network, calibration).model, card)
    beside = model.with_name("int8.tflite")
    new = beside.with_name("new-int8.tflite")
    new.write_bytes(content)
    new.replace(beside)
    as_before = network.logits(checked).argmax(axis=1) == on_device_runner(content, checked).argmax(axis=1)
    return look_into(beside) | {"agreement": float(as_before.mean())}


def main() -> None:
    """The program: MODEL.keras and the folder with `inputs.npz` and `card.json`, where `found.json` is written."""
    model, work = map(Path, sys.argv[1:3])
    try:
        replace(work / "found.json", json.dumps(_convert_here(model, work)))
    except (UserError, OSError) as error:
        told = error if isinstance(error, UserError) else InputError(f"{model}: {error}")
        sys.exit(f"compare: {told}")


if __name__ == "__main__":
    main()
