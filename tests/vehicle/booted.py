"""A Debian that boots in a container: its root is an overlay over others, which stay as they are."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

BOOT_S = 60.0
STOP_S = 30.0


class Booted:
    """A machine whose root is the folders `layers`, the uppermost first; what it writes goes into `upper`.

    `upper` is an empty folder that no overlay holds. `binds` are folders of this machine that it sees read-only, by
    their place there. `log` takes what its console says.
    """

    def __init__(self, layers: Sequence[Path], upper: Path, binds: Mapping[Path, str], log: Path) -> None:
        self._layers = layers
        self._upper = upper
        self._binds = binds
        self._log = log
        self._root = upper.with_name(upper.name + ".root")
        self._work = upper.with_name(upper.name + ".work")
        self._container: subprocess.Popen[bytes] | None = None
        self._leader = 0

    def __enter__(self) -> Self:
        for folder in (self._upper, self._root, self._work):
            folder.mkdir(exist_ok=True)
        lower = ":".join(map(str, self._layers))
        options = f"lowerdir={lower},upperdir={self._upper},workdir={self._work}"
        subprocess.run(["mount", "-t", "overlay", "-o", options, "vehicle", str(self._root)], check=True)
        try:
            self._boot()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def _boot(self) -> None:
        binds = [f"--bind-ro={here}:{there}" for here, there in self._binds.items()]
        # As on the device: cgroup 2; bpf, by which systemd filters devices and addresses; clocks that can be asked.
        with self._log.open("wb") as log:
            self._container = subprocess.Popen(
                [
                    "systemd-nspawn", "--quiet", "--boot", "--register=no", "--keep-unit", "--private-network",
                    "--link-journal=no", "--system-call-filter=bpf adjtimex clock_adjtime", "--machine=vehicle", *binds,
                    "-D", str(self._root),
                ],
                stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
                env={**os.environ, "SYSTEMD_NSPAWN_UNIFIED_HIERARCHY": "1"},
            )  # fmt: skip
        self.wait_for(self._find_leader, BOOT_S, "a first process")
        self.wait_for(self._is_up, BOOT_S, "a system that is up")

    def _find_leader(self) -> bool:
        assert self._container is not None
        assert self._container.poll() is None, self._log.read_text(errors="replace")
        pid = self._container.pid
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        with suppress(OSError):
            for child in children:
                status = Path(f"/proc/{child}/status").read_text()
                if next(line for line in status.splitlines() if line.startswith("NSpid:")).split()[-1] == "1":
                    self._leader = int(child)
                    return True
        return False

    def _is_up(self) -> bool:
        return self.run("systemctl is-system-running", check=False).stdout.strip() in ("running", "degraded")

    def run(
        self, command: str, *, check: bool = True, timeout: float = 60, given: str | None = None
    ) -> subprocess.CompletedProcess[str]:
        """What a shell of root says there, standard error with it."""
        done = subprocess.run(
            [
                "nsenter", f"--target={self._leader}", "--all", "--root", "--wd", "env", "-i",
                "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", "LANG=C.UTF-8",
                "sh", "-c", command,
            ],
            input=given, stdin=subprocess.DEVNULL if given is None else None, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, errors="replace", timeout=timeout, check=False,
        )  # fmt: skip
        assert not check or done.returncode == 0, f"{command}: {done.returncode}\n{done.stdout}"
        return done

    def say(self, command: str, *, timeout: float = 60) -> str:
        """The standard output of what must succeed, stripped."""
        return self.run(command, timeout=timeout).stdout.strip()

    def write(self, path: str, content: str) -> None:
        self.run(f"mkdir -p {shlex.quote(str(Path(path).parent))} && cat >{shlex.quote(path)}", given=content)

    def wait_for(self, happened: Callable[[], object], seconds: float, what: str) -> float:
        """Seconds until it happened."""
        begin = time.monotonic()
        while not happened():
            assert time.monotonic() - begin < seconds, f"{what}: not within {seconds:g} s"
            time.sleep(0.1)
        return time.monotonic() - begin

    def cut_power(self) -> None:
        """Every process ends at once; what was written to the kernel is kept, as it is this machine's own."""
        assert self._container is not None
        if self._container.poll() is None:
            os.kill(self._leader, signal.SIGKILL)
            self._container.wait(STOP_S)

    def close(self) -> None:
        """Powered off in order, where it runs."""
        if self._container is not None and self._container.poll() is None:
            self._container.send_signal(signal.SIGTERM)  # nspawn tells the system in it to power off
            try:
                self._container.wait(STOP_S)
            except subprocess.TimeoutExpired:
                self._container.kill()
                self._container.wait()
        subprocess.run(["umount", "--lazy", str(self._root)], check=False, stderr=subprocess.DEVNULL)
