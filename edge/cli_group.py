"""What the three programs share: their version, and how a command ends, in one sentence and never in a traceback."""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click

from edge.errors import UserError, as_sentence

STOPPED = 128 + signal.SIGINT
"""Exit code of a command that was stopped with Ctrl-C, as shells have it: 130."""
ENDING = (signal.SIGTERM, signal.SIGHUP)
"""End a command as Ctrl-C does: a connection to the vehicle that breaks leaves nothing half-written, either."""

MODELS = Path(__file__).parent / "models"


class Stoppable(click.Command):
    """Ctrl-C ends the command with a word; what it was writing is as it was before, or goes on where it was.

    A full disk that takes no more output ends it in one sentence, too.
    """

    def invoke(self, ctx: click.Context) -> Any:
        try:
            with _unwinding():
                return super().invoke(ctx)
        except KeyboardInterrupt as stop:
            for number in (signal.SIGINT, *ENDING):
                signal.signal(number, signal.SIG_IGN)  # a second one would find the interpreter at its own end
            with contextlib.suppress(OSError):  # a terminal that is gone
                after = "\n" if sys.stderr.isatty() else ""  # of the terminal's own ^C
                click.echo(f"{after}{program(ctx)}: stopped.", err=True)
                sys.stdout.flush()
            if stop.args:  # whoever sent it, such as systemd, sees that it was heard
                signal.signal(stop.args[0], signal.SIG_DFL)
                os.kill(os.getpid(), stop.args[0])
            os._exit(STOPPED)  # at once: TensorFlow's threads abort an interpreter that takes itself down under them

    def main(self, *args: Any, **kwargs: Any) -> Any:
        _open_streams()
        try:
            return super().main(*args, **kwargs)
        except OSError as error:  # here, for --help and --version write before a command is invoked
            if error.errno not in (errno.ENOSPC, errno.EDQUOT):
                raise
            where = f"{error.filename}: " if error.filename else ""
            try:
                sys.stdout.flush()
            except OSError:  # what waits in its buffer would be tried, and fail, once more at the interpreter's end
                nowhere = os.open(os.devnull, os.O_WRONLY)
                os.dup2(nowhere, sys.stdout.fileno())
                os.close(nowhere)
            click.echo(
                f"{self.name}: {where}the output cannot be written ({error.strerror}); make room for it.", err=True
            )
            sys.exit(1)


@contextlib.contextmanager
def _unwinding() -> Iterator[None]:
    """Signals of `ENDING` that nobody listens to, or wants ignored, end the block as Ctrl-C does."""

    def end(number: int, _frame: object) -> None:
        raise KeyboardInterrupt(number)

    is_main = threading.current_thread() is threading.main_thread()
    ours = [number for number in ENDING if is_main and signal.getsignal(number) is signal.SIG_DFL]
    for number in ours:
        signal.signal(number, end)
    try:
        yield
    finally:
        for number in ours:
            signal.signal(number, signal.SIG_DFL)


def _open_streams() -> None:
    """Standard streams that were closed lead nowhere: a file that is opened would else be written to as one of them."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free
    sys.stdout = sys.stdout or os.fdopen(1, "w", closefd=False)
    sys.stderr = sys.stderr or os.fdopen(2, "w", closefd=False)


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
        except OSError as error:
            told = as_sentence(error)
            if told is None or ctx.invoked_subcommand == "run":  # of a daemon the journal keeps where it came from
                raise
            click.echo(f"{program(ctx)}: {told}", err=True)
            ctx.exit(UserError.exit_code)


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
