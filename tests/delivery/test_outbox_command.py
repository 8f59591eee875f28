"""The operator's commands on an outbox."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from command import Told, tell, write_config
from sample_events import EVENT

from edge.config import OutboxConfig
from edge.delivery.outbox import Outbox


@pytest.fixture
def outbox(tmp_path: Path, capfd) -> Callable[..., Told]:
    """Runs `driver-monitor outbox ...` on a state directory in which three events wait."""
    waiting = Outbox(tmp_path / "state", OutboxConfig())
    for sequence in (1, 2, 3):
        waiting.put(dataclasses.replace(EVENT, sequence=sequence))
    waiting.close()
    config = write_config(tmp_path, state_directory="state")
    return lambda *words: tell(capfd, "outbox", words[0], "--config", config, *words[1:])


def test_list_prints_a_line_an_event(outbox) -> None:
    lines = outbox("list").output.splitlines()
    assert lines[0] == "42/1 2026-11-20T07:12:03.480Z warning fatigue microsleep start"
    assert len(lines) >= 3


def test_the_list_is_told_to_a_program_as_json_lines(outbox) -> None:
    (first, *rest) = [json.loads(line) for line in outbox("list", "--json").output.splitlines() if line[0] == "{"]
    told = {"session": 42, "sequence": 1, "time": "2026-11-20T07:12:03.480Z", "level": "warning"}
    assert first == told | {"signal": "fatigue", "cause": "microsleep", "phase": "start"}
    assert [one["sequence"] for one in rest] == [2, 3]


def test_export_prints_what_would_be_published(outbox) -> None:
    assert [json.loads(line)["sequence"] for line in outbox("export").output.splitlines()] == [1, 2, 3]


def test_list_works_beside_a_running_daemon(outbox, tmp_path: Path) -> None:
    running = Outbox(tmp_path / "state", OutboxConfig())
    running.put(dataclasses.replace(EVENT, sequence=4))
    assert "42/4 " in outbox("list").output
    assert "stop the daemon first" in outbox("rekey").sentence
    running.close()


def test_another_key_is_told(outbox, tmp_path: Path) -> None:
    other = tmp_path / "other.key"
    other.touch(mode=0o600)
    other.write_bytes(bytes(32))
    assert "3 of 3 events cannot be opened" in outbox("export", "--key", other).sentence
    assert "is not the key of" in outbox("rekey", "--key", other).sentence


def test_rekey_keeps_what_waits(outbox) -> None:
    assert "3 events are encrypted with it" in outbox("rekey").output
    assert len(outbox("export").output.splitlines()) == 3


def test_purge_asks_first(outbox) -> None:
    assert outbox("purge").code == 1
    assert len(outbox("export").output.splitlines()) == 3
    assert "3 events were taken away" in outbox("purge", "--yes").output
    assert outbox("export").output == ""


def test_init_never_overwrites_a_key(outbox, tmp_path: Path) -> None:
    key = (tmp_path / "state" / "outbox.key").read_bytes()
    assert "there is a key" in outbox("init").sentence
    assert (tmp_path / "state" / "outbox.key").read_bytes() == key


def test_without_a_state_directory_there_is_no_outbox(tmp_path: Path, capfd, monkeypatch) -> None:
    monkeypatch.delenv("STATE_DIRECTORY", raising=False)
    told = tell(capfd, "outbox", "list", "--config", write_config(tmp_path, vehicle="bus-17"))
    assert told.sentence.startswith("There is no state directory")
    assert told.code == 78


def test_a_database_that_was_set_aside_needs_its_key_alone(
    outbox, tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("STATE_DIRECTORY", raising=False)
    (tmp_path / "elsewhere").mkdir()
    config = write_config(tmp_path / "elsewhere")
    database, key = tmp_path / "state" / "outbox.db", tmp_path / "state" / "outbox.key"
    told = tell(capfd, "outbox", "export", "--config", config, "--file", database, "--key", key)
    assert (told.code, len(told.output.splitlines())) == (0, 3)
    assert "There is no state directory" in tell(capfd, "outbox", "export", "--config", config).sentence
