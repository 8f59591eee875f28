"""This project beside what would be taken instead, in one run: docs/performance.md is made of it.

    PYTHONPATH=tests python tests/bench/compare.py [--quick] [--recordings DIR] [--core N] [--output FOLDER]
    PYTHONPATH=tests python tests/bench/compare.py --from FILE.json [--output FOLDER]

Every candidate is a process of its own on one and the same core, with one thread. They take turns, a hundred frames
each, so that whatever else runs on the machine meets all alike; times are by the clock and by the processor. With
`--from` nothing is measured: page and pictures are made of the numbers again.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

import places
from bench import disk
from bench.children import FER_PYTHON, ROOT, ChildError
from bench.page import verdicts, write
from bench.taking_turns import Measure, Plan
from bench.this_machine import made

from edge.errors import UserError

NAMES = ("own", "limit", "yunet", "haar", "fer")
DOCS = ROOT / "docs"


def main() -> int:
    asked = _arguments()
    if asked.again:
        result = json.loads(asked.again.read_text())
    else:
        result = _measured(asked)
        asked.output.mkdir(parents=True, exist_ok=True)
        (asked.output / "performance.json").write_text(json.dumps(result, indent=1) + "\n")
    write(result, asked.output)
    print("\n".join(verdicts(result)))
    print(f"{asked.output / 'performance.md'}: the tables and pictures.")
    return 0


def _measured(asked: argparse.Namespace) -> dict[str, Any]:
    recordings = sorted(path for path in asked.recordings.glob("car_*") if path.is_dir())
    if not recordings:
        raise UserError(
            f"{asked.recordings}: no recording of a driver in a car (car_*) lies there; name their folder by "
            "--recordings or DRIVER_MONITOR_RECORDINGS."
        )
    yunet = asked.yunet or places.yunet(asked.recordings)
    names = [name for name in NAMES if name in asked.candidates]
    if "yunet" in names and not yunet.is_file():
        raise UserError(f"{yunet}: YuNet's model is not there; name the ONNX file by --yunet.")
    if "fer" in names and not FER_PYTHON.exists():
        raise UserError(f"{FER_PYTHON}: the fer package's environment is not there; run make bench, which makes it.")
    with tempfile.TemporaryDirectory() as folder:
        plan = Plan(names, recordings, yunet, asked.core, asked.quick, Path(folder))
        result = {"made": made(asked.quick), **Measure(plan).everything()}
    models = sorted((ROOT / "edge" / "models").glob("*.tflite"))
    packages = round(disk.own_packages())
    for name, candidate in result["candidates"].items():
        files = disk.candidate_models(name, models, yunet)
        candidate["models_mb"] = round(disk.models(files), 2)
        candidate["installed_mb"] = round(disk.environment(FER_PYTHON)) if name == "fer" else packages
    return result


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a minute: few frames, few sizes; says little")
    parser.add_argument("--recordings", type=Path, default=places.recordings())
    parser.add_argument("--yunet", type=Path, help="YuNet's ONNX file; default: in models/ beside the recordings")
    parser.add_argument("--candidates", nargs="+", choices=NAMES, default=NAMES, help="own must be among them")
    parser.add_argument("--core", type=int, default=max(os.sched_getaffinity(0)), help="the core that is measured on")
    parser.add_argument("--output", type=Path, default=DOCS, help="where page, numbers and pictures go")
    parser.add_argument("--from", dest="again", type=Path, metavar="FILE.json", help="make page and pictures again")
    asked = parser.parse_args()
    if "own" not in asked.candidates:
        parser.error("--candidates: own must be among them, the others are told beside it")
    return asked


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (UserError, ChildError) as error:
        sys.exit(f"bench: {error}")
    except KeyboardInterrupt:
        sys.exit(130)
