"""Nobody is watched who has not agreed: a live camera is opened with consent, a recording needs none."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from command import tell, write_config

from edge.cameras.factory import open_camera
from edge.cameras.picamera import PiCamera
from edge.cameras.v4l2 import V4l2Camera
from edge.config import CameraConfig, ConsentConfig, load_config
from edge.errors import ConfigError

CONSENT = {"who": "driver 17", "text": "docs/consent.md, version 1", "when": date(2026, 11, 20)}
LIVE = ["picamera", "v4l2"]


@pytest.fixture
def shut(monkeypatch: pytest.MonkeyPatch) -> None:
    """A camera that is opened fails the test."""
    for camera in (PiCamera, V4l2Camera):
        monkeypatch.setattr(camera, "__enter__", lambda _self: pytest.fail("a live camera was opened"))


@pytest.mark.usefixtures("shut")
@pytest.mark.parametrize("kind", LIVE)
def test_without_consent_the_daemon_ends_with_78_and_says_why(kind: str, tmp_path: Path, capfd) -> None:
    told = tell(capfd, "run", "--config", write_config(tmp_path, camera={"kind": kind}, state_directory="state"))
    assert told.code == 78
    assert "consent is missing in the configuration" in told.sentence
    assert "docs/consent.md" in told.sentence
    assert not (tmp_path / "state").exists()


@pytest.mark.usefixtures("shut")
@pytest.mark.parametrize("kind", LIVE)
def test_check_opens_no_camera_without_consent_either(kind: str, tmp_path: Path, capfd) -> None:
    told = tell(capfd, "check", "--config", write_config(tmp_path, camera={"kind": kind}))
    assert told.code == 1
    failed = [line.split(":")[0] for line in told.output.splitlines() if "consent is missing" in line]
    assert failed == ["FAIL consent", "FAIL camera"]


@pytest.mark.parametrize("kind", LIVE)
def test_no_way_leads_to_a_live_camera_without_consent(kind: str) -> None:
    with pytest.raises(ConfigError, match="consent is missing"):
        open_camera(CameraConfig(kind=kind), None)
    open_camera(CameraConfig(kind=kind), ConsentConfig.model_validate(CONSENT))


def test_with_consent_check_says_whose_and_looks_at_the_camera(tmp_path: Path, capfd) -> None:
    camera = {"kind": "v4l2", "device": str(tmp_path / "none")}
    told = tell(capfd, "check", "--config", write_config(tmp_path, camera=camera, consent=CONSENT))
    lines = told.output.splitlines()
    assert "ok   consent: driver 17 agreed to docs/consent.md, version 1, 2026-11-20" in lines
    assert [line for line in lines if line.startswith("FAIL camera") and "none" in line]


def test_a_recording_needs_no_consent(tmp_path: Path, capfd) -> None:
    camera = {"kind": "recording", "path": str(tmp_path)}
    told = tell(capfd, "check", "--config", write_config(tmp_path, camera=camera))
    assert "ok   consent: none is needed for a recording" in told.output.splitlines()


@pytest.mark.parametrize("missing", ["who", "text", "when"])
def test_a_consent_says_who_agreed_to_what_and_when(missing: str, tmp_path: Path) -> None:
    half = {name: value for name, value in CONSENT.items() if name != missing}
    with pytest.raises(ConfigError, match=f"consent.{missing} is missing; add it"):
        load_config(write_config(tmp_path, consent=half))


@pytest.mark.parametrize("empty", [{"who": ""}, {"text": "  "}, {"when": "soon"}])
def test_an_empty_consent_is_none(empty: dict[str, str], tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=f"consent.{next(iter(empty))} = "):
        load_config(write_config(tmp_path, consent=CONSENT | empty))


def test_a_clock_of_1970_does_not_undo_a_consent(monkeypatch: pytest.MonkeyPatch) -> None:
    """A device without a clock battery knows at its start less of the date than its configuration."""
    monkeypatch.setattr("time.time", lambda: 100.0)
    open_camera(CameraConfig(kind="v4l2"), ConsentConfig.model_validate(CONSENT))
