"""The CAN alert on a socket of a real kernel, heard by another and read with the DBC file."""

from __future__ import annotations

import random
from pathlib import Path
from typing import cast

import cantools
import cantools.database
import pytest
from emulated import Emulated, empty_disk
from medium import Medium

DBC = Path(__file__).resolve().parents[2] / "docs" / "driver-monitor.dbc"


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory, starter: Path) -> list[list[str]]:
    """What the machine says: each frame, then why two buses cannot be used."""
    folder = tmp_path_factory.mktemp("can")
    medium = Medium(empty_disk(folder), random.Random(0))
    found = []
    with Emulated(folder, starter, medium, "/usr/bin/python3 /srv/can_program.py") as machine:
        for words in machine.lines():
            if words == ["done"]:
                break
            found.append(words)
    return found


def test_frames_of_a_real_socket_read_as_in_the_dbc(told: list[list[str]]) -> None:
    database = cast("cantools.database.Database", cantools.database.load_file(DBC, strict=True))
    (message,) = database.messages
    frames = [words[1:] for words in told if words[0] == "frame"]
    assert {(int(identifier), int(length)) for identifier, length, _ in frames} == {(message.frame_id, message.length)}
    read = [message.decode(bytes.fromhex(content)) for _, _, content in frames]
    assert [(str(one["Level"]), str(one["Cause"])) for one in read] == [
        ("none", "none"),
        ("advisory", "perclos"),
        ("warning", "microsleep"),
        ("critical", "sleep"),
        ("critical", "unresponsive"),
    ]
    assert [(str(one["Degraded"]), one["Muted"], one["Sad"]) for one in read[3:]] == [
        ("too_dark", 1, 0),
        ("none", 0, 1),
    ]
    assert [one["Counter"] for one in read] == [0, 1, 2, 3, 4]


def test_a_bus_that_cannot_be_used_says_why(told: list[list[str]]) -> None:
    refused = {words[1]: " ".join(words[2:]) for words in told if words[0] == "refused"}
    assert refused == {
        "vcan1:": "it is down; docs/alerts.md tells how to bring it up",
        "can9:": "there is no such interface; docs/alerts.md tells how to bring it up",
    }
