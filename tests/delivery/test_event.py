from __future__ import annotations

import dataclasses
import functools
import math
import operator
import uuid

import pytest

from edge.delivery.event import EventBuilder, format_time, parse_time
from edge.records import Event, Position, Signal

WALL = 1_795_158_723.48  # 2026-11-20T07:12:03.480Z


def signal(phase: str = "start", episode: int = 1, name: str = "fatigue", **evidence: float) -> Signal:
    cause = "microsleep" if name == "fatigue" else "sustained"
    return Signal(name, cause, "warning", phase, 12.5, episode, evidence)


def build(builder: EventBuilder, signal: Signal, wall: float = WALL, position: Position | None = None) -> Event:
    return builder.build(signal, wall=wall, time_source="system", position=position)


def test_an_event_tells_who_what_when_and_where():
    place = Position(45.5017, -73.5673, 11.2, "3d", 0.4)
    event = build(EventBuilder("bus-17", 42), signal(), position=place)
    assert event == Event(
        schema=1,
        id=event.id,
        vehicle="bus-17",
        session=42,
        sequence=1,
        signal="fatigue",
        cause="microsleep",
        level="warning",
        phase="start",
        time="2026-11-20T07:12:03.480Z",
        time_source="system",
        position=place,
        historical=False,
    )


def test_all_events_of_an_episode_share_its_id():
    builder = EventBuilder("bus-17", 42)
    events = [build(builder, signal(phase), WALL + i) for i, phase in enumerate(["start", "update", "end"])]
    assert len({event.id for event in events}) == 1


def test_episodes_have_different_ids_even_at_one_moment():
    builder = EventBuilder("bus-17", 42)
    events = [build(builder, signal(episode=episode, name=name)) for episode in (1, 2) for name in ("fatigue", "sad")]
    assert len({event.id for event in events}) == 4


def test_sequence_rises_by_one_from_one():
    builder = EventBuilder("bus-17", 42)
    assert [build(builder, signal(episode=n)).sequence for n in range(1, 4)] == [1, 2, 3]


def test_the_same_recording_gives_the_same_ids():
    assert build(EventBuilder("bus-17", 42), signal()).id == build(EventBuilder("bus-17", 42), signal()).id


@pytest.mark.parametrize(("vehicle", "session"), [("bus-18", 42), ("bus-17", 43)])
def test_another_vehicle_or_session_gives_other_ids(vehicle, session):
    """After a start with a dead clock both sessions can begin at the same time of 1970."""
    assert build(EventBuilder("bus-17", 42), signal()).id != build(EventBuilder(vehicle, session), signal()).id


def test_ids_are_uuids_that_sort_by_time():
    builder = EventBuilder("bus-17", 42)
    ids = [build(builder, signal(episode=n), WALL + n).id for n in range(1, 20)]
    assert ids == sorted(ids)
    assert {(uuid.UUID(i).version, uuid.UUID(i).variant) for i in ids} == {(7, uuid.RFC_4122)}


def test_an_id_begins_with_the_milliseconds_of_its_start():
    identity = uuid.UUID(build(EventBuilder("bus-17", 42), signal(), WALL).id)
    assert identity.int >> 80 == 1_795_158_723_480


def test_a_clock_from_before_1970_gives_an_id_all_the_same():
    assert build(EventBuilder("bus-17", 42), signal(), -5.0).id.startswith("00000000-0000-7")


def test_all_bits_of_an_id_that_are_free_distinguish_episodes():
    """Those of RFC 9562 beside time, version and variant: 12 and 62."""
    builder = EventBuilder("bus-17", 42)
    ids = [uuid.UUID(build(builder, signal(episode=n)).id).int for n in range(200)]
    differs = functools.reduce(operator.or_, (one ^ ids[0] for one in ids))
    assert differs == (2**12 - 1) << 64 | 2**62 - 1


def test_an_episode_that_ended_gives_its_id_to_no_other():
    builder = EventBuilder("bus-17", 42)
    ended = [build(builder, signal(phase), WALL + n).id for n, phase in enumerate(["start", "end"])]
    assert build(builder, signal(), WALL + 9).id not in ended


def test_evidence_stays_on_the_vehicle():
    assert build(EventBuilder("bus-17", 42), signal(perclos=0.21)).evidence is None


def test_evidence_goes_where_the_operator_asked_for_it():
    builder = EventBuilder("bus-17", 42, evidence=True)
    assert build(builder, signal(perclos=0.21, seconds=math.nan)).evidence == {"perclos": 0.21}
    assert build(builder, signal(episode=2)).evidence is None


@pytest.mark.parametrize("part", ["latitude", "longitude", "speed", "age"])
def test_a_position_that_is_no_number_is_none(part):
    place = dataclasses.replace(Position(45.5, -73.5, 11.2, "2d", 0.4), **{part: math.nan})
    assert build(EventBuilder("bus-17", 42), signal(), position=place).position is None


def test_a_position_without_a_speed_is_one():
    place = Position(45.5, -73.5, None, "2d", 0.4)
    assert build(EventBuilder("bus-17", 42), signal(), position=place).position == place


@pytest.mark.parametrize(
    ("wall", "text"),
    [(0.0, "1970-01-01T00:00:00.000Z"), (WALL, "2026-11-20T07:12:03.480Z"), (1.9996, "1970-01-01T00:00:02.000Z")],
)
def test_time_is_utc_with_milliseconds(wall, text):
    assert format_time(wall) == text
    assert parse_time(text) == pytest.approx(wall, abs=0.0006)
