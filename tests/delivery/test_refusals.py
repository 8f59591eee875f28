"""A topic that the broker refuses holds up nothing else, is said once, and goes when the broker takes it again."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from broker import Broker, wait_for
from made_broker import DEADLINE_S, Deliver, MadeBroker, connected, put
from sample_events import EVENT

from edge.delivery import publisher as publishing
from edge.delivery import refusals
from edge.delivery.connection import ClosedError
from edge.delivery.publisher import Publisher
from edge.delivery.queue import MemoryQueue
from edge.delivery.refusals import Refusals
from edge.service.frames import FrameState
from edge.service.problems import Facts, problems

SAD, FATIGUE = "driver-monitor/bus-17/event/sad", "driver-monitor/bus-17/event/fatigue"
SENTENCE = (
    "the broker at 127.0.0.1:1 refuses driver-monitor/bus-17/event/sad (Not authorized); let it take that topic from "
    "this client."
)


def put_sad(publisher: Publisher, *numbers: int) -> None:
    for sequence in numbers:
        publisher.put(dataclasses.replace(EVENT, sequence=sequence, signal="sad", cause="sustained", level="advisory"))


def one_refused(made: MadeBroker, deliver: Deliver) -> Publisher:
    """A publisher of whose events the first, a sad one, was refused; no other one is answered."""
    made.acknowledges = False
    vehicle = deliver()
    made.wait(lambda: connected(made))
    put_sad(vehicle, 1)
    made.wait(lambda: made.last.events == [1])
    made.last.refuse(1)
    wait_for(lambda: vehicle.stats().refused, "it is noticed")
    return vehicle


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is refused is tried again at once."""
    monkeypatch.setattr(refusals, "RETRY_S", (0.01, 0.02))
    monkeypatch.setattr(publishing, "IDLE_S", 0.02)


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_all_events_of_a_refused_topic_are_passed_and_no_others() -> None:
    refused = Refusals(Clock())
    assert refused.refuse(SAD, 1, "Not authorized")
    assert refused.passes(SAD, 2)
    assert not refused.passes(FATIGUE, 3)
    assert refused.tickets == {1, 2}
    assert refused.reasons == {SAD: "Not authorized"}


def test_after_the_wait_one_event_is_tried_and_each_wait_is_longer() -> None:
    clock = Clock()
    refused = Refusals(clock)
    waits = []
    for _ in range(9):
        refused.refuse(SAD, 1, "Not authorized")
        began = clock.now
        assert refused.tickets == {1}
        while not refused.try_one():
            clock.now += 1.0
        waits.append(clock.now - began)
        assert refused.tickets == set()
        assert not refused.passes(SAD, 1)
        assert refused.tickets == {1}
        assert refused.passes(SAD, 1)  # until the answer is there
    assert 5 <= waits[0] <= 11
    assert all(2 * 5 * 2**n / 2 <= wait <= 5 * 2 ** (n + 1) + 1 for n, wait in enumerate(waits[:6]))
    assert 300 <= waits[-1] <= 601


def test_many_that_were_refused_together_are_one_refusal() -> None:
    clock = Clock()
    refused = Refusals(clock)
    for ticket in range(1, 21):
        refused.refuse(SAD, ticket, "Not authorized")
    clock.now = 10.0
    assert refused.try_one()


def test_a_topic_that_is_taken_again_is_forgotten() -> None:
    refused = Refusals(Clock())
    refused.refuse(SAD, 1, "Quota exceeded")
    assert not refused.accept(FATIGUE)
    assert refused.accept(SAD)
    assert not refused.passes(SAD, 1)
    assert (refused.tickets, refused.reasons) == (set(), {})


def test_the_same_refusal_is_news_once_and_another_reason_again() -> None:
    refused = Refusals(Clock())
    told = [refused.refuse(SAD, 1, reason) for reason in ("Not authorized", "Not authorized", "Quota exceeded")]
    assert told == [True, False, True]


def test_a_topic_of_which_nothing_waits_any_more_is_forgotten() -> None:
    """Its events grew too old, or had to make room."""
    clock = Clock()
    refused = Refusals(clock)
    refused.refuse(SAD, 1, "Not authorized")
    clock.now = 1000.0
    assert refused.try_one()
    assert not refused.try_one()
    assert refused.reasons == {}


def test_a_publisher_does_not_go_round_in_circles_for_what_was_dropped_meanwhile(
    made: MadeBroker, deliver: Deliver, soon: None
) -> None:
    made.acknowledges = False
    queue = MemoryQueue(2)
    vehicle = deliver(queue=queue)
    made.wait(lambda: connected(made))
    put_sad(vehicle, 1)
    made.wait(lambda: made.last.events == [1])
    made.last.refuse(1)
    wait_for(lambda: vehicle.stats().refused, "it is noticed")
    queue.remove([1])
    wait_for(lambda: vehicle.stats().refused is None, "it is forgotten")
    put(vehicle, 2)
    made.wait(lambda: made.last.events[-1] == 2)


def test_others_pass_what_is_refused_and_it_is_said_once(
    made: MadeBroker, deliver: Deliver, caplog: pytest.LogCaptureFixture
) -> None:
    made.acknowledges = False
    vehicle = deliver()
    made.wait(lambda: connected(made))
    put_sad(vehicle, 1, 2)
    put(vehicle, 3)
    made.wait(lambda: made.last.events == [1, 2, 3])
    made.last.refuse(1, 2)
    wait_for(lambda: vehicle.stats().refused, "it is noticed")
    made.last.acknowledge(1)
    put_sad(vehicle, *range(4, 44))
    put(vehicle, 44)
    made.wait(lambda: made.last.events == [1, 2, 3, 44])
    stats = vehicle.stats()
    assert (stats.connected, stats.sent, stats.waiting, stats.refused) == (True, 1, 43, SENTENCE)
    assert [record.getMessage() for record in caplog.records if record.levelname == "ERROR"] == [
        SENTENCE + " It waits and is tried again, the others go."
    ]
    frames = FrameState(900, 0, 0, 15.0, (12.0, 20.0), 0.98, "ok", 0.05)
    (told,) = problems(Facts(frames, delivery=stats))
    assert (told.name, told.text) == ("broker", "43 events wait for the broker: " + SENTENCE)


def test_what_was_refused_is_all_sent_in_order_once_the_broker_takes_it(
    made: MadeBroker, deliver: Deliver, soon: None
) -> None:
    made.acknowledges = False
    vehicle = deliver()
    made.wait(lambda: connected(made))
    put_sad(vehicle, *range(1, 21))
    made.wait(lambda: len(made.last.events) == 20)
    made.last.refuse(*range(1, 21))
    made.wait(lambda: len(made.last.events) == 21)  # one is tried
    put_sad(vehicle, *range(21, 31))
    assert made.last.events[20:] == [1]
    made.acknowledges = True
    made.last.acknowledge(1)
    made.wait(lambda: len(made.last.events) == 50)
    assert made.last.events[20:] == [*range(1, 31)]
    wait_for(lambda: vehicle.stats().waiting == 0, "all are taken")
    assert vehicle.stats().refused is None


def test_an_end_does_not_wait_for_what_is_refused(made: MadeBroker, deliver: Deliver) -> None:
    vehicle = one_refused(made, deliver)
    vehicle.close(timeout=3600.0)
    assert (made.last.ended_in_peace, vehicle.stats().waiting) == (True, 1)


def test_an_end_sends_all_that_waits_behind_what_is_refused(made: MadeBroker, deliver: Deliver) -> None:
    vehicle = one_refused(made, deliver)
    put(vehicle, *range(2, 52))
    made.wait(lambda: len(made.last.events) == 21)
    ending = threading.Thread(target=lambda: vehicle.close(timeout=3600.0), daemon=True)
    ending.start()
    for sent in (41, 51):
        made.last.acknowledge(20)  # all at once: nothing is under way
        made.wait(lambda expected=sent: len(made.last.events) == expected)
    made.last.acknowledge(10)
    ending.join(DEADLINE_S)
    assert (made.last.ended_in_peace, vehicle.stats().waiting) == (True, 1)


def test_after_a_connection_that_was_closed_without_an_answer_events_go_one_by_one(
    made: MadeBroker, deliver: Deliver
) -> None:
    made.acknowledges = False
    deliver(5)
    made.wait(lambda: made.connections and len(made.last.events) == 5)
    made.last.lose(ClosedError("closed the connection"))
    made.wait(lambda: len(made.connections) == 2 and made.last.events)
    assert made.last.events == [1]
    made.last.acknowledge(1)  # it was none of this one's: all go again
    made.wait(lambda: made.last.events == [1, 2, 3, 4, 5])


def test_behind_a_pile_that_a_real_broker_may_not_take_the_others_arrive(
    tmp_path: Path, subscribe: Callable, publish: Callable, monkeypatch: pytest.MonkeyPatch, soon: None
) -> None:
    """mosquitto 2.0 closes the connection with each refusal, and its word may be lost with what was sent behind it."""
    rights = tmp_path / "rights"
    allowed = ["availability", "status", "event/fatigue"]
    rights.write_text(
        "topic readwrite ready/#\n" + "".join(f"topic readwrite driver-monitor/+/{one}\n" for one in allowed)
    )
    rights.chmod(0o600)
    broker = Broker(tmp_path, options=[f"acl_file {rights}", "user root"])
    broker.start()
    try:
        hears = subscribe(broker, "driver-monitor/+/event/fatigue")
        vehicle = publish(broker.port)
        put_sad(vehicle, *range(1, 31))
        put(vehicle, 31)
        wait_for(lambda: [event["sequence"] for event in hears.payloads()] == [31], "it arrives")
        put(vehicle, 32)
        wait_for(lambda: hears.payloads()[-1]["sequence"] == 32, "it arrives")
        assert vehicle.stats().waiting == 30
    finally:
        broker.kill()
