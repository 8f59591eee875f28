"""OpenCV 5, in an environment of its own: `native` and `yunet` find the driver there, `haar` says what to install."""

from __future__ import annotations

import csv
import hashlib
import json
import subprocess
import sys
import tomllib
from pathlib import Path
from statistics import median

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
ENVIRONMENT = ROOT / ".venv-opencv5"
PROGRAM = ENVIRONMENT / "bin" / "driver-monitor"
WANTED = "opencv-python-headless>=5,<6"
MOST_APART = 6.0
"""Pixels that a side of the face's box, about 140 wide, may differ by: the two versions turn patches with another last
digit, of which an int8 network makes more."""

pytestmark = pytest.mark.timeout(600)  # the first run installs the environment


def _call(*command: str | Path, code: int = 0) -> str:
    done = subprocess.run([str(part) for part in command], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.fixture(scope="module", autouse=True)
def environment() -> None:
    """It is kept for the next run, and made anew when what the project needs changes."""
    python, stamp = ENVIRONMENT / "bin" / "python", ENVIRONMENT / "stamp"
    wanted = repr(tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]) + WANTED
    if not (stamp.is_file() and stamp.read_text() == wanted):
        _call(sys.executable, "-m", "venv", "--clear", ENVIRONMENT)
        _call(python, "-m", "pip", "install", "-q", "-e", ".", WANTED)
        stamp.write_text(wanted)


def _config(folder: Path, **face: str) -> Path:
    path = folder / "config.yaml"
    path.write_text(yaml.safe_dump({"vision": {"face": face}}))
    return path


def _yunet(folder: Path, model: Path) -> Path:
    digest = hashlib.sha256(model.read_bytes()).hexdigest()
    return _config(folder, detector="yunet", yunet_model=str(model), yunet_sha256=digest)


def _trace(program: Path, config: Path, recording: Path, folder: Path) -> list[dict[str, str]]:
    trace = folder / "trace.csv"
    said = _call(program, "replay", recording, "--config", config, "--trace", trace)
    assert all(line.startswith("{") for line in said.splitlines())  # events, and no warning
    return list(csv.DictReader(trace.open()))


def _same_driver(config: Path, recording: Path, folder: Path) -> None:
    """OpenCV 5 sees the driver in every frame, and where OpenCV 4 sees him, his eyes as closed as there."""
    here = _trace(Path(sys.executable).parent / "driver-monitor", config, recording, folder)
    there = _trace(PROGRAM, config, recording, folder)
    assert len(here) == len(there) > 100
    for side in ("face_x", "face_y", "face_width", "face_height"):
        apart = [abs(float(a[side]) - float(b[side])) for a, b in zip(here[:-1], there[:-1], strict=True)]
        assert max(apart) < MOST_APART  # the last row, which is left out, is the end
        assert median(apart) < MOST_APART / 4
    assert [row["eyes_closed"] for row in there].count("1") == pytest.approx(
        [row["eyes_closed"] for row in here].count("1"), abs=2
    )
    assert any(row["signals"] for row in there)


def test_the_environment_has_opencv_5() -> None:
    listed = json.loads(_call(ENVIRONMENT / "bin" / "python", "-m", "pip", "list", "--format", "json"))
    versions = {entry["name"]: entry["version"] for entry in listed}
    assert versions["opencv-python-headless"].startswith("5.")
    assert "has requirement" not in _call(ENVIRONMENT / "bin" / "python", "-m", "pip", "check")


def test_native_follows_the_driver_as_with_opencv_4(synthetic_recording: Path, tmp_path: Path) -> None:
    _same_driver(_config(tmp_path, detector="native"), synthetic_recording, tmp_path)


def test_yunet_finds_the_driver_as_with_opencv_4(yunet: Path, synthetic_recording: Path, tmp_path: Path) -> None:
    _same_driver(_yunet(tmp_path, yunet), synthetic_recording, tmp_path)


def test_haar_says_in_one_sentence_what_to_install(synthetic_recording: Path, tmp_path: Path) -> None:
    said = _call(PROGRAM, "replay", synthetic_recording, "--config", _config(tmp_path, detector="haar"), code=78)
    assert said.startswith("driver-monitor: vision.face.detector: OpenCV 5")
    assert said.count("\n") == 1
    assert "pip install 'opencv-python-headless>=4.12,<5'" in said
