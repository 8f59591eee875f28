"""Windows by time."""

from __future__ import annotations

from collections import deque

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.rules.window import Elapsed, Share, Window

STEPS = st.lists(st.tuples(st.floats(0.002, 3.0), st.booleans()), min_size=1, max_size=200)


@given(STEPS, st.floats(0.1, 60.0))
def test_a_window_is_exact_at_any_frame_rate(steps: list[tuple[float, bool]], length_s: float) -> None:
    window, stretches, now = Window(length_s), [], 100.0
    for seconds, held in steps:
        if held:
            window.add(now, now + seconds)
            stretches.append((now, now + seconds))
        now += seconds
        window.advance(now)
        edge = now - length_s
        assert window.seconds == pytest.approx(
            sum(max(0.0, end - max(start, edge)) for start, end in stretches), abs=1e-9
        )


def test_a_frame_stands_for_the_time_until_the_next_one_but_no_longer_than_allowed() -> None:
    assert Elapsed.between(10.0, 10.1, 0.2) == (10.0, 10.1, 10.1)
    assert Elapsed.between(10.0, 11.0, 0.2) == (10.0, 10.2, 11.0)


def test_a_share_needs_half_of_its_window_valid() -> None:
    share = Share(60.0, 0.5)
    share.add_valid(0.0, 29.9)
    share.add_held(0.0, 10.0)
    share.advance(40.0)
    assert share.share is None
    assert share.valid == pytest.approx(29.9 / 60)
    share.add_valid(40.0, 40.1)
    assert share.share == pytest.approx(10 / 30)


def test_what_lasts_costs_one_stretch_however_many_frames_it_has() -> None:
    window = Window(36_000.0)
    for index in range(10_000):
        window.add(index / 32, (index + 1) / 32)
        window.advance((index + 1) / 32)
    assert len(window) == 1


class CountingDeque(deque[tuple[float, float]]):
    """Counts what is done to it."""

    work = 0

    def append(self, item: tuple[float, float]) -> None:
        CountingDeque.work += 1
        super().append(item)

    def appendleft(self, item: tuple[float, float]) -> None:
        CountingDeque.work += 1
        super().appendleft(item)

    def popleft(self) -> tuple[float, float]:
        CountingDeque.work += 1
        return super().popleft()


def _work(length_s: float, frames: int) -> int:
    window = Window(length_s)
    window._stretches = CountingDeque()
    CountingDeque.work = 0
    for index in range(frames):
        now = float(index)
        if index % 2:
            window.add(now, now + 1.0)
        window.advance(now + 1.0)
    return CountingDeque.work


def test_the_work_a_frame_does_not_grow_with_the_window() -> None:
    frames = 50_000
    assert _work(36_000.0, frames) <= _work(3_600.0, frames) <= 3 * frames
