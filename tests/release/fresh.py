"""The README's commands on a Debian that has nothing but what the README asks for, as a user who was made just now.

`make fresh` runs it, as root. The roots are made once by debootstrap and kept beside those of tests/vehicle; what a
run writes lies on top of one and is thrown away. The network is this machine's, and so is its kernel.
"""

from __future__ import annotations

import argparse
import os
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "vehicle"))
from roots import cache, debian

ROOT = Path(__file__).resolve().parents[2]
README = ("python3", "make", "git", "sudo")
"""What the README says must be there, and what every installed system has for its first user."""
USER = "newcomer"
CLONE = f"/home/{USER}/driver-monitor"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("command", nargs="?", default="make demo", help="what is run in the clone (make demo)")
    parser.add_argument("--suite", action="append", help="bookworm, trixie; by default both, one after the other")
    parser.add_argument("--data", type=Path, help="training data, lent read-only: DRIVER_MONITOR_DATA")
    parser.add_argument("--recordings", type=Path, help="recordings, lent read-only: DRIVER_MONITOR_RECORDINGS")
    parser.add_argument("--lend", action="append", default=[], help="PATH or PATH:THERE, lent read-only: /etc/pip.conf")
    parser.add_argument("--env", action="append", default=[], help="NAME=VALUE for the user: https_proxy, PIP_CERT")
    options = parser.parse_args()
    if os.geteuid() != 0:
        parser.error("only root can run another root; run it by sudo")

    binds = [lent if ":" in lent else f"{lent}:{lent}" for lent in options.lend]
    variables = list(options.env)
    for name, folder in (("DATA", options.data), ("RECORDINGS", options.recordings)):
        if folder is not None:
            binds.append(f"{folder.resolve()}:/srv/{folder.resolve().name}")
            variables.append(f"DRIVER_MONITOR_{name}=/srv/{folder.resolve().name}")
    if options.recordings is not None and (models := options.recordings.resolve().parent / "models").is_dir():
        binds.append(f"{models}:/srv/models")  # beside the recordings, where the tests look for YuNet

    failed = []
    for suite in options.suite or ("bookworm", "trixie"):
        with newcomer(suite) as root:
            begin = time.monotonic()
            code = run(root, options.command, binds, variables)
            print(f"{suite}: «{options.command}» ended with {code} after {time.monotonic() - begin:.0f} s", flush=True)
        if code:
            failed.append(suite)
    return 1 if failed else 0


@contextmanager
def newcomer(suite: str) -> Iterator[Path]:
    """The root of a fresh Debian with a new user, who has a clone of the commit that is checked out."""
    lower = debian(suite, README, name=f"fresh-{suite}")
    with tempfile.TemporaryDirectory(prefix=f"fresh-{suite}-", dir=cache()) as folder:
        upper, work, root = (Path(folder) / name for name in ("upper", "work", "root"))
        for part in (upper, work, root):
            part.mkdir()
        upper.chmod(0o755)
        overlay = f"lowerdir={lower},upperdir={upper},workdir={work}"
        subprocess.run(["mount", "-t", "overlay", "-o", overlay, "fresh", root], check=True)
        try:
            subprocess.run(["chroot", root, "useradd", "--create-home", "--shell", "/bin/bash", USER], check=True)
            (root / "etc/hosts").write_text("127.0.0.1 localhost\n127.0.1.1 fresh\n")
            # As the first user of Raspberry Pi OS, and as «sudo -n» needs it.
            (root / "etc/sudoers.d" / USER).write_text(f"{USER} ALL=(ALL) NOPASSWD: ALL\n")
            subprocess.run(["git", "clone", "-q", "--no-hardlinks", ROOT, f"{root}{CLONE}"], check=True)
            subprocess.run(["chroot", root, "chown", "-R", f"{USER}:", CLONE], check=True)
            yield root
        finally:
            subprocess.run(["umount", "--lazy", root], check=True)


def run(root: Path, command: str, binds: Sequence[str], variables: Sequence[str]) -> int:
    """The exit status of a login shell's command in the clone; its output is this program's."""
    return subprocess.run(
        [
            "systemd-nspawn", "--quiet", "--register=no", "--keep-unit", "--as-pid2", "--pipe", "--machine=fresh",
            # As on a computer of one's own: a clock that can be asked how it is kept.
            "--resolv-conf=replace-host", "--system-call-filter=adjtimex clock_adjtime", "-D", root,
            *(f"--bind-ro={bind}" for bind in binds),
            "su", "--login", USER, "--command",
            " ".join(["cd", CLONE, "&&", *(f"export {shlex.quote(variable)} &&" for variable in variables), command]),
        ],
        # Its /tmp on the disk: in memory, nspawn's is too small for the packages of training.
        stdin=subprocess.DEVNULL, env={**os.environ, "SYSTEMD_NSPAWN_TMPFS_TMP": "0"}, check=False,
    ).returncode  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
