"""What the three programs share: their version, and how a command ends, in one sentence and never in a traceback."""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from edge.errors import UserError

STOPPED = 128 + signal.SIGINT
"""Exit code of a command that was stopped with Ctrl-C, as shells have it: 130."""

MODELS = Path(__file__).parent / "models"


class Stoppable(click.Command):
    """Ctrl-C ends the command with a word; what it was writing is as it was before, or goes on where it was.

    A full disk that takes no more output ends it in one sentence, too.
    """

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            signal.signal(signal.SIGINT, signal.SIG_IGN)  # a second one would find the interpreter at its own end
            after = "\n" if sys.stderr.isatty() else ""  # of the terminal's own ^C
            click.echo(f"{after}{program(ctx)}: stopped.", err=True)
            with contextlib.suppress(OSError):
                sys.stdout.flush()
            os._exit(STOPPED)  # at once: TensorFlow's threads abort an interpreter that takes itself down under them

    def main(self, *args: Any, **kwargs: Any) -> Any:
        try:
            return super().main(*args, **kwargs)
        except OSError as error:  # here, for --help and --version write before a command is invoked
            if error.errno not in (errno.ENOSPC, errno.EDQUOT):
                raise
            where = f"{error.filename}: " if error.filename else ""
            click.echo(
                f"{self.name}: {where}the output cannot be written ({error.strerror}); make room for it.", err=True
            )
            sys.exit(1)


class StoppableGroup(Stoppable, click.Group):
    """The same for a program of several commands."""


class Commands(StoppableGroup):
    """Tells an error that a person can mend in one sentence, with its exit code."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except UserError as error:
            click.echo(f"{program(ctx)}: {error}", err=True)
            ctx.exit(error.exit_code)


def program(ctx: click.Context) -> str:
    return ctx.find_root().command.name or ""


def version_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """The command with --version: the program's, then version and hash of each model that ships."""
    text = "Show the program's version, and versions and hashes of the models that ship, and exit."
    return click.option(
        "--version", is_flag=True, expose_value=False, is_eager=True, callback=_tell_version, help=text
    )(command)


def _tell_version(ctx: click.Context, _param: click.Parameter, asked: bool) -> None:
    if not asked or ctx.resilient_parsing:
        return
    from importlib.metadata import version

    from edge.vision.card import read_card

    click.echo(f"{program(ctx)}, version {version('driver-monitor')}")
    for path in sorted(MODELS.glob("*.tflite")):
        try:
            card = read_card(path)
            click.echo(f"{card.task} {card.version} sha256 {card.sha256}")
        except UserError as error:
            click.echo(f"{program(ctx)}: {error}", err=True)
            ctx.exit(error.exit_code)
    ctx.exit()
