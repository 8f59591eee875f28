"""The watchdog tells the truth: what hangs is not fed, and the log says what hangs."""

from __future__ import annotations

import logging

import pytest

from edge.cameras.camera import CameraEnded
from edge.config import RulesConfig
from edge.delivery.event import EventBuilder
from edge.monitor import Monitor
from edge.records import Frame
from edge.rules.policy import Policy
from edge.service.notify import Notifier
from edge.service.stages import Stages, Watcher
from edge.service.watch import Stop, watch
from edge.service.watchdog import Watchdog


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Manager(Notifier):
    """What the service manager hears, as it is sent."""

    def __init__(self, watchdog_s: float | None = 10.0) -> None:
        super().__init__({})
        self.watchdog_s = watchdog_s
        self.heard: list[str] = []

    def _send(self, message: str) -> None:
        self.heard.append(message)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def manager() -> Manager:
    return Manager()


@pytest.fixture
def dog(manager: Manager, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Watchdog:
    monkeypatch.setattr(
        "faulthandler.dump_traceback_later", lambda *_, **__: None
    )  # pytest has a use of its own for it
    return Watchdog(manager, late_s=2.0, clock=clock)


def test_it_is_fed_with_frames_and_at_most_twice_in_its_interval(dog: Watchdog, manager: Manager, clock: Clock) -> None:
    for _ in range(15 * 60):
        dog.frame_decided(0.01)
        clock.now += 1 / 15
    assert manager.heard[:3] == ["STATUS=watching", "READY=1", "WATCHDOG=1"]
    assert manager.heard.count("WATCHDOG=1") == 12
    assert len(manager.heard) == 14


def test_frames_that_are_decided_too_late_do_not_feed_it(
    dog: Watchdog, manager: Manager, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    dog.frame_decided(0.01)
    for _ in range(20):
        clock.now += 2.5
        dog.frame_decided(2.5)
    assert manager.heard.count("WATCHDOG=1") == 1
    assert [record.getMessage() for record in caplog.records] == [
        "a frame was decided on only 2.5 s after it came: the watchdog is not fed with such"
    ]
    dog.frame_decided(0.01)
    assert manager.heard.count("WATCHDOG=1") == 2


def test_a_camera_that_is_down_feeds_it_only_once_that_is_reported(dog: Watchdog, manager: Manager) -> None:
    dog.camera_down(reported=False)
    assert manager.heard == []
    dog.camera_down(reported=True)
    assert manager.heard == ["STATUS=the camera gives no frames, which is reported", "READY=1", "WATCHDOG=1"]


def test_without_a_watchdog_the_manager_hears_the_rest(dog: Watchdog, manager: Manager) -> None:
    manager.watchdog_s = None
    dog.frame_decided(0.01)
    dog.close()
    assert manager.heard == ["STATUS=watching", "READY=1", "STOPPING=1"]


class Gone:
    """A camera at its end."""

    def __enter__(self) -> Gone:
        raise CameraEnded("enough")

    def __exit__(self, *_: object) -> None: ...

    def read(self, timeout: float) -> Frame:
        raise NotImplementedError


@pytest.mark.parametrize(("interval_s", "warned"), [(5.9, True), (6.0, False), (None, False)])
def test_a_watchdog_too_short_for_a_silent_camera_is_told(
    manager: Manager, interval_s: float | None, warned: bool, caplog: pytest.LogCaptureFixture
) -> None:
    manager.watchdog_s = interval_s
    monitor = Monitor(None, Policy(RulesConfig()), EventBuilder("bus-17", 1), "system")  # type: ignore[arg-type]
    watch(Gone(), monitor, 2.0, Stop(), manager, lambda _step: None)
    assert ("make it 6 s or more" in caplog.text) == warned
    assert manager.heard == ["STOPPING=1"]


def test_a_stage_that_takes_too_long_is_said_once_by_name_and_so_is_its_end(
    clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    stages, said = Stages(clock), []
    watcher = Watcher(stages, slow_s=5.0, say=said.append, clock=clock)
    stages.enter("inference")
    for _ in range(12):
        clock.now += 1.0
        watcher.look()
    stages.enter("rules")
    watcher.look()
    assert [(record.levelname, record.getMessage()) for record in caplog.records] == [
        ("ERROR", "stuck: inference has taken 5.0 s; nobody is watched meanwhile"),
        ("WARNING", "inference is over after 12.0 s at most: it goes on"),
    ]
    assert said == ["stuck: inference has taken 5.0 s"]


def test_a_loop_that_turns_is_not_stuck(clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    stages = Stages(clock)
    watcher = Watcher(stages, slow_s=5.0, clock=clock)
    for _ in range(100):
        stages.enter("camera", within_s=3.0)
        clock.now += 2.0
        watcher.look()
        stages.enter("inference")
        clock.now += 0.5
        watcher.look()
    assert not caplog.records


def test_a_camera_that_keeps_to_its_limit_is_not_stuck_and_one_that_does_not_is(
    clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    stages = Stages(clock)
    watcher = Watcher(stages, slow_s=5.0, clock=clock)
    stages.enter("camera", within_s=3.0)
    clock.now += 7.9
    watcher.look()
    assert not caplog.records
    clock.now += 0.2
    watcher.look()
    assert "stuck: camera has taken 8.1 s" in caplog.text
