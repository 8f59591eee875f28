"""The device's processor architecture, emulated by qemu: a Debian for arm64 with the driver monitor in /opt/env."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from roots import PYTHON, debian

WHEELS = "DRIVER_MONITOR_WHEELS_AARCH64"
BINFMT = Path("/proc/sys/fs/binfmt_misc")
QEMU = Path("/usr/lib/binfmt.d/qemu-aarch64.conf")
PIP = (
    "PYTHONPATH=$(echo /usr/share/python-wheels/pip-*.whl) python3 -m pip --python /opt/env/bin/python "
    "install -q --no-compile --no-index --find-links /mnt"
)


@contextmanager
def emulated_board(scratch: Path, package: Path | None = None) -> Iterator[Path]:
    """Its root, in which what it writes is thrown away; /io is there for files.

    `package` is a wheel of this project, otherwise that of the folder of wheels is installed.
    """
    if WHEELS not in os.environ or not QEMU.exists():
        pytest.skip(f"no qemu-user-static or no {WHEELS}: make test-vehicle sets up both")
    if not (BINFMT / "register").exists():
        subprocess.run(["mount", "-t", "binfmt_misc", "binfmt_misc", BINFMT], check=True)
    is_registered = (BINFMT / "qemu-aarch64").exists()
    if not is_registered:
        (BINFMT / "register").write_text(QEMU.read_text())
    lower = debian("bookworm", PYTHON, "arm64")
    upper, work, root = (scratch / f"arm64{name}" for name in ("", ".work", ".root"))
    for folder in (upper, work, root):
        folder.mkdir()
    options = f"lowerdir={lower},upperdir={upper},workdir={work}"
    subprocess.run(["mount", "-t", "overlay", "-o", options, "arm64", root], check=True)
    try:
        (root / "io").mkdir()
        wanted = "driver-monitor"
        if package is not None:
            (root / "io" / package.name).write_bytes(package.read_bytes())
            wanted = f"/io/{package.name}"
        subprocess.run(["mount", "--bind", os.environ[WHEELS], root / "mnt"], check=True)
        say(root, "python3 -m venv --without-pip /opt/env")
        say(root, f"{PIP} {wanted}")
        compile_there(root, "opt/env/lib")
        yield root
    finally:
        subprocess.run(["umount", root / "mnt"], check=False)
        subprocess.run(["umount", "--lazy", root], check=True)
        if not is_registered:
            (BINFMT / "qemu-aarch64").write_text("-1")  # as it was before


def compile_there(root: Path, folder: str) -> None:
    """By this machine's Python where it is the root's: one version has one bytecode on every processor."""
    if sys.version_info[:2] == (3, 11):
        command = [sys.executable, "-m", "compileall", "-q", "-s", root, "-p", "/", root / folder]
        subprocess.run(command, check=False, stdout=subprocess.DEVNULL)


def say(root: Path, command: str) -> str:
    """The standard output of what must succeed there."""
    environment = ["env", "-i", "PATH=/usr/local/bin:/usr/bin:/bin", "LANG=C.UTF-8", "PIP_CONFIG_FILE=/dev/null"]
    done = subprocess.run(
        ["chroot", root, *environment, "sh", "-c", command], capture_output=True, text=True, timeout=850, check=False
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
    return done.stdout.strip()
