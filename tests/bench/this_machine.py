"""On what the numbers were measured, in general words."""

from __future__ import annotations

import os
import platform
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any


def made(quick: bool) -> dict[str, Any]:
    """Date, command, processor, versions; and how much else ran on the machine when it began."""
    return {
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
        "command": "make bench" + (" BENCH=--quick" if quick else ""),
        "quick": quick,
        "processor": _processor(),
        "cores": os.cpu_count(),
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30),
        "busy_with": round(os.getloadavg()[0], 1),
        "python": platform.python_version(),
        "opencv": version("opencv-python-headless"),
        "litert": version("ai-edge-litert"),
    }


def _processor() -> str:
    """The family as the processor names itself, such as AMD EPYC, and its instruction set."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    named = [line.split(":", 1)[1].strip() for line in lines if line.startswith(("model name", "Model"))]
    return f"{named[0] if named else 'processor'} ({platform.machine()})"
