"""The encryption of the connection to the broker; without it only this machine is spoken to."""

from __future__ import annotations

import ipaddress
import ssl
import stat
from pathlib import Path
from typing import Any

from edge.config import MqttConfig
from edge.errors import ConfigError


class _AlertSocket(ssl.SSLSocket):
    """Where the broker closed the connection before we wrote, its reason is read, instead of a bare end."""

    def send(self, data: Any, flags: int = 0) -> int:
        try:
            return super().send(data, flags)
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            raise
        except OSError as error:
            try:
                self.recv(1)
            except (ssl.SSLWantReadError, ssl.SSLWantWriteError, ssl.SSLEOFError):
                raise error from None
            raise


def tls_context(config: MqttConfig) -> ssl.SSLContext | None:
    """TLS 1.2 or later that demands the broker's certificate and its name; None for a connection in plain text.

    Raises:
        ConfigError: plain text to another machine is not allowed, or a certificate or key cannot be used.
    """
    if not config.tls:
        if config.ca_file or config.certificate_file or config.private_key_file:
            raise ConfigError("mqtt names certificates, but mqtt.tls is false; set mqtt.tls: true.")
        if not (config.allow_plaintext or _is_this_machine(config.host)):
            raise ConfigError(
                f"mqtt.host = {config.host!r} is another machine and the connection is not encrypted; "
                "set mqtt.tls: true, or mqtt.allow_plaintext: true where the network is trusted."
            )
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.sslsocket_class = _AlertSocket
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if config.ca_file is None:
        context.load_default_certs(ssl.Purpose.SERVER_AUTH)
    else:
        _load_authority(context, config.ca_file)
    if (config.certificate_file is None) != (config.private_key_file is None):
        raise ConfigError("mqtt.certificate_file and mqtt.private_key_file belong together; name both or neither.")
    if config.certificate_file is not None and config.private_key_file is not None:
        _load_own(context, config.certificate_file, config.private_key_file)
    return context


def _load_authority(context: ssl.SSLContext, path: Path) -> None:
    try:
        context.load_verify_locations(path)
    except ssl.SSLError:
        raise ConfigError(f"{path}: mqtt.ca_file holds no PEM certificate; put the authority's there.") from None
    except OSError as error:
        raise ConfigError(
            f"{path}: mqtt.ca_file cannot be read ({error.strerror}); let the daemon's user read it."
        ) from None


def _load_own(context: ssl.SSLContext, certificate: Path, key: Path) -> None:
    for name, path in (("certificate_file", certificate), ("private_key_file", key)):
        try:
            with path.open("rb"):
                mode = stat.S_IMODE(path.stat().st_mode)
        except OSError as error:
            raise ConfigError(
                f"{path}: mqtt.{name} cannot be read ({error.strerror}); put it there, readable by the daemon's user."
            ) from None
        if path == key and mode & stat.S_IRWXO:
            raise ConfigError(f"{path}: everyone can use mqtt.private_key_file; run 'chmod 600 {path}'.")
    try:
        context.load_cert_chain(certificate, key, password=lambda: b"")  # never asks on a terminal
    except ssl.SSLError as error:
        raise ConfigError(
            f"{certificate}: it does not go with mqtt.private_key_file {key} "
            f"({(error.reason or str(error)).lower().replace('_', ' ')}); "
            "name a certificate and its key, in PEM form and without a passphrase."
        ) from None


def _is_this_machine(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
