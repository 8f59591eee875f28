"""Who may come in, and what a check says of a broker."""

from __future__ import annotations

import logging

import pytest
from broker import Broker, free_port, wait_for
from sample_events import EVENT

from edge.config import MqttConfig
from edge.delivery.probe import try_broker
from edge.errors import CheckFailed


def test_a_refused_password_is_never_connected_and_said_once(tmp_path, publish, caplog):
    caplog.set_level(logging.INFO)
    broker = Broker(tmp_path, users={"bus-17": "right"})
    broker.start()
    secret = tmp_path / "password"
    secret.write_text("wrong\n")
    secret.chmod(0o600)
    attempts = []
    try:
        publisher = publish(broker.port, username="bus-17", password_file=secret)
        for _ in range(3):
            publisher.put(EVENT)

        def thrice() -> bool:
            attempts.append(publisher.stats().connected)
            return broker.log.count("disconnected") >= 3

        wait_for(thrice, "3 tries")
    finally:
        broker.kill()
    assert not any(attempts)
    refusals = [record for record in caplog.records if "Not authorized" in record.message]
    assert [record.levelname for record in refusals] == ["ERROR"]
    assert "mqtt.password_file" in refusals[0].message
    assert "wrong" not in caplog.text
    assert publisher.stats().waiting == 3


def test_the_right_password_is_taken_from_its_file(tmp_path, publish):
    broker = Broker(tmp_path, users={"bus-17": "right"})
    broker.start()
    secret = tmp_path / "password"
    secret.write_text("right\n")
    secret.chmod(0o600)
    try:
        publisher = publish(broker.port, username="bus-17", password_file=secret)
        wait_for(lambda: publisher.stats().connected, "it connects")
    finally:
        broker.kill()


def test_a_check_finds_a_broker_and_leaves_nothing_there(broker, subscribe):
    try_broker(MqttConfig(host="127.0.0.1", port=broker.port))
    assert subscribe(broker).messages == []


def test_a_check_tells_why_there_is_no_broker():
    with pytest.raises(CheckFailed, match="Connection refused"):
        try_broker(MqttConfig(host="127.0.0.1", port=free_port()))
    with pytest.raises(CheckFailed, match=r"no\.such\.host\.invalid:1883 cannot be reached"):
        try_broker(MqttConfig(host="no.such.host.invalid", allow_plaintext=True))


def test_a_check_tells_that_the_broker_refuses(tmp_path):
    broker = Broker(tmp_path, users={"bus-17": "right"})
    broker.start()
    try:
        with pytest.raises(CheckFailed, match="refuses this client \\(Not authorized\\)"):
            try_broker(MqttConfig(host="127.0.0.1", port=broker.port))
    finally:
        broker.kill()
