"""A small disk for a test, and one with no room left."""

from __future__ import annotations

import os
import shutil
import subprocess
from contextlib import suppress
from pathlib import Path


def mount(folder: Path, megabytes: int = 1) -> str | None:
    """Make a disk of that size at `folder`; gives the reason where it cannot be made."""
    folder.mkdir(parents=True)
    if os.geteuid():
        return "only root may make a disk for a test"
    command = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "none", str(folder)]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    return None if done.returncode == 0 else f"no disk can be made here: {done.stderr.strip()}"


def remount_read_only(folder: Path) -> None:
    subprocess.run(["mount", "-o", "remount,ro", str(folder)], check=True)


def unmount(folder: Path) -> None:
    subprocess.run(["umount", "-l", str(folder)], check=False, capture_output=True)


def fill(disk: Path) -> Path:
    """Take every byte of it, with a file."""
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file, suppress(OSError):
        while shutil.disk_usage(disk).free:
            file.write(bytes(4096))
    return ballast
