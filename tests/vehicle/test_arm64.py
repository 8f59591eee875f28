"""The device's processor architecture, emulated: its real wheels install, and the models say what they say here."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from board import compile_there, emulated_board, say
from measured import MEASURED
from numpy.typing import NDArray

from edge.records import Box
from edge.vision.card import read_card
from edge.vision.face_decode import decode

Scores = NDArray[np.float32]
ROOT = Path(__file__).resolve().parents[2]
MODELS = sorted((ROOT / "edge" / "models").glob("*.tflite"))
OUTPUTS = ROOT / "tests" / "runtime" / "outputs.py"
TOOLS = ("pytest", "pytest-timeout", "hypothesis", "jsonschema")
PICTURES = 10
UNITS = (
    "alerts/test_pattern.py", "alerts/test_standing.py", "clock/test_gps_time.py",
    "clock/test_timeline.py", "delivery/test_event.py", "gps/test_gpsd_lines.py", "gps/test_track.py",
    "rules/test_usual.py", "rules/test_window.py", "test_records.py",
)  # fmt: skip
ALL_UNITS = (
    *UNITS, "alerts/test_mute.py", "clock/test_system.py", "delivery/test_message.py", "delivery/test_queue.py",
    "rules/test_guards.py", "rules/test_visibility.py", "service/test_frames.py", "service/test_health.py",
    "service/test_problems.py", "test_config.py",
)  # fmt: skip
"""Tests of `edge` that ask no model, no broker and no TensorFlow; the first ones take a minute there."""
LARGEST = 2
"""Steps of int8 by which an output of a reader may differ: the two processors' kernels need not round alike.

The detector's may differ more where a cell sees no face; what it finds must be found by both, and in the same place.
"""


@pytest.fixture(scope="module")
def board(scratch: Path) -> Iterator[Path]:
    begin = time.monotonic()
    with emulated_board(scratch) as root:
        MEASURED["install on arm64, emulated"] = f"{time.monotonic() - begin:.0f} s"
        yield root


def test_the_boards_wheels_install_and_the_command_answers(board: Path) -> None:
    assert say(board, "uname -m") == "aarch64"
    assert "driver-monitor" in say(board, "/opt/env/bin/driver-monitor --version")
    assert "vehicle" in say(board, "/opt/env/bin/driver-monitor schema config")


@pytest.mark.parametrize("model", MODELS, ids=lambda path: path.stem)
def test_a_model_says_the_same_within_the_rounding_of_int8(
    board: Path, model: Path, synthetic_recording: Path, tmp_path: Path
) -> None:
    size = read_card(model).input
    video = cv2.VideoCapture(str(synthetic_recording / "video.mp4"))
    frames = [cv2.cvtColor(video.read()[1], cv2.COLOR_BGR2GRAY) for _ in range(PICTURES * 30)][::30]
    np.save(board / "io" / "pictures.npy", [cv2.resize(frame, (size.width, size.height)) for frame in frames])
    (board / "io" / "outputs.py").write_text(OUTPUTS.read_text())
    (board / "io" / model.name).write_bytes(model.read_bytes())

    say(board, f"cd /io && /opt/env/bin/python outputs.py {model.name} pictures.npy there.json default")
    command = [sys.executable, OUTPUTS, model, board / "io" / "pictures.npy", tmp_path / "here.json", "default"]
    subprocess.run(command, check=True, capture_output=True, env={**os.environ, "PYTHONPATH": str(ROOT)})

    here, there = (json.loads(path.read_text()) for path in (tmp_path / "here.json", board / "io" / "there.json"))
    assert here["step"] == there["step"]
    ours, theirs = (np.asarray(said["scores"], np.float32) for said in (here, there))
    steps = np.abs(np.rint((ours - theirs) / here["step"]))
    MEASURED[f"{model.stem} on arm64"] = (
        f"{int((steps > 0).sum())} of {steps.size} outputs differ, by {int(steps.max())} steps of int8 at most"
    )
    if model.stem == "face":
        _assert_the_same_faces(ours, theirs)
    else:
        assert steps.max() <= LARGEST


def _assert_the_same_faces(ours: Scores, theirs: Scores) -> None:
    """What is surely found (0.85) on one must be found (0.6) on the other, there."""
    found = 0
    for one, other in ((ours, theirs), (theirs, ours)):
        for sure, mean in zip(one, other, strict=True):
            for face in decode(sure, 0.85):
                found += 1
                assert any(_overlap(face.box, candidate.box) > 0.9 for candidate in decode(mean, 0.6))
    assert found >= PICTURES


def _overlap(one: Box, other: Box) -> float:
    """Intersection over union."""
    width = min(one.x + one.width, other.x + other.width) - max(one.x, other.x)
    height = min(one.y + one.height, other.y + other.height) - max(one.y, other.y)
    shared = max(0.0, width) * max(0.0, height)
    return shared / (one.width * one.height + other.width * other.height - shared)


def test_the_unit_tests_of_edge_pass(board: Path, shared: Path) -> None:
    shutil.copytree(shared / "clone", board / "clone")
    compile_there(board, "clone/edge")
    _put_tools(board)
    chosen = ALL_UNITS if os.environ.get("VEHICLE") == "long" else UNITS
    begin = time.monotonic()
    said = say(
        board,
        # The group is for a pytest-xdist that is not there.
        "cd /clone && PYTHONPATH=tests /opt/env/bin/python -m pytest -q -p no:cacheprovider -o markers=xdist_group "
        "--timeout 600 " + " ".join(f"tests/{name}" for name in chosen),
    )
    MEASURED["unit tests of edge on arm64"] = (
        f"{said.splitlines()[-1].split(' in ')[0]} in {time.monotonic() - begin:.0f} s"
    )


def _put_tools(root: Path) -> None:
    """The tests' own packages, unpacked by this machine's pip: an emulated one takes minutes."""
    command = [sys.executable, "-m", "pip", "install", "-q", "--no-compile", "--no-index"]
    platforms = [f"--platform={name}_aarch64" for name in ("manylinux2014", "manylinux_2_17", "manylinux_2_28")]
    target = root / "opt/env/lib/python3.11/site-packages"
    subprocess.run(
        [
            *command, "--find-links", root / "mnt", "--target", target, "--only-binary=:all:",
            "--implementation=cp", "--python-version=3.11", *platforms, *TOOLS,
        ],
        check=True, capture_output=True,
    )  # fmt: skip
    compile_there(root, "opt/env/lib")
