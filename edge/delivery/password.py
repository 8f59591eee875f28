"""The broker's password, from a file that nobody else can read."""

from __future__ import annotations

import stat
from pathlib import Path

from edge.config import MqttConfig
from edge.errors import ConfigError


def read_password(config: MqttConfig) -> str | None:
    """The password of the configuration's file without its line end, None where no file is named.

    Raises:
        ConfigError: the file is missing, unreadable, open to everyone or empty, or there is no user name to it.
    """
    path = config.password_file
    if path is None:
        return None
    if config.username is None:
        raise ConfigError("mqtt.password_file is set, but mqtt.username is not; add the user that the password is for.")
    password = _read(path).rstrip("\r\n")
    if not password or "\n" in password:
        raise ConfigError(f"{path}: mqtt.password_file must hold the password alone, in one line; write it there.")
    return password


def _read(path: Path) -> str:
    try:
        with path.open(encoding="utf-8") as file:
            if stat.S_IMODE(path.stat().st_mode) & stat.S_IRWXO:
                raise ConfigError(f"{path}: everyone can use mqtt.password_file; run 'chmod 600 {path}'.")
            return file.read(4096)
    except OSError as error:
        mend = "let this user read it" if isinstance(error, PermissionError) else "put the password there, mode 600"
        raise ConfigError(f"{path}: mqtt.password_file cannot be read ({error.strerror}); {mend}.") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{path}: mqtt.password_file is not UTF-8 text; write the password there as text.") from None
