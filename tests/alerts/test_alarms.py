"""The alarms as a whole: every output is told, and what one of them does is nobody else's trouble."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator

import pytest
from made_alerts import config, degraded, eventually, signal

from edge.alerts import worker
from edge.alerts.alarms import Alarms, outputs_of
from edge.alerts.mute import Silence
from edge.alerts.output import FakeOutput
from edge.alerts.standing import Alert

RETRY_S = (0.005, 0.02)
LIMIT_S = 0.1

Running = Callable[..., Alarms]


@pytest.fixture
def run() -> Iterator[Running]:
    """Starts alarms with these outputs; off at the end."""
    running: list[Alarms] = []

    def run(*outputs: FakeOutput, silence: Silence | None = None, stale_s: float = 5.0) -> Alarms:
        one = Alarms(config(stale_s=stale_s), outputs, silence, retry_s=RETRY_S)
        running.append(one)
        one.start()
        return one

    yield run
    for one in running:
        one.close()


def last(output: FakeOutput) -> Alert | None:
    return output.shown[-1][1] if output.shown else None


def level(output: FakeOutput) -> str | None:
    alert = last(output)
    return alert.level if alert else None


def logged(caplog: pytest.LogCaptureFixture, name: str) -> list[str]:
    return [record.message for record in caplog.records if f"alert {name} " in record.message]


def test_every_output_is_told_of_start_rise_and_end(run: Running) -> None:
    one, other = FakeOutput("one"), FakeOutput("other")
    alarms = run(one, other)
    alarms.take([signal("warning")])
    eventually(lambda: level(one) == level(other) == "warning", "the start")
    alarms.take([signal("critical", "update")])
    eventually(lambda: level(one) == level(other) == "critical", "the rise")
    alarms.take([signal("critical", "end")])
    eventually(lambda: last(one) == last(other) is not None and level(one) is None, "the end")


def test_frames_that_decide_nothing_wake_nobody(run: Running) -> None:
    output = FakeOutput()
    alarms = run(output)
    alarms.take([signal("critical")])
    eventually(lambda: level(output) == "critical", "it is told")
    shown = len(output.shown)
    for _ in range(100):
        alarms.take([])
    assert len(output.shown) == shown


def test_an_output_that_fails_stops_no_other_and_comes_back(run: Running, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    good, bad = FakeOutput("good"), FakeOutput("bad")
    bad.fails = "GPIO 17: it is on fire"
    alarms = run(bad, good)
    alarms.take([signal("critical")])
    eventually(lambda: level(good) == "critical", "the good one is told")
    eventually(lambda: bad.openings >= 5, "the bad one is tried again and again")
    assert alarms.state() == {"bad": "failed: GPIO 17: it is on fire", "good": "ok"}
    assert logged(caplog, "bad") == [
        "alert bad cannot be used: GPIO 17: it is on fire; it is tried again, the others go on."
    ]
    bad.fails = None
    eventually(lambda: level(bad) == "critical", "it shows the alarm that still stands")
    alarms.take([signal("critical", "end")])
    eventually(lambda: level(bad) is None, "it shows the end")


def test_an_output_that_fails_amid_an_alarm_is_closed_before_it_is_opened_again(run: Running) -> None:
    output = FakeOutput()
    alarms = run(output)
    alarms.take([signal("warning")])
    eventually(lambda: level(output) == "warning", "it works")
    output.fails = "gone"
    alarms.take([signal("critical", "update")])
    eventually(lambda: output.openings >= 3, "it is tried again")
    assert not output.is_open


def test_works_again_is_said_only_once_it_has_worked_for_a_while(
    run: Running, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.INFO)
    monkeypatch.setattr(worker, "SETTLED_S", 0.05)
    output = FakeOutput()
    output.fails = "gone"
    alarms = run(output)
    eventually(lambda: output.openings >= 3, "it is tried again")
    output.fails = None
    eventually(lambda: output.shown, "it works")
    assert alarms.state()["fake"] in ("failed: gone", "ok")
    eventually(lambda: alarms.state() == {"fake": "ok"}, "it has settled")
    eventually(lambda: logged(caplog, "fake")[-1] == "alert fake works again", "it is said")
    assert len(logged(caplog, "fake")) == 2


def test_a_new_alarm_does_not_wait_for_the_next_try(monkeypatch: pytest.MonkeyPatch) -> None:
    output = FakeOutput()
    output.fails = "gone"
    alarms = Alarms(config(), [output], retry_s=(600.0, 600.0))
    alarms.start()
    eventually(lambda: alarms.state()["fake"].startswith("failed"), "it has failed")
    output.fails = None
    alarms.take([signal("critical")])
    eventually(lambda: level(output) == "critical", "it is tried for the alarm")
    alarms.close()


def test_an_output_that_hangs_stops_no_other_and_no_frame(
    run: Running, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.INFO)
    monkeypatch.setattr(worker, "HANG_S", 0.05)
    good, bad = FakeOutput("good"), FakeOutput("bad")
    bad.hangs = threading.Event()
    alarms = run(bad, good)
    slowest = 0.0

    def frames_until(holds: Callable[[], bool]) -> None:
        nonlocal slowest

        def frame() -> bool:
            nonlocal slowest
            begun = time.thread_time()
            alarms.take([])
            slowest = max(slowest, time.thread_time() - begun)
            return holds()

        eventually(frame, "frames go on")

    alarms.take([signal("critical")])
    frames_until(lambda: level(good) == "critical")
    frames_until(lambda: alarms.state()["bad"] == "hangs")
    assert alarms.state()["good"] == "ok"
    assert slowest < 0.05
    assert len(logged(caplog, "bad")) == 1
    bad.hangs.set()
    frames_until(lambda: alarms.state()["bad"] == "ok")
    assert level(bad) == "critical"


def test_a_hung_output_does_not_keep_the_daemon_from_ending(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge.alerts.alarms.GOODBYE_S", 0.05)
    good, bad = FakeOutput("good"), FakeOutput("bad")
    bad.hangs = threading.Event()
    alarms = Alarms(config(), [bad, good])
    alarms.start()
    alarms.take([signal("critical")])
    eventually(lambda: level(good) == "critical", "it is told")
    alarms.close()
    assert not good.is_open
    bad.hangs.set()


class Surprise(FakeOutput):
    """Raises what no output should, the first time."""

    def show(self, alert: Alert | None, now: float) -> float | None:
        if self.openings == 1:
            raise ZeroDivisionError
        return super().show(alert, now)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_an_error_that_nobody_foresaw_stops_no_other_and_is_begun_anew(run: Running) -> None:
    good, bad = FakeOutput("good"), Surprise("bad")
    alarms = run(bad, good)
    alarms.take([signal("warning")])
    eventually(lambda: alarms.state()["bad"].startswith("failed: an error that nobody foresaw"), "it is told")

    def comes_back() -> bool:
        alarms.take([])
        return level(bad) == "warning"

    eventually(comes_back, "it begins anew")
    assert level(good) == "warning"


def test_without_decisions_every_output_is_off_until_there_are_some_again(run: Running) -> None:
    output = FakeOutput()
    alarms = run(output, stale_s=1.0)
    alarms.take([signal("critical")])
    eventually(lambda: level(output) == "critical", "it is told")
    eventually(lambda: output.shown[-1][1] is None, "off")
    alarms.take([])
    eventually(lambda: level(output) == "critical", "the alarm still stands")


def test_before_the_first_decision_nothing_is_said(run: Running) -> None:
    output = FakeOutput()
    run(output)
    eventually(lambda: output.shown, "it is open")
    assert {alert for _, alert in output.shown} == {None}


def test_at_the_end_everything_is_off(run: Running) -> None:
    output = FakeOutput()
    alarms = run(output)
    alarms.take([signal("critical")])
    eventually(lambda: level(output) == "critical", "it is told")
    alarms.close()
    assert last(output) == Alert()
    assert not output.is_open


def test_the_button_silences_a_warning_that_stands_and_not_a_critical_one(run: Running) -> None:
    output = FakeOutput()
    silence = Silence(config().mute)
    alarms = run(output, silence=silence)
    alarms.take([signal("warning"), degraded()])
    silence.press()
    alarms.take([])
    eventually(lambda: (alert := last(output)) is not None and alert.silent, "silent")
    alarms.take([signal("critical", "update")])
    eventually(lambda: (alert := last(output)) is not None and alert.level == "critical" and not alert.silent, "loud")


def test_nothing_is_connected_by_default() -> None:
    assert outputs_of(config(), Silence(config().mute)) == []


def test_the_configuration_names_the_outputs() -> None:
    one = config(
        buzzer={"pin": 17},
        lamp={"pin": 27},
        can={"channel": "can0", "identifier": 1},
        tone={"device": "default"},
        mute={"pin": 22},
    )
    names = [output.name for output in outputs_of(one, Silence(one.mute))]
    assert names == ["buzzer", "lamp", "can", "tone", "mute button"]


def test_an_alarm_reaches_an_output_within_a_tenth_of_a_second(run: Running) -> None:
    """The median, so that a busy machine does not decide; `test_alarms_daemon.py` reports the rest."""
    output = FakeOutput()
    alarms = run(output)
    waited = []
    for episode in range(101):
        before = time.monotonic()
        alarms.take([signal("critical", episode=episode)])
        eventually(lambda: level(output) == "critical", "it is told")
        waited.append(output.shown[-1][0] - before)
        alarms.take([signal("critical", "end", episode=episode)])
        eventually(lambda: level(output) is None, "it is over")
    assert sorted(waited)[50] < LIMIT_S


def test_an_output_that_was_not_yet_shown_anything_is_starting_and_no_trouble(run: Running) -> None:
    output = FakeOutput()
    output.hangs = threading.Event()
    alarms = run(output)
    assert alarms.state() == {"fake": "starting"}
    output.hangs.set()
    eventually(lambda: alarms.state() == {"fake": "ok"}, "it was shown something")
