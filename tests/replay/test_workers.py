"""Processes of our own, and Ctrl-C while they begin."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import pytest

from edge.replay.workers import deaf_children, workers
from edge.whole_file import whole


def _interrupted(thread: threading.Thread, done: list[str]) -> None:
    with deaf_children():
        signal.pthread_kill(thread.ident or 0, signal.SIGINT)
        time.sleep(0.5)  # that thread has to wake to take it; Python would interrupt us here
        done.append("begun")


@pytest.mark.parametrize("whose", ["this thread", "another thread"])
def test_ctrl_c_is_heard_once_the_children_have_begun(whose: str) -> None:
    over = threading.Event()
    another = threading.Thread(target=over.wait)  # it blocks nothing, so the kernel may give it the signal
    another.start()
    done: list[str] = []
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background ignores it
    try:
        with pytest.raises(KeyboardInterrupt):
            _interrupted(another if whose == "another thread" else threading.main_thread(), done)
    finally:
        over.set()
        another.join()
        after = signal.signal(signal.SIGINT, before)
    assert done == ["begun"]
    assert after is signal.default_int_handler
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, [])


def _write_half(path: Path, begun: Path) -> None:
    with whole(path) as partial:
        partial.write_text("half")
        begun.write_text(str(os.getpid()))
        threading.Event().wait(60)


@pytest.fixture
def begun(tmp_path: Path) -> Path:
    """A pipe that tells of the process that has begun to write."""
    pipe = tmp_path / "begun"
    os.mkfifo(pipe)
    return pipe


def _ended(folder: Path, begun: Path, end: Callable[[int], None]) -> None:
    """What `end` does once a process, of which it is given the id, has begun to write."""
    with workers(2) as pool:
        assert pool
        done = pool.submit(_write_half, folder / "kept", begun)
        end(int(begun.read_text()))
        done.result()


def test_a_process_that_ctrl_c_ends_leaves_nothing_half_written(tmp_path: Path, begun: Path) -> None:
    def interrupt(_process: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        _ended(tmp_path, begun, interrupt)
    assert list(tmp_path.iterdir()) == [begun]


@pytest.mark.parametrize("by", [signal.SIGTERM, signal.SIGHUP])
def test_a_process_that_the_system_ends_leaves_nothing_half_written(
    tmp_path: Path, begun: Path, by: signal.Signals
) -> None:
    before = signal.signal(by, signal.SIG_DFL)  # a job in the background may ignore it, and what it starts would, too
    try:
        with pytest.raises(BrokenProcessPool):
            _ended(tmp_path, begun, lambda process: os.kill(process, by))
    finally:
        signal.signal(by, before)
    assert list(tmp_path.iterdir()) == [begun]
