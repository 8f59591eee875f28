"""The campaign of faults and the fuzzer in their short forms; `make faults` and `make fuzz` are the whole."""

from __future__ import annotations

import logging
import random
from collections.abc import Iterator

import pytest
from broker import program
from campaign import Plan, run_campaign
from fuzz import Case, fuzz, targets
from mutate import mutate
from packets import Packets

TARGETS = ("payloads", "requests", "gpsd_lines", "broker_packets", "database_pages")


@pytest.mark.alone
def test_nothing_is_lost_in_half_a_minute_of_faults() -> None:
    program("mosquitto")
    report = run_campaign(Plan(seed=3, seconds=12, events=600, vehicles=4, whole_daemon=False))
    assert report["passed"], report
    assert report["faults"] >= 5
    assert report["events"]["confirmed"] >= 50
    assert report["repeats"] <= report["repeats_allowed"]


@pytest.fixture(scope="module")
def cases(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Case]]:
    logging.disable(logging.CRITICAL)
    yield targets(tmp_path_factory.mktemp("fuzz"))
    logging.disable(logging.NOTSET)


@pytest.mark.parametrize("target", TARGETS)
def test_what_is_damaged_is_refused_with_a_reason_and_ends_nothing(cases: dict[str, Case], target: str) -> None:
    result = fuzz(cases[target], 150, seed=5, seconds=5.0)
    assert result["failed"] == []
    assert result["refused"] > 0
    assert "" not in result["reasons"]


def test_an_index_whose_damage_the_database_s_own_check_overlooks_is_set_aside(cases: dict[str, Case]) -> None:
    assert cases["database_pages"](random.Random("1 554")) == "set aside as damaged"


def test_the_packet_reader_cuts_where_packets_end() -> None:
    stream = bytes([0x40, 2, 0, 1]) + bytes([0x30, 0x85, 0x01]) + bytes(133) + bytes([0xD0, 0])
    for size in (1, 7, 4096):
        packets = Packets()
        found = [
            packet for place in range(0, len(stream), size) for packet in packets.feed(stream[place : place + size])
        ]
        assert [len(packet) for packet in found] == [4, 136, 2]


def test_mutations_are_the_same_for_the_same_seed() -> None:
    assert mutate(random.Random(1), (b"abcdef",)) == mutate(random.Random(1), (b"abcdef",))
