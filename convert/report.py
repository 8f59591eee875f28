"""The comparison as a file for programs (JSON) and, beside it, one for people (Markdown)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from convert import inspect, package


def write(path: Path, found: dict[str, Any], table: str, layers: str | None) -> None:
    """Writes `path` and, with the ending .md, the same to read; `layers` is the table of `convert.layers`.

    Raises:
        InputError: a file cannot be written.
    """
    package.write(path, (json.dumps(found, indent=1) + "\n").encode())
    verdict = "may ship" if found["passed"] else "refused: " + "; ".join(found["failures"])
    lines = [
        f"# Conversion of {found['task']}: {verdict}",
        "",
        f"{found['bytes'] / 1000:.0f} kB, {found['median_ms']:.3f} ms a call on this machine, one thread. Operators: "
        + ", ".join(f"{count} {name}" for name, count in found["operators"].items())
        + f". On XNNPACK: {inspect.xnnpack(found)}.",
        "",
        "```",
        table,
        "```",
        "",
        "| limit | value |",
        "|---|---|",
        *(f"| {name} | {value:g} |" for name, value in found["limits"].items()),
    ]
    if "moved" in found["comparison"]:
        labels = list(found["comparison"]["moved"])
        lines += ["", "What the float model says (rows), and the other (columns):", ""]
        lines += ["| | " + " | ".join(labels) + " |", "|---" * (len(labels) + 1) + "|"]
        for label, row in found["comparison"]["moved"].items():
            lines.append(f"| {label} | " + " | ".join(str(row[other]) for other in labels) + " |")
    if layers is not None:
        lines += ["", "Layers, worst first (0.29 is rounding alone):", "", "```", layers, "```"]
    lines += ["", "How it was made:", "", "```json", json.dumps(found["conversion"], indent=1), "```", ""]
    package.write(path.with_suffix(".md"), "\n".join(lines).encode())
