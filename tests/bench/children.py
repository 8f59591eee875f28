"""The parent's side: processes on one core, with one thread each, asked in turn so that none runs beside another."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
CHILD = Path(__file__).with_name("child.py")
FER_PYTHON = ROOT / ".venv-bench" / "bin" / "python"

ONE_THREAD = {
    **dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS"), "1"),
    **dict.fromkeys(("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"), "1"),
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "CUDA_VISIBLE_DEVICES": "",
}


def environment() -> dict[str, str]:
    """Of every process that is measured: one thread, and the way to this folder's modules and to the project."""
    return os.environ | ONE_THREAD | {"PYTHONPATH": f"{ROOT / 'tests'}{os.pathsep}{ROOT}"}


class ChildError(Exception):
    """A candidate ended before it answered; the message holds what it said last."""


class Child:
    """One candidate's process; `ready_s` is what it took from nothing to its first result, by the clock."""

    def __init__(self, name: str, first: Path, yunet: Path | None, core: int) -> None:
        self.name = name
        self._said = tempfile.TemporaryFile("w+")  # noqa: SIM115  closed with the process
        python = str(FER_PYTHON) if name == "fer" else sys.executable
        began = time.perf_counter()
        self._process = subprocess.Popen(
            [python, str(CHILD), name, str(first), *([str(yunet)] if yunet else [])],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._said,
            text=True,
            env=environment(),
            preexec_fn=lambda: os.sched_setaffinity(0, {core}),
        )
        self.first_rss_mb = float(self._read()["rss_mb"])
        self.ready_s = time.perf_counter() - began

    def ask(self, **asked: Any) -> dict[str, Any]:
        """The answer, once the child has measured it.

        Raises:
            ChildError: it ended.
        """
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            print(json.dumps(asked, default=str), file=self._process.stdin, flush=True)
        return self._read()

    def close(self) -> None:
        self._process.kill()
        self._process.communicate()
        self._said.close()

    def _read(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if line:
            answer: dict[str, Any] = json.loads(line)
            return answer
        self._said.seek(0)
        last = (self._said.read().strip().splitlines() or ["nothing"])[-1]
        raise ChildError(f"{self.name}: the process that was measured ended; it said last: {last}")


@contextlib.contextmanager
def children(names: list[str], first: Path, yunet: Path | None, core: int) -> Iterator[dict[str, Child]]:
    """All of them, started one after the other."""
    started: dict[str, Child] = {}
    try:
        for name in names:
            started[name] = Child(name, first, yunet, core)
        yield started
    finally:
        for child in started.values():
            child.close()
