"""Holds what arrived against what the vehicles noted: pure."""

from __future__ import annotations

import json
import statistics
from collections import defaultdict
from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass
from typing import Any

from journal import Key, Noted
from receiver import Arrival


@dataclass(frozen=True)
class Judgement:
    """Of one vehicle.

    `lost`: confirmed by its outbox, never received, and not there any more. `late`: still there at the end of the
    campaign, on a machine too busy for the time given. `changed`: received with other content. `invented`: received
    and never decided. `cut_off`: decided and not confirmed, by session. `unrecognised`: copies that (id, phase,
    sequence) does not tell, or different events that it calls copies. `in_order`: sorting by session and sequence gives
    the order of the decisions.
    """

    decided: int
    confirmed: int
    received: int
    repeats: int
    lost: list[Key]
    late: list[Key]
    changed: list[Key]
    invented: list[Key]
    cut_off: dict[int, int]
    unrecognised: int
    in_order: bool

    @property
    def good(self) -> bool:
        return not (self.lost or self.late or self.changed or self.invented or self.unrecognised) and self.in_order


def judge(noted: Noted, arrivals: Iterable[Arrival], waiting: Set[Key] = frozenset()) -> Judgement:
    decided = {key_of(payload): payload for payload in noted.decided}
    confirmed = {key_of(payload) for payload in noted.confirmed}
    received: dict[Key, list[bytes]] = defaultdict(list)
    for arrival in arrivals:
        if "/event/" in arrival.topic:
            received[key_of(arrival.payload)].append(arrival.payload)
    names: dict[tuple[str, str, int], set[Key]] = defaultdict(set)
    named: dict[Key, set[tuple[str, str, int]]] = defaultdict(set)
    for key, payloads in received.items():
        for payload in payloads:
            event = json.loads(payload)
            name = event["id"], event["phase"], event["sequence"]
            names[name].add(key)
            named[key].add(name)
    cut_off: dict[int, int] = defaultdict(int)
    for session, sequence in decided:
        cut_off[session] += (session, sequence) not in confirmed
    return Judgement(
        decided=len(decided),
        confirmed=len(confirmed),
        received=len(received),
        repeats=sum(len(payloads) - 1 for payloads in received.values()),
        lost=sorted(confirmed - received.keys() - waiting),
        late=sorted((confirmed & waiting) - received.keys()),
        changed=sorted(key for key, copies in received.items() if key in decided and not _same(decided[key], copies)),
        invented=sorted(received.keys() - decided.keys()),
        cut_off={session: count for session, count in cut_off.items() if count},
        unrecognised=sum(len(found) - 1 for found in (*names.values(), *named.values())),
        in_order=sorted(received) == [key for key in decided if key in received],
    )


def key_of(payload: bytes) -> Key:
    event = json.loads(payload)
    return event["session"], event["sequence"]


def spread(seconds: Sequence[float]) -> dict[str, Any]:
    """Number, median and longest."""
    if not seconds:
        return {"count": 0}
    return {
        "count": len(seconds),
        "median": round(statistics.median(seconds), 2),
        "longest": round(max(seconds), 2),
    }


def _same(decided: bytes, copies: Iterable[bytes]) -> bool:
    """`historical` alone depends on when a copy was sent; a time that was not known is set right before it is sent."""
    event = json.loads(decided)
    later = {"historical": None}
    if event["time_source"] == "unsynchronised":
        later |= {"time": None, "time_source": None}
    return all({**json.loads(copy), **later} == {**event, **later} for copy in copies)
