"""Who may look at the driver while the camera is aimed: one person, on this machine, for a quarter of an hour."""

from __future__ import annotations

import http.client
import json
import socket
import struct
from collections.abc import Iterator

import numpy as np
import pytest

from edge.errors import UserError
from edge.service import aim_server
from edge.service.aim_gate import GONE_S, Asked, Gate, Refused
from edge.service.aim_server import MOST_CONNECTIONS, AimServer, Latest, Shot

PICTURE = np.arange(12, dtype=np.uint8).reshape(3, 4)


class Hand:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Hand:
    return Hand()


@pytest.fixture
def server(clock: Hand) -> Iterator[AimServer]:
    latest = Latest()
    latest.show(Shot(7, PICTURE, {"grade": "good"}))
    server = AimServer(0, Gate(clock=clock), latest)
    server.start()
    yield server
    server.close()


class Viewer:
    """A browser as far as it matters here: it keeps its cookie."""

    def __init__(self, server: AimServer) -> None:
        self._server = server
        self._cookie: str | None = None

    def get(self, path: str = "", *, host: str | None = None, whole: str | None = None, **headers: str):
        """Status, headers and body of a path behind the token, or of a `whole` one."""
        connection = http.client.HTTPConnection("127.0.0.1", self._server.server_port, timeout=30)
        given = {"Host": host or f"127.0.0.1:{self._server.server_port}"} | headers
        if self._cookie:
            given["Cookie"] = self._cookie
        connection.request("GET", whole or f"/{self._server.gate.token}/{path}", headers=given)
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        if cookie := answer.headers["Set-Cookie"]:
            self._cookie = cookie.partition(";")[0]
        return answer.status, answer.headers, body


@pytest.fixture
def viewer(server: AimServer) -> Viewer:
    """Who has opened the page."""
    viewer = Viewer(server)
    assert viewer.get()[0] == 200
    return viewer


def test_the_page_is_one_file_that_nothing_may_keep(server: AimServer) -> None:
    status, headers, body = Viewer(server).get()
    assert status == 200
    assert b"<title>Aim the camera" in body
    assert b"{style}" not in body
    assert b"http" not in body.replace(b"http-equiv", b""), "nothing comes from outside"
    assert headers["Cache-Control"] == "no-store"
    assert headers["Content-Security-Policy"].startswith("default-src 'none';")
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert {"HttpOnly", "SameSite=Strict"} <= set(headers["Set-Cookie"].split("; "))


def test_a_frame_is_its_picture_and_what_was_judged(viewer: Viewer) -> None:
    status, headers, body = viewer.get("frame?after=0")
    assert (status, headers["Cache-Control"]) == (200, "no-store")
    (length,) = struct.unpack(">I", body[:4])
    told = json.loads(body[4 : 4 + length])
    assert told == {"grade": "good", "number": 7, "width": 4, "height": 3, "left_s": 900}
    assert body[4 + length :] == PICTURE.tobytes()


def test_no_frame_is_shown_twice(viewer: Viewer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aim_server, "PATIENCE_S", 0.05)
    assert viewer.get("frame?after=7")[0] == 204
    assert viewer.get("frame?after=nonsense")[0] == 200


def test_a_second_client_is_refused_while_the_first_one_looks(server: AimServer, viewer: Viewer) -> None:
    status, _, body = Viewer(server).get()
    assert status == 409
    assert body == b"Somebody else is looking; this page is for one person at a time.\n"
    assert Viewer(server).get("frame")[0] == 409
    assert viewer.get("frame")[0] == 200, "the first one is not disturbed"


def test_a_frame_is_for_who_has_opened_the_page(server: AimServer) -> None:
    status, _, body = Viewer(server).get("frame")
    assert (status, body) == (403, b"Load the page anew.\n")


def test_the_same_browser_may_load_the_page_again(viewer: Viewer) -> None:
    assert [viewer.get()[0] for _ in range(3)] == [200, 200, 200]


def test_another_one_may_look_when_the_first_has_gone(server: AimServer, viewer: Viewer, clock: Hand) -> None:
    clock.now += GONE_S
    assert Viewer(server).get()[0] == 200
    assert viewer.get("frame")[0] == 409, "who comes back finds the place taken"


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8642", "127.0.0.1.evil.example", "192.168.1.7:8642", ""]
)
def test_a_name_that_was_made_to_lead_here_is_refused(viewer: Viewer, host: str) -> None:
    status, _, body = viewer.get(host=host or " ")
    assert (status, b"frame" in body) == (421, False)


@pytest.mark.parametrize("host", ["127.0.0.1:8642", "localhost:9000", "localhost", "[::1]:8642"])
def test_either_end_of_a_tunnel_is_answered(viewer: Viewer, host: str) -> None:
    assert viewer.get(host=host)[0] == 200


def test_another_sites_page_may_not_ask(viewer: Viewer) -> None:
    assert viewer.get("frame", Origin="https://evil.example")[0] == 403
    assert viewer.get("frame", Origin="null")[0] == 403
    assert viewer.get("frame", Origin="http://localhost:9000")[0] == 200


def test_without_the_token_there_is_nothing(server: AimServer, viewer: Viewer) -> None:
    for path in ("/", "/frame", "/favicon.ico", f"/{server.gate.token[:-1]}/", "/%2e%2e/etc/passwd"):
        assert viewer.get(whole=path)[0] == 404
    assert viewer.get("other")[0] == 404


def test_nobody_looks_after_the_quarter_of_an_hour(viewer: Viewer, clock: Hand) -> None:
    clock.now += 15 * 60 - 1
    assert viewer.get("frame")[0] == 200
    clock.now += 1
    for path in ("", "frame"):
        status, _, body = viewer.get(path)
        assert (status, body) == (410, b"The time is over; run driver-monitor aim again.\n")


def test_no_more_than_a_quarter_of_an_hour_can_be_asked_for(clock: Hand) -> None:
    assert Gate(1000, clock).left_s == 900


@pytest.mark.parametrize("peer", ["192.168.1.20", "10.0.0.1", "::ffff:10.0.0.1", "fe80::1", "nonsense"])
def test_a_remote_address_is_refused(peer: str) -> None:
    gate = Gate()
    with pytest.raises(Refused) as refused:
        gate.admit(Asked(peer, "127.0.0.1", f"/{gate.token}/"))
    assert refused.value.code == 403


def test_no_other_address_of_this_machine_listens(server: AimServer) -> None:
    assert server.server_address[0] == "127.0.0.1"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # sends nothing, tells which address would be used
        except OSError:
            pytest.skip("this machine has no network")
        own = probe.getsockname()[0]
    with pytest.raises(OSError, match=r"refused|unreachable|timed out"):
        socket.create_connection((own, server.server_port), 5)


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
def test_nothing_can_be_sent_to_it(server: AimServer, method: str) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=30)
    connection.request(method, f"/{server.gate.token}/", headers={"Host": "127.0.0.1"})
    assert connection.getresponse().status == 501
    connection.close()


def test_silent_connections_are_bounded(server: AimServer, viewer: Viewer) -> None:
    silent = [socket.create_connection(("127.0.0.1", server.server_port)) for _ in range(MOST_CONNECTIONS + 4)]
    cut = 0
    for one in silent[MOST_CONNECTIONS:]:
        one.settimeout(30)
        try:
            cut += one.recv(1) == b""
        except ConnectionResetError:
            cut += 1
    assert cut == 4
    for one in silent:
        one.close()


def test_a_port_that_is_taken_is_one_clear_sentence(server: AimServer) -> None:
    with pytest.raises(UserError, match=r"cannot be used \(Address already in use\); name another with --port\.$"):
        AimServer(server.server_port, Gate(), Latest())


def test_each_run_has_a_token_of_its_own() -> None:
    assert Gate().token != Gate().token
    assert len(Gate().token) >= 24
