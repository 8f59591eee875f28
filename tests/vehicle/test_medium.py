"""The disk that loses power: what it keeps, loses and tells, without a machine."""

from __future__ import annotations

import random

from medium import SECTOR, Medium


def blank(sectors: int = 64) -> Medium:
    return Medium(bytes(sectors * SECTOR), random.Random(1))


def test_what_was_flushed_outlives_a_cut() -> None:
    disk = blank()
    disk.write(SECTOR, b"a" * SECTOR)
    disk.flush()
    assert disk.cut(0.0) == 0
    assert disk.read(SECTOR, SECTOR) == disk.content[SECTOR : 2 * SECTOR] == b"a" * SECTOR


def test_what_was_only_written_can_be_read_until_the_cut_and_is_gone_after_it() -> None:
    disk = blank()
    disk.write(0, b"a" * SECTOR)
    assert disk.read(0, 1) == b"a"
    assert disk.cut(0.0) == 1
    assert disk.read(0, 1) == b"\0"


def test_a_cut_may_keep_some_sectors_of_a_write_and_never_a_part_of_one() -> None:
    disk = blank()
    disk.write(0, b"a" * 64 * SECTOR)
    lost = disk.cut(0.5)
    sectors = {disk.content[at : at + SECTOR] for at in range(0, 64 * SECTOR, SECTOR)}
    assert 0 < lost < 64
    assert sectors == {b"a" * SECTOR, bytes(SECTOR)}
