"""What the commands of driver-monitor share: how a file is named, and which configuration holds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

FILE = click.Path(path_type=Path, readable=False)  # what cannot be read is told by who would read it
SYSTEM_CONFIG = Path("/etc/driver-monitor/config.yaml")

config_option = click.option(
    "--config",
    "config_file",
    type=FILE,
    help=f"The configuration. [default: {SYSTEM_CONFIG} where it exists, else every value's default]",
)


def system_config() -> Path | None:
    return SYSTEM_CONFIG if SYSTEM_CONFIG.exists() else None


def load(config_file: Path | None) -> Any:
    from edge.config import load_config

    return load_config(config_file or system_config())
