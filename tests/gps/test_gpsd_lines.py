"""gpsd's lines: what they mean, and that nothing else than a line of gpsd's is taken for one."""

from __future__ import annotations

import contextlib
import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.gps.gpsd_lines import LONGEST, Lines, Sky, Tpv, read_line

JUNK = st.sampled_from(
    [None, True, -1, 0, 2, 3, 10**400, 1e308, float("nan"), "", "2026-11-20", "x" * 60, [], [{}], {}, [1]]
)
KEYS = ("mode", "time", "lat", "lon", "speed", "uSat", "satellites", "release", "devices")


def tpv(**content: object) -> Tpv:
    report = read_line(json.dumps({"class": "TPV", "mode": 3, "lat": 45.5, "lon": -73.5, **content}).encode())
    assert isinstance(report, Tpv)
    return report


def test_a_fix_has_place_speed_and_time() -> None:
    at = datetime(2026, 11, 20, 7, 12, 3, 250_000, UTC).timestamp()
    assert tpv(speed=11.2, time="2026-11-20T07:12:03.250Z") == Tpv("3d", (45.5, -73.5), 11.2, at)


def test_a_leap_second_is_the_second_after_it() -> None:
    after = tpv(time="2017-01-01T00:00:00.000Z").time
    assert tpv(time="2016-12-31T23:59:60.000Z").time == after
    assert tpv(time="2016-12-31T23:59:59.500Z").time == after - 0.5


@pytest.mark.parametrize("mode", [0, 1])
def test_place_and_time_without_a_fix_are_not_believed(mode: int) -> None:
    assert tpv(mode=mode, time="2026-11-20T07:12:03Z") == Tpv("none", None, None, None)


def test_a_fix_may_have_no_speed_or_only_half_a_place() -> None:
    assert tpv().speed is None
    assert tpv(lon=None).place is None


LIST = [{"PRN": 4, "used": True}, {"PRN": 5, "used": False}, {"PRN": 9, "used": True}, {"PRN": 12}]


@pytest.mark.parametrize(
    ("sky", "told"),
    [
        ({"nSat": 4, "uSat": 2, "satellites": LIST}, Sky(2, is_listed=True)),  # gpsd 3.22, and 3.25 after GSV
        ({"satellites": LIST}, Sky(2, is_listed=True)),  # before 3.22
        ({"hdop": 1.0, "uSat": 8}, Sky(8)),  # 3.25 after GGA
        ({"nSat": 0, "uSat": 0, "satellites": []}, Sky(0, is_listed=True)),
    ],
    ids=["with both", "before 3.22", "number", "none"],
)
def test_the_satellites_that_are_used_are_told_and_not_those_in_view(sky: dict[str, object], told: Sky) -> None:
    assert read_line(json.dumps({"class": "SKY", **sky}).encode()) == told


@pytest.mark.parametrize("line", [b'{"class":"WATCH","enable":true}', b'{"class":"PPS"}', b'{"class":"SKY"}'])
def test_other_lines_are_passed_over(line: bytes) -> None:
    assert read_line(line) is None


@given(st.sampled_from(["TPV", "SKY", "VERSION", "DEVICES"]), st.dictionaries(st.sampled_from(KEYS), JUNK))
def test_whatever_stands_in_a_line_it_is_read_or_refused(kind: str, content: dict[str, object]) -> None:
    with contextlib.suppress(ValueError):
        read_line(json.dumps({"class": kind, **content}).encode())


@given(st.binary(max_size=200))
def test_bytes_that_are_no_line_are_refused(line: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  whatever is wrong with it
        read_line(line)


@given(st.lists(st.binary(max_size=30).filter(lambda line: b"\n" not in line and b"\r" not in line)), st.data())
def test_lines_are_the_same_wherever_the_stream_is_cut(expected: list[bytes], data: st.DataObject) -> None:
    stream = b"".join(line + b"\r\n" for line in expected)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=8)))
    lines, got = Lines(), []
    for begin, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        got += lines.feed(stream[begin:end])
    assert got == expected


def test_a_huge_line_is_thrown_away_as_it_comes_and_the_next_is_read() -> None:
    lines = Lines()
    assert [list(lines.feed(b"x" * LONGEST)) for _ in range(5)] == [[]] * 5
    assert len(lines._rest) <= LONGEST
    assert list(lines.feed(b"x\nnext\n")) == [b"next"]
    assert lines.too_long == 1
