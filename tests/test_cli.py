"""The command line: what goes wrong is told in one sentence, with the right exit code and no traceback."""

from __future__ import annotations

import json
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import jsonschema
import numpy as np
import pytest
from broker import free_port
from click.testing import CliRunner
from command import PROGRAM, Told, run, tell, write_config

from edge.config import SHIPPED_MODELS
from edge.vision.card import append_card, read_model

CONFIGURATION, WRONG_USE, FAILED = 78, 2, 1

Tell = Callable[..., Told]


@pytest.fixture
def told(capfd: pytest.CaptureFixture[str]) -> Tell:
    return lambda *arguments: tell(capfd, *arguments)


@pytest.fixture
def config(tmp_path: Path) -> Callable[..., Path]:
    return lambda **sections: write_config(tmp_path, **sections)


@pytest.fixture
def recording(tmp_path: Path) -> Callable[..., Path]:
    """A recording of these images."""

    def recording(*images: np.ndarray) -> Path:
        folder = tmp_path / "recording"
        folder.mkdir()
        for number, image in enumerate(images):
            cv2.imwrite(str(folder / f"{number:04d}.png"), image)
        return folder

    return recording


def refused(told: Told, code: int, *parts: str) -> None:
    """One sentence with these parts, this exit code, and nothing on standard output."""
    assert told.code == code, told.errors
    for part in parts:
        assert part in told.sentence
    assert told.output == ""


Config = Callable[..., Path]
Recording = Callable[..., Path]


@pytest.mark.parametrize("command", ["run", "replay", "evaluate", "bench"])
def test_a_missing_configuration(told: Tell, tmp_path: Path, synthetic_recording: Path, command: str) -> None:
    recordings = [] if command == "run" else [synthetic_recording]
    missing = tmp_path / "missing.yaml"
    refused(told(command, *recordings, "--config", missing), CONFIGURATION, str(missing), "there is no such")


def test_an_unreadable_configuration(told: Tell, tmp_path: Path, synthetic_recording: Path) -> None:
    refused(told("replay", synthetic_recording, "--config", tmp_path), CONFIGURATION, str(tmp_path), "cannot be read")


def test_a_misspelt_key(told: Tell, config: Config, synthetic_recording: Path) -> None:
    path = config(vehicle="bus-17", vison={"threads": 1})
    refused(
        told("replay", synthetic_recording, "--config", path), CONFIGURATION, "line 2: vison", "did you mean vision?"
    )


def test_a_value_of_the_wrong_type(told: Tell, config: Config) -> None:
    refused(told("run", "--config", config(vision={"threads": "many"})), CONFIGURATION, "vision.threads = 'many'")


def test_the_configuration_is_looked_at_before_the_recording(told: Tell, tmp_path: Path) -> None:
    refused(told("replay", tmp_path / "none", "--config", tmp_path / "none.yaml"), CONFIGURATION, "none.yaml")


@pytest.fixture
def with_model(told: Tell, config: Config, synthetic_recording: Path, tmp_path: Path) -> Callable[[bytes], Told]:
    """A replay with these bytes as the model of the eyes."""

    def with_model(content: bytes) -> Told:
        (tmp_path / "eyes.tflite").write_bytes(content)
        path = config(vision={"eyes_model": "eyes.tflite"})
        return told("replay", synthetic_recording, "--config", path)

    return with_model


Replayed = Callable[[bytes], Told]


@pytest.mark.parametrize("share", [0.0, 0.3, 0.99])
def test_a_truncated_model(with_model: Replayed, share: float) -> None:
    content = (SHIPPED_MODELS / "eyes.tflite").read_bytes()
    refused(with_model(content[: int(share * len(content))]), CONFIGURATION, "eyes.tflite: ", "put the file from")


@pytest.mark.parametrize("content", [b"\x89HDF\r\n\x1a\n" + bytes(100), b"PK\x03\x04" + bytes(100), b"<html></html>"])
def test_a_foreign_model(with_model: Replayed, content: bytes) -> None:
    refused(with_model(content), CONFIGURATION, "this is not a TFLite model")


def test_a_damaged_model(with_model: Replayed) -> None:
    content = bytearray((SHIPPED_MODELS / "eyes.tflite").read_bytes())
    content[20_000] ^= 0x10
    refused(with_model(bytes(content)), CONFIGURATION, "the model is damaged")


def test_a_model_of_another_task(with_model: Replayed) -> None:
    refused(with_model((SHIPPED_MODELS / "emotion.tflite").read_bytes()), CONFIGURATION, "for emotion, not for eyes")


@pytest.mark.parametrize("labels", [("open", "shut", "hidden"), ("open", "closed"), ("closed",)])
def test_a_model_whose_card_does_not_fit(with_model: Replayed, labels: tuple[str, ...]) -> None:
    network, card = read_model(SHIPPED_MODELS / "eyes.tflite")
    refused(with_model(append_card(network, card.model_copy(update={"labels": labels}))), CONFIGURATION, "the card has")


def test_a_missing_model(told: Tell, config: Config, synthetic_recording: Path) -> None:
    path = config(vision={"emotion_model": "none.tflite"})
    refused(
        told("replay", synthetic_recording, "--config", path), CONFIGURATION, "none.tflite: the model cannot be read"
    )


def test_a_missing_recording(told: Tell, tmp_path: Path) -> None:
    refused(told("replay", tmp_path / "none"), WRONG_USE, "there is no such recording")


def test_an_empty_recording(told: Tell, tmp_path: Path) -> None:
    refused(told("replay", tmp_path), WRONG_USE, "the recording is empty")


@pytest.mark.parametrize("command", ["replay", "bench"])
def test_an_empty_video(told: Tell, tmp_path: Path, command: str) -> None:
    (tmp_path / "video.mp4").touch()
    refused(told(command, tmp_path), WRONG_USE, "video.mp4: the file is empty")


@pytest.mark.parametrize("content", [b"garbage" * 1000, b"\x00\x00\x00\x20ftypisom" + bytes(5000)])
def test_a_corrupt_video(told: Tell, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "video.mp4").write_bytes(content)
    refused(told("replay", tmp_path), WRONG_USE, "no frame can be decoded")


@pytest.mark.parametrize("share", [0.3, 0.9])
def test_a_video_cut_short(told: Tell, tmp_path: Path, synthetic_recording: Path, share: float) -> None:
    content = (synthetic_recording / "video.mp4").read_bytes()
    (tmp_path / "video.mp4").write_bytes(content[: int(share * len(content))])
    done = told("replay", tmp_path, "--events", tmp_path / "events.jsonl")
    refused(done, WRONG_USE, "video.mp4: ", "can be decoded")


def test_a_video_whose_middle_is_damaged_is_no_crash(told: Tell, tmp_path: Path, synthetic_recording: Path) -> None:
    content = bytearray((synthetic_recording / "video.mp4").read_bytes())
    middle = len(content) // 2
    content[middle : middle + 5000] = np.random.default_rng(1).bytes(5000)
    (tmp_path / "video.mp4").write_bytes(content)
    done = told("replay", tmp_path, "--events", tmp_path / "events.jsonl")
    assert done.code in (0, WRONG_USE)
    assert done.code == 0 or done.sentence


def test_images_of_changing_size(told: Tell, recording: Recording) -> None:
    grey = np.full((120, 160), 127, np.uint8)
    path = recording(grey, grey, grey[:100])
    refused(told("replay", path), WRONG_USE, "0002.png", "160x100", "160x120", "must be of one size")


def test_a_frame_of_one_pixel(told: Tell, recording: Recording) -> None:
    refused(told("replay", recording(np.zeros((1, 1), np.uint8))), WRONG_USE, "1x1 pixels, too small", "64x48")


def test_a_damaged_image(told: Tell, recording: Recording) -> None:
    path = recording(np.full((120, 160), 127, np.uint8))
    (path / "0001.png").write_bytes((path / "0000.png").read_bytes()[:-20])
    refused(told("replay", path), WRONG_USE, "0001.png: this is no image, or a damaged one")


def test_a_recording_without_truth_cannot_be_evaluated(told: Tell, tmp_path: Path) -> None:
    refused(told("evaluate", tmp_path), WRONG_USE, "no truth to be held against")


def test_a_wrong_truth(told: Tell, tmp_path: Path) -> None:
    (tmp_path / "truth.yaml").write_text("expect: [{signal: nap}]")
    refused(told("evaluate", tmp_path), WRONG_USE, "truth.yaml: expect.0")


def test_publishing_without_a_broker(told: Tell, synthetic_recording: Path) -> None:
    refused(told("replay", synthetic_recording, "--publish"), CONFIGURATION, "--publish needs a broker")


def test_a_password_file_that_is_missing(told: Tell, config: Config, synthetic_recording: Path) -> None:
    path = config(mqtt={"host": "localhost", "username": "bus", "password_file": "none"})
    refused(told("replay", synthetic_recording, "--publish", "--config", path), CONFIGURATION, "cannot be read")


@pytest.mark.parametrize("option", ["--events", "--trace"])
def test_a_file_that_cannot_be_written(told: Tell, tmp_path: Path, synthetic_recording: Path, option: str) -> None:
    done = told("replay", synthetic_recording, option, tmp_path / "none" / "file")
    assert (done.code, done.output) == (WRONG_USE, "")
    assert "cannot be written" in done.errors


def test_a_full_disk(told: Tell, synthetic_recording: Path) -> None:
    done = told("replay", synthetic_recording, "--events", "/dev/full")
    refused(done, FAILED, "No space left on device", "make room")


@pytest.mark.parametrize("option", ["--version", "--help"])
@pytest.mark.parametrize("program", ["driver-monitor", "convert-tflite", "train-model"])
def test_a_full_disk_for_what_is_told_before_any_command(program: str, option: str) -> None:
    command = [PROGRAM.with_name(program), option]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == FAILED
    assert done.stderr == f"{program}: the output cannot be written (No space left on device); make room for it.\n"


@pytest.mark.parametrize(
    "arguments", [["replay"], ["evaluate"], ["fly"], ["replay", "--fast", "x"], ["schema", "frame"]]
)
def test_wrong_use(told: Tell, arguments: list[str]) -> None:
    done = told(*arguments)
    assert (done.code, done.output) == (WRONG_USE, "")
    assert done.errors.startswith("Usage: ")


def test_an_unknown_task_of_training(tmp_path: Path) -> None:
    command = [str(PROGRAM.parent / "train-model"), "fit", "gaze", "--data", str(tmp_path), "--output", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    (sentence,) = done.stderr.splitlines()
    assert "gaze" in sentence
    assert (done.returncode, done.stdout) == (WRONG_USE, "")


def test_an_unknown_task_of_conversion(tmp_path: Path) -> None:
    from convert.cli import main

    arguments = [str(tmp_path / "model.keras"), "--task", "gaze", "--data", str(tmp_path), "-o", str(tmp_path / "x")]
    done = CliRunner().invoke(main, arguments)
    assert done.exit_code == WRONG_USE
    assert "gaze" in done.stderr


def test_check_tells_what_is_wrong_and_goes_on(told: Tell, config: Config) -> None:
    path = config(
        camera={"kind": "recording", "path": "nowhere"},
        vision={"eyes_model": "none.tflite"},
        mqtt={"host": "127.0.0.1", "port": free_port()},
        state_directory="config.yaml/state",
    )
    done = told("check", "--config", path)
    assert done.code == FAILED
    lines = {line[5:].partition(":")[0]: line for line in done.output.splitlines()}
    failed = {name for name, line in lines.items() if line.startswith("FAIL ")}
    assert failed == {"model eyes", "camera", "broker", "state directory"}
    assert "there is no such recording" in lines["camera"]
    assert "start it, or correct mqtt.host and mqtt.port" in lines["broker"]
    assert done.sentence.startswith("4 of these")


def test_check_of_a_wrong_configuration_has_nothing_more_to_look_at(told: Tell, config: Config) -> None:
    done = told("check", "--config", config(vehicel="bus"))
    assert done.code == FAILED
    (line,) = done.output.splitlines()
    assert line.startswith("FAIL configuration: ")
    assert "did you mean vehicle?" in line


def test_check_finds_what_the_daemon_would_refuse(told: Tell, config: Config, tmp_path: Path) -> None:
    network, card = read_model(SHIPPED_MODELS / "eyes.tflite")
    (tmp_path / "eyes.tflite").write_bytes(
        append_card(network, card.model_copy(update={"labels": ("on", "off", "hidden")}))
    )
    done = told("check", "--config", config(vision={"eyes_model": "eyes.tflite"}))
    assert "FAIL model eyes: " in done.output
    assert "the card has on, off, hidden" in done.output


def test_an_opencv_without_haar_is_told(
    told: Tell, synthetic_recording: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(cv2, "CascadeClassifier")
    config = write_config(tmp_path, vision={"face": {"detector": "haar"}})
    refused(
        told("replay", synthetic_recording, "--config", config), CONFIGURATION, "has no Haar cascades", "pip install"
    )


def test_the_event_schema_is_a_schema(told: Tell) -> None:
    done = told("schema", "event")
    assert done.code == 0
    jsonschema.Draft202012Validator.check_schema(json.loads(done.output))


def test_the_configuration_schema_describes_every_section(told: Tell) -> None:
    done = told("schema", "config")
    assert done.code == 0
    assert {"vehicle", "camera", "vision", "rules", "mqtt"} <= set(json.loads(done.output)["properties"])


def test_version(told: Tell) -> None:
    done = told("--version")
    assert done.code == 0
    assert done.output.startswith("driver-monitor, version ")


def _seconds(command: list[str]) -> float:
    times = []
    for _ in range(5):
        begin = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True)
        times.append(time.perf_counter() - begin)
    return statistics.median(times)


def test_help_answers_at_once() -> None:
    """Under half a second, or on a busy machine little more than the argument parser alone takes."""
    alone = _seconds([sys.executable, "-c", "import click"])
    assert _seconds([str(PROGRAM), "--help"]) < max(0.5, 3 * alone)


def test_help_imports_nothing_heavy() -> None:
    code = "import sys, edge.cli; print(*{'cv2', 'numpy', 'pydantic', 'yaml', 'paho'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.split() == []


def test_the_program_itself_tells_a_corrupt_video_in_one_sentence(tmp_path: Path) -> None:
    """As a program of its own: what libraries print as they are loaded would be seen here alone."""
    (tmp_path / "video.mp4").write_bytes(b"garbage" * 1000)
    refused(run("replay", tmp_path), WRONG_USE, "no frame can be decoded")


def test_a_reader_that_has_seen_enough_is_no_error(synthetic_recording: Path) -> None:
    command = f"'{PROGRAM}' replay '{synthetic_recording}' --trace /dev/stdout | head -n 1"
    done = subprocess.run([shutil.which("sh") or "sh", "-c", command], capture_output=True, text=True, check=False)
    assert done.stdout.startswith("time_s,")
    assert done.stderr == ""
