"""The daemon answers the fleet: its status, what a bundle would tell, and a pause of alarms that ends by itself."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from edge.config import Config
from edge.delivery.command import Refusal, Request
from edge.service.commands import Commands, Mute

CONFIG = Config(vehicle="bus-17")


def request(name: str, minutes: float | None = None) -> Request:
    return Request(name, "1", "office", minutes)


def test_status_is_what_the_topic_says(tmp_path: Path) -> None:
    assert Commands(CONFIG, 42, tmp_path, Mute()).carry_out(request("status"), {"frames": 7}, None) == {"frames": 7}


def test_bundle_info_tells_versions_and_the_last_error_and_nothing_of_the_driver(tmp_path: Path) -> None:
    told = Commands(CONFIG, 42, tmp_path, Mute()).carry_out(request("bundle-info"), {}, "the broker is away.")
    assert set(told) == {
        "version", "python", "machine", "session", "uptime_s", "configuration_sha256", "disk_free_mb", "last_error",
    }  # fmt: skip
    assert (told["session"], told["last_error"]) == (42, "the broker is away.")
    assert len(json.dumps(told)) < 1000


def test_a_pause_of_alarms_ends_by_itself_and_can_be_ended() -> None:
    now = 0.0
    mute = Mute(lambda: now)
    commands = Commands(CONFIG, 42, None, mute)
    assert commands.carry_out(request("mute-alerts", 10), {}, None) == {"minutes": 10}
    now = 599.0
    assert mute.is_muted
    now = 601.0
    assert not mute.is_muted
    commands.carry_out(request("mute-alerts", 10), {}, None)
    commands.carry_out(request("mute-alerts", 0), {}, None)
    assert not mute.is_muted


def test_a_pause_without_an_end_is_refused() -> None:
    with pytest.raises(Refusal, match="say for how long"):
        Commands(CONFIG, 42, None, Mute()).carry_out(request("mute-alerts"), {}, None)
