"""How soon a vehicle is back: short waits after a connection that held, no long one once the broker is there."""

from __future__ import annotations

import random
import socket
import time

from broker import Broker, free_port, wait_for

from edge.config import MqttConfig
from edge.delivery import connection, knock, publisher
from edge.delivery.knock import Knock


def test_after_long_waits_it_is_back_soon_after_the_broker_is(tmp_path, publish, monkeypatch) -> None:
    monkeypatch.setattr(knock, "KNOCK_S", 0.2)
    broker = Broker(tmp_path)
    late = publish(broker.port, reconnect_min_s=60, reconnect_max_s=120)  # as after hours without a broker
    wait_for(lambda: late.stats().last_error, "the first attempt fails")
    broker.start()
    try:
        wait_for(lambda: late.stats().connected, "it is connected again", 5)
    finally:
        broker.kill()


def test_a_broker_that_went_and_came_while_nobody_looked_is_not_waited_for(broker, publish, monkeypatch) -> None:
    monkeypatch.setattr(knock, "KNOCK_S", 0.2)
    again = publish(broker.port, reconnect_min_s=60, reconnect_max_s=120)
    wait_for(lambda: again.stats().connected, "it connects")
    broker.kill()
    broker.start()
    wait_for(lambda: not again.stats().connected, "the loss is noticed")
    wait_for(lambda: again.stats().connected, "it is back", 5)


def test_a_broker_that_refuses_is_not_asked_more_often_for_being_there(tmp_path, publish, monkeypatch) -> None:
    monkeypatch.setattr(knock, "KNOCK_S", 0.05)
    tries = []

    def connect(*arguments) -> connection.Connection:
        tries.append(arguments)
        return connection.Connection(*arguments)

    monkeypatch.setattr(publisher, "Connection", connect)
    broker = Broker(tmp_path, users={"bus-17": "right"})
    broker.start()
    try:
        publish(broker.port, reconnect_min_s=60, reconnect_max_s=120)
        wait_for(lambda: broker.log.count("New connection from") > 10, "it knocks")
        assert len(tries) == 1
    finally:
        broker.kill()


def test_the_fleet_does_not_come_back_at_one_moment() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        config = MqttConfig(host="127.0.0.1", port=server.getsockname()[1])
        vehicles = [Knock(config, absent=True, chance=random.Random(seed)) for seed in range(20)]
        for one in vehicles:
            assert 2.5 <= one.seconds <= 7.5 or one.seconds == 0
            one._due = 0.0
        soon = sorted(one.returned_in() for one in vehicles)
    assert soon[0] < 1.5
    assert soon[-1] > 3.5


def test_knocking_on_nothing_says_nothing() -> None:
    one = Knock(MqttConfig(host="127.0.0.1", port=free_port()), absent=True)
    one._due = 0.0
    assert one.returned_in() is None


def test_a_connection_that_held_is_followed_by_a_short_wait(broker, publish, monkeypatch) -> None:
    monkeypatch.setattr(publisher, "STEADY_S", 0.05)
    again = publish(broker.port, reconnect_min_s=0.2, reconnect_max_s=100)
    took = []
    for _ in range(5):  # without the reset the fifth wait were 3.2 to 6.4 s
        wait_for(lambda: again.stats().connected, "it connects", 20)
        time.sleep(0.1)
        broker.kill()
        broker.start()
        began = time.monotonic()
        wait_for(lambda: not again.stats().connected, "the loss is noticed")
        wait_for(lambda: again.stats().connected, "it is back", 20)
        took.append(time.monotonic() - began)
    assert min(took) < 1.5
