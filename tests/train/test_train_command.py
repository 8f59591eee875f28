"""The command train-model, as a person meets it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest


def _train_model(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    program = "import sys; from train.cli import main; sys.argv[0] = 'train-model'; main()"
    command = [sys.executable, "-c", program, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize("command", ["fit", "evaluate"])
def test_an_unknown_task_is_one_sentence_and_exit_2(tmp_path: Path, command: str) -> None:
    rest = ["--output", tmp_path / "run"] if command == "fit" else [tmp_path / "model.keras"]
    done = _train_model(command, "mood", "--data", tmp_path, *rest)
    assert done.returncode == 2
    assert done.stderr.startswith("train-model: there is no recipe for the task 'mood'; choose one of: ")
    assert done.stderr.count("\n") == 1


def test_a_missing_data_folder_is_one_sentence(tmp_path: Path) -> None:
    done = _train_model("fit", "eyes", "--data", tmp_path / "nowhere", "--output", tmp_path / "run")
    assert done.returncode == 2
    assert done.stderr == (
        f"train-model: {tmp_path / 'nowhere'}: there is no such folder; "
        "--data must name the folder that holds the training data.\n"
    )


def test_help_does_not_wait_for_keras() -> None:
    program = "import sys, train.cli; print(sorted({'keras', 'tensorflow', 'sklearn', 'numpy'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "[]\n"


def test_help_names_both_commands() -> None:
    done = _train_model("--help")
    assert done.returncode == 0
    assert "fit" in done.stdout
    assert "evaluate" in done.stdout
