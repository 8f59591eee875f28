"""Work on many recordings at once: on this machine's cores, or on a Dask cluster."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from multiprocessing import active_children, get_context
from typing import Any, TypeVar

from edge.errors import InputError, UserError
from edge.replay.progress import progress

Result = TypeVar("Result")

CONNECT_S = 10
ENDING = (signal.SIGTERM, signal.SIGHUP)
"""End a process of ours: sent by us, or by the system to all of the command."""


def cores() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0))


@contextmanager
def workers(jobs: int, dask: str | None = None) -> Iterator[Executor | None]:
    """What runs tasks: `jobs` processes, or the Dask cluster at that address; None is this process alone.

    Raises:
        UserError: Dask is not installed, or does not answer.
    """
    if dask is not None:
        with _cluster(dask) as executor:
            yield executor
    elif jobs == 1:
        yield None
    else:
        # spawn: a fork would copy OpenCV's and the runtime's threads in whatever state they are
        with _Pool(jobs, mp_context=get_context("spawn")) as pool:
            try:
                yield pool
            except KeyboardInterrupt:
                for child in active_children():  # none waits for the end of the recording that it is at
                    child.terminate()
                raise


class _Pool(ProcessPoolExecutor):
    """Its processes leave nothing half-written where they are ended."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        return super().submit(_unwinding, fn, *args, **kwargs)


def _unwinding(function: Callable[..., Result], *args: Any, **kwargs: Any) -> Result:
    """The function's result, in a process that `ENDING` ends once the function has cleaned up after itself."""
    try:
        ours = [number for number in ENDING if signal.getsignal(number) is signal.SIG_DFL]
        try:
            for number in ours:
                signal.signal(number, _end)
            return function(*args, **kwargs)
        finally:
            for number in ours:
                signal.signal(number, signal.SIG_DFL)
    except SystemExit:
        os._exit(1)  # at once: the pool would take it for the task's own error, and begin the next one


def _end(_number: int, _frame: object) -> None:
    for number in ENDING:
        # another may wait already: the pool ends all where it finds one gone, and a second must not cut cleaning short
        signal.signal(number, lambda *_: None)
    raise SystemExit


@contextmanager
def deaf_children() -> Iterator[None]:
    """Processes that begin inside do not hear Ctrl-C, which is for us, who then end them; we hear it afterwards."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        with _heard_later():
            yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def _heard_later() -> Iterator[None]:
    """Ctrl-C inside interrupts afterwards, whatever thread it comes to.

    The kernel gives it to any that does not block it, as those of libraries; Python then interrupts the main thread,
    whatever that one blocks: between the start of a process and its first message, which that would wait for in vain.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    heard: list[int] = []
    handler = signal.signal(signal.SIGINT, lambda number, _: heard.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.SIG_DFL if handler is None else handler)
        if heard:
            signal.raise_signal(signal.SIGINT)  # to this thread, which hears it once it blocks it no more


@contextmanager
def _cluster(address: str) -> Iterator[Executor]:
    try:
        from distributed import Client
    except ImportError:
        raise UserError("Dask is not installed: pip install '.[tune]' in the clone.") from None
    try:
        client = Client(address, timeout=CONNECT_S, set_as_default=False)
    except (OSError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise InputError(f"--dask {address}: no cluster answers there ({reason}); start one or correct it.") from None
    with client:
        yield client.get_executor(pure=False)


def run_all(
    executor: Executor | None,
    function: Callable[..., Result],
    tasks: Sequence[tuple[Any, ...]],
    sizes: Sequence[int],
    label: str,
) -> list[Result]:
    """The results in the tasks' order, whatever runs them; on a terminal the progress, with the time that is left.

    `sizes` say how the tasks' times compare: the longest begin first, so that none is left to run alone at the end.
    What a task raises is raised here, and ends the others.
    """
    order = sorted(range(len(tasks)), key=lambda index: -sizes[index])
    results: dict[int, Result] = {}
    with progress(label, lambda: sum(sizes)) as advance:
        for index, result in _run(executor, function, tasks, order):
            results[index] = result
            advance(sizes[index])
    return [results[index] for index in range(len(tasks))]


def _run(
    executor: Executor | None, function: Callable[..., Result], tasks: Sequence[tuple[Any, ...]], order: Sequence[int]
) -> Iterator[tuple[int, Result]]:
    if executor is None or len(order) == 1:  # nothing is won by another process
        for index in order:
            yield index, function(*tasks[index])
        return
    with deaf_children():
        futures = {executor.submit(function, *tasks[index]): index for index in order}
    try:
        for future in as_completed(futures):
            yield futures[future], future.result()
    except Exception:  # of Ctrl-C none is cancelled: their processes are ended, and the pool tells each of that
        for future in futures:
            future.cancel()
        raise
