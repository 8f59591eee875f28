"""What a command reads is never written over, and what it is given as a file or a stream may be none."""

from __future__ import annotations

import errno
import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from command import PROGRAM, Told, tell, write_config

WRONG_USE, FAILED = 2, 1

Tell = Callable[..., Told]
Record = Callable[..., Path]


@pytest.fixture
def told(capfd: pytest.CaptureFixture[str]) -> Tell:
    return lambda *arguments: tell(capfd, *arguments)


@pytest.fixture
def recording(tmp_path: Path) -> Record:
    """A recording of so many black frames."""

    def recording(frames: int = 1) -> Path:
        folder = tmp_path / "recording"
        folder.mkdir()
        for number in range(frames):
            cv2.imwrite(str(folder / f"{number:04d}.png"), np.zeros((64, 64), np.uint8))
        return folder

    return recording


@pytest.mark.parametrize("name", ["0000.png", "truth.yaml", "track.nmea", "recording.yaml", "link.jsonl"])
@pytest.mark.parametrize("option", ["--events", "--trace"])
def test_a_recording_is_never_written_over(told: Tell, recording: Record, name: str, option: str) -> None:
    folder = recording()
    (folder / "link.jsonl").symlink_to("0000.png")
    before = (folder / "0000.png").read_bytes()
    done = told("replay", folder, option, folder / name)
    assert done.code == WRONG_USE
    assert "this file is read or written already" in done.errors
    assert (folder / "0000.png").read_bytes() == before
    assert sorted(path.name for path in folder.iterdir()) == ["0000.png", "link.jsonl"]


def test_a_result_is_never_written_over_the_labels(told: Tell, recording: Record) -> None:
    folder = recording()
    (folder / "truth.yaml").write_text("eyes_closed_s: []\n")
    assert told("evaluate", folder, "--json", folder / "truth.yaml").code == WRONG_USE
    assert (folder / "truth.yaml").read_text() == "eyes_closed_s: []\n"


def test_two_outputs_are_not_one_file(told: Tell, recording: Record, tmp_path: Path) -> None:
    folder, place = recording(), tmp_path / "both"
    assert told("replay", folder, "--events", place, "--trace", f"{tmp_path}/./both").code == WRONG_USE
    assert (
        told(
            "replay",
            folder,
            "--config",
            write_config(tmp_path, vehicle="a"),
            "--events",
            write_config(tmp_path, vehicle="a"),
        ).code
        == WRONG_USE
    )
    assert not place.exists()


def test_a_name_that_is_too_long_is_one_sentence(told: Tell) -> None:
    long = "a" * 300
    for arguments in (("replay", long), ("outbox", "list", "--file", long, "--key", "key")):
        done = told(*arguments)
        assert done.code == WRONG_USE
        assert done.sentence.endswith("(File name too long); name a shorter one.")


def test_what_one_may_not_look_at_is_a_finding(told: Tell, monkeypatch: pytest.MonkeyPatch) -> None:
    """The service's state, to somebody who forgot sudo."""

    def forbidden(_config: object) -> str:
        raise PermissionError(errno.EACCES, "Permission denied", "/var/lib/driver-monitor/outbox.db")

    monkeypatch.setattr("edge.service.check._state", forbidden)
    done = told("check", "--json")
    (finding,) = [one for one in json.loads(done.output)["findings"] if one["name"] == "state directory"]
    assert finding["detail"] == (
        "/var/lib/driver-monitor/outbox.db: it cannot be used (Permission denied); mend its permissions, or use sudo."
    )
    assert done.code == FAILED


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&-", ">&- 2>&- <&-"])
def test_streams_that_are_closed_are_no_error(recording: Record, tmp_path: Path, closed: str) -> None:
    folder, trace = recording(), tmp_path / "trace.csv"
    done = subprocess.run(["sh", "-c", f'"$0" "$@" {closed}', PROGRAM, "replay", folder, "--trace", trace], check=False)
    assert done.returncode == 0
    assert len(trace.read_text().splitlines()) == 3


def test_events_go_to_standard_output_where_a_dash_says_so(
    told: Tell, recording: Record, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = recording(200)
    monkeypatch.chdir(tmp_path)
    done = told("replay", folder, "--events", "-")
    assert json.loads(done.output.splitlines()[0])["cause"] == "too_dark"
    assert not (tmp_path / "-").exists()


def test_the_trace_goes_to_standard_output_where_a_dash_says_so(
    told: Tell, recording: Record, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = recording()
    monkeypatch.chdir(tmp_path)
    done = told("replay", folder, "--events", tmp_path / "events.jsonl", "--trace", "-")
    assert done.output.startswith("time_s,face_x,")
    assert len(done.output.splitlines()) == 3
    assert not (tmp_path / "-").exists()


@pytest.mark.parametrize("events", [[], ["--events", "-"]])
def test_trace_and_events_are_not_mixed_on_standard_output(told: Tell, recording: Record, events: list[str]) -> None:
    done = told("replay", recording(), "--trace", "-", *events)
    assert (done.code, done.output) == (WRONG_USE, "")
    assert "--trace - would print the rows among the events: give --events FILE, too." in done.errors


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        (["replay", ""], "RECORDING..."),
        (["replay", ".", "--config", ""], "--config"),
        (["replay", ".", "--events", ""], "--events"),
        (["evaluate", ".", "--observations", ""], "--observations"),
        (["outbox", "list", "--file", ""], "--file"),
    ],
)
def test_an_empty_name_is_not_the_working_directory(
    told: Tell, recording: Record, monkeypatch: pytest.MonkeyPatch, arguments: list[str], what: str
) -> None:
    """A variable of a script that was never set."""
    monkeypatch.chdir(recording())
    done = told(*arguments)
    assert (done.code, done.output) == (WRONG_USE, "")
    assert f"Invalid value for '{what}': the name is empty; name a file or folder." in done.errors


def test_a_check_leaves_no_folder_behind(told: Tell, tmp_path: Path) -> None:
    """By sudo it would be root's, and the service could not write there."""
    done = told("check", "--config", write_config(tmp_path, state_directory="of/the/vehicle"), "--json")
    (finding,) = [one for one in json.loads(done.output)["findings"] if one["name"] == "state directory"]
    assert finding["detail"] == f"{tmp_path}/of/the/vehicle can be written"
    assert [path.name for path in tmp_path.iterdir()] == ["config.yaml"]
