"""The daemon: the camera's frames through the monitor, its events to the broker, until it is told to stop."""

from __future__ import annotations

import faulthandler
import logging
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from edge.alerts.alarms import alarms
from edge.cameras.factory import open_camera
from edge.cameras.process import ProcessCamera
from edge.clock.system import System
from edge.config import Config
from edge.delivery.command import Refusal
from edge.delivery.event import EventBuilder
from edge.delivery.outbox import Outbox
from edge.delivery.publisher import Publisher
from edge.delivery.sink import JsonLinesSink, Sink
from edge.gps.gpsd import Gpsd
from edge.monitor import Monitor, Step
from edge.records import Signal
from edge.rules.policy import Policy
from edge.service.clock import SessionClock, patience
from edge.service.commands import Commands, Mute
from edge.service.frames import Counted
from edge.service.health import Health
from edge.service.journal import Journal
from edge.service.local import answering, run_directory
from edge.service.notify import Notifier
from edge.service.problems import Facts, problems
from edge.service.session import next_session, state_directory
from edge.service.stages import StagedVision, Stages
from edge.service.status import Status
from edge.service.watch import Stop, watch
from edge.service.watchdog import STDERR
from edge.vision.pipeline import Pipeline

_log = logging.getLogger(__name__)


def run_daemon(config: Config) -> None:
    """Run until SIGTERM or SIGINT, or until a recording that is no loop ends.

    Raises:
        ConfigError: nobody agreed to be watched, or a model, the password, the state directory or the key of the
            outbox cannot be used.
        InputError: the recording that serves as camera cannot be used.
    """
    faulthandler.enable(file=STDERR)  # a crash below Python, and systemd's SIGABRT, leave the threads' stacks there
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(levelname)s %(message)s")
    stop = Stop()
    signal.signal(signal.SIGTERM, stop.ask)
    signal.signal(signal.SIGINT, stop.ask)
    camera = open_camera(config.camera, config.consent, wall_start=time.time())
    if isinstance(camera, ProcessCamera):
        camera.prepare()  # it opens while the models are loaded
    folder = state_directory(config.state_directory)
    session = next_session(folder)
    evidence = config.mqtt is not None and config.mqtt.evidence
    events = EventBuilder(config.vehicle, session, evidence=evidence)
    stages = Stages()
    pipeline = StagedVision(Pipeline(config.vision), stages)
    status = Status(config, session)
    notifier = Notifier()
    mute = Mute()
    commands = Commands(config, session, folder, mute)
    clock = SessionClock(session, folder, patience(config), System(trusted=config.clock.trust_system))
    clock.look()
    with ExitStack() as open_while_running:
        gps = open_while_running.enter_context(_gps(config, clock))
        sink = open_while_running.enter_context(_events_out(config, session, folder, clock))
        outputs = open_while_running.enter_context(alarms(config.alerts, lambda: mute.is_muted))
        _log.info("session %d of %s begins", session, config.vehicle)

        def warn(signals: Sequence[Signal]) -> None:
            stages.enter("alert")
            outputs.take(signals)
            stages.enter("rules")

        # A recording's clock begins with it, a live camera's is the monotonic one.
        begin = 0.0 if config.camera.live else time.monotonic()
        monitor = Monitor(
            Counted(pipeline, status.frames),
            Policy(config.rules),
            events,
            "system",
            lambda moment: gps.position_at(begin + moment) if gps else None,
            lambda moment, _wall: clock.stamp(begin + moment),
            warn,
        )

        health, journal = Health(folder), Journal()

        def facts() -> Facts:
            """What is known now; asked for by the frames' thread and by the one that answers who is beside it."""
            return status.facts(
                delivery=sink.stats() if isinstance(sink, Publisher) else None,
                time_source=clock.state()[1],
                gps=gps.state() if gps else None,
                board=health.board,
                alarms=outputs.state(),
            )

        health.start(lambda: journal.take(problems(facts())))
        open_while_running.callback(health.close)
        local = answering(run_directory(folder), lambda: status.local_report(facts()))
        open_while_running.enter_context(local)

        def take(step: Step) -> None:
            status.count(step)  # what an event then waits for is none of the decision's time
            stages.enter("outbox")
            for event in step.events:
                sink.put(event if isinstance(sink, Publisher) else clock.ready(event) or event)
            stages.enter("status")
            clock.look()
            if not isinstance(sink, Publisher):
                return
            if status.is_due(time.monotonic()):
                sink.publish_status(status.report(facts()))
            for request in sink.requests():
                try:
                    sink.answer(request, commands.carry_out(request, status.report(facts()), sink.stats().last_error))
                except Refusal as refusal:
                    sink.answer(request, refusal)

        watch(camera, monitor, config.camera.stall_s, stop, notifier, take, stages)
        take(monitor.close())
    _log.info("session %d ends after %d frames", session, status.frames.number)


@contextmanager
def _gps(config: Config, clock: SessionClock) -> Iterator[Gpsd | None]:
    """The receiver of the configuration, which tells the clock the time, too."""
    if config.gps.kind == "none":
        yield None
        return
    gps = Gpsd(config.gps, clock.take_gps)
    gps.start()
    try:
        yield gps
    finally:
        gps.close()


@contextmanager
def _events_out(config: Config, session: int, folder: Path | None, clock: SessionClock) -> Iterator[Sink]:
    """The broker of the configuration, by way of an outbox in the state directory; else standard output."""
    if config.mqtt is None:
        clock.wait_no_longer()  # what is printed is printed at once
        yield JsonLinesSink(sys.stdout)
        return
    with ExitStack() as closing:
        outbox = None
        if folder is None:
            _log.warning("there is no state directory: what waits for the broker is in memory and ends with it")
        else:
            outbox = Outbox(folder, config.outbox, wall=clock.known_now)
            closing.callback(outbox.close)
        publisher = Publisher(
            config.mqtt,
            config.vehicle,
            session,
            queue=outbox,
            life_s=config.outbox.days * 86_400,
            wall=clock.now,
            ready=clock.ready,
        )
        publisher.start()
        closing.push(lambda kind, *_: publisher.close(crashed=kind is not None))
        if outbox is None:
            closing.callback(clock.wait_no_longer)
        yield publisher
