"""What must not be in a bundle is taken out: secrets, persons, places. What is not known stays out, too."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel

from edge.config import Config

OUT = "(left out)"
PLAIN = frozenset(
    {"vehicle", "mqtt.host", "gps.host", "camera.device", "alerts.can.channel", "alerts.can.interface"}
    | {"alerts.tone.device", "camera.tuning_file", "vision.face.yunet_sha256"}
)
"""Free texts of the configuration that a bug report needs; every other is left out, also one that comes later."""
LEAST = 4
"""Characters: what is shorter hides nothing and would be found in every other word."""
MOST_BYTES = 65_536
"""Of a secret's file that is read to look for it."""

_PATTERNS = (
    re.compile(r"-----BEGIN [^-]*-----.*?(-----END [^-]*-----|\Z)", re.DOTALL),  # PEM
    re.compile(r"(?<=//)[^/\s@]+(?=@)"),  # a user in an address
    re.compile(r"(?<=/home/)[^/\s'\":;,]+"),
    re.compile(r"(?i)(?<=password)\s*[=:]\s*\S+|(?<=passwd)\s*[=:]\s*\S+|(?<=secret)\s*[=:]\s*\S+"),
    re.compile(r"(?<![0-9A-Fa-f])[0-9A-Fa-f]{64}(?![0-9A-Fa-f])"),  # 32 bytes: a key, or a hash that nobody needs
    re.compile(r"(?<![A-Za-z0-9+/])[A-Za-z0-9+/]{43}="),
)
_NAME = re.compile(r"\b[^\W\d_a-z]\w+")
"""A word with a capital letter, in what says who agreed, may be a name, and is looked for by itself, too."""
_EVENT = re.compile(r"latitude|longitude|\"signal\"|\"schema\"|\$G[A-Z]{4},")
"""An event, as a daemon without a broker prints it into the journal, or a receiver's sentence: both hold a place."""


class Scrubber:
    """Knows what the configuration names: who agreed, the broker's user, and what its secret files hold."""

    def __init__(self, config: Config | None) -> None:
        self._known = sorted(set(_secrets(config)) if config else (), key=len, reverse=True)

    def text(self, text: str) -> str:
        for known in self._known:
            text = re.sub(rf"(?<!\w){re.escape(known)}(?!\w)", OUT, text)
        for pattern in _PATTERNS:
            text = pattern.sub(OUT, text)
        return text

    def log(self, text: str) -> str:
        """Line by line, without those that tell a place; the rest as any text."""
        lines = text.splitlines()
        kept = [line for line in lines if not _EVENT.search(line)]
        told = [f"{OUT}: {len(lines) - len(kept)} lines with an event or a place"] if len(kept) < len(lines) else []
        return self.text("\n".join([*kept, *told]) + "\n")


def plain_config(section: BaseModel, path: str = "") -> dict[str, Any]:
    """The configuration as numbers, choices, paths and the texts of `PLAIN`; each other text is left out."""
    return {name: _plain(section, name, value, f"{path}{name}") for name, value in section}


def _plain(section: BaseModel, name: str, value: Any, path: str) -> Any:
    if isinstance(value, BaseModel):
        return plain_config(value, f"{path}.")
    if value is None or isinstance(value, bool | int | float | date):
        return value
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, str):
        is_choice = value in _choices(type(section).model_fields[name].annotation)
        return value if is_choice or (path in PLAIN and "@" not in value) else OUT
    if isinstance(value, list | tuple):
        return [_plain(section, name, one, path) for one in value]
    if isinstance(value, dict):
        return {str(key): _plain(section, name, one, path) for key, one in value.items()}
    return OUT


def _choices(annotation: Any) -> set[Any]:
    """What stands in the Literals of a type."""
    arguments = get_args(annotation)
    strings = {one for one in arguments if isinstance(one, str)}
    return strings.union(*(_choices(one) for one in arguments if not isinstance(one, str)), set())


def _secrets(config: Config) -> Iterator[str]:
    consent, mqtt = config.consent, config.mqtt
    if consent is not None:
        for told in (consent.who, consent.text):
            if len(told) >= LEAST:
                yield told
            yield from _NAME.findall(told)
    files = [config.outbox.key_file]
    if config.state_directory is not None:
        files.append(config.state_directory / "outbox.key")
    if mqtt is not None:
        files += [mqtt.password_file, mqtt.private_key_file]
        if mqtt.username and len(mqtt.username) >= LEAST and mqtt.username != config.vehicle:
            yield mqtt.username
    for file in files:
        if file is not None:
            yield from _content(file)


def _content(file: Path) -> Iterator[str]:
    """What a secret's file holds, as a whole, by lines, and as hexadecimal digits; nothing where it cannot be read."""
    try:
        with file.open("rb") as opened:
            content = opened.read(MOST_BYTES)
    except OSError:
        return
    for told in {content.hex(), *content.decode("utf-8", errors="replace").split("\n")}:
        if len(told.strip()) >= LEAST:
            yield told.strip()
