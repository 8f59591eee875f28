"""Which alarm stands: of the episodes that are open, the highest, and since when."""

from __future__ import annotations

from typing import cast

import pytest
from made_alerts import config, degraded, sad, signal

from edge.alerts.standing import Alert, Standing
from edge.records import Level


@pytest.fixture
def standing() -> Standing:
    return Standing(config())


def now(standing: Standing, *, muted: bool = False, critical_too: bool = False) -> Alert:
    return standing.alert(muted=muted, critical_too=critical_too)


def test_an_alarm_stands_from_the_start_to_the_end_of_its_episode(standing: Standing) -> None:
    standing.take([signal("warning")], 10.0)
    standing.take([], 11.0)
    assert now(standing) == Alert("warning", "microsleep", 10.0)
    standing.take([signal("warning", "end")], 12.0)
    assert now(standing).level is None


def test_a_closure_that_goes_on_rises_and_the_alarm_begins_anew(standing: Standing) -> None:
    standing.take([signal("warning")], 10.0)
    standing.take([signal("critical", "update")], 11.5)
    assert now(standing) == Alert("critical", "sleep", 11.5)


def test_a_sleeper_who_becomes_unresponsive_hears_no_new_beginning(standing: Standing) -> None:
    standing.take([signal("critical")], 11.5)
    standing.take([signal("critical", "update", cause="unresponsive")], 14.5)
    assert now(standing) == Alert("critical", "unresponsive", 11.5)


def test_a_microsleep_amid_a_warning_of_perclos_is_heard(standing: Standing) -> None:
    standing.take([signal("warning", cause="perclos")], 10.0)
    standing.take([signal("warning", "update", cause="microsleep")], 40.0)
    assert now(standing) == Alert("warning", "microsleep", 40.0)


def test_the_next_microsleep_is_heard_even_where_it_begins_as_the_last_one_ends(standing: Standing) -> None:
    standing.take([signal("warning", episode=1)], 10.0)
    standing.take([signal("warning", "end", episode=1), signal("warning", episode=2)], 14.0)
    assert now(standing).since == 14.0


def test_a_second_sleep_begins_anew(standing: Standing) -> None:
    standing.take([signal("critical", episode=1)], 10.0)
    standing.take([signal("critical", "end", episode=1), signal("critical", episode=2)], 20.0)
    assert now(standing).since == 20.0


def test_a_lost_camera_changes_nothing_of_an_alarm_that_stands(standing: Standing) -> None:
    standing.take([signal("critical")], 10.0)
    standing.take([degraded()], 13.0)
    assert now(standing) == Alert("critical", "sleep", 10.0, degraded="camera_fault")


def test_sad_and_degraded_are_no_level(standing: Standing) -> None:
    standing.take([sad(), degraded()], 10.0)
    assert now(standing).level is None


def test_sad_is_kept_from_every_output_unless_it_was_asked_for() -> None:
    for told, expected in (("none", False), ("lamp", True)):
        standing = Standing(config(sad=told))
        standing.take([sad()], 1.0)
        assert now(standing).sad is expected


def test_degraded_tells_its_cause_as_it_rises(standing: Standing) -> None:
    standing.take([degraded(cause="eyes_not_visible")], 1.0)
    standing.take([degraded("update", cause="camera_fault")], 2.0)
    assert now(standing).degraded == "camera_fault"
    standing.take([degraded("end")], 3.0)
    assert now(standing).degraded is None


def test_the_end_of_an_episode_that_was_never_told_is_nothing(standing: Standing) -> None:
    standing.take([signal("critical", "end", episode=77)], 1.0)
    assert now(standing) == Alert()


@pytest.mark.parametrize(
    ("muted", "critical_too", "silent"),
    [
        (False, False, []),
        (True, False, ["advisory", "warning"]),
        (True, True, ["advisory", "warning", "critical"]),
    ],
)
def test_mute_silences_critical_alarms_only_where_it_may(muted: bool, critical_too: bool, silent: list[str]) -> None:
    found = []
    for level in ("advisory", "warning", "critical"):
        standing = Standing(config())
        standing.take([signal(cast("Level", level))], 1.0)
        if now(standing, muted=muted, critical_too=critical_too).silent:
            found.append(level)
    assert found == silent
