"""The session number: another one at each start."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from edge.errors import ConfigError
from edge.service.session import next_session, state_directory


def test_each_start_has_the_next_number(tmp_path: Path) -> None:
    assert [next_session(tmp_path / "state") for _ in range(3)] == [1, 2, 3]


def test_without_a_state_directory_it_is_the_clock() -> None:
    assert next_session(None) == pytest.approx(time.time(), abs=5)


@pytest.mark.parametrize("content", [b"", b"forty-two", b"\xff\xfe", b"-1", "٣".encode()])
def test_a_damaged_file_is_replaced_by_a_number_above_any_before(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "session").write_bytes(content)
    session = next_session(tmp_path)
    assert session > 1_000_000_000
    assert next_session(tmp_path) == session + 1


def test_a_directory_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match=r"session: the session number cannot be kept .*state_directory"):
        next_session(tmp_path / "file")


def test_nothing_but_the_number_is_left_behind(tmp_path: Path) -> None:
    next_session(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["session"]


def test_the_configured_directory_goes_before_systemds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STATE_DIRECTORY", "/var/lib/driver-monitor:/var/lib/other")
    assert state_directory(None) == Path("/var/lib/driver-monitor")
    assert state_directory(Path("/mine")) == Path("/mine")


def test_without_either_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("STATE_DIRECTORY", raising=False)
    assert state_directory(None) is None
