"""The encrypted way to the broker: who is believed, who is refused, and in which words."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from broker import Broker, wait_for
from certificates import Authority
from sample_events import EVENT

from edge.config import MqttConfig
from edge.delivery.probe import try_broker
from edge.delivery.publisher import Publisher
from edge.delivery.tls import tls_context
from edge.errors import CheckFailed, ConfigError

Files = tuple[Path, Path]


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@pytest.fixture
def serve(tmp_path: Path, authority: Authority) -> Iterator[Callable[..., Broker]]:
    """Starts a mosquitto that speaks TLS alone, with that certificate."""
    running: list[Broker] = []

    def make(files: Files, *options: str) -> Broker:
        broker = Broker(tmp_path)
        with (tmp_path / "mosquitto.conf").open("a") as file:
            lines = [f"cafile {authority.file}", f"certfile {files[0]}", f"keyfile {files[1]}", *options]
            file.write("\n".join(lines + ["user root"] * (os.geteuid() == 0)) + "\n")
        broker.start()
        running.append(broker)
        return broker

    yield make
    for broker in running:
        broker.kill()


def encrypted(broker: Broker, authority: Authority, own: Files | None = None, host: str = "127.0.0.1") -> MqttConfig:
    certificate, key = own or (None, None)
    return MqttConfig(
        host=host,
        port=broker.port,
        tls=True,
        ca_file=authority.file,
        certificate_file=certificate,
        private_key_file=key,
        reconnect_min_s=0.02,
        reconnect_max_s=0.1,
    )


def test_events_are_delivered_over_tls_with_a_certificate_of_the_vehicles_own(serve, authority) -> None:
    broker = serve(authority.sign("broker"), "require_certificate true")
    publisher = Publisher(encrypted(broker, authority, authority.sign("bus-17")), "bus-17", 1)
    publisher.start()
    for _ in range(200):
        publisher.put(EVENT)
    wait_for(lambda: publisher.stats().sent == 200, "all are acknowledged")
    publisher.close()


def test_a_vehicle_without_the_certificate_that_is_asked_for_is_told(serve, authority) -> None:
    broker = serve(authority.sign("broker"), "require_certificate true")
    with pytest.raises(CheckFailed, match=r"does not accept this vehicle's certificate \(.*certificate required\); "):
        try_broker(encrypted(broker, authority))


def test_a_vehicles_expired_certificate_is_told(serve, authority) -> None:
    broker = serve(authority.sign("broker"), "require_certificate true")
    with pytest.raises(CheckFailed, match=r"does not accept this vehicle's certificate \(.*expired\)"):
        try_broker(encrypted(broker, authority, authority.sign("old", days=-1)))


def test_a_revoked_vehicle_is_told(serve, authority) -> None:
    own = authority.sign("stolen")
    revoked = authority.revoke_all()
    broker = serve(authority.sign("broker"), "require_certificate true", f"crlfile {revoked}")
    with pytest.raises(CheckFailed, match=r"does not accept this vehicle's certificate \(.*revoked\)"):
        try_broker(encrypted(broker, authority, own))


def test_a_brokers_expired_certificate_is_told(serve, authority) -> None:
    broker = serve(authority.sign("broker", days=-1))
    with pytest.raises(CheckFailed, match=r"certificate that is not accepted \(certificate has expired\)"):
        try_broker(encrypted(broker, authority))


def test_a_certificate_that_is_not_valid_yet_says_that_the_clock_is_wrong(serve, authority) -> None:
    broker = serve(authority.sign("broker", begins=5))
    with pytest.raises(CheckFailed, match=r"not accepted \(certificate is not yet valid\); set the system's clock"):
        try_broker(encrypted(broker, authority))


def test_plain_text_to_a_port_that_speaks_tls_has_a_mend(serve, authority) -> None:
    broker = serve(authority.sign("broker"))
    with pytest.raises(CheckFailed, match=r"closed the connection; set mqtt.tls if that port speaks TLS"):
        try_broker(MqttConfig(host="127.0.0.1", port=broker.port))


def test_a_broker_of_another_name_is_told(serve, authority) -> None:
    broker = serve(authority.sign("broker", address="127.0.0.9"))
    with pytest.raises(CheckFailed, match=r"not accepted \(IP address mismatch, certificate is not valid for"):
        try_broker(encrypted(broker, authority))


def test_a_broker_of_an_unknown_authority_is_told_and_the_event_is_kept(serve, authority, tmp_path: Path) -> None:
    broker = serve(authority.sign("broker"))
    (tmp_path / "other").mkdir()
    publisher = Publisher(encrypted(broker, Authority(tmp_path / "other")), "bus-17", 1)
    publisher.start()
    publisher.put(EVENT)
    wait_for(lambda: publisher.stats().last_error, "it is refused")
    assert "not accepted (certificate signature failure)" in (publisher.stats().last_error or "")
    publisher.close(timeout=0)
    assert publisher.stats().waiting == 1


def test_a_broker_that_speaks_plain_text_is_told(broker, authority) -> None:
    with pytest.raises(CheckFailed, match="cannot be"):
        try_broker(encrypted(broker, authority))


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.5.5.5", "::1"])
def test_this_machine_may_be_spoken_to_in_plain_text(host: str) -> None:
    assert tls_context(MqttConfig(host=host)) is None


@pytest.mark.parametrize("host", ["broker.example", "10.0.0.1", "localhost.example"])
def test_another_machine_is_spoken_to_in_plain_text_only_where_that_is_allowed(host: str) -> None:
    with pytest.raises(ConfigError, match=r"set mqtt\.tls: true, or mqtt\.allow_plaintext: true"):
        tls_context(MqttConfig(host=host))
    assert tls_context(MqttConfig(host=host, allow_plaintext=True)) is None


def test_certificates_without_tls_are_a_slip_that_is_told(authority) -> None:
    with pytest.raises(ConfigError, match=r"set mqtt\.tls: true"):
        tls_context(MqttConfig(host="localhost", ca_file=authority.file))


def test_files_that_cannot_be_used_are_told(authority, tmp_path: Path) -> None:
    certificate, key = authority.sign("bus-17")
    _, foreign = authority.sign("bus-18")
    missing = tmp_path / "missing"

    def told(ca: Path | None = None, own: Path | None = None, private: Path | None = None) -> str:
        config = MqttConfig(host="h", tls=True, ca_file=ca, certificate_file=own, private_key_file=private)
        with pytest.raises(ConfigError) as error:
            tls_context(config)
        return str(error.value)

    assert "mqtt.ca_file cannot be read" in told(ca=missing)
    assert "holds no PEM certificate" in told(ca=key)
    assert "name both or neither" in told(own=certificate)
    assert "mqtt.private_key_file cannot be read" in told(own=certificate, private=missing)
    assert "does not go with mqtt.private_key_file" in told(own=certificate, private=foreign)
    key.chmod(0o644)
    assert "chmod 600" in told(own=certificate, private=key)


def test_an_event_says_its_form_its_schema_and_how_long_it_lives(broker, subscribe, publish) -> None:
    subscriber = subscribe(broker, "driver-monitor/+/event/#")
    publish(broker.port).put(EVENT)
    wait_for(lambda: subscriber.messages, "it arrives")
    properties = subscriber.messages[0]["properties"]
    assert properties["content-type"] == "application/json"
    assert properties["user-properties"] == {"schema": "1"}
    assert 0 < properties["message-expiry-interval"] <= 30 * 86_400


def test_a_broker_whose_packets_are_too_small_is_refused_and_the_event_kept(tmp_path: Path) -> None:
    broker = Broker(tmp_path)
    with (tmp_path / "mosquitto.conf").open("a") as file:
        file.write("max_packet_size 400\n")
    broker.start()
    try:
        with pytest.raises(CheckFailed, match=r"takes packets of 400 bytes at most, .*raise the broker's limits"):
            try_broker(MqttConfig(host="127.0.0.1", port=broker.port))
    finally:
        broker.kill()
