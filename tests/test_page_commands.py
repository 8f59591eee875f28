"""What the pages tell a reader to type is there: commands, options, targets, files; and what they show loads."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
import yaml

from convert.cli import main as convert_tflite
from edge.cli import cli as driver_monitor
from edge.config.tree import Config
from train.cli import group as train_model

ROOT = Path(__file__).resolve().parent.parent
PAGES = [ROOT / "README.md", ROOT / "train" / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
PROGRAMS: dict[str, click.Command] = {
    "driver-monitor": driver_monitor,
    "train-model": train_model,
    "convert-tflite": convert_tflite,
}
TARGETS = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
every_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))


def _code(page: Path) -> Iterator[str]:
    """Each line of a block that is no data, each span."""
    text = page.read_text(encoding="utf-8")
    for kind, block in re.findall(r"^ *```(\w*)\n(.*?)^ *```", text, re.MULTILINE | re.DOTALL):
        if kind in ("", "console", "sh"):
            yield from block.replace("\\\n", " ").splitlines()
    yield from re.findall(
        r"(?<!`)`([^`\n]+)`(?!`)", re.sub(r"^ *```.*?^ *```", "", text, flags=re.MULTILINE | re.DOTALL)
    )


def _words(line: str) -> list[str]:
    line = re.sub(r"\s(#|\(|\| ).*", "", line)
    try:
        return shlex.split(re.sub(r"[\[\]|]|\.\.\.", " ", line))
    except ValueError:
        return []


def _wrong(words: list[str]) -> Iterator[str]:
    """What of a command line is not there: the command, or an option of it."""
    command = PROGRAMS[words[0]]
    rest = words[1:]
    known = {name for one in command.params for name in one.opts} | {"--help"}
    while isinstance(command, click.Group) and rest and re.fullmatch(r"[a-z-]+", rest[0]) and rest[0][0] != "-":
        inner = command.get_command(click.Context(command), rest[0])
        if inner is None:
            yield f"{' '.join(words)}: there is no command {rest[0]}"
            return
        command, rest = inner, rest[1:]
        known = {name for one in command.params for name in (*one.opts, *one.secondary_opts)} | {"--help", "-h"}
    for word in rest:
        if re.fullmatch(r"--?[a-z][a-z-]*", word) and word not in known:
            yield f"{' '.join(words)}: there is no option {word}"


@every_page
def test_commands_and_options_that_are_named_exist(page: Path) -> None:
    wrong = []
    for line in _code(page):
        words = _words(line)
        while words and (words[0] in ("$", "sudo", "taskset", "-c", "0") or "=" in words[0]):
            words = words[1:]
        if words and Path(words[0]).name in PROGRAMS and ".service" not in line:
            wrong += _wrong([Path(words[0]).name, *words[1:]])
    assert wrong == []


@pytest.mark.parametrize(
    "line", ["driver-monitor replay R --nothing", "driver-monitor nothing", "train-model fit eyes --nothing 3"]
)
def test_a_command_or_option_that_is_not_there_is_told(line: str) -> None:
    assert list(_wrong(_words(line)))


@pytest.mark.parametrize("program", [driver_monitor, train_model], ids=lambda program: program.name)
def test_the_page_of_the_command_line_lists_every_command(program: click.Group) -> None:
    page = (ROOT / "docs" / "command-line.md").read_text(encoding="utf-8").partition("## For programs")[0]
    assert [name for name in program.commands if f"`{name}`" not in page] == []


@every_page
def test_targets_of_make_that_are_named_exist(page: Path) -> None:
    said = "\n".join(line.partition(" #")[0] for line in _code(page))
    named = {word for words in re.findall(r"(?:^|VEHICLE=long )make ([a-z -]+)", said, re.M) for word in words.split()}
    assert named - TARGETS == set()


@every_page
def test_files_of_the_project_that_are_named_exist(page: Path) -> None:
    named = {
        found
        for line in _code(page)
        for found in re.findall(r"(?<![\w/.-])((?:edge|tests|docs|train|convert|config|systemd)/[\w./-]+\.\w+)", line)
    }
    assert [name for name in sorted(named) if not (ROOT / name).exists()] == []


@every_page
def test_configurations_that_are_shown_are_accepted(page: Path, tmp_path: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for block in re.findall(r"^ *```yaml\n(.*?)^ *```", text, re.MULTILINE | re.DOTALL):
        indent = len(block) - len(block.lstrip(" "))
        values = yaml.safe_load("\n".join(line[indent:] for line in block.splitlines()))
        if set(values) <= set(Config.model_fields):
            Config.model_validate(values)


@every_page
def test_a_command_that_is_broken_over_lines_says_so(page: Path) -> None:
    """Else its first half is a command of its own, with other settings."""
    text = page.read_text(encoding="utf-8")
    blocks = re.findall(r"^ *```(?:console|sh)?\n(.*?)^ *```", text, re.MULTILINE | re.DOTALL)
    lines = [line for block in blocks for line in block.replace("\\\n", " ").splitlines()]
    assert [line for line in lines if line.lstrip().startswith("--")] == []
