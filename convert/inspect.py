"""What is in a model file: its card, its operators and their numbers, where they run, its size and its time."""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from convert.quiet import quiet
from edge.errors import ConfigError, InputError
from edge.vision.card import read_model
from edge.vision.tflite import TfliteModel

CALLS = 300


def inspect(path: Path) -> dict[str, Any]:
    """Card, bytes, operators with how often they occur, types of tensors, delegation, and median time of a call.

    `beside_xnnpack`: the operators that XNNPACK leaves to the runtime's own kernels on this machine.

    Raises:
        ConfigError: the file is no model with a card, or the runtime cannot load or run it.
        InputError: LiteRT is not installed.
    """
    content, card = read_model(path)
    try:
        from ai_edge_litert.interpreter import Interpreter, OpResolverType
    except ImportError:
        raise InputError("LiteRT is not installed: pip install ai-edge-litert.") from None
    with quiet():
        model = TfliteModel(path)  # first: it knows best what does not fit
        try:
            plain = Interpreter(
                model_content=content, experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
            )
            plain.allocate_tensors()
            usual = Interpreter(model_content=content, num_threads=1)
            usual.allocate_tensors()
            median = median_ms(model)
        except (ValueError, RuntimeError) as error:
            reason = (str(error).strip() or type(error).__name__).splitlines()[0]
            raise ConfigError(
                f"{path}: the runtime cannot run the model ({reason.rstrip('.')}); convert it again with "
                "convert-tflite."
            ) from None
    operators = Counter(operator["op_name"] for operator in plain._get_ops_details())
    types = Counter(np.dtype(tensor["dtype"]).name for tensor in plain.get_tensor_details())
    beside = _beside_delegate(usual._get_ops_details(), usual.get_output_details()[0]["index"])
    return {
        "card": card.model_dump(mode="json"),
        "bytes": path.stat().st_size,
        "flatbuffer_bytes": len(content),
        "operators": dict(sorted(operators.items())),
        "tensors": dict(sorted(types.items())),
        "integer_only": set(types) <= {"int8", "int32"},
        "beside_xnnpack": beside,
        "median_ms": round(median, 4),
    }


def _beside_delegate(operators: list[dict[str, Any]], output: int) -> list[str]:
    """Operators whose result goes into the delegate, or out of the network, without coming from the delegate."""
    parts = [operator for operator in operators if operator["op_name"] == "DELEGATE"]
    taken = {number for part in parts for number in part["inputs"]} | {output}
    given = {number for part in parts for number in part["outputs"]}
    return sorted(
        operator["op_name"]
        for operator in operators
        if operator["op_name"] != "DELEGATE" and taken & set(operator["outputs"]) - given
    )


def median_ms(model: TfliteModel) -> float:
    """Of one call with random pixels, in milliseconds, one thread."""
    spec = model.card.input
    shape = (spec.height, spec.width) if spec.channels == 1 else (spec.height, spec.width, spec.channels)
    pixels = np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)
    times = []
    for _ in range(CALLS):
        start = time.perf_counter()
        model.run(pixels)
        times.append(time.perf_counter() - start)
    return float(np.median(times)) * 1000


def text(path: Path, found: dict[str, Any]) -> str:
    """The same as lines to read.

    Raises:
        ConfigError: the card's commands are no list; a card's source may hold anything.
    """
    card = found["card"]
    commands = card["source"].get("commands", [])
    if not isinstance(commands, list):
        raise ConfigError(
            f"{path}: the model's card does not fit at source.commands (it is no list); correct the card beside the "
            "trained model and convert it again with convert-tflite."
        )
    spec = card["input"]
    lines = [
        f"{path}: {card['task']} {card['version']}, {found['bytes'] / 1000:.0f} kB",
        f"  labels      {', '.join(card['labels'][:8])}{' ...' if len(card['labels']) > 8 else ''}",
        f"  input       {spec['width']}x{spec['height']}x{spec['channels']}, (pixel - {spec['mean']}) / {spec['std']}",
        f"  temperature {card['temperature']:g}, thresholds {card['thresholds'] or 'none'}",
        f"  operators   {', '.join(f'{count} {name}' for name, count in found['operators'].items())}",
        f"  tensors     {', '.join(f'{count} {name}' for name, count in found['tensors'].items())}",
        f"  integers    {'throughout' if found['integer_only'] else 'not throughout'}",
        f"  XNNPACK     {xnnpack(found)}",
        f"  time        {found['median_ms']:.3f} ms a call, median of {CALLS}, one thread of this machine",
        f"  sha256      {card['sha256']}",
    ]
    lines += [f"  trained on  {data['name']}: {data['terms']}" for data in card["datasets"]]
    lines += [f"  made by     {line}" for line in commands]
    return "\n".join(lines)


def xnnpack(found: dict[str, Any]) -> str:
    """What runs there, in words."""
    beside = found["beside_xnnpack"]
    return f"all but {', '.join(beside)}" if beside else "the whole network"
