"""How the driver is warned in the vehicle, without any network; by default he is not, as nothing is connected."""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, Literal

from pydantic import Field, model_validator

from edge.config.section import Probability, Seconds, Section

Pin = Annotated[int, Field(ge=0, le=27)]
"""A pin of the 40-pin header by its GPIO number (not its place on the header)."""
Beat = Annotated[float, Field(ge=0.02, le=2)]
"""Seconds; nothing that is longer would be heard as a rhythm."""
Bit = Annotated[int, Field(ge=0, le=63)]

WIDTHS = {"level": 2, "cause": 3, "sad": 1, "muted": 1, "degraded": 3, "alive": 1, "counter": 4}
"""Bits that each field of the CAN frame takes."""


class PinConfig(Section):
    pin: Pin | None = None
    """The GPIO number; null: none is connected."""
    active_high: bool = True
    """The pin's high voltage turns it on, as with a transistor; false: its low voltage does."""


class CanBitsConfig(Section):
    """The first bit of each field, Intel byte order as DBC files count it; null leaves the field out."""

    level: Bit | None = 0
    """2 bits: 0 none, 1 advisory, 2 warning, 3 critical."""
    cause: Bit | None = 2
    """3 bits: 0 none, 1 perclos, 2 microsleep, 3 sleep, 4 unresponsive."""
    sad: Bit | None = 5
    """1 bit; always 0 unless alerts.sad says lamp."""
    muted: Bit | None = 6
    """1 bit: an alarm of this level makes no sound now."""
    degraded: Bit | None = 8
    """3 bits: 0 not, 1 eyes_not_visible, 2 face_not_visible, 3 too_dark, 4 camera_fault."""
    alive: Bit | None = 11
    """1 bit: another one in each frame."""
    counter: Bit | None = 12
    """4 bits: one more in each frame, 0 after 15."""


class CanConfig(Section):
    channel: Annotated[str, Field(min_length=1)] | None = None
    """The CAN interface, such as can0; null: no frame is sent."""
    interface: Annotated[str, Field(min_length=1)] = "socketcan"
    """python-can's name of the driver; socketcan is Linux's own."""
    identifier: Annotated[int, Field(ge=0, le=0x1FFF_FFFF)] | None = None
    """The frame's identifier. There is no default: ask who knows the bus for one that is free."""
    extended: bool = False
    """An identifier of 29 bits instead of 11."""
    period_s: Annotated[float, Field(ge=0.01, le=10)] = 0.1
    """Seconds from frame to frame; a change is sent at once."""
    length: Annotated[int, Field(ge=1, le=8)] = 8
    """Bytes of the frame."""
    bits: CanBitsConfig = CanBitsConfig()
    """Where the fields lie; docs/driver-monitor.dbc has the default."""

    @model_validator(mode="after")
    def _can_be_sent(self) -> CanConfig:
        if self.channel is None:
            if self.identifier is not None:  # easily taken for `interface`; an alarm that is silent is noticed too late
                raise ValueError("identifier is given, but no channel: name the interface there, such as can0")
            return self
        if self.identifier is None:
            raise ValueError("channel needs identifier: one that is free on this bus")
        if not self.extended and self.identifier > 0x7FF:
            raise ValueError("identifier is above 0x7FF, which needs extended: true")
        taken = sorted((first, first + WIDTHS[name], name) for name, first in self.bits if first is not None)
        for (_, end, one), (first, _, other) in pairwise(taken):
            if first < end:
                raise ValueError(f"the bits of {one} and {other} overlap")
        if taken and taken[-1][1] > 8 * self.length:
            raise ValueError(f"the bits of {taken[-1][2]} lie beyond the frame's {self.length} bytes")
        return self


class ToneConfig(Section):
    device: Annotated[str, Field(min_length=1)] | None = None
    """ALSA's name of a sound device, such as default or plughw:0,0 (aplay -L lists them); null: no tone."""
    hertz: Annotated[float, Field(ge=200, le=3500)] = 1500.0
    """Pitch of the tone."""
    volume: Probability = 0.8
    """Share of full scale; the mixer's own setting comes on top."""


class MuteConfig(Section):
    pin: Pin | None = None
    """GPIO number of a push-button to ground that makes alarms silent; null: none is connected."""
    minutes: Annotated[float, Field(gt=0, le=30)] = 5.0
    """For how long a press holds; a second press ends it."""
    critical: bool = False
    """The button silences critical alarms, too. The fleet's command never does."""


class BurstConfig(Section):
    """An alarm that lasts `lasts_s`, and comes again after `again_s`."""

    on_s: Beat
    """Seconds of sound ..."""
    off_s: Beat
    """... and of silence, in turn."""
    lasts_s: Seconds
    """Silent after so long, unless the driver's state changes; a lamp goes on as long as the state does."""
    again_s: Seconds | None
    """Begins anew so long after its last beginning, while the state lasts; null: it does not."""

    @model_validator(mode="after")
    def _ends_before_it_comes_again(self) -> BurstConfig:
        if self.again_s is not None and self.again_s < self.lasts_s:
            raise ValueError("again_s must be at least lasts_s, or the alarm never ends")
        return self


class AdvisoryConfig(BurstConfig):
    on_s: Beat = 0.15
    off_s: Beat = 0.15
    lasts_s: Seconds = 0.45
    again_s: Seconds | None = None


class WarningConfig(BurstConfig):
    on_s: Beat = 0.25
    off_s: Beat = 0.25
    lasts_s: Seconds = 5.0
    again_s: Seconds | None = 60.0


class CriticalConfig(Section):
    """An alarm that goes on until its cause is over."""

    on_s: Beat = 0.1
    """Seconds of sound ..."""
    off_s: Beat = 0.1
    """... and of silence, in turn."""
    steady_after_s: Seconds | None = 3.0
    """Without a pause after so long; null: never."""


class AlertsConfig(Section):
    buzzer: PinConfig = PinConfig()
    """A buzzer that sounds by itself when it has voltage (an active one)."""
    lamp: PinConfig = PinConfig()
    """A lamp."""
    can: CanConfig = CanConfig()
    """A frame on the vehicle's CAN bus."""
    tone: ToneConfig = ToneConfig()
    """A tone at a sound card."""
    mute: MuteConfig = MuteConfig()
    """What makes alarms silent. Events are never silenced."""
    advisory: AdvisoryConfig = AdvisoryConfig()
    warning: WarningConfig = WarningConfig()
    critical: CriticalConfig = CriticalConfig()
    sad: Literal["none", "lamp"] = "none"
    """Whether sadness lights the lamp and stands in the CAN frame; it never sounds."""
    degraded: Literal["none", "lamp"] = "lamp"
    """Whether the lamp and the CAN frame say that the driver cannot be watched; it never sounds."""
    stale_s: Annotated[float, Field(ge=1, le=60)] = 8.0
    """Nothing was decided for so long: no sound and no frame any more, and the lamp says so as for degraded."""

    @model_validator(mode="after")
    def _a_pin_has_one_use(self) -> AlertsConfig:
        pins = [one.pin for one in (self.buzzer, self.lamp, self.mute) if one.pin is not None]
        if len(pins) != len(set(pins)):
            raise ValueError("buzzer, lamp and mute need a pin each; two of them have the same")
        return self
