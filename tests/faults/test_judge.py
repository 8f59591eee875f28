"""The campaign's judge finds what it is there to find."""

from __future__ import annotations

import dataclasses
import json

from journal import Noted
from judge import Judgement, judge
from receiver import Arrival
from sample_events import EVENT

from edge.delivery.message import encode

ALL = [encode(dataclasses.replace(EVENT, sequence=number)) for number in range(1, 6)]


def arrived(*payloads: bytes) -> list[Arrival]:
    return [Arrival(float(at), "driver-monitor/bus-17/event/fatigue", payload) for at, payload in enumerate(payloads)]


def judged(*payloads: bytes, confirmed: int = 5, waiting: frozenset[tuple[int, int]] = frozenset()) -> Judgement:
    return judge(Noted(ALL, ALL[:confirmed]), arrived(*payloads), waiting)


def test_everything_that_arrived_is_good_in_any_order_and_with_copies() -> None:
    found = judged(*reversed(ALL), ALL[2])
    assert found.good
    assert (found.received, found.repeats) == (5, 1)


def test_what_was_confirmed_and_is_nowhere_is_lost() -> None:
    found = judged(*ALL[1:])
    assert not found.good
    assert found.lost == [(42, 1)]


def test_what_still_waits_is_late_and_not_lost() -> None:
    found = judged(*ALL[1:], waiting=frozenset({(42, 1), (42, 2)}))
    assert not found.good
    assert (found.lost, found.late) == ([], [(42, 1)])


def test_what_a_kill_cut_off_is_not_lost_and_counted() -> None:
    found = judged(*ALL[:4], confirmed=4)
    assert found.good
    assert found.cut_off == {42: 1}


def test_other_content_is_found_and_historical_is_none() -> None:
    later = {**json.loads(ALL[0]), "historical": True}
    assert judged(*ALL, json.dumps(later).encode()).good
    other = {**json.loads(ALL[0]), "level": "critical"}
    assert judged(*ALL, json.dumps(other).encode()).changed == [(42, 1)]


def test_what_nobody_decided_is_found() -> None:
    assert judged(*ALL, encode(dataclasses.replace(EVENT, sequence=9))).invented == [(42, 9)]


def test_one_name_for_two_events_is_found() -> None:
    twin = encode(dataclasses.replace(EVENT, session=43, sequence=1))
    assert judge(Noted([*ALL, twin], ALL), arrived(*ALL, twin)).unrecognised == 1
