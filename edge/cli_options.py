"""What the commands of driver-monitor share: how a file is named, and which configuration holds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click


class _File(click.Path):
    """A file or folder by its name, which is not empty: as a path that would be the working directory."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if value == "":
            self.fail("the name is empty; name a file or folder.", param, ctx)
        return super().convert(value, param, ctx)


FILE = _File(path_type=Path, readable=False)  # what cannot be read is told by who would read it
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
