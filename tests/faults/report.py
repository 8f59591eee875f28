"""What a campaign found, in numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from fleet import Vehicle
from judge import Judgement, spread
from receiver import Arrival

from edge.delivery.publisher import WINDOW


def report(
    seed: int, fleet: list[Vehicle], judgements: dict[str, Judgement], arrivals: list[Arrival],
    outages: list[tuple[float, float]], counts: Counter[str],
) -> dict[str, Any]:  # fmt: skip
    def total(name: str) -> int:
        return sum(getattr(judgement, name) for judgement in judgements.values())

    def named(name: str) -> dict[str, Any]:
        return {vehicle: found[:20] for vehicle, one in judgements.items() if (found := getattr(one, name))}

    with_disk = {vehicle.name for vehicle in fleet if vehicle.disk}
    cut_off = {name: one.cut_off for name, one in judgements.items() if name not in with_disk}
    in_flight = max((count for sessions in cut_off.values() for count in sessions.values()), default=0)
    allowed = sum(WINDOW * vehicle.proxy.connections + vehicle.proxy.duplicated for vehicle in fleet)
    good = (
        total("confirmed") > 0
        and all(one.good for one in judgements.values())
        and in_flight <= 1
        and not any(v.crashes for v in fleet)
    )
    return {
        "passed": good,
        "seed": seed,
        "faults": sum(counts.values()),
        "faults_by_kind": dict(sorted(counts.items())),
        "vehicles": len(fleet),
        "events": {name: total(name) for name in ("decided", "confirmed", "received")},
        "events_of_the_whole_daemon": judgements["whole"].confirmed if "whole" in judgements else 0,
        "lost": named("lost"),
        "late": {name: len(one.late) for name, one in judgements.items() if one.late},
        "changed": named("changed"),
        "invented": named("invented"),
        "repeats": total("repeats"),
        "repeats_allowed": allowed,
        "unrecognised": total("unrecognised"),
        "order_restored": all(one.in_order for one in judgements.values()),
        "kills": sum(len(vehicle.kills) for vehicle in fleet),
        "cut_off_by_kills": sum(sum(sessions.values()) for sessions in cut_off.values()),
        "cut_off_at_once_at_most": in_flight,
        "in_memory_for_a_full_disk_at_a_kill": sum(sum(judgements[name].cut_off.values()) for name in with_disk),
        "crashes": {vehicle.name: vehicle.crashes for vehicle in fleet if vehicle.crashes},
        "kill_to_first_event_s": spread(list(_returns(fleet, arrivals, outages))),
        "reconnect_after_broker_s": spread(list(_reconnects(fleet, arrivals, outages))),
    }


def _returns(fleet: list[Vehicle], arrivals: list[Arrival], outages: list[tuple[float, float]]) -> Iterator[float]:
    """Seconds from a kill with events waiting to the first event after the next birth, where the broker was there."""
    for vehicle in fleet:
        own = [arrival for arrival in arrivals if arrival.vehicle == vehicle.name]
        for at, measured in vehicle.kills:
            birth = next((a.at for a in own if a.at > at and a.payload == b"online"), float("inf"))
            first = next((a.at for a in own if a.at >= birth and "/event/" in a.topic), float("inf"))
            if measured and not any(begin < first and at < end for begin, end in outages):
                yield first - at


def _reconnects(fleet: list[Vehicle], arrivals: list[Arrival], outages: list[tuple[float, float]]) -> Iterator[float]:
    """Seconds from the broker's return to a vehicle's birth, where nothing else was wrong with the vehicle."""
    for vehicle in fleet:
        births = [a.at for a in arrivals if a.vehicle == vehicle.name and a.payload == b"online"]
        for number, (begin, end) in enumerate(outages):
            until = outages[number + 1][0] if number + 1 < len(outages) else float("inf")
            back = next((at for at in births if at > end), float("inf"))
            disturbed = any(span.begin < min(back, until) and span.end > begin for span in vehicle.spans)
            if not disturbed and back < until:
                yield back - end
