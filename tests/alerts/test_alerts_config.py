"""What the section `alerts` refuses, before anything is wired to it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from pydantic import ValidationError

from edge.config import AlertsConfig
from edge.config.alerts import WIDTHS

ROOT = Path(__file__).resolve().parents[2]


def refusal(text: str) -> str:
    with pytest.raises(ValidationError) as caught:
        AlertsConfig.model_validate(yaml.safe_load(text))
    return str(caught.value)


def test_a_can_frame_has_no_identifier_that_nobody_chose() -> None:
    assert "one that is free on this bus" in refusal("can: {channel: can0}")


def test_a_can_frame_without_a_channel_is_not_silently_left_out() -> None:
    assert "identifier is given, but no channel" in refusal("can: {interface: can0, identifier: 1}")


def test_an_identifier_above_11_bits_must_be_called_extended() -> None:
    assert "needs extended: true" in refusal("can: {channel: can0, identifier: 0x800}")
    AlertsConfig.model_validate(yaml.safe_load("can: {channel: can0, identifier: 0x800, extended: true}"))


def test_fields_of_the_frame_do_not_overlap() -> None:
    sentence = refusal("can: {channel: can0, identifier: 1, bits: {cause: 1}}")
    assert "the bits of level and cause overlap" in sentence


def test_fields_lie_within_the_frame() -> None:
    assert "beyond the frame's 1 bytes" in refusal("can: {channel: can0, identifier: 1, length: 1}")


def test_every_field_has_a_width() -> None:
    assert set(WIDTHS) == set(type(AlertsConfig().can.bits).model_fields)


def test_a_pin_has_one_use() -> None:
    assert "two of them have the same" in refusal("{buzzer: {pin: 17}, mute: {pin: 17}}")


def test_an_alarm_that_comes_again_has_ended_before() -> None:
    assert "again_s must be at least lasts_s" in refusal("warning: {again_s: 1.0}")


def test_a_critical_alarm_cannot_be_given_an_end() -> None:
    assert "lasts_s" in refusal("critical: {lasts_s: 5.0}")


def test_silence_by_the_button_is_bounded() -> None:
    assert "minutes" in refusal("mute: {minutes: 600.0}")


def test_sad_can_never_be_given_a_sound() -> None:
    assert "'none' or 'lamp'" in refusal("sad: buzzer")


def test_the_bits_of_the_default_are_those_of_the_dbc() -> None:
    text = (ROOT / "docs" / "driver-monitor.dbc").read_text()
    found = {
        name.lower(): (int(first), int(width))
        for name, first, width in re.findall(r"SG_ (\w+) : (\d+)\|(\d+)@1\+", text)
    }
    assert found == {name: (first, WIDTHS[name]) for name, first in AlertsConfig().can.bits}
