"""What every command of the three programs has: help with an example, versions, completion, no colour."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import pytest
from command import PROGRAM, Told, tell, write_config

from convert.cli import main as convert_tflite
from edge.cli import cli
from edge.cli_files import writing
from edge.config import SHIPPED_MODELS
from edge.errors import InputError
from edge.vision.card import read_card
from train import options
from train.cli import group as train_model

PROGRAMS = ("driver-monitor", "convert-tflite", "train-model")


@pytest.fixture
def told(capfd: pytest.CaptureFixture[str]) -> Callable[..., Told]:
    return lambda *arguments: tell(capfd, *arguments)


def _commands(command: click.Command, before: str = "") -> Iterator[tuple[str, click.Command]]:
    name = f"{before} {command.name}".strip()
    yield name, command
    if isinstance(command, click.Group):
        for inner in command.commands.values():
            yield from _commands(inner, name)


COMMANDS = dict(pair for one in (cli, convert_tflite, train_model) for pair in _commands(one))


def _printed(program: str, *arguments: object, **environment: str) -> str:
    command = [str(PROGRAM.parent / program), *map(str, arguments)]
    done = subprocess.run(
        command, capture_output=True, text=True, env={**os.environ, **environment}, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("name", COMMANDS)
def test_help_has_an_example_of_this_command(name: str) -> None:
    text = COMMANDS[name].help or ""
    examples = re.findall(r"^\s*Example: (.+)$", text, re.MULTILINE)
    assert examples
    assert all(name in example for example in examples)


@pytest.mark.parametrize("name", COMMANDS)
def test_the_example_has_no_option_that_the_command_has_not(name: str) -> None:
    command = COMMANDS[name]
    inside = command.commands.values() if isinstance(command, click.Group) else [command]
    known = {option for one in inside for parameter in one.params for option in parameter.opts}
    examples = re.findall(rf"Example: .*?{name}((?:.+\n?)+)", command.help or "")
    used = {word for example in examples for word in example.split() if word.startswith("-")}
    assert used <= known


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_says_what_it_does(name: str) -> None:
    options = [parameter for parameter in COMMANDS[name].params if isinstance(parameter, click.Option)]
    assert [option.opts for option in options if not option.help and option.name not in ("seed", "classes")] == []


@pytest.mark.parametrize("program", PROGRAMS)
def test_the_version_is_told_with_those_of_the_models_and_their_hashes(program: str) -> None:
    first, *models = _printed(program, "--version").splitlines()
    assert re.fullmatch(rf"{program}, version \d+\.\d+\.\d+", first)
    cards = [read_card(path) for path in sorted(SHIPPED_MODELS.glob("*.tflite"))]
    assert models == [f"{card.task} {card.version} sha256 {card.sha256}" for card in cards]


def test_the_version_waits_for_no_library_that_looks_at_pictures() -> None:
    code = "import sys; from edge.cli import cli; cli(['--version'], standalone_mode=False); "
    code += "print({'cv2', 'numpy', 'paho'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.endswith("\nset()\n")


@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_gets_its_completion_from_the_program(program: str, shell: str) -> None:
    variable = f"_{program.upper().replace('-', '_')}_COMPLETE"
    script = _printed(program, **{variable: f"{shell}_source"})
    assert variable in script
    assert f"{shell}_complete" in script


@pytest.mark.parametrize(
    ("words", "completed"),
    [
        ("driver-monitor re", "plain,replay"),
        ("driver-monitor outbox re", "plain,rekey"),
        ("driver-monitor alert --level cr", "plain,critical"),
        ("driver-monitor run --conf", "plain,--config"),
        ("driver-monitor replay tests/", "file,tests/"),
        ("convert-tflite --task ey", "plain,eyes"),
        ("train-model ro", "plain,robustness"),
    ],
)
def test_commands_options_and_files_are_completed(words: str, completed: str) -> None:
    program = words.split()[0]
    variable = f"_{program.upper().replace('-', '_')}_COMPLETE"
    last = str(len(words.split()) - 1)
    assert _printed(program, **{variable: "bash_complete", "COMP_WORDS": words, "COMP_CWORD": last}) == completed + "\n"


def test_bash_itself_takes_the_completion() -> None:
    script = 'eval "$(_DRIVER_MONITOR_COMPLETE=bash_source driver-monitor)" && complete -p driver-monitor'
    path = f"{PROGRAM.parent}:{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-c", script], capture_output=True, text=True, env={**os.environ, "PATH": path}, check=True
    )
    assert "driver-monitor" in done.stdout


def test_check_tells_a_program_what_it_tells_a_person(told: Callable[..., Told], tmp_path: Path) -> None:
    config = write_config(tmp_path, camera={"kind": "recording", "path": "nowhere"})
    done, lines = told("check", "--json", "--config", config), told("check", "--config", config)
    found = json.loads(done.output)
    assert (done.code, found["ok"]) == (1, False)
    assert [f"{one['name']}: {one['detail']}" for one in found["findings"]] == [
        line[5:] for line in lines.output.splitlines()
    ]
    assert [one["name"] for one in found["findings"] if not one["ok"]] == ["camera"]


def _on_a_terminal(*arguments: object, **environment: str) -> str:
    """What the program writes where both its outputs are a terminal."""
    ours, its = pty.openpty()
    command = [str(PROGRAM), *map(str, arguments)]
    process = subprocess.Popen(command, stdout=its, stderr=its, stdin=its, env={**os.environ, **environment})
    os.close(its)
    parts = []
    while True:
        try:
            part = os.read(ours, 4096)
        except OSError:  # the other end was closed
            break
        if not part:
            break
        parts.append(part)
    os.close(ours)
    assert process.wait(timeout=120) == 0
    return b"".join(parts).decode()


def test_a_replay_tells_on_a_terminal_how_long_it_still_takes(synthetic_recording: Path) -> None:
    shown = _on_a_terminal("replay", *[synthetic_recording] * 3)  # in a second and more the time left is known
    assert re.search(r"replaying\s+\[#+-+\]\s+\d+%\s+\d\d:\d\d:\d\d", shown)
    assert "100%" in shown
    events = [line for line in re.split(r"[\r\n]+|\x1b\[K", shown) if line.startswith("{")]
    assert [json.loads(line)["phase"] for line in events] == 3 * ["start", "end"]


def test_nothing_is_coloured_on_a_terminal_either() -> None:
    shown = _on_a_terminal("--version") + _on_a_terminal("replay", "--help")
    assert "\x1b" not in shown
    assert "Example: driver-monitor replay" in shown


@pytest.mark.parametrize(
    ("terminal", "environment", "bar"), [(True, {}, "auto"), (True, {"NO_COLOR": "1"}, 0), (False, {}, 0)]
)
def test_the_coloured_bar_of_training_is_for_a_terminal_that_wants_colours(
    terminal: bool, environment: dict[str, str], bar: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("sys.stdout.isatty", lambda: terminal)
    assert options.keras_bar(quiet=False) == bar
    assert options.keras_bar(quiet=True) == 0


def test_a_file_has_its_name_once_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "trace.csv"
    path.write_text("before")
    with writing(path) as file:
        file.write("after")
        file.flush()
        assert path.read_text() == "before"
    assert path.read_text() == "after"
    assert [one.name for one in tmp_path.iterdir()] == ["trace.csv"]


def test_a_file_whose_writing_failed_is_as_it_was(tmp_path: Path) -> None:
    def fail(path: Path) -> None:
        with writing(path) as file:
            file.write("half")
            raise InputError("a recording: it is damaged.")

    path = tmp_path / "trace.csv"
    path.write_text("before")
    with pytest.raises(InputError):
        fail(path)
    assert [(one.name, one.read_text()) for one in tmp_path.iterdir()] == [("trace.csv", "before")]


def test_what_a_link_leads_to_is_written_there(tmp_path: Path) -> None:
    link, place = tmp_path / "link", tmp_path / "place"
    place.write_text("before")
    link.symlink_to(place)
    with writing(link) as file:
        file.write("after")
    assert link.is_symlink()
    assert place.read_text() == "after"


def test_a_file_that_was_written_anew_is_read_by_whom_it_was(tmp_path: Path) -> None:
    """What somebody keeps for himself, the drivers' events, stays his."""
    path = tmp_path / "events.jsonl"
    path.write_text("before")
    path.chmod(0o600)
    with writing(path) as file:
        file.write("after")
    assert path.stat().st_mode & 0o777 == 0o600
