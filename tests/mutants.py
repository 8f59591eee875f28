"""Mutation testing of one room, `make mutants ROOM=rules`: a mutant is a small fault in one function; do tests find it?

mutmut makes the mutants; which of them a room's tests find is tried here. Its own runner collects anew for each mutant
and goes through a trampoline at each call of a function, which takes several times as long where a test plays a drive
of thousands of frames. Here pytest collects once, and each mutant is put in its function's place in a fork of its own.
Constants, and functions with a decorator (properties), are left as they are: so mutmut has it.
"""

from __future__ import annotations

import argparse
import difflib
import importlib
import inspect
import math
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent
PARTS = ("edge", "tests", "config", "docs", "pyproject.toml")
TESTS = {"rules": ["tests/rules"], "delivery": ["tests/delivery"]}
SKIPPED = {
    # One camera of the six, nothing that measures time or plays whole hours: what only these would find is not found.
    "rules": (
        *("15", "30", "jitter", "alert_hour", "simulated_day", "doubling", "millisecond", "work_a_frame", "properties"),
    ),
    # Nothing with a broker, a disk of its own or a second process.
    "delivery": (
        *(
            "test_day",
            "test_held",
            "test_outbox_command",
            "test_password",
            "test_publisher",
            "test_reconnect",
            "test_tls",
        ),
        *("no_kill", "full_disk", "read_only", "damaged_pages", "delivered_once", "until_they", "over_a_broker"),
        *("off_by_default", "nothing_that_arrives", "as_it_says"),
    ),
}
"""By a part of a test's name."""
ALSO = {"delivery": ["edge/backoff.py"]}
LEAVE_OUT = {"delivery": ("connection", "probe", "knock", "tls", "asyncapi", "asyncapi_text", "outbox_admin", "key")}
"""What the network or a command does: their tests need a broker or a process."""
LONGEST_S = 300.0
"""A mutant that runs so long goes round for ever: that is found."""


@dataclass
class Function:
    """Where a function and its mutants stand."""

    owner: Any
    name: str
    original: Any
    mutants: dict[str, Any] = field(default_factory=dict)

    def become(self, new: Any) -> None:
        old = vars(self.owner)[self.name]
        setattr(self.owner, self.name, new)
        if isinstance(self.owner, ModuleType):  # others have imported it by name
            for module in list(sys.modules.values()):
                for name, value in list(vars(module).items()) if isinstance(module, ModuleType) else ():
                    if value is old:
                        setattr(module, name, new)


def functions(module: ModuleType) -> list[Function]:
    """The functions that mutmut has mutated, as they stand in a module that it wrote."""
    found = []
    for name in [name for name in vars(module) if name.startswith("mutants_x")]:
        mangled = name.removeprefix("mutants_").removesuffix("__mutmut")
        _, _, inner = mangled.rpartition("ǁ")
        path = mangled.split("ǁ")[1:-1]
        owner: Any = module
        for part in path:
            owner = getattr(owner, part)
        function = Function(owner, inner if path else inner.removeprefix("x_"), vars(owner)[f"{mangled}__mutmut_orig"])
        for key in vars(module)[name]:
            if key != "_mutmut_orig":
                function.mutants[f"{module.__name__}.{key}"] = vars(owner)[key]
        found.append(function)
    return found


class Trial:
    """pytest's plugin: instead of running the tests once, it runs them until one fails, for each mutant of a sample."""

    def __init__(self, modules: list[str], sample: int, seed: int, seconds: float) -> None:
        self._modules, self._sample, self._seed, self._seconds = modules, sample, seed, seconds
        self.found: list[str] = []
        self.survivors: list[tuple[str, str]] = []
        self.number = 0

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        end = time.monotonic() + self._seconds
        all_functions = [one for name in self._modules for one in functions(importlib.import_module(name))]
        for function in all_functions:
            function.become(function.original)
        seconds = {item: _passes(item) for item in session.items}
        whole = [(item, took) for item, took in seconds.items() if took is not None]
        print(f"{len(whole)} of {len(seconds)} tests, {sum(took for _, took in whole):.0f} s", flush=True)
        kills = dict.fromkeys((item for item, _ in whole), 0)
        mutants = [(function, name) for function in all_functions for name in function.mutants]
        self.number = len(mutants)
        random.Random(self._seed).shuffle(mutants)
        for function, name in mutants[: self._sample]:
            if time.monotonic() > end:
                break
            order = sorted(whole, key=lambda pair: pair[1] / (1 + kills[pair[0]]))
            killer = _try(function, name, [item for item, _ in order])
            if killer is None:
                self.survivors.append((name, _difference(function, name)))
                print(f"SURVIVED {name}\n{self.survivors[-1][1]}", flush=True)
            else:
                self.found.append(name)
                if killer < len(order):
                    kills[order[killer][0]] += 1
        return True


def _passes(item: pytest.Item) -> float | None:
    """Seconds that the test takes; None where it is skipped or fails without any mutant."""
    begin = time.monotonic()
    return time.monotonic() - begin if _outcome(item) == "passed" else None


def _outcome(item: pytest.Item) -> str:
    from _pytest.runner import runtestprotocol

    outcomes = {report.outcome for report in runtestprotocol(item, log=False, nextitem=None)}
    return "failed" if "failed" in outcomes else "skipped" if "skipped" in outcomes else "passed"


def _try(function: Function, name: str, items: list[pytest.Item]) -> int | None:
    """The number of the test that finds the mutant; one more than there are where it never ends; None: it survives."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.setsid()
        function.become(function.mutants[name])
        for number, item in enumerate(items):
            if _outcome(item) == "failed":
                os.write(writer, number.to_bytes(4, "big"))
                os._exit(1)
        os._exit(0)
    os.close(writer)
    end = time.monotonic() + LONGEST_S
    while not (ended := os.waitpid(child, os.WNOHANG))[0]:
        if time.monotonic() > end:
            os.killpg(child, signal.SIGKILL)
            ended = os.waitpid(child, 0)
            break
        time.sleep(0.01)
    told = os.read(reader, 4)
    os.close(reader)
    if ended[1] == 0:
        return None
    return int.from_bytes(told, "big") if told else len(items)


def _difference(function: Function, name: str) -> str:
    def lines(of: Any) -> list[str]:
        return inspect.getsource(getattr(of, "__func__", of)).splitlines()

    before, after = lines(function.original), lines(function.mutants[name])
    changed = [
        line
        for line in difflib.unified_diff(before[1:], after[1:], lineterm="", n=0)
        if line[:2] not in ("--", "++", "@@")
    ]
    return "\n".join(changed)


def interval(found: int, of: int) -> tuple[float, float]:
    """The 95 % interval of a share (Wilson 1927)."""
    share, z = found / of, 1.96
    middle, half = share + z * z / (2 * of), z * math.sqrt(share * (1 - share) / of + z * z / (4 * of * of))
    return (middle - half) / (1 + z * z / of), (middle + half) / (1 + z * z / of)


def prepare(room: str, folder: Path) -> list[str]:
    """A copy of the tree with a room's modules mutated; gives their names."""
    from mutmut.mutation.file_mutation import mutate_file_contents

    listing = ["git", "ls-files", "--cached", "--others", "--exclude-standard", *PARTS]
    listed = subprocess.run(listing, cwd=ROOT, check=True, capture_output=True, text=True)
    for name in filter(lambda name: (ROOT / name).is_file(), listed.stdout.splitlines()):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, folder / name)
    (folder / "setup.cfg").write_text("[mutmut]\nsource_paths=edge\n")
    modules = []
    for path in sorted((folder / "edge" / room).glob("*.py")) + [folder / name for name in ALSO.get(room, [])]:
        if path.stem in LEAVE_OUT.get(room, ()):
            continue
        mutated = mutate_file_contents(str(path), path.read_text())
        if mutated.mutant_names:
            path.write_text(mutated.code)
            modules.append(".".join(path.relative_to(folder).with_suffix("").parts))
    return modules


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("room", choices=list(TESTS))
    parser.add_argument("--sample", type=int, default=10**6, help="so many mutants, drawn by the seed; without it all")
    parser.add_argument("--seed", type=int, default=9)
    parser.add_argument("--minutes", type=float, default=math.inf, help="no mutant is begun later than this")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.chdir(folder)
        modules = prepare(asked.room, folder)
        sys.path[:] = [
            str(folder),
            str(folder / "tests"),
            *(one for one in sys.path if Path(one).resolve() not in (ROOT, ROOT / "tests")),
        ]
        trial = Trial(modules, asked.sample, asked.seed, asked.minutes * 60)
        quiet = ["-s", "-o", "addopts=", "-p", "no:terminal", "-p", "no:cacheprovider"]
        args = [*TESTS[asked.room], "-k", f"not ({' or '.join(SKIPPED[asked.room])})", *quiet]
        pytest.main(args, plugins=[trial])
    tried = len(trial.found) + len(trial.survivors)
    low, high = interval(len(trial.found), tried) if tried else (0.0, 1.0)
    print(
        f"{asked.room}: {len(trial.found)} of {tried} mutants found ({len(trial.found) / max(1, tried):.1%}; "
        f"{trial.number} there are, 95 % interval {low:.1%} to {high:.1%})"
    )


if __name__ == "__main__":
    main()
