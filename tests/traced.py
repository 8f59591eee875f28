"""What a program does to files and networks, as the kernel sees it: strace(1) on it and everything that it starts."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

import pytest

CALLS = (
    "open,openat,openat2,creat,mkdir,mkdirat,mknod,mknodat,link,linkat,symlink,symlinkat,rename,renameat,renameat2,"
    "truncate,connect,sendto,sendmsg,sendmmsg,execve"
)
WRITING = ("O_WRONLY", "O_RDWR", "O_CREAT", "O_TRUNC", "O_APPEND", "O_TMPFILE")
MAKING = ("creat", "mkdir", "mkdirat", "mknod", "mknodat", "link", "linkat", "symlink", "symlinkat", "rename",
          "renameat", "renameat2", "truncate")  # fmt: skip
_CALL = re.compile(r"^\d+ +(\w+)\((.*)")
_FOLDER = re.compile(r"(?:AT_FDCWD|\d+)<([^>]*)>, \"((?:[^\"\\]|\\.)*)\"")
_PATH = re.compile(r"\"((?:[^\"\\]|\\.)*)\"")


@dataclass
class Traced:
    """How a program ended, the files that it made or opened for writing, its network peers and what it started."""

    code: int
    output: str
    written: set[Path] = field(default_factory=set)
    peers: set[str] = field(default_factory=set)
    started: list[str] = field(default_factory=list)


def trace(command: list[str], folder: Path, **environment: str) -> Traced:
    """Run it in `folder`, to its end; its trace is left there."""
    strace = shutil.which("strace")
    if strace is None:
        message = "strace is not installed: apt-get install strace"
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)
    log = folder / "trace"
    done = subprocess.run(
        [strace, "-f", "--seccomp-bpf", "-qq", "-y", "-s", "4096", "-e", f"trace={CALLS}", "-o", str(log), *command],
        cwd=folder, capture_output=True, text=True, timeout=240, env=os.environ | environment, check=False,
    )  # fmt: skip
    traced = Traced(done.returncode, done.stdout + done.stderr)
    for line in log.read_text(errors="replace").splitlines():
        if call := _CALL.match(line):
            _take(traced, call[1], call[2], folder)
    return traced


def _take(traced: Traced, call: str, arguments: str, folder: Path) -> None:
    if call == "execve":
        traced.started.append(_PATH.findall(arguments)[0])
    elif call in ("connect", "sendto", "sendmsg", "sendmmsg"):
        if "sa_family=AF_INET" in arguments:
            port, address = re.search(r"sin6?_port=htons\((\d+)\)", arguments), _PATH.search(arguments)
            traced.peers.add(f"{address[1] if address else '?'}:{port[1] if port else '?'}")
        elif "sa_family=AF_UNIX" in arguments and (path := re.search(r'sun_path=@?"([^"]*)"', arguments)):
            traced.peers.add(path[1])
    elif call in MAKING or any(flag in arguments for flag in WRITING):
        inside = [folder / of / name for of, name in _FOLDER.findall(arguments)]
        plain = [] if inside else [folder / name for name in _PATH.findall(arguments)]
        traced.written |= {Path(os.path.normpath(path)) for path in inside + plain}
