"""What holds of the project as a whole: what it tracks, how large its parts are, that its files agree."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SYNTHETIC_VIDEO = Path("tests/recordings/synthetic_closure/video.mp4")
LARGEST_TEXT = 200_000  # bytes; what is longer is data, and data stay out


@pytest.fixture(scope="module")
def tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return [Path(name) for name in listed.split("\0") if name and (ROOT / name).is_file()]


def _is_text(path: Path) -> bool:
    content = path.read_bytes()
    return b"\0" not in content and len(content) <= LARGEST_TEXT


def test_no_image_video_or_data_is_tracked_but_the_synthetic_recording(tracked: list[Path]) -> None:
    others = [path for path in tracked if not _is_text(ROOT / path)]
    weights = {Path("edge/models"), Path("train/weights")}
    assert [path for path in others if path != SYNTHETIC_VIDEO and path.parent not in weights] == []


def test_only_models_lie_among_the_models(tracked: list[Path]) -> None:
    kinds = {path.suffix for path in tracked if path.parent == Path("edge/models")}
    assert kinds <= {".tflite", ".py", ".md"}


def test_only_float_weights_and_their_cards_lie_among_the_weights(tracked: list[Path]) -> None:
    kept = [path for path in tracked if path.parent == Path("train/weights")]
    assert {path.suffix for path in kept} == {".keras", ".json"}
    assert max((ROOT / path).stat().st_size for path in kept) < 4_500_000


def test_no_module_is_over_four_hundred_lines_and_no_test_much_longer(tracked: list[Path]) -> None:
    lengths = {path: len((ROOT / path).read_text().splitlines()) for path in tracked if path.suffix == ".py"}
    assert {path: n for path, n in lengths.items() if n > (500 if path.parts[0] == "tests" else 400)} == {}


def test_the_changelog_begins_with_this_version() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    first = re.search(r"^## \[(.+?)\]", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert first is not None
    assert first[1] == version


def test_continuous_integration_runs_make_test_where_nothing_may_be_missing() -> None:
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    assert "export CI=true\nmake test </dev/null\n" in script.read_text()


def test_the_demo_prints_the_closure_as_it_comes_and_ends_by_itself() -> None:
    command = [sys.executable, "-m", "edge.cli", "run", "--config", "config/demo.yaml"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    events = [json.loads(line) for line in done.stdout.splitlines()]
    fatigue = [(event["cause"], event["phase"]) for event in events if event["signal"] == "fatigue"]
    assert fatigue == [("microsleep", "start"), ("sleep", "update"), ("sleep", "end")]
    assert {event["id"] for event in events if event["signal"] == "fatigue"} == {events[0]["id"]}
