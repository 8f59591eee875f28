"""Holds the numbers of README and docs/ against what they are true of: python docs/check_numbers.py [--all ...]

Without an option what depends on no machine is checked, in seconds: models and their cards, defaults, thresholds,
sizes, codes, topics, and the results in docs/results, which must be of the models that ship. Which place is held
against what stands in docs/claims.py and docs/constants.py. `--all` measures those results anew first, in minutes, and
says where they differ; `--write` keeps what it measured. Exit codes: 0; 1 something does not agree; 2 wrong use.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import claims
from truths import RESULTS

from edge.config import SHIPPED_MODELS
from edge.vision.card import read_card

BIN = Path(sys.executable).parent
MADE_WITH = RESULTS / "made-with.json"
TASKS = ("emotion", "eyes", "face", "landmarks")
TRAIN = str(BIN / "train-model")
EVALUATE = [TRAIN, "evaluate", "emotion", str(SHIPPED_MODELS / "emotion.tflite"), "--data", "{data}"]
LANDMARKS = [TRAIN, "evaluate", "landmarks", str(SHIPPED_MODELS / "landmarks.tflite"), "--data", "{data}"]
MEASURED = {  # file, without .json: what writes it, and the models that it is true of
    "emotion": ([*EVALUATE, "--json", "{to}"], ("emotion",)),
    "emotion-level": ([*EVALUATE, "--level", "--json", "{to}"], ("emotion",)),
    "landmarks": ([*LANDMARKS, "--json", "{to}"], ("landmarks",)),
    "recordings": ([str(BIN / "driver-monitor"), "evaluate", "{recordings}", "--jobs", "1", "--json", "{to}"], TASKS),
}
NEAR = 0.002
"""Two machines' kernels round to int8 a little differently: shares may differ by so much, seconds by a frame."""


def problems() -> Iterator[str]:
    """A sentence for each number that does not agree."""
    hashes = _hashes()
    for name, made_with in json.loads(MADE_WITH.read_text(encoding="utf-8")).items():
        if made_with != {task: hashes[task] for task in MEASURED[name][1]}:
            yield f"docs/results/{name}.json was measured with other models; run docs/check_numbers.py --all --write."
    yield from (wrong for claim in claims.CLAIMS if (wrong := claim.wrong()))
    yield from claims.thresholds()
    yield from claims.topics()
    yield from claims.all_reported()


def measure(data: str, recordings: Path, write: bool) -> Iterator[str]:
    """Each result measured anew: a sentence where it is not what docs/results has."""
    folders = [str(folder) for folder in sorted(recordings.iterdir()) if (folder / "truth.yaml").is_file()]
    for name, (command, _) in MEASURED.items():
        with tempfile.TemporaryDirectory() as folder:
            to = Path(folder) / "result.json"
            parts = [part.format(data=data, to=to, recordings="{recordings}") for part in command]
            filled = [one for part in parts for one in (folders if part == "{recordings}" else [part])]
            print(" ".join(filled), file=sys.stderr)
            subprocess.run(filled, check=True, stdout=subprocess.DEVNULL)
            found = json.loads(to.read_text(encoding="utf-8"))
        kept = RESULTS / f"{name}.json"
        before = json.loads(kept.read_text(encoding="utf-8")) if kept.exists() else None
        if write:
            kept.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
        else:
            yield from (f"docs/results/{name}.json: {line}" for line in _differences(before, found, ""))
    if write:
        hashes = _hashes()
        made = {name: {task: hashes[task] for task in tasks} for name, (_, tasks) in MEASURED.items()}
        MADE_WITH.write_text(json.dumps(made, indent=1) + "\n", encoding="utf-8")


def _differences(before: Any, found: Any, path: str) -> Iterator[str]:
    if isinstance(before, dict) and isinstance(found, dict) and before.keys() == found.keys():
        for key in before:
            yield from _differences(before[key], found[key], f"{path}.{key}".lstrip("."))
    elif isinstance(before, list) and isinstance(found, list) and len(before) == len(found):
        for number, pair in enumerate(zip(before, found, strict=True)):
            yield from _differences(*pair, f"{path}[{number}]")
    elif isinstance(before, float) and isinstance(found, float):
        if abs(before - found) > (NEAR if "_s" not in path else 0.07):
            yield f"{path} was {before} and is {found}"
    elif isinstance(before, int) and isinstance(found, int) and "confusion" in path:
        if abs(before - found) > 3:  # pictures
            yield f"{path} was {before} and is {found}"
    elif before != found:
        yield f"{path} was {before} and is {found}"


def _hashes() -> dict[str, str]:
    return {task: read_card(SHIPPED_MODELS / f"{task}.tflite").sha256 for task in TASKS}


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--all", action="store_true", help="measure docs/results anew, in minutes")
    parser.add_argument("--write", action="store_true", help="with --all: keep what was measured")
    parser.add_argument("--data", default=os.environ.get("DRIVER_MONITOR_DATA"), help="the training data")
    parser.add_argument("--recordings", default=os.environ.get("DRIVER_MONITOR_RECORDINGS"), help="those with a truth")
    given = parser.parse_args()
    found: list[str] = []
    if given.all:
        if not given.data or not given.recordings:
            parser.error("--all needs --data and --recordings: name the folders.")
        found += measure(given.data, Path(given.recordings), given.write)
    found += problems()
    print("\n".join(found) or f"{len(claims.CLAIMS)} places, thresholds, topics and results agree.")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
