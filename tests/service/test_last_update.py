"""What became of the last update is told beside the vehicle, and not to the broker."""

from __future__ import annotations

import os
from pathlib import Path

from edge.service.update import last_update

FAILED = "The update to version 9.9.9-962ef42c failed after 13 s: it ended and was started again."


def test_the_sentence_of_an_installations_last_update_comes_with_its_day(tmp_path: Path) -> None:
    environment = tmp_path / "versions" / "0.1.0-502fb0bf"
    environment.mkdir(parents=True)
    assert last_update(environment) is None
    told = tmp_path / "last-update"
    told.write_text(f"{FAILED}\n")
    os.utime(told, (1_800_000_000, 1_800_000_000))
    assert last_update(environment) == f"2027-01-15: {FAILED}"


def test_the_link_to_the_version_that_runs_finds_it_too(tmp_path: Path) -> None:
    environment = tmp_path / "versions" / "0.1.0-502fb0bf"
    environment.mkdir(parents=True)
    (tmp_path / "current").symlink_to(environment)
    (tmp_path / "last-update").write_text(FAILED)
    told = last_update(tmp_path / "current")
    assert told is not None
    assert told.endswith(FAILED)


def test_an_environment_of_a_clone_has_none(tmp_path: Path) -> None:
    (tmp_path / "last-update").write_text(FAILED)
    assert last_update(tmp_path / ".venv") is None
