"""The command driver-monitor for tests: in this process where that will do, as a program of its own where it won't."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

import cv2
import pytest
import yaml
from click.testing import CliRunner

from edge.cli import cli

PROGRAM = Path(sys.executable).parent / "driver-monitor"
CLIP_RATE = 15
CLIP = (105, 210)
"""The frames of the synthetic recording from 7 to 14 s: its closure of 4 s with open eyes before and after."""


@dataclass(frozen=True)
class Told:
    """What a command printed and how it ended."""

    code: int
    output: str
    errors: str

    @property
    def sentence(self) -> str:
        """The one sentence on standard error, its program's name left out."""
        assert "Traceback" not in self.errors
        (line,) = self.errors.splitlines()
        assert line.startswith("driver-monitor: ")
        assert line.endswith((".", "?"))
        return line.removeprefix("driver-monitor: ")


def tell(capfd: pytest.CaptureFixture[str], *arguments: object) -> Told:
    """The command in this process; what libraries below Python print is caught, too."""
    capfd.readouterr()
    done = CliRunner().invoke(cli, [str(argument) for argument in arguments])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    below = capfd.readouterr()
    return Told(done.exit_code, done.stdout + below.out, done.stderr + below.err)


def start(*arguments: object, stderr: TextIO | None = None) -> subprocess.Popen[str]:
    """The installed program, its outputs as pipes; with `stderr` its errors go there."""
    command = [str(PROGRAM), *(str(argument) for argument in arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=stderr or subprocess.PIPE, text=True)


def run(*arguments: object, timeout: float = 120) -> Told:
    """The installed program, until it ends."""
    with start(*arguments) as process:
        try:
            output, errors = process.communicate(timeout=timeout)
        finally:
            process.kill()
    return Told(process.returncode, output, errors)


def write_clip(synthetic_recording: Path, folder: Path) -> Path:
    """Seven seconds of the synthetic recording as numbered images: its closure of 4 s begins after 1 s."""
    capture = cv2.VideoCapture(str(synthetic_recording / "video.mp4"))
    for number in range(CLIP[1]):
        ok, picture = capture.read()
        assert ok
        if number >= CLIP[0]:
            cv2.imwrite(str(folder / f"{number:06d}.png"), cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY))
    (folder / "recording.yaml").write_text(f"frames_per_second: {CLIP_RATE}\n")
    return folder


def write_config(folder: Path, **sections: object) -> Path:
    path = folder / "config.yaml"
    path.write_text(yaml.safe_dump(sections))
    return path
