"""How the daemon learns what time it is."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from edge.config.section import Section


class ClockConfig(Section):
    trust_system: bool = False
    """Take the system's clock for right though nothing is known to keep it, such as a battery clock that is looked
    after; false: only while network time keeps it."""
    wait_s: Annotated[float, Field(ge=0, le=86_400)] | None = None
    """While the time is not known, a session's events wait so long for it once the first could be sent, and then go as
    they are; null: 60, and 0 where a recording is the camera and there is no gpsd: no time of now would be theirs."""
