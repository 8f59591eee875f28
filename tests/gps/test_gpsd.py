"""The place from a real gpsd, and from one that is not well."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from broker import free_port, wait_for
from fake_receiver import FakeReceiver, drive, sentence

from edge.clock.gps_time import ROLLOVER_S, unfold
from edge.config import GpsConfig
from edge.errors import CheckFailed
from edge.gps import gpsd
from edge.gps.gpsd import Gpsd
from edge.gps.gpsd_lines import Sky
from edge.gps.gpsd_probe import try_gpsd

NOW = 1_795_190_400.0  # 2026-11-20 16:00 UTC
TPV = (
    b'{"class":"TPV","mode":3,"time":"2026-11-20T07:12:03.000Z","lat":45.5017,"lon":-73.5673,"speed":11.2,"alt":35.0}\n'
)
VERSION = b'{"class":"VERSION","release":"3.22","rev":"3.22","proto_major":3,"proto_minor":14}\n'

Receive = Callable[..., FakeReceiver]
Follow = Callable[..., Gpsd]


@pytest.fixture
def receiver(tmp_path: Path) -> Iterator[Receive]:
    """Starts receivers that end with the test."""
    receivers: list[FakeReceiver] = []

    def begin(lines: list[str], pause_s: float = 0.01) -> FakeReceiver:
        receivers.append(FakeReceiver(tmp_path, lines, pause_s))
        receivers[-1].start()
        return receivers[-1]

    yield begin
    for one in receivers:
        one.stop()


@pytest.fixture
def follow() -> Iterator[Follow]:
    """Makes started clients that end with the test."""
    clients: list[Gpsd] = []

    def begin(port: int, **options: object) -> Gpsd:
        client = Gpsd(GpsConfig(kind="gpsd", port=port), reconnect_s=(0.02, 0.1), **options)
        client.start()
        clients.append(client)
        return client

    yield begin
    for client in clients:
        client.close()


def here(client: Gpsd) -> object:
    return client.position_at(time.monotonic())


def test_a_real_gpsd_tells_place_speed_fix_and_satellites(receiver: Receive, follow: Follow) -> None:
    client = follow(receiver(drive(60, NOW)).port)
    # GGA says 8; the five of GSA are in the list, which gpsd 3.25 gives after GGA's number.
    wait_for(lambda: client.state().satellites == 5 and client.state().fix == "3d", "a fix of three dimensions")
    position = here(client)
    assert position is not None
    assert (position.latitude, position.longitude) == pytest.approx((45.5017, -73.5673), abs=1e-6)
    assert position.speed == pytest.approx(11.2, abs=0.1)
    assert position.fix == "3d"
    assert 0 <= position.age < 5
    assert client.state().connected


def told(*reports: tuple[float, Sky]) -> Callable[[float], int | None]:
    """What a client knows of the satellites at a moment, to whom these were told, each at its moment."""
    now = 0.0
    client = Gpsd(GpsConfig(kind="gpsd"), monotonic=lambda: now)
    for now, report in reports:  # noqa: B007  the client's clock
        client.take(report)

    def at(moment: float) -> int | None:
        nonlocal now
        now = moment
        return client.state().satellites

    return at


def test_satellites_that_are_listed_count_rather_than_the_number_of_gga() -> None:
    """gpsd 3.25 tells both, one after the other, in each second; a receiver may cut the number off at 12."""
    assert told((0.0, Sky(12)), (0.1, Sky(17, is_listed=True)), (1.0, Sky(12)))(1.0) == 17
    assert told((0.1, Sky(17, is_listed=True)), (1.1, Sky(16, is_listed=True)))(1.1) == 16


def test_a_receiver_that_lists_no_satellites_has_a_number_all_the_same() -> None:
    assert told((0.0, Sky(7)), (1.0, Sky(8)))(1.0) == 8
    assert told((0.0, Sky(17, is_listed=True)), (10.0, Sky(9)))(10.0) == 17
    assert told((0.0, Sky(17, is_listed=True)), (10.1, Sky(9)))(10.1) == 9


def test_a_number_of_satellites_is_not_told_for_ever() -> None:
    satellites = told((0.0, Sky(5, is_listed=True)))
    assert (satellites(10.0), satellites(10.1)) == (5, None)
    assert told()(0.0) is None


def test_a_fix_of_two_dimensions_is_told_as_such(receiver: Receive, follow: Follow) -> None:
    client = follow(receiver(drive(60, NOW, kind=2)).port)
    wait_for(lambda: client.state().satellites and here(client), "a fix")
    assert (client.state().fix, here(client).fix) == ("2d", "2d")


def test_a_receiver_without_a_fix_is_no_error_and_no_place(receiver: Receive, follow: Follow) -> None:
    times: list[float] = []
    client = follow(receiver(drive(60, NOW, valid=False)).port, on_time=lambda utc, _: times.append(utc))
    wait_for(lambda: client.state().connected, "gpsd answers")
    wait_for(lambda: client.state().fix == "none", "what it says is taken in")
    assert (here(client), client.state().age, times) == (None, None, [])


def test_the_time_of_each_fix_is_told_once(receiver: Receive, follow: Follow) -> None:
    times: list[float] = []
    receiver_port = receiver(drive(60, NOW)).port
    follow(receiver_port, on_time=lambda utc, moment: times.append(utc))
    wait_for(lambda: len(times) >= 5, "five times")
    assert times[1:5] == [times[0] + n for n in range(1, 5)]
    assert NOW <= times[0] < NOW + 60


def test_noise_between_a_receivers_sentences_does_not_end_it(receiver: Receive, follow: Follow) -> None:
    lines = drive(60, NOW)
    noisy = [part for line in lines for part in (line, "\x00\xff$GP garbage", line[: len(line) // 2])]
    client = follow(receiver(noisy, 0.003).port)
    wait_for(lambda: here(client), "a fix in spite of it")


def test_a_fix_older_than_five_seconds_is_no_position(receiver: Receive, follow: Follow) -> None:
    one = receiver(drive(60, NOW))
    client = follow(one.port)
    wait_for(lambda: here(client), "a fix")
    one.kill_gpsd()
    wait_for(lambda: not client.state().connected, "gpsd is gone")
    last = time.monotonic() - client.state().age
    assert client.position_at(last + 4.9) is not None
    assert client.position_at(last + 5.2) is None


def test_a_gpsd_that_died_is_found_again_when_it_is_back(receiver: Receive, follow: Follow) -> None:
    one = receiver(drive(60, NOW))
    client = follow(one.port)
    wait_for(lambda: here(client), "a fix")
    one.kill_gpsd()
    wait_for(lambda: not client.state().connected, "gpsd is gone")
    gone = time.monotonic()
    one.start()
    wait_for(lambda: client.state().connected and here(client) and here(client).age < time.monotonic() - gone, "again")


def test_nobody_waits_for_a_gpsd_that_hangs(receiver: Receive, follow: Follow) -> None:
    one = receiver(drive(60, NOW))
    client = follow(one.port)
    wait_for(lambda: here(client), "a fix")
    one.pause()
    try:
        begin = time.perf_counter()
        for _ in range(1000):
            here(client)
            client.state()
        assert time.perf_counter() - begin < 0.5  # half a millisecond each, on a busy machine
    finally:
        one.resume()


def test_a_client_ends_at_once_whatever_gpsd_does(receiver: Receive) -> None:
    one = receiver(drive(60, NOW))
    for port in (one.port, free_port()):
        client = Gpsd(GpsConfig(kind="gpsd", port=port))
        client.start()
        begin = time.perf_counter()
        client.close()
        assert time.perf_counter() - begin < 2


class Scripted:
    """Says the next piece of the script to each client that connects, then closes unless told to stay."""

    def __init__(self, *script: bytes, stay: bool = False) -> None:
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._server.getsockname()[1]
        self.asked: list[bytes] = []
        self.open: list[socket.socket] = []
        self._script, self._stay = script, stay
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        for piece in self._script:
            client, _ = self._server.accept()
            self.asked.append(client.recv(1024))
            client.sendall(piece)
            if self._stay:
                self.open.append(client)
            else:
                client.close()
        if not self._stay:
            self._server.close()

    def close(self) -> None:
        for client in self.open:
            client.close()
        self._server.close()


def test_garbage_half_lines_and_huge_lines_are_passed_over(follow: Follow) -> None:
    garbage = [
        b"\xff\xfe\x00 no json\n", b"{}\n", b"[1,2]\n", b"null\n", b'{"class":"TPV","mode":9}\n', b"\n",
        b'{"class":"TPV","mode":3,"lat":91.0,"lon":0.0}\n', b'{"class":"TPV","mode":3,"lat":NaN,"lon":0.0}\n',
        b'{"class":"TPV","mode":3,"time":"yesterday"}\n', TPV[:40] + b"\n", b"x" * 1_000_000 + b"\n",
    ]  # fmt: skip
    server = Scripted(VERSION + b"".join(garbage) + TPV + TPV[:30], stay=True)
    client = follow(server.port)
    wait_for(lambda: here(client), "the one good line")
    assert client.damaged == len(garbage)
    server.close()


def test_a_client_asks_for_json_and_comes_back_after_each_end(follow: Follow) -> None:
    server = Scripted(TPV[:50], b"", b"\n\n\n", TPV)
    client = follow(server.port)
    wait_for(lambda: here(client), "the fourth connection's fix")
    assert server.asked == [b'?WATCH={"enable":true,"json":true};\n'] * 4


def test_a_line_cut_off_by_the_end_of_a_connection_is_not_joined_to_the_next(follow: Follow) -> None:
    server = Scripted(TPV[:60], TPV[60:] + TPV.replace(b"45.5", b"46.5"))
    client = follow(server.port)
    wait_for(lambda: here(client), "the whole line's fix")
    assert here(client).latitude == pytest.approx(46.5017)


def test_a_lost_gpsd_is_said_once(follow: Follow, caplog: pytest.LogCaptureFixture) -> None:
    server = Scripted(TPV)
    follow(server.port)
    wait_for(lambda: "cannot be heard" in caplog.text and len(server.asked) == 1, "its end is said")
    begin = time.monotonic()
    wait_for(lambda: time.monotonic() > begin + 0.5, "some tries more")
    assert 1 <= caplog.text.count("cannot be heard") <= 2  # it closed; nothing listens there


def test_a_gpsd_that_answers_no_more_is_asked_and_then_left(
    follow: Follow, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(gpsd, "SILENCE_S", 0.2)
    silent = Scripted(TPV, TPV, stay=True)
    follow(silent.port)
    wait_for(lambda: len(silent.asked) == 2, "it connects anew")
    assert "no answer in 0.2 s" in caplog.text
    assert silent.open[0].recv(100) == b"?VERSION;\n"
    silent.close()


@pytest.mark.parametrize("host", ["a" * 64 + ".invalid", "no-such-host.invalid"])
def test_a_host_that_cannot_be_is_said(host: str, caplog: pytest.LogCaptureFixture) -> None:
    client = Gpsd(GpsConfig(kind="gpsd", host=host))
    client.start()
    wait_for(lambda: "cannot be heard" in caplog.text, "it is said")
    client.close()
    with pytest.raises(CheckFailed, match="cannot be reached"):
        try_gpsd(GpsConfig(kind="gpsd", host=host))


def test_check_tells_what_gpsd_says(receiver: Receive, follow: Follow) -> None:
    one = receiver(drive(60, NOW))
    client = follow(one.port)
    wait_for(lambda: here(client), "gpsd has its receiver")
    client_line = try_gpsd(GpsConfig(kind="gpsd", port=one.port))
    assert client_line.startswith(f"127.0.0.1:{one.port} is gpsd 3.")
    assert "fix: " in client_line


def test_check_tells_a_gpsd_that_is_not_there() -> None:
    with pytest.raises(CheckFailed, match=r"cannot be reached \(Connection refused\); start it, or correct gps.host"):
        try_gpsd(GpsConfig(kind="gpsd", port=free_port()))


def test_check_tells_a_gpsd_without_a_receiver() -> None:
    server = Scripted(VERSION + b'{"class":"DEVICES","devices":[]}\n', stay=True)
    with pytest.raises(CheckFailed, match="has no receiver; connect one"):
        try_gpsd(GpsConfig(kind="gpsd", port=server.port))
    server.close()


def test_check_tells_what_is_not_gpsd() -> None:
    other = Scripted(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    with pytest.raises(CheckFailed, match="is not gpsd"):
        try_gpsd(GpsConfig(kind="gpsd", port=other.port))


def test_a_receiver_whose_weeks_have_rolled_over_tells_the_right_time(receiver: Receive, follow: Follow) -> None:
    times: list[float] = []
    follow(receiver(drive(60, NOW - ROLLOVER_S)).port, on_time=lambda utc, moment: times.append(unfold(utc)))
    wait_for(lambda: len(times) >= 3, "three times")
    assert all(NOW <= one < NOW + 60 for one in times)


def test_a_leap_second_of_a_receiver_is_no_damage(receiver: Receive, follow: Follow) -> None:
    """NMEA counts 23:59:60; gpsd passes it on as it is, or as the second after it."""
    midnight = datetime(2027, 1, 1, tzinfo=UTC).timestamp()
    last = drive(1, midnight - 1)
    leap = [sentence(line[1:-3].replace("235959.00", "235960.00")) for line in last]
    lines = drive(5, midnight - 6) + last + leap + drive(60, midnight)
    times: list[float] = []
    client = follow(receiver(lines).port, on_time=lambda utc, moment: times.append(utc))
    wait_for(lambda: times and times[-1] >= midnight + 5, "it goes on")
    assert times == sorted(times)
    assert client.damaged == 0
