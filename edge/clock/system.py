"""The system's clock, and whether anything keeps it right."""

from __future__ import annotations

import ctypes
import time
from pathlib import Path

from edge.clock.gps_time import EARLIEST

LARGEST_ERROR_US = 16_000_000
"""The kernel lets the error that it assumes grow up to here; below it something has set the clock right lately."""
TIMESYNCD = Path("/run/systemd/timesync/synchronized")
BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


class _Timex(ctypes.Structure):
    """`struct timex` of adjtimex(2); what comes behind the error is not read."""

    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("rest", ctypes.c_byte * 512),
    )


def is_synchronised(timesyncd: Path = TIMESYNCD) -> bool:
    """Whether network time, or whatever else the kernel is told of, keeps the system's clock.

    The kernel is asked (adjtimex), as `timedatectl` does: it knows of every such program (timesyncd, chrony, ntpd), and
    forgets it when somebody sets the clock by hand, and after 9 hours without a correction. Its flag STA_UNSYNC is not
    asked: chrony sets it only to keep the kernel from a hardware clock. Where a sandbox forbids the question,
    timesyncd's file tells at least that it has synchronised the clock since the boot.
    """
    error = _assumed_error_us()
    return timesyncd.exists() if error is None else error < LARGEST_ERROR_US


def _assumed_error_us() -> int | None:
    adjtimex = getattr(ctypes.CDLL(None), "adjtimex", None)
    timex = _Timex()  # modes 0: nothing is changed
    if adjtimex is None or adjtimex(ctypes.byref(timex)) < 0:
        return None
    return int(timex.maxerror)


def system_offset() -> float:
    """The system's clock less the monotonic one, seconds."""
    before = time.monotonic()
    wall = time.time()
    return wall - (before + time.monotonic()) / 2


def system_time_is_true(*, trusted: bool) -> bool:
    """Whether the system's clock can be taken for UTC; `trusted`: also where nothing is known to keep it."""
    return time.time() >= EARLIEST and (trusted or is_synchronised())


def boot_id() -> str:
    """Another one at each start of the machine; the monotonic clock begins with it."""
    try:
        return BOOT_ID.read_text(encoding="ascii").strip()
    except OSError:
        return ""


class System:
    """This machine's clocks; tests have others. `trusted`: the system's clock is right though nothing keeps it."""

    def __init__(self, *, trusted: bool = False) -> None:
        self._trusted = trusted
        self.boot = boot_id()

    def monotonic(self) -> float:
        return time.monotonic()

    def offset(self) -> float:
        return system_offset()

    def is_true(self) -> bool:
        return system_time_is_true(trusted=self._trusted)
