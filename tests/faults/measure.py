"""What the outbox reaches, beside what the disk and the client library reach at the same time.

    PYTHONPATH=tests python tests/faults/measure.py FOLDER

A busy machine makes all of them slow: the ratios say what is the outbox's own. The folder should be on the disk that
counts. Its last line is the result as one JSON object.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import statistics
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
from broker import Broker
from paho.mqtt.client import Client, MQTTv5
from paho.mqtt.enums import CallbackAPIVersion
from sample_events import EVENT

from edge.config import MqttConfig, OutboxConfig
from edge.delivery.message import encode
from edge.delivery.outbox import Outbox
from edge.delivery.publisher import WINDOW, Publisher
from edge.records import Event

WAITING = 100_000


def events(first: int, count: int) -> Iterator[Event]:
    return (dataclasses.replace(EVENT, sequence=sequence) for sequence in range(first, first + count))


def milliseconds(took: list[float]) -> dict[str, float]:
    ranked = sorted(took)
    return {
        "median_ms": round(statistics.median(ranked) * 1000, 3),
        "p99_ms": round(ranked[int(len(ranked) * 0.99)] * 1000, 3),
        "longest_ms": round(ranked[-1] * 1000, 3),
    }


def time_puts(outbox: Outbox, folder: Path, first: int, count: int) -> tuple[dict[str, float], dict[str, float]]:
    """Puts, each followed by a bare write of 4 kB with fdatasync."""
    puts, syncs = [], []
    file = os.open(folder / "bare", os.O_CREAT | os.O_WRONLY, 0o600)
    for number, event in enumerate(events(first, count)):
        began = time.perf_counter()
        outbox.put(event)
        puts.append(time.perf_counter() - began)
        began = time.perf_counter()
        os.pwrite(file, bytes(4096), number % 1000 * 4096)
        os.fdatasync(file)
        syncs.append(time.perf_counter() - began)
    os.close(file)
    return milliseconds(puts), milliseconds(syncs)


def drain(outbox: Outbox, port: int) -> float:
    """Events a second from the outbox to a local broker."""
    count = len(outbox)
    publisher = Publisher(MqttConfig(host="127.0.0.1", port=port), "bus-17", 42, queue=outbox)
    began = time.perf_counter()
    publisher.start()
    while publisher.stats().sent < count:
        time.sleep(0.005)
    rate = count / (time.perf_counter() - began)
    publisher.close()
    return rate


def bare_publish(port: int, count: int) -> float:
    """Messages a second of the client library alone: the same payloads and window, nothing kept anywhere."""
    client = Client(CallbackAPIVersion.VERSION2, "bare", protocol=MQTTv5)
    room, done = threading.Semaphore(WINDOW), threading.Semaphore(0)

    def acknowledged(*_: object) -> None:
        room.release()
        done.release()

    client.max_inflight_messages_set(0)
    client.on_publish = acknowledged
    client.connect("127.0.0.1", port)
    client.loop_start()
    began = time.perf_counter()
    for event in events(1, count):
        room.acquire()
        client.publish("driver-monitor/bare/event/fatigue", encode(event), 1)
    for _ in range(count):
        done.acquire()
    rate = count / (time.perf_counter() - began)
    client.disconnect()
    client.loop_stop()
    return rate


def fill(outbox: Outbox, first: int, count: int) -> None:
    """Many at once, in transactions of 1,000: filling one by one is what `time_puts` times."""
    for start in range(first, first + count, 1000):
        batch = {outbox._last + number: event for number, event in enumerate(events(start, 1000), 1)}
        outbox._store(batch)
        outbox._last += 1000


def measure(folder: Path, puts: int = 1000, waiting: int = WAITING, drained: int = 3000) -> dict[str, Any]:
    process = psutil.Process()
    result: dict[str, Any] = {"load": [round(one, 1) for one in os.getloadavg()], "processors": os.cpu_count()}
    outbox = Outbox(folder / "state", OutboxConfig())
    result["put"], result["fdatasync"] = time_puts(outbox, folder, 1, puts)
    broker = Broker(folder)
    broker.start()
    try:
        fill(outbox, puts + 1, drained - puts)
        processor = time.process_time()
        result["drain_per_s"] = round(drain(outbox, broker.port))
        result["drain_processor_ms_per_event"] = round((time.process_time() - processor) / drained * 1000, 3)
        result["bare_publish_per_s"] = round(bare_publish(broker.port, drained))
    finally:
        broker.kill()
    before = process.memory_info().rss
    fill(outbox, drained + 1, waiting)
    for _ in range(100):
        outbox.oldest(WINDOW)
    result["waiting"] = len(outbox)
    result["put_with_them"], result["fdatasync_with_them"] = time_puts(outbox, folder, 10**6, puts)
    result["memory_growth_mb"] = round((process.memory_info().rss - before) / 1e6, 1)
    began = time.perf_counter()
    outbox.close()
    Outbox(folder / "state", OutboxConfig()).close()
    result["open_with_them_s"] = round(time.perf_counter() - began, 2)
    return result


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path, nargs="?", default=Path())
    with tempfile.TemporaryDirectory(prefix="numbers-", dir=parser.parse_args().folder) as made:
        print(json.dumps(measure(Path(made))))
