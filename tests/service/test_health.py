"""How the machine is, read from the files in which Linux tells it; made here as a Raspberry Pi has them."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.service.health import Board, Health, read_board

SOC = {"of the fourth model": "soc/soc:firmware", "of the fifth": "soc@107c000000/soc@107c000000:firmware"}


def write(root: Path, path: str, text: str) -> None:
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_text(text)


def test_an_empty_machine_tells_nothing(tmp_path: Path) -> None:
    assert read_board(None, tmp_path) == Board()


def test_the_hottest_zone_counts(tmp_path: Path) -> None:
    for zone, told in enumerate(("45160\n", "61200\n", "-274000\n", "nonsense\n")):
        write(tmp_path, f"sys/class/thermal/thermal_zone{zone}/temp", told)
    assert read_board(None, tmp_path).temperature == 61.2


@pytest.mark.parametrize("soc", SOC.values(), ids=SOC)
def test_what_holds_a_raspberry_pi_back_is_named_now_and_before(soc: str, tmp_path: Path) -> None:
    write(tmp_path, f"sys/devices/platform/{soc}/get_throttled", "50005\n")
    board = read_board(None, tmp_path)
    assert board.throttling == ("under_voltage", "throttled")
    assert board.throttled_before == ("under_voltage", "throttled")


def test_a_raspberry_pi_at_full_speed_says_so(tmp_path: Path) -> None:
    write(tmp_path, "sys/devices/platform/soc/soc:firmware/get_throttled", "0\n")
    assert read_board(None, tmp_path).throttling == ()


def test_on_another_board_throttling_is_not_known(tmp_path: Path) -> None:
    assert read_board(None, tmp_path).throttling is None
    write(tmp_path, "sys/devices/platform/soc/soc:firmware/get_throttled", "throttled?")
    assert read_board(None, tmp_path).throttling is None


def test_memory_and_disk_of_this_machine_are_plausible(tmp_path: Path) -> None:
    board = read_board(tmp_path)
    assert board.memory_mb is not None
    assert 5 < board.memory_mb < 100_000
    assert board.free_mb is not None
    assert board.disk_free_mb == pytest.approx(os.statvfs(tmp_path).f_bavail * os.statvfs(tmp_path).f_frsize / 1e6, 0.1)


def test_the_memory_of_children_counts() -> None:
    alone = read_board(None).memory_mb
    script = "x = b'1' * 60_000_000; print('ready', flush=True); input()"
    command = [sys.executable, "-c", script]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        child.stdout.readline()
        together = read_board(None).memory_mb
        child.communicate(b"\n")
    assert alone is not None
    assert together is not None
    assert together - alone > 50


def test_it_is_read_beside_the_frames_and_ends_when_told(tmp_path: Path) -> None:
    read, health = threading.Event(), Health(tmp_path)
    health.start(read.set)
    assert read.wait(30)
    assert health.board.disk_free_mb is not None
    health.close()
    assert "health" not in {thread.name for thread in threading.enumerate()}


def test_a_process_that_ends_while_it_is_read_does_not_end_the_reading(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Python 3.11's glob raises where a folder goes away under it."""
    write(tmp_path, "proc/self/statm", "100 50 10")

    def gone(_self: Path, _pattern: str) -> Iterator[Path]:
        raise ProcessLookupError(3, "No such process")
        yield

    read, health = threading.Event(), Health(tmp_path)
    monkeypatch.setattr(Path, "glob", gone)
    health.start(read.set)
    assert read.wait(30)
    health.close()
    assert health.board.memory_mb is not None
