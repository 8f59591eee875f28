"""What the driver hears and sees of each level, and for how long, by a clock that the tests move."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_alerts import config, degraded, sad, signal

from edge.alerts.pattern import Beat, light, sound
from edge.alerts.standing import Alert, Standing
from edge.config import AlertsConfig
from edge.records import Signal

CONFIG = config()
Shape = Callable[[Alert | None, AlertsConfig, float], Beat]


def told(*signals: Signal, at: float = 0.0, one: AlertsConfig = CONFIG) -> Alert:
    standing = Standing(one)
    for each in signals:
        standing.take([each], at)
    return standing.alert(muted=False, critical_too=False)


def changes(shape: Shape, alert: Alert, until: float, one: AlertsConfig = CONFIG) -> list[tuple[float, bool]]:
    """Each change of on and off from 0 to `until`, found as an output does: by asking again when it was told to."""
    found: list[tuple[float, bool]] = []
    now = 0.0
    while now < until:
        beat = shape(alert, one, now)
        if not found or found[-1][1] != beat.on:
            found.append((round(now, 3), beat.on))
        if beat.for_s is None:
            break
        assert beat.for_s > 0
        now += max(beat.for_s, 0.001)
    return found


def test_an_advisory_is_two_short_beeps_and_no_more() -> None:
    beeps = changes(sound, told(signal("advisory")), 1000)
    assert [on for _, on in beeps] == [True, False, True, False]
    assert beeps[-1][0] == pytest.approx(0.45, abs=0.005)


def test_a_warning_beeps_for_five_seconds_and_again_after_a_minute() -> None:
    beeps = [moment for moment, on in changes(sound, told(signal("warning")), 70) if on]
    first, second = [one for one in beeps if one < 30], [one for one in beeps if one >= 30]
    assert len(first) == 10
    assert first[-1] < 5.0
    assert second[0] == pytest.approx(60.0, abs=0.01)


def test_a_critical_alarm_beeps_fast_then_never_pauses() -> None:
    beeps = changes(sound, told(signal("critical")), 10_000)
    assert [on for _, on in beeps[:4]] == [True, False, True, False]
    assert beeps[1][0] == pytest.approx(0.1, abs=0.005)
    last, on = beeps[-1]
    assert on
    assert last <= 3.0
    assert sound(told(signal("critical")), CONFIG, 86_400.0) == Beat(on=True)


def test_every_alarm_begins_with_sound_at_once() -> None:
    for level in ("advisory", "warning", "critical"):
        assert sound(told(signal(level), at=100.0), CONFIG, 100.0).on  # type: ignore[arg-type]  # mypy widens the loop


def test_without_an_alarm_there_is_silence_and_nothing_to_wait_for() -> None:
    assert sound(Alert(), CONFIG, 5.0) == Beat(on=False)
    assert light(Alert(), CONFIG, 5.0) == Beat(on=False)


def test_where_nobody_watches_there_is_no_sound_and_the_lamp_says_so() -> None:
    moments = [hundredth / 100 for hundredth in range(1000)]
    assert not any(sound(None, CONFIG, now).on for now in moments)
    assert 45 <= sum(light(None, CONFIG, now).on for now in moments) <= 55
    assert not any(light(None, config(degraded="none"), now).on for now in moments)


def test_sad_makes_no_sound_and_no_light_by_default() -> None:
    alert = told(sad())
    assert sound(alert, CONFIG, 0.0) == light(alert, CONFIG, 0.0) == Beat(on=False)


def test_sad_can_light_the_lamp_and_still_makes_no_sound() -> None:
    one = config(sad="lamp")
    alert = told(sad(), one=one)
    assert light(alert, one, 0.0) == Beat(on=True)
    assert not sound(alert, one, 0.0).on


def test_degraded_flashes_the_lamp_at_once_and_never_sounds() -> None:
    alert = told(degraded(), at=7.3)
    assert light(alert, CONFIG, 7.3).on
    assert not any(sound(alert, CONFIG, 7.3 + tenth / 10).on for tenth in range(600))
    flashes = [light(alert, CONFIG, 7.3 + hundredth / 100).on for hundredth in range(2000)]
    assert flashes.count(True) < 0.1 * len(flashes)


@pytest.mark.parametrize("before", [sad(), signal("advisory")])
def test_degraded_is_seen_before_what_is_of_before(before: Signal) -> None:
    """Sadness and an advisory last for half a minute after the last frame in which anything was seen."""
    one = config(sad="lamp")
    alert = told(before, degraded(), one=one)
    lit = [light(alert, one, hundredth / 100).on for hundredth in range(1000)]
    assert 0 < lit.count(True) < 0.1 * len(lit)


def test_degraded_can_be_kept_from_the_lamp() -> None:
    one = config(degraded="none")
    assert not light(told(degraded(), one=one), one, 0.0).on


def test_the_lamp_goes_on_when_the_beeps_of_a_warning_are_over() -> None:
    alert = told(signal("warning"))
    assert not sound(alert, CONFIG, 5.1).on
    assert any(light(alert, CONFIG, 5.1 + tenth / 10).on for tenth in range(10))


def test_an_advisory_lights_the_lamp_without_a_flicker() -> None:
    assert light(told(signal("advisory")), CONFIG, 0.0) == Beat(on=True)


def test_a_muted_warning_is_seen_and_not_heard() -> None:
    standing = Standing(CONFIG)
    standing.take([signal("warning")], 0.0)
    alert = standing.alert(muted=True, critical_too=False)
    assert sound(alert, CONFIG, 0.0) == Beat(on=False)
    assert light(alert, CONFIG, 0.0).on


@given(
    since=st.floats(0, 1e6),
    after=st.floats(-10, 1e5),
    level=st.sampled_from(["advisory", "warning", "critical", None]),
    steady=st.sampled_from([None, 0.5, 3.0]),
    again=st.sampled_from([None, 5.0, 60.0]),
)
def test_no_output_is_ever_told_to_wait_for_nothing(
    since: float, after: float, level: str | None, steady: float | None, again: float | None
) -> None:
    one = config(critical={"steady_after_s": steady}, warning={"again_s": again})
    alert = Alert(level, "sleep" if level else None, since, degraded="too_dark")  # type: ignore[arg-type]  # a str to mypy
    for shape in (sound, light):
        beat = shape(alert, one, since + after)
        assert beat.for_s is None or beat.for_s >= 0
        if level == "critical" and steady is not None and after >= steady + 1e-6 * since:
            assert beat.on
