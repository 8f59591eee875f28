"""Where real data and recordings lie that are not part of the project: the one place that knows."""

from __future__ import annotations

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def folder(variable: str, beside: str) -> Path:
    """What the environment variable names, else what lies in `shared` beside the checkout; it may not exist."""
    return Path(os.environ.get(variable, ROOT.parent / "shared" / beside))


def recordings() -> Path:
    return folder("DRIVER_MONITOR_RECORDINGS", "recordings")


def yunet(recordings: Path) -> Path:
    """YuNet's ONNX file, in the folder `models` beside the recordings."""
    return recordings.parent / "models" / "face_detection_yunet_2023mar.onnx"
