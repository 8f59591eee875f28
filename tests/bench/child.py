"""One candidate in a process of its own: asked by lines of JSON, it answers by lines of JSON.

    python tests/bench/child.py NAME FRAMES.npy [YUNET.onnx]

The first line comes when the first of the frames has been seen: until then it starts. Then each line asked for is
`{"frames": FILE, "from": 0, "to": 100, "times": [...], "fresh": true}`, answered with seconds by the clock and by the
processor, and the boxes of the faces, frame by frame; or `{"bare": true}`, the time of each model alone.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np


def main() -> None:
    """Standard output is the parent's alone: what libraries print goes to standard error."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    name, first, *yunet = sys.argv[1:]
    module = importlib.import_module("bench.fer_candidate" if name == "fer" else "bench.candidates")
    candidate = module.Fer() if name == "fer" else module.candidate(name, *yunet or [""])
    # a plain file, read as a camera gives it: one frame, not all of them
    candidate.see(candidate.given(np.array(np.load(first, mmap_mode="r")[0])), 0.0)
    _tell(answers, {"rss_mb": _peak_mb()})
    for line in sys.stdin:
        _tell(answers, _answer(candidate, json.loads(line)))


def _answer(candidate: Any, asked: dict[str, Any]) -> dict[str, Any]:
    if asked.get("bare"):
        return dict(candidate.bare())
    if asked["fresh"]:
        candidate.fresh()
    frames = np.load(asked["frames"], mmap_mode="r")
    if asked.get("one_by_one"):  # for memory: never more than one frame is held
        for number, moment in zip(range(asked["from"], asked["to"]), asked["times"], strict=True):
            candidate.see(candidate.given(np.fromfile(
                asked["frames"], np.uint8, frames[0].size, offset=frames.offset + number * frames[0].size
            ).reshape(frames.shape[1:])), moment)  # fmt: skip
        return {"rss_mb": _peak_mb()}
    images = [candidate.given(np.array(image)) for image in frames[asked["from"] : asked["to"]]]
    if hasattr(candidate, "timed"):
        return dict(candidate.timed(images, asked["times"]))
    wall, processor, boxes = [], [], []
    for image, moment in zip(images, asked["times"], strict=True):
        began, began_processor = time.perf_counter(), time.process_time()
        seen = candidate.see(image, moment)
        wall.append(time.perf_counter() - began)
        processor.append(time.process_time() - began_processor)
        boxes.append(candidate.boxes(seen))
    return {"wall": wall, "processor": processor, "boxes": boxes}


def _peak_mb() -> float:
    """The most of this program alone: `ru_maxrss` would begin with what the parent had."""
    (line,) = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM:")]
    return int(line.split()[1]) / 1024


def _tell(answers: Any, answer: dict[str, Any]) -> None:
    print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main()
