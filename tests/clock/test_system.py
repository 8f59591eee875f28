"""Whether the system's clock is right: the kernel is asked."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

import pytest

from edge.clock import system


def test_the_offset_is_between_the_systems_two_clocks() -> None:
    assert system.system_offset() == pytest.approx(time.time() - time.monotonic(), abs=0.05)


def test_the_kernels_answer_is_the_one_that_adjtimex_gives() -> None:
    error = system._assumed_error_us()
    assert error is not None
    assert 0 <= error <= system.LARGEST_ERROR_US
    assert system.is_synchronised() == (error < system.LARGEST_ERROR_US)


@pytest.mark.parametrize(("error", "right"), [(16_000_000, False), (500, True)])
def test_a_clock_is_right_while_the_kernel_knows_its_error(
    error: int, right: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(system, "_assumed_error_us", lambda: error)
    (tmp_path / "synchronized").touch()
    assert system.is_synchronised(tmp_path / "synchronized") is right


def test_where_the_kernel_may_not_be_asked_timesyncds_file_tells(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(system, "_assumed_error_us", lambda: None)
    assert not system.is_synchronised(tmp_path / "synchronized")
    (tmp_path / "synchronized").touch()
    assert system.is_synchronised(tmp_path / "synchronized")


@pytest.mark.parametrize("trusted", [True, False])
def test_a_clock_of_1970_is_never_right(trusted: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time", lambda: 1000.0)
    monkeypatch.setattr(system, "is_synchronised", lambda: True)
    assert not system.system_time_is_true(trusted=trusted)


def test_a_boot_has_one_id() -> None:
    command = ["cat", "/proc/sys/kernel/random/boot_id"]
    assert system.boot_id() == subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
