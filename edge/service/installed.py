"""What the unit gives the service, for who looks from outside it: `sudo driver-monitor check` on a vehicle."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from edge.config import Config

KEPT = Path("/etc/driver-monitor")
"""Where what the unit lends lies, under the same name (`LoadCredential=NAME:/etc/driver-monitor/NAME`)."""
STATE = Path("/var/lib/driver-monitor")
LENT = Path("/run/credentials/driver-monitor.service")
"""There only while the service runs."""

_FILES = ("password_file", "ca_file", "certificate_file", "private_key_file")


def as_the_service(
    config: Config,
    config_file: Path | None,
    *,
    kept: Path = KEPT,
    state: Path = STATE,
    environment: Mapping[str, str] = os.environ,
) -> Config:
    """The configuration with the places that the service has, where it is the installed one's and we are not it."""
    if not _is_installed(config_file, kept) or environment.get("STATE_DIRECTORY") or not state.is_dir():
        return config
    changes: dict[str, object] = {}
    if config.state_directory is None:
        changes["state_directory"] = state
    if config.outbox.key_file is None:  # also where it is missing: that is where one is to be put
        changes["outbox"] = config.outbox.model_copy(update={"key_file": kept / "outbox.key"})
    if config.mqtt is not None:
        files = {name: getattr(config.mqtt, name) for name in _FILES}
        lent = {name: kept / path.name for name, path in files.items() if path and path.parent == LENT}
        changes["mqtt"] = config.mqtt.model_copy(update=lent)
    return config.model_copy(update=changes)


def _is_installed(config_file: Path | None, kept: Path) -> bool:
    """Whether that is the installed configuration, by whatever way it is named."""
    return config_file is not None and config_file.resolve() == (kept / "config.yaml").resolve()


def locked_away(config: Config, config_file: Path | None, *, kept: Path = KEPT) -> str | None:
    """What root, who looks, can read and the service cannot: a secret that is named where only root may look."""
    if config.mqtt is None or not _is_installed(config_file, kept):
        return None
    for name in ("password_file", "private_key_file"):
        path: Path | None = getattr(config.mqtt, name)
        if path is not None and path.parent == kept:
            return (
                f"{config_file}: mqtt.{name} = {path} is root's alone; write {LENT / path.name}, as the unit lends it "
                "to the service (docs/installation.md)."
            )
    return None
