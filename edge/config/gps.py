"""Where the vehicle's place comes from."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from edge.config.section import Section


class GpsConfig(Section):
    kind: Literal["none", "gpsd"] = "none"
    """Where the place, and the time, come from: nowhere, or gpsd. A replay takes the recording's track.nmea."""
    host: Annotated[str, Field(min_length=1)] = "127.0.0.1"
    """Name or address of the machine on which gpsd runs."""
    port: Annotated[int, Field(ge=1, le=65535)] = 2947
    """gpsd's port; this one is its own (gpsd(8))."""
