"""Writes docs/models.md from the cards in edge/models: python docs/make_models.py

What no card can say (what a model is for, where it fails, what its numbers are) stands in docs/models.yaml.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from ai_edge_litert.interpreter import Interpreter, OpResolverType

from convert.inspect import inspect
from edge.config import SHIPPED_MODELS
from edge.vision.card import read_model

PAGE = Path(__file__).parent / "models.md"
SAID = PAGE.with_suffix(".yaml")
TASKS = ("face", "landmarks", "eyes", "emotion")
FEW = 8
"""Labels that are listed one by one; of more, the first and their number."""


HEAD = """# The models' cards
Made from the cards in `edge/models/*.tflite` by `make docs`; do not edit it. A card travels in its model file:
`convert-tflite --inspect edge/models/eyes.tflite` prints it with the operators and a time, `driver-monitor --version`
the hashes of all, `driver-monitor status` of those in use. How they were made:
[vision.md](vision.md#how-they-were-made), [emotion.md](emotion.md).

All four are int8 throughout, see grey pixels and nothing else, and were trained on pictures in visible light, but for
the eyes of MRL, which are near infrared. **No near-infrared picture of a driver's face was to be had.** They are made
for one use: one person at the wheel, seen by one camera in front, to be warned and helped. They are no safety device.

Whether weights trained on sets that are for research, or state no terms, may go into a commercial product is for the
operator's lawyers. The same commands train on one's own data ([emotion.md](emotion.md#ones-own-images),
[mining.md](mining.md)). Weights are counted as in the file, normalisation folded into them.
"""


def page() -> str:
    """The whole page: a table of all, then each model's card."""
    found = {task: inspect(SHIPPED_MODELS / f"{task}.tflite") for task in TASKS}
    rows = [
        f"| [`{task}`](#{task}) | {one['card']['version']} | {_size(one['card']['input'])} | {weights(task):,}"
        f" | {one['bytes']:,} | `{one['card']['sha256'][:8]}` |\n"
        for task, one in found.items()
    ]
    table = "\n| model | version | sees | weights | bytes | SHA-256 |\n|---|---|---|---|---|---|\n" + "".join(rows)
    return HEAD + table + "".join(f"\n{_card(task, one)}" for task, one in found.items())


def weights(task: str) -> int:
    """Numbers that the network holds: the elements of its constant tensors of more than eight, biases among them."""
    content, _ = read_model(SHIPPED_MODELS / f"{task}.tflite")
    plain = OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
    interpreter = Interpreter(model_content=content, experimental_op_resolver_type=plain)
    made = {number for operator in interpreter._get_ops_details() for number in operator["outputs"]}
    made |= {tensor["index"] for tensor in interpreter.get_input_details()}
    sizes = [
        int(np.prod(tensor["shape"])) for tensor in interpreter.get_tensor_details() if tensor["index"] not in made
    ]
    return sum(size for size in sizes if size > 8)


def _said() -> dict[str, dict[str, str]]:
    said: dict[str, dict[str, str]] = yaml.safe_load(SAID.read_text(encoding="utf-8"))
    return said


def _size(spec: dict[str, Any]) -> str:
    return f"{spec['width']}x{spec['height']}x{spec['channels']}"


def _card(task: str, found: dict[str, Any]) -> str:
    card, said = found["card"], _said()[task]
    spec, labels = card["input"], card["labels"]
    named = ", ".join(labels) if len(labels) <= FEW else f"{', '.join(labels[:3])}, ... ({len(labels)} in all)"
    thresholds = ", ".join(f"{name} {value:g}" for name, value in card["thresholds"].items()) or "none"
    facts = {
        "file": f"`edge/models/{task}.tflite`, {found['bytes']:,} bytes, {weights(task):,} weights",
        "version": card["version"],
        "SHA-256 of the network": f"`{card['sha256']}`",
        "input": f"{_size(spec)}, (pixel - {spec['mean']:g}) / {spec['std']:g}",
        "answers": named,
        "temperature, thresholds": f"{card['temperature']:g}; {thresholds}",
        "operators": ", ".join(f"{count} {name}" for name, count in found["operators"].items()),
        "integers": "throughout" if found["integer_only"] else "not throughout",
    }
    sets = [f"| {data['name']} | {data['terms']} |\n" for data in card["datasets"]]
    results = [f"| {name} | {value} |\n" for name, value in _results(card["results"])]
    return (
        f"## {task}\n{said['purpose']}\n\n"
        f"**Never:** {said['never']}\n\n**Fails at:** {said['fails']}\n\n"
        f"| | |\n|---|---|\n{''.join(f'| {name} | {value} |{chr(10)}' for name, value in facts.items())}\n"
        f"| trained on | terms |\n|---|---|\n{''.join(sets)}\n"
        f"| measured when it was made | |\n|---|---|\n{''.join(results)}\n{said['numbers']}\n"
    )


def _results(results: dict[str, Any], path: str = "") -> Iterator[tuple[str, str]]:
    """A row for each table of the card that holds numbers: its path, and the numbers in it."""
    flat = {name: value for name, value in results.items() if not isinstance(value, dict)}
    if flat:
        yield path, ", ".join(f"{name} {_number(value)}" for name, value in flat.items())
    for name, value in results.items():
        if isinstance(value, dict):
            yield from _results(value, f"{path}, {name}" if path else name)


def _number(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
