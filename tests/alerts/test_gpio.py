"""Buzzer, lamp and button at pins, on gpiozero's own mock of a Raspberry Pi."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import gpiozero
import pytest
from gpiozero.pins.mock import MockFactory
from made_alerts import config, signal

from edge.alerts.gpio import MuteButton, PinOutput
from edge.alerts.output import OutputError
from edge.alerts.pattern import light, sound
from edge.alerts.standing import Alert, Standing

CONFIG = config(buzzer={"pin": 17}, lamp={"pin": 27, "active_high": False}, mute={"pin": 22})


@pytest.fixture
def board() -> Iterator[MockFactory]:
    before = gpiozero.Device.pin_factory
    gpiozero.Device.pin_factory = MockFactory()
    yield gpiozero.Device.pin_factory
    gpiozero.Device.pin_factory.reset()
    gpiozero.Device.pin_factory = before


@pytest.fixture
def critical() -> Alert:
    standing = Standing(CONFIG)
    standing.take([signal("critical")], 100.0)
    return standing.alert(muted=False, critical_too=False)


def buzzer() -> PinOutput:
    return PinOutput("buzzer", CONFIG, CONFIG.buzzer, sound)


def test_the_pin_follows_the_rhythm(board: MockFactory, critical: Alert) -> None:
    one = buzzer()
    one.open()
    levels = []
    now = 100.0
    while now < 101.0:
        again = one.show(critical, now)
        levels.append(board.pin(17).state)
        assert again is not None
        now += again + 1e-6
    assert levels == [True, False] * 5
    one.close()


def test_it_is_off_from_the_beginning_and_off_when_closed_amid_an_alarm(board: MockFactory, critical: Alert) -> None:
    one = buzzer()
    one.open()
    assert not board.pin(17).state
    one.show(critical, 100.0)
    assert board.pin(17).state
    one.close()
    assert not board.pin(17).state
    assert board.pin(17).function == "input"


def test_nobody_watching_turns_it_off(board: MockFactory, critical: Alert) -> None:
    one = buzzer()
    one.open()
    one.show(critical, 100.0)
    assert one.show(None, 101.0) is None
    assert not board.pin(17).state
    one.close()


def test_a_lamp_that_is_lit_by_a_low_voltage_is_dark_at_a_high_one(board: MockFactory, critical: Alert) -> None:
    one = PinOutput("lamp", CONFIG, CONFIG.lamp, light)
    one.open()
    assert board.pin(27).state
    one.show(critical, 100.0)
    assert not board.pin(27).state
    one.close()


def test_it_can_be_opened_again_after_it_was_closed(board: MockFactory) -> None:
    one = buzzer()
    for _ in range(3):
        one.open()
        one.close()
    one.close()


def test_a_pin_that_is_taken_is_told_with_its_number(board: MockFactory) -> None:
    with gpiozero.LED(17), pytest.raises(OutputError, match=r"GPIO 17: .*in use"):
        buzzer().open()


def test_a_press_of_the_button_is_heard_once(board: MockFactory) -> None:
    presses: list[bool] = []
    button = MuteButton(CONFIG.mute, lambda: presses.append(True))
    button.open()
    assert button.show(None, 0.0) is None
    assert board.pin(22).pull == "up"
    board.pin(22).drive_low()
    board.pin(22).drive_high()
    assert presses == [True]
    button.close()


def test_without_the_library_the_mend_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "gpiozero", None)
    with pytest.raises(OutputError, match="sudo apt install python3-gpiozero python3-lgpio"):
        buzzer().open()


@pytest.mark.skipif(sys.platform != "linux", reason="lgpio is Linux's")
def test_on_a_machine_without_pins_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gpiozero.Device, "pin_factory", None)
    monkeypatch.delenv("GPIOZERO_PIN_FACTORY", raising=False)
    with pytest.raises(OutputError):
        buzzer().open()
