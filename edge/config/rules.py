"""What is decided from what was seen; each number names its source, (s) where it was read in a secondary one."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from edge.config.section import Probability, Seconds, Section


class ClosuresConfig(Section):
    closed_above: Probability = 0.6
    """Probability above which the eyes count as closed, whoever's they are; `baseline` may ask for more."""
    open_below: Probability = 0.4
    """Probability under which they count as open again; between the two they stay what they were."""
    microsleep_s: Seconds = 1.5
    """Guardian, in trucks, fires at 1.5 s (s)."""
    sleep_s: Seconds = 3.0
    """Sleep from 3 s: Euro NCAP driver engagement 2026 (s)."""
    unresponsive_s: Seconds = 6.0
    """Unresponsive from 6 s: Euro NCAP driver engagement 2026 (s)."""
    unseen_s: Seconds = 0.3
    """A closure goes on over so much time without visible eyes; beyond it the closure ends as unknown."""
    flicker_s: Annotated[float, Field(ge=0, le=0.5)] = 0.15
    """Eyes that seem open for less, amid a closure, are the model's noise: one frame at 10 a second, four at 30.
    A true opening takes 0.2 s or more (own choice, to be measured)."""
    open_to_end_s: Seconds = 1.0
    """The episode ends when the eyes have been open for so long."""

    @model_validator(mode="after")
    def _rising(self) -> ClosuresConfig:
        if not self.microsleep_s < self.sleep_s < self.unresponsive_s:
            raise ValueError("microsleep_s, sleep_s and unresponsive_s must rise")
        if not self.open_below <= self.closed_above:
            raise ValueError("open_below must not be above closed_above")
        return self


class PerclosConfig(Section):
    short_s: Seconds = 60.0
    """PERCLOS is defined over one minute (Wierwille 1994, s)."""
    long_s: Seconds = 180.0
    """One minute alone is the least reliable window: NHTSA's field trial used 3 minutes too (s)."""
    blink_s: Annotated[float, Field(ge=0, le=1)] = 0.25
    """A closure shorter than this is a blink and does not count."""
    covered_above: Annotated[float, Field(ge=0, le=0.995)] = 0.95
    """Probability above which the lids surely cover the eye: what P80 asks for, as near as a model of closed against
    open comes to it (own choice: the error is at most 0.03 from 0.95 to 0.995)."""
    advisory: Probability = 0.12
    """PERCLOS over the short window from which it is told; NHTSA's field trial warned at 0.12 (s)."""
    warning_short: Probability = 0.15
    """Drowsy: over 0.15 (s) ..."""
    warning_long: Probability = 0.10
    """... with so much over the long window, once it has passed; NHTSA's field trial: 0.09 to 0.12 (s)."""
    advisory_sad: Probability = 0.08
    """The advisory's threshold where the driver is sad; NHTSA's field trial advised at 0.08 (s)."""
    sad_share: Probability = 0.5
    """Sad is more than this share of the short window."""
    end_share: Probability = 0.67
    """It ends below this share of the threshold that was passed: 0.08 after 0.12 (own choice)."""
    repeat_s: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 20.0
    """Not told again within so long after a fatigue alarm that ended, unless it is higher. Closures always are."""

    @model_validator(mode="after")
    def _rising(self) -> PerclosConfig:
        if not self.short_s <= self.long_s:
            raise ValueError("short_s must not be above long_s")
        if not self.advisory <= self.warning_short:
            raise ValueError("advisory must not be above warning_short")
        return self


class BaselineConfig(Section):
    """This driver's own open eyes; learned in an alert minute, then frozen, anew after an empty seat."""

    learn: bool = True
    """Off: `closures.closed_above` and `open_below` hold for every driver."""
    learn_s: Seconds = 60.0
    """Valid alert seconds that are learned from; openpilot learns its pose over 60 s, too."""
    default_above: Probability = 0.8
    """Closed is what is above this while the driver is not yet known: a wider margin than most need (own choice)."""
    most_above: Probability = 0.9
    """No driver's threshold is higher: what the model is so sure of is closed (own choice)."""
    margin: Annotated[float, Field(ge=0, le=6)] = 2.0
    """Logits between this driver's own open eyes (95 % of their time) and closed: 7 times the odds (own choice)."""
    alert_below: Probability = 0.075
    """Nothing is learned where PERCLOS is higher: awake is under 0.075 (s)."""
    empty_s: Seconds = 10.0
    """A seat that was empty for so long has a new driver: all that was learned and counted is forgotten."""

    @model_validator(mode="after")
    def _most_is_most(self) -> BaselineConfig:
        if self.learn and not self.default_above <= self.most_above < 1:
            raise ValueError("default_above must not be above most_above, and most_above must be below 1")
        return self


class GuardsConfig(Section):
    """What narrows the eyes without sleep. A guard withholds a microsleep, never sleep."""

    laughing: bool = True
    """Lifted cheeks narrow the eyes: withholds, and asks for `perclos.covered_above` to call them closed."""
    happy: Probability = 0.5
    """Laughing is P(happy) above this: more likely than all else together; above the driver's own usual, too."""
    looking_down: bool = True
    """Lids follow a gaze that goes down: withholds, and asks for `perclos.covered_above` to call them closed."""
    down_degrees: Annotated[float, Field(gt=0, le=90)] = 7.0
    """Looking down is a head so far under its usual pitch: three times what the pose trembles by (own choice)."""
    speaking: bool = True
    """A mouth that opens and closes again and again: withholds."""
    speech_swing: Annotated[float, Field(gt=0, le=1)] = 0.05
    """Of the eye distance: the mouth opens and closes by so much in speech (own choice)."""
    one_eye: bool = True
    """One eye that is seen open: a wink withholds."""
    yawn: bool = True
    """A yawn draws the whole face: asks for `perclos.covered_above`; it withholds nothing, shut is shut."""
    yawn_open: Annotated[float, Field(gt=0, le=2)] = 0.3
    """Mouth open by more of the eye distance than speech opens it: car drivers speak up to 0.25 (own choice)."""
    turning: bool = True
    """A head that turns fast blurs its eyes: they are then not seen, for `closures.unseen_s` at most."""
    turning_degrees: Annotated[float, Field(gt=0)] = 120.0
    """Degrees a second from which a turn blurs the eyes (own choice)."""


class SpeedGateConfig(Section):
    """Whom the operator wants warned at which speed; only where the speed is known."""

    enabled: bool = False
    """Off: everything is told at every speed."""
    closures_kmh: Annotated[float, Field(ge=0, le=20)] = 20.0
    """No alarm of a closure begins under this: Euro NCAP 2026 (s). A school bus is slow: never more."""
    drowsiness_kmh: Annotated[float, Field(ge=0, le=50)] = 50.0
    """No alarm of drowsiness begins under this: Euro NCAP 2026 (s)."""
    standing_kmh: Annotated[float, Field(ge=0, le=20)] = 4.0
    """Under this the vehicle stands, and its time is in neither part of PERCLOS (own choice: GPS trembles)."""


class SadConfig(Section):
    probability: Probability = 0.35
    """The lowered threshold of the deployment that this follows: P(sad) > 0.35."""
    share: Probability = 0.6
    """Share of the window's valid time that must be sad."""
    window_s: Seconds = 30.0
    """The window that slides (own choice)."""
    end_share: Probability = 0.3
    """It ends when the share was under this ..."""
    end_s: Seconds = 10.0
    """... for so long."""

    @model_validator(mode="after")
    def _ends_below(self) -> SadConfig:
        if not self.end_share <= self.share:
            raise ValueError("end_share must not be above share")
        return self


class VisibilityConfig(Section):
    camera_s: Seconds = 2.0
    """A camera that gives nothing for so long, beyond what its last frame stands for, is told."""
    lost_s: Seconds = 8.0
    """Face or eyes not seen for so long is told; Euro NCAP 2026 asks for at most 10 s (s)."""
    back_s: Seconds = 2.0
    """Told to be over when they have been seen for so long."""
    valid_share: Probability = 0.5
    """No decision on less valid time than this share of a window."""


class RulesConfig(Section):
    closures: ClosuresConfig = ClosuresConfig()
    baseline: BaselineConfig = BaselineConfig()
    guards: GuardsConfig = GuardsConfig()
    perclos: PerclosConfig = PerclosConfig()
    sad: SadConfig = SadConfig()
    visibility: VisibilityConfig = VisibilityConfig()
    speed_gate: SpeedGateConfig = SpeedGateConfig()
    longest_step_s: Seconds = 0.2
    """A frame stands for the time until the next one, at most this long; beyond it is time not seen."""

    @model_validator(mode="after")
    def _learns_no_less(self) -> RulesConfig:
        if self.baseline.learn and not self.closures.closed_above <= self.baseline.most_above:
            raise ValueError("closures.closed_above must not be above baseline.most_above")
        return self
