"""The commands driver-monitor outbox ...: the events that wait, and their key."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from edge.cli_options import FILE, config_option, load, system_config
from edge.errors import ConfigError

LISTED = ("session", "sequence", "time", "level", "signal", "cause", "phase")
"""What the list says of an event."""


@click.group()
def outbox() -> None:
    """Look at the events that wait for the broker, or change their key; needs the key and the state directory.

    Example: driver-monitor outbox list
    """


key_option = click.option("--key", type=FILE, help="The key. [default: as the daemon finds it]")


@outbox.command("init")
@config_option
@key_option
def outbox_init(config_file: Path | None, key: Path | None) -> None:
    """Make the key, as an installation does; one that is there stays.

    Example: driver-monitor outbox init --config /etc/driver-monitor/config.yaml
    """
    from edge.delivery.outbox_admin import make_own_key

    click.echo(f"{make_own_key(*_outbox(config_file, key))}: the key was made; keep a copy where the vehicle is not.")


@outbox.command("list")
@config_option
@key_option
@click.option("--file", type=FILE, help="A database that was set aside.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object a line; export prints all of each event.")
def outbox_list(config_file: Path | None, key: Path | None, file: Path | None, as_json: bool) -> None:
    """Print a line for each event that waits, oldest first; a daemon may be running.

    Example: driver-monitor outbox list
    """
    from edge.delivery.outbox_admin import waiting

    count = 0
    for count, event in enumerate(waiting(*_outbox(config_file, key, file), file), 1):  # noqa: B007  told below
        if as_json:
            click.echo(json.dumps({name: getattr(event, name) for name in LISTED}))
            continue
        what = f"{event.level} {event.signal} {event.cause} {event.phase}"
        click.echo(f"{event.session}/{event.sequence} {event.time} {what}")
    click.echo(f"{count} events wait.", err=True)


@outbox.command("export")
@config_option
@key_option
@click.option("--file", type=FILE, help="A database that was set aside.")
def outbox_export(config_file: Path | None, key: Path | None, file: Path | None) -> None:
    """Print the events that wait as JSON lines, as they would be published; they stay.

    Example: driver-monitor outbox export > events.jsonl
    """
    from edge.delivery.message import encode
    from edge.delivery.outbox_admin import waiting

    for event in waiting(*_outbox(config_file, key, file), file):
        click.echo(encode(event))


@outbox.command("purge")
@config_option
@key_option
@click.confirmation_option(prompt="Events that were not delivered will be lost. Go on?")
def outbox_purge(config_file: Path | None, key: Path | None) -> None:
    """Take away every event that waits, counted as dropped; the daemon must not run.

    Example: driver-monitor outbox purge --yes
    """
    from edge.delivery.outbox_admin import purge

    click.echo(f"{purge(*_outbox(config_file, key))} events were taken away.")


@outbox.command("rekey")
@config_option
@key_option
def outbox_rekey(config_file: Path | None, key: Path | None) -> None:
    """Make a new key and encrypt what waits with it; the daemon must not run.

    Example: driver-monitor outbox rekey
    """
    from edge.delivery.outbox_admin import rekey

    click.echo(f"There is a new key; {rekey(*_outbox(config_file, key))} events are encrypted with it.")


def _outbox(config_file: Path | None, key: Path | None, file: Path | None = None) -> tuple[Path, Any]:
    """The state directory, or the folder of the file with a key of its own, and the outbox's configuration."""
    from edge.service.installed import as_the_service
    from edge.service.session import state_directory

    config = as_the_service(load(config_file), config_file or system_config())
    folder = state_directory(config.state_directory) or (file.parent if file and key else None)
    if folder is None:
        raise ConfigError("There is no state directory, so there is no outbox; set state_directory or STATE_DIRECTORY.")
    return folder, config.outbox.model_copy(update={"key_file": key}) if key else config.outbox
