"""Branch coverage of each package, from what `coverage json` wrote; exit code 1 where one has less than it must.

    python tests/branches.py coverage.json edge=92 convert=90 train=80

A branch is one of the ways on from a line that has several.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path


def of_package(report: Path, package: str) -> tuple[int, int]:
    """How many branches of the package were taken, and how many there are."""
    files = json.loads(report.read_text())["files"]
    found = [one["summary"] for name, one in files.items() if Path(name).parts[0] == package]
    return sum(one["covered_branches"] for one in found), sum(one["num_branches"] for one in found)


def main(report: str, *least: str) -> int:
    short = 0
    for package, percent in (one.split("=") for one in least):
        taken, there = of_package(Path(report), package)
        share = 100 * taken / max(1, there)
        short += share < float(percent)
        print(f"{package:8} {share:5.1f} % of {there} branches (at least {percent} %)")
    return int(short > 0)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
