"""Processes of our own, and Ctrl-C while they begin."""

from __future__ import annotations

import signal
import threading
import time

import pytest

from edge.replay.workers import deaf_children


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
