"""The frame on the CAN bus, received from python-can's virtual bus and read with the DBC file, as a fleet would."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from itertools import count, pairwise
from pathlib import Path
from typing import Any, cast

import can
import cantools
import cantools.database
import pytest
from made_alerts import CAUSES, config, degraded, sad, signal

from edge.alerts.can import CanOutput
from edge.alerts.output import OutputError
from edge.alerts.standing import Alert, Standing
from edge.config import AlertsConfig
from edge.records import Cause, Level

DBC = Path(__file__).resolve().parents[2] / "docs" / "driver-monitor.dbc"
_channels = count()


@pytest.fixture(scope="module")
def message() -> Any:
    database = cast("cantools.database.Database", cantools.database.load_file(DBC, strict=True))
    (one,) = database.messages
    return one


class Bench:
    """An output, and a node on the same bus that hears it."""

    def __init__(self, **sections: Any) -> None:
        channel = f"bench-{next(_channels)}"
        told = {"channel": channel, "interface": "virtual", "identifier": 0x5DA, **sections}
        self.config: AlertsConfig = config(can=told, sad="lamp")
        self.node = can.Bus(channel, "virtual")
        self.output = CanOutput(self.config.can)

    def heard(self) -> list[can.Message]:
        found = []
        while one := self.node.recv(0):
            found.append(one)
        return found


@pytest.fixture
def bench() -> Iterator[Bench]:
    one = Bench()
    one.output.open()
    yield one
    one.output.close()
    one.node.shutdown()


def alert(*signals: Any, muted: bool = False, one: AlertsConfig | None = None) -> Alert:
    standing = Standing(one or config(sad="lamp"))
    standing.take(signals, 0.0)
    return standing.alert(muted=muted, critical_too=False)


@pytest.mark.parametrize("level", ["advisory", "warning", "critical"])
def test_level_and_cause_read_as_in_the_dbc(bench: Bench, message: Any, level: Level) -> None:
    bench.output.show(alert(signal(level)), 0.0)
    (frame,) = bench.heard()
    assert (frame.arbitration_id, frame.is_extended_id, frame.dlc) == (message.frame_id, False, message.length)
    told = message.decode(frame.data)
    assert (str(told["Level"]), str(told["Cause"])) == (level, CAUSES[level])


@pytest.mark.parametrize("cause", ["eyes_not_visible", "face_not_visible", "too_dark", "camera_fault"])
def test_degraded_reads_as_in_the_dbc(bench: Bench, message: Any, cause: Cause) -> None:
    bench.output.show(alert(degraded(cause=cause)), 0.0)
    told = message.decode(bench.heard()[0].data)
    assert (str(told["Degraded"]), str(told["Level"])) == (cause, "none")


def test_sad_and_muted_read_as_in_the_dbc(bench: Bench, message: Any) -> None:
    bench.output.show(alert(sad(), signal("warning"), muted=True), 0.0)
    told = message.decode(bench.heard()[0].data)
    assert (told["Sad"], told["Muted"], str(told["Level"])) == (1, 1, "warning")


def test_sadness_is_not_on_the_bus_by_default(bench: Bench, message: Any) -> None:
    bench.output.show(alert(sad(), one=config()), 0.0)
    assert message.decode(bench.heard()[0].data)["Sad"] == 0


def test_a_frame_comes_each_period_and_its_counter_rises(bench: Bench, message: Any) -> None:
    now, one = 50.0, alert()
    for _ in range(40):
        again = bench.output.show(one, now)
        assert again is not None
        now += again
    told = [message.decode(frame.data) for frame in bench.heard()]
    assert len(told) == 40
    assert now == pytest.approx(50.0 + 40 * 0.1)
    for before, after in pairwise(told):
        assert after["Counter"] == (before["Counter"] + 1) % 16
        assert after["Alive"] != before["Alive"]


def test_however_often_the_alarm_changes_no_frame_is_late(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[float] = []
    now, changes = 10.0, 0
    monkeypatch.setattr(bench.output._bus, "send", lambda *_, **__: sent.append(now))
    while now < 12.0:
        again = bench.output.show(alert(signal("critical")) if changes % 2 else alert(), now)
        assert again is not None
        step = min(again, 1 / 15)  # a change with each frame of a camera
        changes += step < again
        now += step
    assert max(after - before for before, after in pairwise(sent)) < 0.1001


def test_asked_before_its_time_it_sends_nothing(bench: Bench) -> None:
    bench.output.show(alert(), 10.0)
    assert bench.output.show(alert(), 10.04) == pytest.approx(0.06)
    assert len(bench.heard()) == 1


def test_a_change_is_sent_at_once(bench: Bench, message: Any) -> None:
    bench.output.show(alert(), 10.0)
    bench.output.show(alert(signal("critical")), 10.01)
    assert [str(message.decode(frame.data)["Level"]) for frame in bench.heard()] == ["none", "critical"]


def test_where_nobody_watches_there_is_no_frame(bench: Bench) -> None:
    bench.output.show(alert(), 10.0)
    bench.heard()
    assert bench.output.show(None, 11.0) is None
    assert bench.heard() == []


def test_an_identifier_of_29_bits_is_sent_as_one() -> None:
    one = Bench(identifier=0x18FF_5DA0, extended=True)
    one.output.open()
    one.output.show(alert(), 0.0)
    (frame,) = one.heard()
    assert (frame.arbitration_id, frame.is_extended_id) == (0x18FF_5DA0, True)
    one.output.close()
    one.node.shutdown()


def test_fields_go_where_the_configuration_puts_them_and_what_is_left_out_is_zero() -> None:
    bits = {"level": 6, "cause": None, "sad": None, "muted": None, "degraded": None, "alive": None, "counter": 0}
    one = Bench(bits=bits, length=1)
    one.output.open()
    for now in range(3):
        one.output.show(alert(signal("critical"), sad(), degraded(), muted=True), float(now))
    assert [bytes(frame.data) for frame in one.heard()] == [b"\xc0", b"\xc1", b"\xc2"]
    one.output.close()
    one.node.shutdown()


def test_the_default_period_is_the_one_of_the_dbc(message: Any) -> None:
    assert message.cycle_time == 1000 * config().can.period_s


def test_an_interface_that_is_not_there_is_told_by_name() -> None:
    output = CanOutput(config(can={"channel": "can77", "identifier": 1}).can)
    with pytest.raises(OutputError, match="can77: "):
        output.open()
    output.close()


def test_a_driver_that_python_can_does_not_know_is_told() -> None:
    output = CanOutput(config(can={"channel": "can0", "interface": "pigeon", "identifier": 1}).can)
    with pytest.raises(OutputError, match="pigeon"):
        output.open()


def test_without_the_library_the_mend_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "can", None)
    with pytest.raises(OutputError, match="extra `alerts`"):
        CanOutput(config(can={"channel": "can0", "identifier": 1}).can).open()


def test_a_bus_that_takes_no_frame_is_told_and_can_be_opened_anew(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise can.CanOperationError("Transmit buffer full")

    bus: Any = bench.output._bus
    monkeypatch.setattr(bus, "send", refuse)
    with pytest.raises(OutputError, match="bus-off, no other node, or no termination"):
        bench.output.show(alert(), 0.0)
    bench.output.close()
    bench.output.open()
    bench.output.show(alert(), 1.0)
    assert len(bench.heard()) == 1
