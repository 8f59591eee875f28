"""The subscriber with its own store: what arrived, in which order, when."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from paho.mqtt.client import Client, MQTTMessage, MQTTv5
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties


@dataclass(frozen=True, slots=True)
class Arrival:
    """`at`: monotonic seconds."""

    at: float
    topic: str
    payload: bytes

    @property
    def vehicle(self) -> str:
        return self.topic.split("/")[1]


class Receiver:
    """Subscribed whenever the broker is there, with a session at the broker; every message goes to `file` first."""

    def __init__(self, port: int, file: Path) -> None:
        self.subscribed = threading.Event()
        self.arrivals: list[Arrival] = []
        self._file = file.open("ab", buffering=0)
        self._port = port
        self._over = False
        client = Client(CallbackAPIVersion.VERSION2, "fleet-log", protocol=MQTTv5)
        client.on_connect = lambda *_: client.subscribe("driver-monitor/#", qos=1)
        client.on_subscribe = lambda *_: self.subscribed.set()
        client.on_disconnect = lambda *_: self.subscribed.clear()
        client.on_message = self._take
        self._client = client
        self._thread = threading.Thread(target=self._run, name="receiver", daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._over = True
        self._client.disconnect()
        self._thread.join(10)
        self._file.close()

    def _run(self) -> None:
        properties = Properties(PacketTypes.CONNECT)
        properties.SessionExpiryInterval = 3600
        while not self._over:
            try:
                self._client.connect("127.0.0.1", self._port, 60, clean_start=False, properties=properties)
                while self._client.loop(0.1) == 0:
                    pass
            except OSError:
                pass
            self.subscribed.clear()
            time.sleep(0.02)

    def _take(self, _client: Client, _data: Any, message: MQTTMessage) -> None:
        if message.retain:
            return
        self._file.write(message.topic.encode() + b" " + message.payload + b"\n")
        self.arrivals.append(Arrival(time.monotonic(), message.topic, message.payload))
