"""A buzzer or a lamp at a pin, and the button that makes alarms silent; by gpiozero, on a Raspberry Pi 5 over lgpio."""

from __future__ import annotations

import os
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from edge.alerts.output import OutputError
from edge.alerts.pattern import Beat
from edge.alerts.standing import Alert
from edge.config.alerts import AlertsConfig, MuteConfig, PinConfig

BOUNCE_S = 0.05
"""A button's contacts bounce for less (own choice)."""
MISSING = "gpiozero or lgpio is missing; run «sudo apt install python3-gpiozero python3-lgpio»"

Shape = Callable[[Alert | None, AlertsConfig, float], Beat]
"""When it is on: a function of `edge.alerts.pattern`."""

_one_at_a_time = threading.Lock()


class PinOutput:
    """On and off in the rhythm of `shape`."""

    def __init__(self, name: str, config: AlertsConfig, pin: PinConfig, shape: Shape) -> None:
        self.name = name
        self._config = config
        self._pin = pin
        self.number = pin.pin
        self._shape = shape
        self._device: Any = None

    def open(self) -> None:
        with _told(self.number):
            gpiozero = _gpiozero()
            self._device = gpiozero.OutputDevice(self.number, active_high=self._pin.active_high, initial_value=False)

    def show(self, alert: Alert | None, now: float) -> float | None:
        beat = self._shape(alert, self._config, now)
        with _told(self.number):
            if beat.on != bool(self._device.value):
                self._device.value = beat.on
        return beat.for_s

    def close(self) -> None:
        device, self._device = self._device, None
        if device is None:
            return
        with _told(self.number):
            try:
                device.off()
            finally:
                device.close()


class MuteButton:
    """A push-button from the pin to ground: no output, but held open, and mended, like one."""

    name = "mute button"

    def __init__(self, config: MuteConfig, press: Callable[[], None]) -> None:
        self.number = config.pin
        self._press = press
        self._device: Any = None

    def open(self) -> None:
        with _told(self.number):
            self._device = _gpiozero().Button(self.number, pull_up=True, bounce_time=BOUNCE_S)
            self._device.when_pressed = self._press

    def show(self, _alert: Alert | None, _now: float) -> float | None:
        return None

    def close(self) -> None:
        device, self._device = self._device, None
        if device is not None:
            with _told(self.number):
                device.close()


def _gpiozero() -> Any:
    """The library, with a way to the pins: lgpio's, unless another was chosen (GPIOZERO_PIN_FACTORY, or a mock).

    Left to itself gpiozero falls back to ways that know no Raspberry Pi 5, with a warning for each.
    """
    with _one_at_a_time:
        os.environ.setdefault("LG_WD", tempfile.gettempdir())  # lgpio makes a pipe there, else where we stand
        import gpiozero

        if gpiozero.Device.pin_factory is None and "GPIOZERO_PIN_FACTORY" not in os.environ:
            from gpiozero.pins.lgpio import LGPIOFactory

            gpiozero.Device.pin_factory = LGPIOFactory()
        return gpiozero


def _library_errors() -> tuple[type[Exception], ...]:
    """What gpiozero and lgpio raise of their own, if they are there."""
    library, ground = sys.modules.get("gpiozero"), sys.modules.get("lgpio")
    found = getattr(library, "GPIOZeroError", None), getattr(ground, "error", None)
    return tuple(error for error in found if error is not None)


@contextmanager
def _told(pin: int | None) -> Iterator[None]:
    """What the libraries raise, as one kind of error with a reason."""
    try:
        yield
    except ModuleNotFoundError:
        raise OutputError(MISSING) from None
    except OSError as error:
        raise OutputError(f"GPIO {pin}: {error.strerror or error}; let the daemon's user use /dev/gpiochip*") from None
    except _library_errors() as error:
        raise OutputError(f"GPIO {pin}: {_reason(error)}") from None


def _reason(error: Exception) -> str:
    text = " ".join(str(error).split()).strip("'\"").rstrip(".")
    if "busy" in text.lower():
        return "it is in use by another program, or by the running daemon"
    return text or type(error).__name__
