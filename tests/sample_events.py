"""An event as the contract shows it, and the longest that there can be."""

from __future__ import annotations

import dataclasses

from edge.records import Event, Position

EVENT = Event(
    schema=1,
    id="0199f2c4-5d18-7cc3-98c4-dc0c0c07398f",
    vehicle="bus-17",
    session=42,
    sequence=1031,
    signal="fatigue",
    cause="microsleep",
    level="warning",
    phase="start",
    time="2026-11-20T07:12:03.480Z",
    time_source="gps",
    position=Position(45.5017, -73.5673, 11.2, "3d", 0.4),
    historical=False,
)
LONGEST = dataclasses.replace(
    EVENT,
    vehicle="v" * 63,
    session=2**31,
    sequence=2**31,
    signal="degraded",
    cause="eyes_not_visible",
    level="advisory",
    phase="update",
    time_source="recording",
    position=Position(-45.123456, -173.123456, 111.123, "3d", 4.999),
)
