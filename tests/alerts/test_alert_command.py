"""What an installer asks: is each output there (`check`), and do I hear it (`alert`)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import can
import gpiozero
import pytest
from command import Told, tell, write_config
from gpiozero.pins.mock import MockFactory

from edge.alerts import probe
from edge.alerts.gpio import PinOutput
from edge.alerts.output import OutputError


@pytest.fixture
def board(monkeypatch: pytest.MonkeyPatch) -> Iterator[MockFactory]:
    factory = MockFactory()
    monkeypatch.setattr(gpiozero.Device, "pin_factory", factory)
    yield factory
    factory.reset()


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probe, "PAUSE_S", 0.1)


def found(capfd: pytest.CaptureFixture[str], synthetic_recording: Path, folder: Path, **alerts: Any) -> list[str]:
    """The lines of `check` on alarms."""
    camera = {"kind": "recording", "path": str(synthetic_recording)}
    told = tell(capfd, "check", "--config", write_config(folder, camera=camera, alerts=alerts))
    return [line for line in told.output.splitlines() if " alert" in line]


def alert(capfd: pytest.CaptureFixture[str], folder: Path, *options: str, **alerts: Any) -> Told:
    return tell(capfd, "alert", *options, "--config", write_config(folder, alerts=alerts))


def test_check_has_a_line_for_each_output(
    capfd: pytest.CaptureFixture[str], synthetic_recording: Path, tmp_path: Path, board: MockFactory
) -> None:
    bus = {"channel": "check", "interface": "virtual", "identifier": 0x5DA}
    lines = found(capfd, synthetic_recording, tmp_path, buzzer={"pin": 17}, mute={"pin": 22}, can=bus)
    assert lines == [
        "ok   alert buzzer: GPIO 17 can be used",
        "ok   alert can: check is there; identifier 0x5DA each 0.1 s",
        "ok   alert mute button: GPIO 22 can be used",
    ]
    assert not board.pin(17).state


def test_check_says_that_nothing_is_connected(
    capfd: pytest.CaptureFixture[str], synthetic_recording: Path, tmp_path: Path
) -> None:
    (line,) = found(capfd, synthetic_recording, tmp_path)
    assert line == "ok   alerts: no output is configured, the driver is warned by nothing in the vehicle"


def test_check_fails_where_an_output_is_not_there(
    capfd: pytest.CaptureFixture[str], synthetic_recording: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    bus, tone = {"channel": "can77", "identifier": 1}, {"device": "default"}
    lines = found(capfd, synthetic_recording, tmp_path, can=bus, tone=tone)
    assert [line[:17] for line in lines] == ["FAIL alert can: c", "FAIL alert tone: "]
    assert all(line.endswith(".") for line in lines)


def test_an_installer_hears_each_level_at_every_output(
    capfd: pytest.CaptureFixture[str], tmp_path: Path, board: MockFactory
) -> None:
    node = can.Bus("heard", "virtual")
    bus = {"channel": "heard", "interface": "virtual", "identifier": 0x5DA}
    told = alert(capfd, tmp_path, buzzer={"pin": 17}, can=bus)
    assert told.code == 0, told.errors
    assert told.output.splitlines() == [f"{level}: buzzer, can" for level in ("advisory", "warning", "critical")]
    levels = []
    while message := node.recv(0):
        levels.append(message.data[0] & 3)
    assert [one for one, before in zip(levels, [None, *levels], strict=False) if one != before] == [1, 0, 2, 0, 3, 0]
    assert sum(state for _, state in board.pin(17).states) >= 2 + 2 + 4
    assert not board.pin(17).state
    node.shutdown()


def test_one_level_can_be_asked_for(capfd: pytest.CaptureFixture[str], tmp_path: Path, board: MockFactory) -> None:
    told = alert(capfd, tmp_path, "--level", "critical", lamp={"pin": 27})
    assert (told.code, told.output.splitlines()) == (0, ["critical: lamp"])


def test_an_output_that_does_not_work_is_told_in_one_sentence(
    capfd: pytest.CaptureFixture[str], tmp_path: Path, board: MockFactory
) -> None:
    told = alert(capfd, tmp_path, "--level", "advisory", buzzer={"pin": 17}, can={"channel": "can77", "identifier": 1})
    assert told.code == 1
    assert told.sentence.startswith("can: failed: can77: ")
    assert sum(state for _, state in board.pin(17).states) >= 2  # it was heard all the same


def test_without_an_output_the_configuration_is_to_be_mended(capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    told = alert(capfd, tmp_path)
    assert (told.code, told.sentence[:23]) == (78, "No output is configured")


def test_a_pin_that_cannot_be_used_leaves_no_other_on(
    capfd: pytest.CaptureFixture[str], tmp_path: Path, board: MockFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    lamp = board.pin(22)
    lamp.output_with_state(True)
    opens = PinOutput.open

    def open_pin(output: PinOutput) -> None:
        if output.number == 17:
            raise OutputError("GPIO 17: another program has it")
        opens(output)

    monkeypatch.setattr(PinOutput, "open", open_pin)
    told = alert(capfd, tmp_path, "--off", buzzer={"pin": 17}, lamp={"pin": 22})
    assert (told.code, told.sentence) == (1, "GPIO 17: another program has it.")
    assert not lamp.state


def test_pins_that_a_killed_daemon_left_on_are_turned_off(
    capfd: pytest.CaptureFixture[str], tmp_path: Path, board: MockFactory
) -> None:
    pin = board.pin(17)
    pin.output_with_state(True)
    assert alert(capfd, tmp_path, "--off", buzzer={"pin": 17}).code == 0
    assert not pin.state
