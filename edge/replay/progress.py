"""How far work is and how long it still takes, on a terminal alone: what is piped or logged holds no such lines."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click

RENDER_EVERY = 100
"""At most so many times a line is drawn, however small the steps are."""


@contextmanager
def progress(label: str, length: Callable[[], int]) -> Iterator[Callable[[int], None]]:
    """Gives what is told each step's size; `length`, their sum, is only asked for where it is shown."""
    if not sys.stderr.isatty():
        yield lambda _size: None
        return
    whole = max(1, length())
    steps = max(1, whole // RENDER_EVERY)
    with click.progressbar(length=whole, label=label, file=sys.stderr, update_min_steps=steps) as bar:
        yield bar.update


def clear_line() -> None:
    """Before a line goes to a terminal where a bar may stand; the bar comes back below it."""
    if sys.stderr.isatty() and sys.stdout.isatty():
        click.echo("\r\033[K", nl=False, err=True)
