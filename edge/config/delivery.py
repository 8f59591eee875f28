"""Where events go, and where they wait."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field

from edge.config.section import Seconds, Section


class MqttConfig(Section):
    host: Annotated[str, Field(min_length=1)]
    """Name or address of the broker."""
    port: Annotated[int, Field(ge=1, le=65535)] = 1883
    """The broker's port: 1883 without TLS, usually 8883 with it."""
    username: str | None = None
    """Who this vehicle is to the broker; null: it asks nobody."""
    password_file: Path | None = None
    """A file that holds the password alone; the configuration never does."""
    tls: bool = False
    """Encrypt the connection (TLS 1.2 or later); without it only this machine is spoken to. Brokers use port 8883."""
    ca_file: Path | None = None
    """The authority that signed the broker's certificate, PEM; null: those that the system trusts."""
    certificate_file: Path | None = None
    """This vehicle's own certificate, PEM, for brokers that ask for one."""
    private_key_file: Path | None = None
    """Its private key, PEM without passphrase, mode 600."""
    allow_plaintext: bool = False
    """Speak to another machine without encryption, where the network itself is trusted."""
    keepalive_s: Annotated[int, Field(ge=5, le=3600)] = 60
    """A connection that was silent for so long is tested."""
    reconnect_min_s: Seconds = 1.0
    """The first wait before connecting again; it doubles each time ..."""
    reconnect_max_s: Seconds = 120.0
    """... up to this."""
    queue: Annotated[int, Field(ge=1, le=1_000_000)] = 10_000
    """Events kept in memory where there is no state directory; beyond it the oldest go, counted and said in the log."""
    status_interval_s: Seconds = 60.0
    """Between two messages on the status topic."""
    evidence: bool = False
    """Publish the numbers behind a decision, too. They say more about the driver: decide it with him."""
    commands: bool = False
    """Answer requests of the fleet: status, bundle-info, mute-alerts. None gives an image or changes a rule."""


class OutboxConfig(Section):
    key_file: Path | None = None
    """The key that waiting events are encrypted with; null: systemd's credential outbox.key, else outbox.key in the
    state directory, which the first start makes."""
    events: Annotated[int, Field(ge=1, le=1_000_000)] = 100_000
    """Events kept in the state directory at most; beyond it the oldest of the lowest level go, counted."""
    megabytes: Annotated[int, Field(ge=1, le=10_000)] = 64
    """The same bound in 1,000,000 bytes of encrypted events; 100,000 take about 40, and the file about twice that."""
    days: Annotated[float, Field(gt=0, le=3650)] = 30.0
    """Life of an event: undelivered for so long it goes, counted, and the broker lets it go then, too."""
