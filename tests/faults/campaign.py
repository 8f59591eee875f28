"""The campaign of faults: vehicles decide, everything that can fails, and nothing may be lost.

    PYTHONPATH=tests python tests/faults/campaign.py --seed 1 --seconds 340 --events 24000

Prints what goes wrong as it does, and as its last line the whole report as one JSON object; exits 1 where anything was
lost.
The same seed gives each vehicle the same plan of faults; when they strike depends on the machine.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from broker import Broker
from command import write_clip
from disks import mount, unmount
from fleet import Span, Vehicle
from harm import DISK, EVERYWHERE, GPSD, Fault, long_cut
from judge import judge, key_of, spread
from proxy import Network, Proxy
from receiver import Arrival, Receiver
from report import report

HERE = Path(__file__).resolve().parent
LIMIT_S, END_S = 480.0, 120.0
"""The whole campaign and its end; on a machine that is too busy to begin in time there are fewer faults."""
DRAIN_S = 60.0
"""In which everything that waits must have arrived once nothing is wrong any more."""


@dataclass(frozen=True)
class Plan:
    """`seconds` of faults; so many `vehicles` without eyes, which decide `events` together; perhaps a whole daemon."""

    seed: int = 1
    seconds: float = 340.0
    events: int = 24_000
    vehicles: int = 8
    whole_daemon: bool = True


def run_campaign(plan: Plan, tell: Callable[[str], None] = print) -> dict[str, Any]:
    """The whole campaign; gives its report."""
    began = time.monotonic()
    with ExitStack() as closing:
        folder = Path(closing.enter_context(tempfile.TemporaryDirectory(prefix="faults-")))
        ports = _ports(random.Random(plan.seed))
        options = (f"persistence_location {folder}/", "persistence true", "autosave_interval 1", "user root")
        broker = Broker(folder, options=("max_inflight_messages 0", *options), port=next(ports))
        broker.start()
        closing.callback(broker.kill)
        receiver = Receiver(broker.port, folder / "received")
        closing.callback(receiver.close)
        assert receiver.subscribed.wait(30), "the receiver does not subscribe"
        network = Network()
        closing.callback(network.close)
        left_out: dict[str, str] = {}
        fleet = list(_fleet(plan, folder, network, ports, broker.port, left_out, closing))
        closing.callback(lambda: [vehicle.kill() for vehicle in fleet if vehicle.process])
        fault = Fault(broker, receiver, fleet)
        over = threading.Event()
        counts: Counter[str] = Counter()
        with ThreadPoolExecutor(len(fleet) + 1) as runners:
            work = [runners.submit(_harass, vehicle, plan, over, counts, tell) for vehicle in fleet]
            work.append(runners.submit(_harass_broker, fault, plan, over, counts))
            try:
                starts = _wait(min(plan.seconds, began + LIMIT_S - END_S - time.monotonic()), work)
            finally:
                over.set()
            for each in work:
                each.result()
        tell(f"{sum(counts.values())} faults; now everything that waits must arrive")
        drain_s = _drain(fleet, receiver)
        own: dict[str, list[Arrival]] = {vehicle.name: [] for vehicle in fleet}
        for arrival in receiver.arrivals:
            own[arrival.vehicle].append(arrival)
        judgements = {v.name: judge(v.noted(), own[v.name], v.still_waiting()) for v in fleet}
        found = report(plan.seed, fleet, judgements, receiver.arrivals, fault.outages, counts)
    reference = {"bare_start_s": spread(starts), "load": os.getloadavg()[2], "processors": os.cpu_count()}
    return {
        **found,
        "reference": reference,
        "drain_s": drain_s,
        "left_out": left_out,
        "took_s": round(time.monotonic() - began, 1),
    }


def _fleet(
    plan: Plan, folder: Path, network: Network, ports: Iterator[int], broker_port: int, left_out: dict[str, str],
    closing: ExitStack,
) -> Iterator[Vehicle]:  # fmt: skip
    target = plan.events // plan.vehicles
    for number in range(plan.vehicles):
        disk: Path | None = None
        if number in (1, 2):
            disk = folder / f"disk-{number}"
            if reason := mount(disk, megabytes=12):
                left_out["full disk"], disk = reason, None
            else:
                closing.callback(unmount, disk)
        name = f"bus-{number}"
        yield Vehicle(
            name,
            folder / name,
            Proxy(network, next(ports), broker_port),
            rate=1.2 * target / plan.seconds,  # more than needed: who is down decides nothing
            target=target,
            until=time.monotonic() + plan.seconds,
            seed=plan.seed * 1000 + number,
            impatient=number % 4 != 3,
            disk=disk,
            calm=number == 0,
        )
    if plan.whole_daemon:
        clip = folder / "clip"
        clip.mkdir()
        write_clip(HERE.parent / "recordings" / "synthetic_closure", clip)
        gpsd = _gpsd(folder, left_out)
        if gpsd is not None:
            closing.callback(gpsd.stop)
        yield Vehicle("whole", folder / "whole", Proxy(network, next(ports), broker_port), clip=clip, gpsd=gpsd)


def _gpsd(folder: Path, left_out: dict[str, str]) -> Any:
    """The real gpsd with a receiver that drives through Montreal, where it is installed."""
    if shutil.which("gpsfake") is None or shutil.which("gpsd", path="/usr/sbin:/usr/bin") is None:
        left_out["gpsd dies"] = "gpsd or gpsfake is not installed"
        return None
    from fake_receiver import FakeReceiver, drive

    receiver = FakeReceiver(folder, drive(900, time.time()), pause_s=0.2)
    try:
        receiver.start()
    except AssertionError as error:
        left_out["gpsd dies"] = str(error)
        receiver.stop()
        return None
    return receiver


def _harass(
    vehicle: Vehicle, plan: Plan, over: threading.Event, counts: Counter[str], tell: Callable[[str], None]
) -> None:
    """One fault after the other, with calm in between, until it is over."""
    chance = random.Random(f"{plan.seed} {vehicle.name}")
    kinds = EVERYWHERE + (DISK if vehicle.disk else ()) + (GPSD if vehicle.gpsd else ())
    vehicle.start()
    long_cut_at = time.monotonic() + plan.seconds * chance.uniform(0.2, 0.7)
    while not over.wait(chance.uniform(1.0, 6.0)):
        told = len(vehicle.crashes)
        vehicle.look_after()
        for crash in vehicle.crashes[told:]:
            tell(f"{vehicle.name} ended by itself: {crash}")
        if vehicle.calm:
            continue
        kind = chance.choice(kinds)
        if time.monotonic() > long_cut_at and plan.seconds > 60:
            kind, long_cut_at = long_cut, float("inf")
        span = Span(kind.__name__, time.monotonic())
        vehicle.spans.append(span)
        kind(vehicle, chance)
        vehicle.proxy.heal()
        span.end = time.monotonic()
        counts[kind.__name__] += 1
    vehicle.look_after()


def _harass_broker(fault: Fault, plan: Plan, over: threading.Event, counts: Counter[str]) -> None:
    chance = random.Random(f"{plan.seed} broker")
    while not over.wait(chance.uniform(6.0, 14.0)):
        counts[fault.strike(chance)] += 1


def _wait(seconds: float, work: list[Any]) -> list[float]:
    """So long, or until a runner has failed; gives how long a bare start of the delivery's modules took meanwhile."""
    end = time.monotonic() + seconds
    starts = []
    while (left := end - time.monotonic()) > 0 and not any(each.done() for each in work):
        began = time.monotonic()
        command = [sys.executable, "-c", "import edge.delivery.outbox, edge.delivery.publisher"]
        with suppress(subprocess.TimeoutExpired):
            subprocess.run(command, check=True, timeout=left)
        starts.append(time.monotonic() - began)
        time.sleep(max(0.0, min(seconds / 20, left)))
    return starts


def _drain(fleet: list[Vehicle], receiver: Receiver) -> float:
    """End every vehicle in peace; what it could not deliver in its last seconds comes from its next start."""
    began = time.monotonic()
    for vehicle in fleet:
        vehicle.clock.write_text("+0")
        vehicle.rate, vehicle.until = 1e-6, 0.0
    with ThreadPoolExecutor(len(fleet)) as ends:
        list(ends.map(Vehicle.stop, fleet))
    missing = {vehicle.name: {key_of(payload) for payload in vehicle.noted().confirmed} for vehicle in fleet}
    seen = 0
    while True:
        for arrival in receiver.arrivals[seen:]:
            seen += 1
            if "/event/" in arrival.topic:
                missing[arrival.vehicle].discard(key_of(arrival.payload))
        late = [vehicle for vehicle in fleet if missing[vehicle.name]]
        if not late or time.monotonic() > began + DRAIN_S:
            break
        for vehicle in late:
            if vehicle.process is None:
                vehicle.start()
        time.sleep(0.5)
    with ThreadPoolExecutor(len(fleet)) as ends:
        list(ends.map(Vehicle.stop, fleet))
    return round(time.monotonic() - began, 1)


def _ports(chance: random.Random) -> Iterator[int]:
    """Free ports that no outgoing connection is given (Linux gives 32768 and above)."""
    while True:
        port = chance.randrange(20_000, 32_000)
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)):
                yield port


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seed", type=int, default=Plan.seed)
    parser.add_argument(
        "--seconds", type=float, default=Plan.seconds, help="of faults; starting and draining come on top"
    )
    parser.add_argument("--events", type=int, default=Plan.events)
    parser.add_argument("--vehicles", type=int, default=Plan.vehicles)
    parser.add_argument("--without-daemon", action="store_true", help="leave out the vehicle with the whole daemon")
    given = parser.parse_args()
    plan = Plan(given.seed, given.seconds, given.events, given.vehicles, not given.without_daemon)
    result = run_campaign(plan)
    print(json.dumps(result))
    return 0 if result["passed"] else 1


if __name__ == "__main__":
    sys.exit(main())
