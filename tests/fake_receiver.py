"""A GPS receiver that plays NMEA sentences into a real gpsd: gpsfake, on a free port of 127.0.0.1."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Sequence
from functools import reduce
from operator import xor
from pathlib import Path

import psutil
import pytest
from broker import DEADLINE_S, free_port, wait_for


def sentence(body: str) -> str:
    return f"${body}*{reduce(xor, body.encode(), 0):02X}"


def second(at: float, *, valid: bool = True, kind: int = 3, knots: float = 21.8) -> list[str]:
    """What a receiver on a bus in Montreal says in one second, `at` seconds since 1970; `kind` 2 or 3 dimensions."""
    now = time.gmtime(at)
    clock, date = time.strftime("%H%M%S.00", now), time.strftime("%d%m%y", now)
    if not valid:
        return [
            sentence(f"GPRMC,{clock},V,,,,,,,{date},,,N"),
            sentence(f"GPGGA,{clock},,,,,0,00,99.99,,,,,,"),
            sentence("GPGSA,A,1,,,,,,,,,,,,,99.99,99.99,99.99"),
        ]
    place = "4530.102,N,07334.038,W"
    height = "35.0,M,-33.0,M" if kind == 3 else ",M,,M"  # with a height, gpsd takes any fix for one of 3 dimensions
    return [
        sentence(f"GPRMC,{clock},A,{place},{knots},84.4,{date},,,A"),
        sentence(f"GPGGA,{clock},{place},1,08,1.0,{height},,"),
        sentence(f"GPGSA,A,{kind},04,05,,09,12,,,24,,,,,2.5,1.3,2.1"),
        sentence("GPGSV,2,1,05,04,40,083,46,05,17,308,41,09,07,344,39,12,22,228,45"),
        sentence("GPGSV,2,2,05,24,10,100,30"),
    ]


def drive(seconds: int, begin: float, line: Callable[..., list[str]] = second, **options: object) -> list[str]:
    return [one for number in range(seconds) for one in line(begin + number, **options)]


class FakeReceiver:
    """gpsfake with the sentences of `lines`, one every `pause_s`, from the beginning again at their end."""

    def __init__(self, folder: Path, lines: Sequence[str], pause_s: float = 0.01) -> None:
        self.port = free_port()
        self._pause = pause_s
        self._log = folder / "receiver.nmea"
        self._log.write_text("".join(line + "\r\n" for line in lines), encoding="latin-1", newline="")
        self._output = folder / "gpsfake.log"
        self._gpsfake: subprocess.Popen[bytes] | None = None
        self._gpsd: psutil.Process | None = None

    def start(self) -> None:
        paths = f"{os.environ.get('PATH', '')}:/usr/sbin"
        gpsfake = shutil.which("gpsfake", path=paths)
        if gpsfake is None or shutil.which("gpsd", path=paths) is None:
            message = "gpsd or gpsfake is not installed: apt-get install gpsd gpsd-tools gpsd-clients python3-gps"
            if os.environ.get("CI") == "true":
                pytest.fail(message)
            pytest.skip(message)
        # By TCP (-t): writing to a pseudo-terminal it was once seen to hang.
        command = [gpsfake, "-q", "-n", "-t", "-c", str(self._pause), "-P", str(self.port), str(self._log)]
        with self._output.open("ab") as output:
            self._gpsfake = subprocess.Popen(command, stdout=output, stderr=output, env=os.environ | {"PATH": paths})
        wait_for(self._has_gpsd, "gpsfake has started gpsd")

    def kill_gpsd(self) -> None:
        """gpsd dies, and gpsfake with it."""
        assert self._gpsd
        self._gpsd.send_signal(signal.SIGKILL)
        self.stop()

    def pause(self) -> None:
        """gpsd keeps its connections and says nothing."""
        assert self._gpsd
        self._gpsd.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        assert self._gpsd
        self._gpsd.send_signal(signal.SIGCONT)

    def stop(self) -> None:
        if self._gpsfake is None:
            return
        gpsfake = psutil.Process(self._gpsfake.pid)
        for process in (*_children(gpsfake), gpsfake):
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        self._gpsfake.wait(DEADLINE_S)
        wait_for(self._port_is_free, "gpsd has gone")
        (Path(os.environ.get("TMPDIR", "/tmp")) / f"gpsfake-{gpsfake.pid}.sock").unlink(missing_ok=True)
        self._gpsd = self._gpsfake = None

    def _port_is_free(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) != 0

    def _has_gpsd(self) -> bool:
        assert self._gpsfake
        assert self._gpsfake.poll() is None, self._output.read_text()
        self._gpsd = next(iter(_children(psutil.Process(self._gpsfake.pid), "gpsd")), None)
        return self._gpsd is not None


def _children(parent: psutil.Process, name: str = "") -> list[psutil.Process]:
    """Those that are there by now, all or of a name."""
    found = []
    with contextlib.suppress(psutil.NoSuchProcess):
        for child in parent.children(recursive=True):
            with contextlib.suppress(psutil.NoSuchProcess):
                found += [child] if name in ("", child.name()) else []
    return found
