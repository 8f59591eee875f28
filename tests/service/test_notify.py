from __future__ import annotations

import os
import socket

import pytest

from edge.service.notify import Notifier


@pytest.fixture
def systemd(tmp_path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as receiver:
        receiver.bind(str(tmp_path / "notify"))
        receiver.settimeout(5)
        yield receiver


def test_systemd_hears_the_life_of_the_daemon_in_order(systemd):
    notifier = Notifier({"NOTIFY_SOCKET": systemd.getsockname()})
    notifier.ready()
    notifier.status("watching at\n15.0 frames a second")
    notifier.watchdog()
    notifier.stopping()
    assert [systemd.recv(1024) for _ in range(4)] == [
        b"READY=1",
        b"STATUS=watching at 15.0 frames a second",
        b"WATCHDOG=1",
        b"STOPPING=1",
    ]


def test_an_abstract_socket_is_reached():
    name = f"driver-monitor-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as receiver:
        receiver.bind(f"\0{name}")
        receiver.settimeout(5)
        Notifier({"NOTIFY_SOCKET": f"@{name}"}).ready()
        assert receiver.recv(1024) == b"READY=1"


def test_without_systemd_nothing_happens():
    notifier = Notifier({})
    notifier.ready()
    assert notifier.watchdog_s is None


def test_a_socket_that_is_gone_does_not_stop_the_daemon(tmp_path, caplog):
    Notifier({"NOTIFY_SOCKET": str(tmp_path / "gone")}).ready()
    assert "READY=1" in caplog.text


def test_a_manager_that_does_not_read_does_not_hold_up_the_daemon(systemd, caplog):
    notifier = Notifier({"NOTIFY_SOCKET": systemd.getsockname()})
    for _ in range(10_000):
        notifier.watchdog()
        if caplog.records:
            break
    assert "cannot be told WATCHDOG=1" in caplog.text


@pytest.mark.parametrize(
    ("environment", "seconds"),
    [
        ({"WATCHDOG_USEC": "10000000"}, 10.0),
        ({"WATCHDOG_USEC": "10000000", "WATCHDOG_PID": str(os.getpid())}, 10.0),
        ({"WATCHDOG_USEC": "10000000", "WATCHDOG_PID": "1"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
    ],
)
def test_the_watchdog_is_only_for_the_process_that_it_names(environment, seconds):
    assert Notifier(environment).watchdog_s == seconds
