"""A frame on the vehicle's CAN bus, again and again, by python-can; it stops with the daemon, and receivers notice."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from edge.alerts.frame import frame
from edge.alerts.output import OutputError
from edge.alerts.standing import Alert
from edge.config.alerts import CanConfig

if TYPE_CHECKING:
    import can

SEND_S = 0.05
"""A bus that takes no frame for so long is out of order: half of what an alarm may take (own choice)."""
MISSING = "python-can is missing; install driver-monitor with its extra `alerts`"


class CanOutput:
    """Sends the alert each period and at each change; says nothing while nobody watches the driver."""

    name = "can"

    def __init__(self, config: CanConfig) -> None:
        self._config = config
        self._bus: can.BusABC | None = None
        self._count = 0
        self._shown: Alert | None = None
        self._due = 0.0

    def open(self) -> None:
        self._bus = open_bus(self._config)

    def show(self, alert: Alert | None, now: float) -> float | None:
        if alert is None or self._bus is None:
            self._shown = None
            return None
        if alert == self._shown and now < self._due:
            return self._due - now
        import can

        config = self._config
        message = can.Message(
            arbitration_id=config.identifier or 0,
            is_extended_id=config.extended,
            data=frame(alert, self._count, config),
        )
        try:
            self._bus.send(message, timeout=SEND_S)
        except (can.CanError, OSError) as error:
            raise OutputError(f"{config.channel}: {_reason(error)}") from None
        self._count += 1
        self._shown = alert
        # A change goes in between. From the last due time, so that the period is kept; from now where that has passed.
        if now >= self._due:
            self._due = self._due + config.period_s if now - self._due < config.period_s else now + config.period_s
        return self._due - now

    def close(self) -> None:
        bus, self._bus, self._shown = self._bus, None, None
        if bus is None:
            return
        import can

        try:
            bus.shutdown()
        except (can.CanError, OSError) as error:
            raise OutputError(f"{self._config.channel}: {_reason(error)}") from None


def open_bus(config: CanConfig) -> can.BusABC:
    """The bus of the configuration, of which nothing is received but what others send under our identifier.

    Raises:
        OutputError: python-can or the interface is missing, or it cannot be used.
    """
    try:
        import can
    except ModuleNotFoundError:
        raise OutputError(MISSING) from None
    logging.getLogger("can").setLevel(logging.CRITICAL)  # what goes wrong is raised, too, and told once by us
    try:
        return can.Bus(
            config.channel,
            config.interface,
            ignore_config=True,
            can_filters=[
                {
                    "can_id": config.identifier or 0,
                    "can_mask": 0x1FFF_FFFF if config.extended else 0x7FF,
                    "extended": config.extended,
                }
            ],
        )
    except (can.CanError, OSError, ValueError, ImportError, NotImplementedError) as error:
        raise OutputError(f"{config.channel}: {_reason(error)}") from None


def _reason(error: Exception) -> str:
    text = " ".join((getattr(error, "strerror", None) or str(error)).split()).rstrip(".")
    if "No such device" in text:
        return "there is no such interface; docs/alerts.md tells how to bring it up"
    if "Address family not supported" in text:
        return "this kernel has no CAN; load its module, or take another interface"
    if "Network is down" in text:
        return "it is down; docs/alerts.md tells how to bring it up"
    if "Transmit buffer full" in text or "No buffer space" in text:
        return "the bus takes no frame (bus-off, no other node, or no termination)"
    return text
