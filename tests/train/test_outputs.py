"""A place that cannot be written is told before anything is read or measured."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from click.testing import CliRunner

from edge.errors import InputError
from train import cli
from train.files import refuse_unwritable_folder, write_json, write_text

FOLDERS = {
    "fit": ["fit", "emotion", "--output"],
    "fit face": ["fit", "face", "--output"],
    "explore": ["explore", "emotion", "--output"],
    "search": ["search", "emotion", "--output"],
    "adjust": ["adjust", "emotion", "model.keras", "--logit", "sad=1", "--output"],
    "average": ["average", "emotion", "a.keras", "b.keras", "--output"],
    "compare": ["compare", "emotion", "--output"],
    "evaluate --report": ["evaluate", "emotion", "model.keras", "--report"],
    "audit --keep": ["audit", "face", "model.tflite", "--keep"],
}
FILES = {
    "evaluate --json": ["evaluate", "emotion", "model.keras", "--json"],
    "evaluate face --json": ["evaluate", "face", "model.keras", "--json"],
    "audit": ["audit", "eyes", "model.tflite", "--output"],
    "robustness": ["robustness", "emotion", "model.tflite", "--output"],
}


def _told(*arguments: str | Path) -> str:
    """The sentence of a command without any data: what it would say of these comes later."""
    done = CliRunner().invoke(cli.group, [*map(str, arguments), "--data", "nowhere"])
    assert isinstance(done.exception, InputError), done.output
    return str(done.exception)


@pytest.mark.parametrize("command", FOLDERS.values(), ids=FOLDERS)
def test_a_folder_that_cannot_be_made_is_told_first(command: list[str], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert (
        _told(*command, tmp_path / "file" / "run")
        == f"{tmp_path / 'file' / 'run'}: {tmp_path / 'file'} is a file; name a folder."
    )


@pytest.mark.parametrize("command", FILES.values(), ids=FILES)
def test_a_file_in_a_folder_that_is_not_there_is_told_first(command: list[str], tmp_path: Path) -> None:
    said = _told(*command, tmp_path / "nosuch" / "x.json")
    assert said.startswith(f"{tmp_path / 'nosuch' / 'x.json'}: there is no folder {tmp_path / 'nosuch'}; make it")


def test_an_ensemble_in_a_file_is_told_first(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = CliRunner().invoke(cli.group, ["ensemble", "a.keras", "b.keras", "-o", str(tmp_path / "file" / "x.keras")])
    assert str(done.exception) == f"{tmp_path / 'file'}: {tmp_path / 'file'} is a file; name a folder."


def test_folders_that_can_be_made_are_not_refused(tmp_path: Path) -> None:
    refuse_unwritable_folder(tmp_path)
    refuse_unwritable_folder(tmp_path / "new" / "newer")
    refuse_unwritable_folder(Path("new"))
    refuse_unwritable_folder(None)
    assert not any(tmp_path.iterdir())


def test_a_folder_that_may_not_be_written_to_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # As somebody else: root may write everywhere.
    monkeypatch.setattr(os, "access", lambda place, mode: mode == os.F_OK and place.exists())
    with pytest.raises(InputError, match=r"run: the folder .* cannot be written to; name another"):
        refuse_unwritable_folder(tmp_path / "run")


def test_figures_are_written_whole_and_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "figures.json")
    write_json(tmp_path / "link", {"a": 1})
    assert (tmp_path / "link").is_symlink()
    assert json.loads((tmp_path / "figures.json").read_text()) == {"a": 1}
    write_text(tmp_path / "table.md", "table\n")
    assert (tmp_path / "table.md").read_text() == "table\n"
    with pytest.raises(InputError, match=r"cannot be written \(.*\); name another file"):
        write_text(tmp_path / "gone" / "table.md", "table\n")
