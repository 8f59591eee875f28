"""How the machine is: temperature and throttling of the board, memory, disk. Read beside the frames, never by them."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

EVERY_S = 10.0
"""None of this changes faster in a way that matters."""
_MEGA = 1_000_000
_PLAUSIBLE = range(-60, 200)
"""Degrees; a zone that is switched off tells other numbers."""
# Bits of the Raspberry Pi's firmware, as its documentation of vcgencmd get_throttled has them: now, and since power on.
_THROTTLING = {0: "under_voltage", 1: "capped", 2: "throttled", 3: "hot"}
_BEFORE = 16


@dataclass(frozen=True, slots=True)
class Board:
    """None: it cannot be known on this machine.

    `temperature` is degrees Celsius of the hottest zone; `throttling` names what holds the processor back now,
    `throttled_before` what did since power came; `memory_mb` is what this process and its children hold, `free_mb`
    what the machine could still give; `disk_free_mb` is of the state directory's disk. A megabyte is 1,000,000 bytes.
    """

    temperature: float | None = None
    throttling: tuple[str, ...] | None = None
    throttled_before: tuple[str, ...] | None = None
    memory_mb: int | None = None
    free_mb: int | None = None
    disk_free_mb: int | None = None


def read_board(folder: Path | None, root: Path = Path("/")) -> Board:
    """All of it, from the files under `root` in which Linux tells it; of the disk that `folder` is on."""
    bits = _throttled(root)
    return Board(
        temperature=_temperature(root),
        throttling=None if bits is None else _names(bits),
        throttled_before=None if bits is None else _names(bits >> _BEFORE),
        memory_mb=_memory(root),
        free_mb=_available(root),
        disk_free_mb=_disk(folder),
    )


class Health:
    """Reads it now and then in a thread of its own, from `start` to `close`: the firmware may take its time."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._then: Callable[[], None] = lambda: None
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="health", daemon=True)
        self.board = Board()
        """As it was read last."""

    def start(self, then: Callable[[], None]) -> None:
        """`then` is called after each reading, in this object's thread."""
        self._then = then
        self._thread.start()

    def close(self) -> None:
        self._over.set()
        if self._thread.ident is not None:
            self._thread.join(1.0)  # a disk that hangs is no reason to stay

    def _run(self) -> None:
        while True:
            self.board = read_board(self._folder)
            self._then()
            if self._over.wait(EVERY_S):
                return


def _read(path: Path) -> str:
    """Nothing where there is no such file or it does not answer."""
    try:
        return path.read_text(encoding="ascii", errors="replace").strip()
    except OSError:
        return ""


def _find(root: Path, pattern: str) -> list[Path]:
    """In order; nothing where a folder goes away under the search, as a process's does: Python 3.11 raises then."""
    try:
        return sorted(root.glob(pattern))
    except OSError:
        return []


def _temperature(root: Path) -> float | None:
    zones = (_read(path) for path in _find(root, "sys/class/thermal/thermal_zone*/temp"))
    degrees = [int(told) / 1000 for told in zones if told.removeprefix("-").isdecimal()]
    return max((one for one in degrees if int(one) in _PLAUSIBLE), default=None)


def _throttled(root: Path) -> int | None:
    # soc:firmware, or soc@107c000000:firmware on the fifth model
    for path in _find(root, "sys/devices/platform/soc*/soc*firmware/get_throttled"):
        with suppress(ValueError):
            return int(_read(path), 16)
    return None


def _names(bits: int) -> tuple[str, ...]:
    return tuple(name for bit, name in _THROTTLING.items() if bits >> bit & 1)


def _memory(root: Path) -> int | None:
    """Resident memory: what processes share is counted in each."""
    sizes = [_pages(root / "proc" / str(one) / "statm") for one in _family(root, "self")]
    known = [size for size in sizes if size is not None]
    return sum(known) * os.sysconf("SC_PAGE_SIZE") // _MEGA if known else None


def _family(root: Path, process: str) -> Iterator[str]:
    """A process and what it started, down to the last."""
    yield process
    for path in _find(root, f"proc/{process}/task/*/children"):
        for child in _read(path).split():
            yield from _family(root, child)


def _pages(path: Path) -> int | None:
    numbers = _read(path).split()
    return int(numbers[1]) if len(numbers) > 1 and numbers[1].isdecimal() else None


def _available(root: Path) -> int | None:
    for line in _read(root / "proc" / "meminfo").splitlines():
        name, _, told = line.partition(":")
        number = told.split()[:1]
        if name == "MemAvailable" and number and number[0].isdecimal():
            return int(number[0]) * 1024 // _MEGA
    return None


def _disk(folder: Path | None) -> int | None:
    if folder is None:
        return None
    try:
        disk = os.statvfs(folder)
    except OSError:
        return None
    return disk.f_bavail * disk.f_frsize // _MEGA
