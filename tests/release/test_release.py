"""Wheel and sdist: what is in them, and that the wheel works where nothing else of the project is."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tarfile
import zipfile
from pathlib import Path

import pytest
import yaml
from board import emulated_board, say

ROOT = Path(__file__).resolve().parents[2]
PYTHONS = ("3.11", "3.12", "3.13")
FILES = {
    "edge/py.typed",
    "edge/models/emotion.tflite",
    "edge/models/eyes.tflite",
    "edge/models/face.tflite",
    "edge/models/landmarks.tflite",
    "edge/replay/report/drawing.js",
    "edge/replay/report/page.css",
    "edge/replay/report/timeline.js",
    "edge/service/aim_page/page.css",
    "edge/service/aim_page/page.html",
    "edge/service/aim_page/page.js",
    "train/audit_limits.yaml",
    "train/data/face_eyes.txt",
}
"""Everything in the packages that is no module."""


def _tracked(*folders: str) -> set[str]:
    command = ["git", "ls-files", "-z", "--", *folders]
    return set(subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.split("\0")) - {""}


def _in_sdist(path: Path) -> set[str]:
    with tarfile.open(path) as archive:
        return {member.name.partition("/")[2] for member in archive if member.isfile()}


def test_the_wheel_holds_every_module_and_only_files_that_are_named(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        held = {name for name in archive.namelist() if ".dist-info/" not in name}
    modules = {name for name in _tracked("edge", "convert", "train") if name.endswith(".py")}
    assert held == modules | FILES


def test_the_wheel_says_its_licence_and_its_commands(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        named = {name.partition("/")[2]: name for name in archive.namelist() if ".dist-info/" in name}
        assert "Apache License" in archive.read(named["licenses/LICENSE"]).decode()
        assert "License-Expression: Apache-2.0" in archive.read(named["METADATA"]).decode()
        commands = archive.read(named["entry_points.txt"]).decode()
    assert [name for name in ("driver-monitor", "convert-tflite", "train-model") if f"{name} = " not in commands] == []


def test_the_sdist_holds_no_test_and_nothing_that_is_not_tracked(sdist: Path) -> None:
    held = _in_sdist(sdist)
    made = {name for name in held if name.startswith("driver_monitor.egg-info/") or name in ("PKG-INFO", "setup.cfg")}
    assert held - made - _tracked() == set()
    assert [name for name in held if name.startswith("tests/")] == []
    assert {"LICENSE", "CHANGELOG.md", "config/default.yaml", "systemd/install", *FILES} <= held


def _interpreter(version: str) -> str:
    name = f"python{version}"
    try:
        subprocess.run([name, "-c", "import ensurepip"], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip(f"no {name} with ensurepip: install it to try the wheel there")
    return name


@pytest.fixture(scope="module", params=PYTHONS)
def programs(request: pytest.FixtureRequest, wheel: Path) -> Path:
    """The programs of a clean environment that holds the wheel and what it needs; it stays in build/."""
    folder = ROOT / "build" / f"release-{request.param}"
    subprocess.run([_interpreter(request.param), "-m", "venv", "--clear", folder], check=True)
    subprocess.run([folder / "bin" / "pip", "install", "-q", wheel], check=True, timeout=500)
    return folder / "bin"


def test_the_wheel_installs_on_arm64_and_passes_its_check_there(
    wheel: Path, synthetic_recording: Path, tmp_path: Path
) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can run another architecture's root: run make release as root to try the wheel there")
    with emulated_board(tmp_path, wheel) as board:
        shutil.copytree(synthetic_recording, board / "io" / "recording")
        (board / "io" / "config.yaml").write_text("camera: {kind: recording, path: recording}\n")
        assert len(say(board, "/opt/env/bin/driver-monitor --version").splitlines()) == 1 + 4
        assert json.loads(say(board, "/opt/env/bin/driver-monitor check --json --config /io/config.yaml"))["ok"]


def _call(folder: Path, *command: str | Path) -> str:
    """Away from the checkout, so that nothing of it is imported."""
    alone = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "DRIVER_MONITOR"))}
    done = subprocess.run(
        [str(part) for part in command],
        cwd=folder,
        env=alone,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_installed_wheel_tells_its_models_passes_its_check_and_replays(
    programs: Path, synthetic_recording: Path, tmp_path: Path
) -> None:
    program = programs / "driver-monitor"
    config = tmp_path / "config.yaml"
    config.write_text(yaml.safe_dump({"camera": {"kind": "recording", "path": str(synthetic_recording)}}))
    assert len(_call(tmp_path, program, "--version").splitlines()) == 1 + 4
    assert json.loads(_call(tmp_path, program, "check", "--json", "--config", config))["ok"]
    printed = _call(tmp_path, program, "replay", synthetic_recording, "--report", "report")
    events = [json.loads(line) for line in printed.splitlines()]
    assert [(event["cause"], event["phase"]) for event in events] == [("sleep", "start"), ("sleep", "end")]
    assert "<style>" in (tmp_path / "report" / "index.html").read_text()
    _call(tmp_path, programs / "convert-tflite", "--help")
    _call(tmp_path, programs / "train-model", "--help")
