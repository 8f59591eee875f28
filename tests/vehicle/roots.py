"""The root file systems that machines boot from: made once by debootstrap and kept outside the repository."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

PYTHON = ("python3", "python3-venv")
VEHICLE = (
    *PYTHON, "systemd", "systemd-sysv", "dbus", "udev", "procps", "iproute2", "mosquitto", "mosquitto-clients", "gpsd",
)  # fmt: skip
MIRROR = "http://deb.debian.org/debian"


def cache() -> Path:
    """Where the roots are kept; it can be deleted."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "driver-monitor"


def debian(
    suite: str,
    packages: Sequence[str] = VEHICLE,
    architecture: str = "",
    name: str = "",
    wheels: Sequence[str] = (),
) -> Path:
    """The root of a Debian as small as the tests allow, such as that of `bookworm`; another architecture's by name.

    It is kept as `name`, which other `packages` need. `wheels` are Python packages that Debian has not, as pip names
    them; what they need is not fetched.
    """
    name = name or (f"{suite}-{architecture}" if architecture else suite)
    root = cache() / name
    if root.is_dir():
        return root
    fresh = cache() / f"{name}.new"
    shutil.rmtree(fresh, ignore_errors=True)
    shutil.rmtree(f"{root}.copy", ignore_errors=True)
    fresh.mkdir(parents=True)
    # In memory: dpkg asks the disk to be done after each file, and thrice the time goes by.
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2g,mode=755", "vehicle", fresh], check=True)
    try:
        command = ["debootstrap", "--variant=minbase", f"--include={','.join(packages)}"]
        if architecture:
            command += ["--foreign", f"--arch={architecture}"]
        subprocess.run([*command, suite, fresh / "root", MIRROR], check=True, stdout=subprocess.DEVNULL)
        if architecture:
            _unpack(fresh / "root")
        if wheels:
            _install(fresh / "root", wheels)
        shutil.rmtree(fresh / "root/var/cache/apt")
        # What the machine that made it has told it, and services that the tests start themselves.
        (fresh / "root/etc/resolv.conf").unlink(missing_ok=True)
        if packages is VEHICLE:
            (fresh / "root/etc/machine-id").write_text("")
            for unit in ("mosquitto.service", "gpsd.service", "gpsd.socket"):
                place = fresh / "root/etc/systemd/system" / unit
                place.unlink(missing_ok=True)
                place.symlink_to("/dev/null")
        subprocess.run(["cp", "-a", fresh / "root", f"{root}.copy"], check=True)
    finally:
        subprocess.run(["umount", fresh], check=True)
    fresh.rmdir()
    Path(f"{root}.copy").rename(root)
    return root


def _install(root: Path, wheels: Sequence[str]) -> None:
    """For every Python alike, by this one's pip; compiled by the root's own, which may not write there later."""
    place = "usr/lib/python3/dist-packages"
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
    command += ["--root-user-action=ignore", "--no-compile", "--only-binary", ":all:", "--target", str(root / place)]
    subprocess.run([*command, *wheels], check=True)
    names = [f"/{place}/{wheel.partition('==')[0]}" for wheel in wheels]
    subprocess.run(["chroot", root, "python3", "-m", "compileall", "-q", *names], check=True)


def _unpack(root: Path) -> None:
    """What debootstrap has fetched for another processor: unpacked here in seconds, where it would be configured by an
    emulated one in minutes. Python needs no more.
    """
    for package in sorted((root / "var/cache/apt/archives").glob("*.deb")):
        subprocess.run(["dpkg-deb", "-x", package, root], check=True)
    shutil.rmtree(root / "debootstrap")
    for name in ("mnt", "opt", "srv"):
        (root / name).mkdir(exist_ok=True)
