"""The extra `tflite-runtime`, once, in an environment of its own: where LiteRT is missing the models say the same."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from edge.records import Box
from edge.vision.card import read_card
from edge.vision.face_decode import decode

ROOT = Path(__file__).resolve().parents[2]
ENVIRONMENT = ROOT / ".venv-tflite-runtime"
SCRIPT = Path(__file__).with_name("outputs.py")
MODELS = sorted((ROOT / "edge" / "models").glob("*.tflite"))
Picture = NDArray[np.uint8]

pytestmark = [
    pytest.mark.skipif(sys.version_info[:2] != (3, 11), reason="tflite-runtime has wheels for Python 3.11 only"),
    pytest.mark.timeout(600),  # the first run installs the environment
]


def _call(*command: str | Path) -> str:
    done = subprocess.run(
        [str(part) for part in command],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def python() -> Path:
    """The interpreter of the environment; it is made anew when what the project needs changes."""
    python, stamp = ENVIRONMENT / "bin" / "python", ENVIRONMENT / "stamp"
    wanted = repr(tomllib.loads((ROOT / "pyproject.toml").read_text())["project"])
    if not (stamp.is_file() and stamp.read_text() == wanted):
        _call(sys.executable, "-m", "venv", "--clear", ENVIRONMENT)
        _call(python, "-m", "pip", "install", "-q", "-e", ".[tflite-runtime]")
        _call(python, "-m", "pip", "uninstall", "-q", "-y", "ai-edge-litert")
        stamp.write_text(wanted)
    return python


@pytest.fixture(scope="module")
def frames(synthetic_recording: Path) -> list[Picture]:
    """Every tenth frame, grey."""
    capture = cv2.VideoCapture(str(synthetic_recording / "video.mp4"))
    taken = [capture.read()[1] for _ in range(int(capture.get(cv2.CAP_PROP_FRAME_COUNT)))]
    return [np.asarray(frame[:, :, 0], np.uint8) for frame in taken[::10]]


def _said(interpreter: str | Path, model: Path, kernels: str, frames: list[Picture], folder: Path) -> dict[str, Any]:
    """What a model says in an environment, of patches of the head and of one beside it."""
    spec = read_card(model).input
    corners = ((70, 40), (140, 85), (150, 70), (190, 150))
    patches = [frame[y : y + 90, x : x + 90] for frame in frames for x, y in corners]
    np.save(folder / "inputs.npy", np.stack([cv2.resize(patch, (spec.width, spec.height)) for patch in patches]))
    _call(interpreter, SCRIPT, model, folder / "inputs.npy", folder / "outputs.json", kernels)
    said: dict[str, Any] = json.loads((folder / "outputs.json").read_text())
    return said


def test_the_extra_brings_the_older_numpy_and_opencv(python: Path) -> None:
    listed = json.loads(_call(python, "-m", "pip", "list", "--format", "json"))
    versions = {entry["name"]: entry["version"] for entry in listed}
    assert versions["tflite-runtime"].startswith("2.14.")
    assert versions["numpy"].startswith("1.26.")
    assert versions["opencv-python-headless"].startswith("4.11.")


def test_there_are_models_to_compare() -> None:
    assert {model.stem for model in MODELS} >= {"emotion", "eyes", "landmarks"}


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.stem)
def test_a_model_gives_the_same_int8_outputs_on_tflite_runtime(
    model: Path, python: Path, frames: list[Picture], tmp_path: Path
) -> None:
    """As LiteRT's own kernels, that is: tflite-runtime has no XNNPACK for int8, whose rounding differs.

    The landmarks, with a depthwise convolution among their layers, may be one step apart: 1 of 80 outputs is.
    """
    here = _said(sys.executable, model, "builtin", frames, tmp_path)
    there = _said(python, model, "default", frames, tmp_path)
    assert (here["runtime"], there["runtime"]) == ("ai_edge_litert", "tflite_runtime")
    if model.stem != "landmarks":
        assert there["scores"] == here["scores"]
    apart = np.abs(np.array(there["scores"]) - here["scores"]) / here["step"]
    assert apart.max() < 1.5
    assert (apart > 0.5).mean() < 0.03


@pytest.mark.parametrize("name", ["emotion", "eyes", "landmarks"])
def test_a_model_decides_alike_on_tflite_runtime_and_with_xnnpack(
    name: str, python: Path, frames: list[Picture], tmp_path: Path
) -> None:
    """Five steps of the int8 scores at most; a probability near one half moves by a tenth with them."""
    model = ROOT / "edge" / "models" / f"{name}.tflite"
    here = _said(sys.executable, model, "default", frames, tmp_path)
    there = _said(python, model, "default", frames, tmp_path)
    apart = np.abs(np.array(there["scores"]) - here["scores"]) / here["step"]
    assert apart.max() <= 5
    if "probabilities" in here:
        assert np.abs(np.array(there["probabilities"]) - here["probabilities"]).max() <= 0.1


def test_the_detector_finds_the_same_faces_on_tflite_runtime_and_with_xnnpack(
    python: Path, frames: list[Picture], tmp_path: Path
) -> None:
    """Cells that see no face may say anything of its place; what is surely found must be found by both, and there."""
    model = ROOT / "edge" / "models" / "face.tflite"
    here, there = (
        [np.asarray(scores, np.float32) for scores in _said(runtime, model, "default", frames, tmp_path)["scores"]]
        for runtime in (sys.executable, python)
    )
    found = 0
    for one, other in ((here, there), (there, here)):
        for sure, mean in zip(one, other, strict=True):
            for face in decode(sure, 0.85):
                found += 1
                assert any(_overlap(face.box, candidate.box) > 0.7 for candidate in decode(mean, 0.6))
    assert found > len(frames)


def _overlap(one: Box, other: Box) -> float:
    """Intersection over union."""
    width = min(one.x + one.width, other.x + other.width) - max(one.x, other.x)
    height = min(one.y + one.height, other.y + other.height) - max(one.y, other.y)
    shared = max(0.0, width) * max(0.0, height)
    return shared / (one.width * one.height + other.width * other.height - shared)
