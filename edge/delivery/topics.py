"""Names of the topics of one vehicle; `docs/events.md` tells what is published on each."""

from __future__ import annotations

from dataclasses import dataclass

from edge.records import SignalName


@dataclass(frozen=True, slots=True)
class Topics:
    """`vehicle` is a name that the configuration has allowed: no slash and no wildcard."""

    vehicle: str

    def event(self, signal: SignalName) -> str:
        return f"driver-monitor/{self.vehicle}/event/{signal}"

    @property
    def availability(self) -> str:
        return f"driver-monitor/{self.vehicle}/availability"

    @property
    def status(self) -> str:
        return f"driver-monitor/{self.vehicle}/status"

    @property
    def requests(self) -> str:
        """The filter for what the fleet may ask."""
        return f"driver-monitor/{self.vehicle}/request/+"

    @property
    def response(self) -> str:
        """Before the name of what was asked."""
        return f"driver-monitor/{self.vehicle}/response/"
