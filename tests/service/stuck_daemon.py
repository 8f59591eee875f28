"""The whole daemon, one part of which hangs: a program with two arguments, the part and the configuration.

`capture` hangs in the process that captures, each time anew; everything else in the daemon itself, once.
"""

from __future__ import annotations

import ctypes
import functools
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import edge.service.daemon as daemon
from edge.alerts.alarms import Alarms
from edge.cameras import factory
from edge.cameras.process import ProcessCamera
from edge.cameras.recording import RecordingCamera
from edge.config import load_config
from edge.delivery.outbox import Outbox
from edge.rules.policy import Policy
from edge.service.clock import SessionClock
from edge.vision.pipeline import Pipeline

AFTER = 20
"""Calls that go well."""
WILD_CHILD = Path(__file__).resolve().parents[1] / "cameras" / "wild_child.py"


def hang(*_: object) -> None:
    threading.Event().wait()


def hang_with_interpreter(*_: object) -> None:
    ctypes.PyDLL(None).sleep(1_000_000)  # keeps the interpreter's lock: no thread of the daemon runs any more


def deadlock(*_: object) -> None:
    first, second = threading.Lock(), threading.Lock()
    met = threading.Barrier(2)

    def take(one: threading.Lock, other: threading.Lock) -> None:
        with one:
            met.wait()
            other.acquire()

    threading.Thread(target=take, args=(second, first), daemon=True).start()
    take(first, second)


PARTS: dict[str, tuple[type, str, Callable[..., None], int]] = {
    "inference": (Pipeline, "see", hang, AFTER),
    "inference with interpreter": (Pipeline, "see", hang_with_interpreter, AFTER),
    "rules": (Policy, "step", hang, AFTER),
    "alert": (Alarms, "take", hang, AFTER),
    "outbox": (Outbox, "put", hang, 0),
    "status": (SessionClock, "look", deadlock, AFTER),
    "camera": (RecordingCamera, "read", hang, AFTER),
}


def break_part(owner: type, name: str, fault: Callable[..., None], after: int) -> None:
    original = getattr(owner, name)
    calls = 0

    @functools.wraps(original)
    def broken(*arguments: Any, **more: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls > after:
            fault()
        return original(*arguments, **more)

    setattr(owner, name, broken)


def main(part: str, configuration: Path) -> None:
    if part == "capture":
        command = (sys.executable, str(WILD_CHILD), "always-hang")
        factory.ProcessCamera = functools.partial(ProcessCamera, command=command)
    elif part != "nothing":
        break_part(*PARTS[part])
    daemon.run_daemon(load_config(configuration))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
