"""What happens to a vehicle, its network and the broker: each fault by its name, from its beginning to its mend."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from contextlib import suppress

from broker import Broker
from disks import fill
from fleet import Vehicle
from proxy import DOWN, UP
from receiver import Receiver

Harm = Callable[[Vehicle, random.Random], None]
DAY_S = 86_400


def cut_both_ways(vehicle: Vehicle, chance: random.Random) -> None:
    vehicle.proxy.silent = {UP, DOWN}
    time.sleep(chance.uniform(0.2, 4.0))


def cut_up(vehicle: Vehicle, chance: random.Random) -> None:
    vehicle.proxy.silent = {UP}
    time.sleep(chance.uniform(0.2, 4.0))


def cut_down(vehicle: Vehicle, chance: random.Random) -> None:
    """The broker hears and acknowledges; the vehicle does not learn it."""
    vehicle.proxy.silent = {DOWN}
    time.sleep(chance.uniform(0.2, 4.0))


def long_cut(vehicle: Vehicle, chance: random.Random) -> None:
    """Longer than the broker's acknowledgement is waited for."""
    vehicle.proxy.silent = {UP, DOWN} if chance.random() < 0.5 else {DOWN}
    time.sleep(3.0 if vehicle.impatient else 22.0)


def reset(vehicle: Vehicle, _chance: random.Random) -> None:
    vehicle.proxy.reset()


def no_network(vehicle: Vehicle, chance: random.Random) -> None:
    vehicle.proxy.refuse("network")
    vehicle.proxy.reset()
    time.sleep(chance.uniform(0.2, 4.0))


def cut_in_a_packet(vehicle: Vehicle, chance: random.Random) -> None:
    vehicle.proxy.cut_next = UP if chance.random() < 0.5 else DOWN
    time.sleep(0.5)


def slow(vehicle: Vehicle, chance: random.Random) -> None:
    vehicle.proxy.delay_s = chance.uniform(0.05, 1.0)
    time.sleep(chance.uniform(1.0, 3.0))


def twice(vehicle: Vehicle, chance: random.Random) -> None:
    vehicle.proxy.duplicating = True
    time.sleep(chance.uniform(0.5, 3.0))


def power_off(vehicle: Vehicle, chance: random.Random) -> None:
    """SIGKILL, and up again at once or a little later."""
    vehicle.kill()
    time.sleep(chance.choice([0.0, chance.uniform(0, 1)]))
    vehicle.start()
    time.sleep(chance.uniform(0.5, 3.0))


def power_off_while_events_wait(vehicle: Vehicle, _chance: random.Random) -> None:
    """Its network is away, an event comes, SIGKILL; then everything is there again: how soon does it arrive?"""
    vehicle.proxy.silent = {UP, DOWN}
    before, end = len(vehicle.noted().confirmed), time.monotonic() + 10
    while len(vehicle.noted().confirmed) == before:
        if time.monotonic() > end:
            return
        time.sleep(0.02)
    vehicle.proxy.reset()
    vehicle.kill(measured=True)
    vehicle.proxy.heal()
    connections, end = vehicle.proxy.connections, time.monotonic() + 20
    vehicle.start()
    while vehicle.proxy.connections == connections and time.monotonic() < end:
        time.sleep(0.02)
    time.sleep(1.0)


def clock_step(vehicle: Vehicle, chance: random.Random) -> None:
    """An hour back, a day on, to 1970 and near to it: what a clock without a battery does."""
    ahead = chance.choice([-3600.0, 3600.0, -DAY_S, DAY_S, -time.time() + 100, chance.uniform(-90, 90), 0.0])
    vehicle.clock.write_text(f"{ahead:+.3f}")
    time.sleep(chance.uniform(0.2, 2.0))


def disk_full(vehicle: Vehicle, chance: random.Random) -> None:
    assert vehicle.disk
    ballast = fill(vehicle.disk)
    time.sleep(chance.uniform(0.3, 2.0))
    ballast.unlink()


def power_off_with_a_full_disk(vehicle: Vehicle, chance: random.Random) -> None:
    """What is only in memory is lost, and counted apart; the start that follows finds no room."""
    assert vehicle.disk
    ballast = fill(vehicle.disk)
    time.sleep(chance.uniform(0.1, 0.5))
    vehicle.kill()
    vehicle.start()
    time.sleep(chance.uniform(1.0, 3.0))
    ballast.unlink()


def gpsd_dies(vehicle: Vehicle, chance: random.Random) -> None:
    with suppress(AssertionError):  # on a busy machine it may not be back yet
        vehicle.gpsd.kill_gpsd()
    time.sleep(chance.uniform(0.2, 6.0))
    try:
        vehicle.gpsd.start()
    except AssertionError:
        vehicle.gpsd.stop()


def gpsd_says_nothing(vehicle: Vehicle, chance: random.Random) -> None:
    with suppress(AssertionError):
        vehicle.gpsd.pause()
        time.sleep(chance.uniform(0.5, 8.0))
        vehicle.gpsd.resume()


EVERYWHERE: tuple[Harm, ...] = (
    cut_both_ways, cut_up, cut_down, reset, reset, no_network, cut_in_a_packet, cut_in_a_packet, slow, twice,
    power_off, power_off_while_events_wait, power_off_while_events_wait, clock_step,
)  # fmt: skip
DISK: tuple[Harm, ...] = (disk_full, disk_full, power_off_with_a_full_disk)
GPSD: tuple[Harm, ...] = (gpsd_dies, gpsd_dies, gpsd_dies, gpsd_says_nothing)


class Fault:
    """Of the broker: it is stopped or killed and comes back, with or without its memory, or it stands still."""

    def __init__(self, broker: Broker, receiver: Receiver, vehicles: list[Vehicle]) -> None:
        self._broker, self._receiver, self._vehicles = broker, receiver, vehicles
        self.outages: list[tuple[float, float]] = []

    def strike(self, chance: random.Random) -> str:
        """One of them; gives its name."""
        if chance.random() < 0.2:
            self._broker.pause()
            time.sleep(chance.uniform(0.2, 3.0))
            self._broker.resume()
            return "broker_paused"
        stopped, remembers = chance.random() < 0.5, chance.random() < 0.5
        seconds = chance.uniform(0.1, 3.0) if chance.random() < 0.85 else chance.uniform(10.0, 25.0)
        self.be_away(seconds, stopped=stopped, remembers=remembers)
        return f"broker_{'stopped' if stopped else 'killed'}_{'with' if remembers else 'without'}_persistence"

    def be_away(self, seconds: float, *, stopped: bool, remembers: bool) -> None:
        """Vehicles are let in again when the receiver is subscribed, unless the broker kept that subscription.

        What a broker without memory acknowledges while nobody is subscribed is gone, and no vehicle can help it.
        """
        began = time.monotonic()
        (self._broker.stop if stopped else self._broker.kill)()
        for vehicle in self._vehicles:
            vehicle.proxy.refuse("broker")
        self._receiver.subscribed.clear()
        time.sleep(seconds)
        if not remembers:
            (self._broker.folder / "mosquitto.db").unlink(missing_ok=True)
        self._broker.start()
        if not (stopped and remembers):
            assert self._receiver.subscribed.wait(30), "the receiver does not come back"
        for vehicle in self._vehicles:
            vehicle.proxy.accept("broker")
        self.outages.append((began, time.monotonic()))
