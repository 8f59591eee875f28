"""A Debian with a kernel of its own in an emulator, whose power can be cut."""

from __future__ import annotations

import hashlib
import queue
import shutil
import subprocess
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from medium import Medium, Served
from roots import cache, debian

PACKAGES = (
    "linux-image-amd64", "busybox-static", "eatmydata", "python3", "python3-can", "python3-cffi-backend",
    "python3-cryptography", "python3-libcamera", "python3-numpy", "python3-paho-mqtt", "python3-pydantic",
    "python3-yaml",
)  # fmt: skip
WHEELS = ("picamera2==0.3.38", "videodev2==0.0.4")
"""Debian has them not: on the device they come from the Raspberry Pi's own packages."""
MODULES = (
    "virtio_pci", "virtio_blk", "crc32c_generic", "crc32c_intel", "ext4", "virtio_net", "vcan", "can_raw",
)  # fmt: skip
DISK_MB = 64
START_S = 300.0
"""The emulator is slow, and slower beside other programs."""

# The root is read-only; what the machine keeps is on the second disk. A kernel whose first process ends stops.
INIT = """\
#!/bin/busybox sh
set -e
export PATH=/bin
/bin/busybox --install -s /bin
mkdir -p /proc /sys /dev /root
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
for module in $(cat /modules/order); do insmod /modules/$module 2>/dev/null || true; done
mount -t ext4 -o ro,noload /dev/vda /root
for place in tmp run srv; do mount -t tmpfs $place /root/$place; done
cp -r /code/. /root/srv
mount -t ext4 /dev/vdb /root/var/lib
ip link set lo up
ip address add 10.0.2.15/24 dev eth0
ip link set eth0 up
for place in proc sys dev; do mount --move /$place /root/$place; done
export PATH=/usr/sbin:/usr/bin PYTHONPATH=/srv PYTHONUNBUFFERED=1 LANG=C.UTF-8
exec /bin/busybox switch_root /root $COMMAND </dev/console >/dev/console 2>&1
"""


def machine_root() -> Path:
    """Debian 13 with a kernel, kept by what is in it: a root with other packages is another root."""
    content = hashlib.sha256(" ".join(PACKAGES + WHEELS).encode()).hexdigest()[:8]
    return debian("trixie", PACKAGES, name=f"trixie-{content}", wheels=WHEELS)


def root_image() -> Path:
    """That root as a file system in a file, made once for the root that it is of."""
    root = machine_root()
    image = cache() / f"{root.name}.ext4"
    if not image.exists() or image.stat().st_mtime < root.stat().st_ctime:
        fresh = image.with_suffix(".new")
        fresh.unlink(missing_ok=True)
        subprocess.run(["mkfs.ext4", "-q", "-O", "^has_journal", "-d", root, fresh, "1500M"], check=True)
        fresh.rename(image)
    return image


def empty_disk(folder: Path) -> bytes:
    """A small ext4 as mkfs makes it, with its journal."""
    path = folder / "empty.ext4"
    with path.open("wb") as file:
        file.truncate(DISK_MB << 20)
    subprocess.run(["mkfs.ext4", "-q", path], check=True)
    content = path.read_bytes()
    path.unlink()
    return content


def make_starter(folder: Path, code: Sequence[Path]) -> Path:
    """The first file system of the kernel: modules, a small start, and `code`, compiled by the machine's own Python."""
    root = machine_root()
    tree = folder / "starter"
    (tree / "bin").mkdir(parents=True)
    (tree / "modules").mkdir()
    shutil.copy2(root / "bin/busybox", tree / "bin/busybox")
    (tree / "init").write_text(INIT)
    (tree / "init").chmod(0o755)
    (modules,) = (root / "lib/modules").iterdir()
    names = []
    for module in _in_order(modules, MODULES):
        name = module.name.removesuffix(".xz")
        content = (modules / module).read_bytes()
        if name != module.name:
            content = subprocess.run(["xz", "-dc"], input=content, stdout=subprocess.PIPE, check=True).stdout
        (tree / "modules" / name).write_bytes(content)
        names.append(name)
    (tree / "modules/order").write_text("\n".join(names))
    for part in code:
        if part.is_dir():
            shutil.copytree(part, tree / "code" / part.name, ignore=shutil.ignore_patterns("__pycache__", "*.tflite"))
        else:
            shutil.copy(part, tree / "code" / part.name)
    _compile(root, tree / "code")
    packed = folder / "starter.cpio"
    listed = "\n".join(str(path.relative_to(tree)) for path in [tree, *sorted(tree.rglob("*"))])
    with packed.open("wb") as file:
        subprocess.run(
            ["cpio", "--quiet", "-o", "-H", "newc"], cwd=tree, input=listed.encode(), stdout=file, check=True
        )
    return packed


def _in_order(modules: Path, wanted: Sequence[str]) -> list[Path]:
    """The files of the wanted modules and of those that they need, each after what it needs."""
    lines = (modules / "modules.dep").read_text().splitlines()
    needs = {
        Path(name): [Path(need) for need in rest.split()] for name, _, rest in (line.partition(":") for line in lines)
    }
    by_name = {path.name.split(".")[0].replace("-", "_"): path for path in needs}
    order: list[Path] = []
    for name in wanted:
        if name not in by_name:  # built into this kernel
            continue
        for path in [*reversed(needs[by_name[name]]), by_name[name]]:
            if path not in order:
                order.append(path)
    return order


def _compile(root: Path, code: Path) -> None:
    place = root / "srv/code"
    place.mkdir(exist_ok=True)
    subprocess.run(["mount", "--bind", code, place], check=True)
    try:
        # Never out of date by a clock: the copies that the machine makes have other times.
        command = ["python3", "-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash", "/srv/code"]
        subprocess.run(["chroot", root, *command], check=True)
    finally:
        subprocess.run(["umount", place], check=True)
        place.rmdir()


class Ended(AssertionError):
    """The machine's program ended by itself; the message is what its console says."""


class Emulated:
    """A machine with that medium as its second disk; runs `command` as its first process, with that environment.

    `line` gives what the machine says on its serial line, one line at a time; `console` takes what its kernel and the
    standard error of its programs say.
    """

    def __init__(
        self, folder: Path, start: Path, medium: Medium, command: str, environment: Mapping[str, str] = {}
    ) -> None:
        self.medium = medium
        self._heard: queue.Queue[str | None] = queue.Queue()
        self.console = folder / "console.log"
        root = machine_root()
        (kernel,) = (root / "boot").glob("vmlinuz-*")
        words = " ".join(f"{name}={word}" for name, word in {"COMMAND": f'"{command}"', **environment}.items())
        self._served = Served(medium, folder / "disk.socket")
        disk = f"driver=nbd,node-name=kept,server.type=unix,server.path={folder / 'disk.socket'}"
        self._process = subprocess.Popen(
            [
                "nice", "-n", "10", "qemu-system-x86_64", "-accel", "tcg,thread=single", "-cpu", "max", "-m", "512",
                "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot", "-kernel", str(kernel),
                "-initrd", str(start), "-append",
                # no_timer_check: where the emulator waits for a processor, the kernel would take its clock for broken.
                f"console=ttyS0 quiet panic=-1 mitigations=off no_timer_check {words}",
                "-drive", f"file={root_image()},format=raw,if=none,id=root,readonly=on",
                "-device", "virtio-blk-pci,drive=root",
                # write-cache: the machine sees a disk that must be told to flush, as it has.
                "-blockdev", disk, "-device", "virtio-blk-pci,drive=kept,write-cache=on",
                "-netdev", "user,id=net", "-device", "virtio-net-pci,netdev=net,romfile=",
                "-serial", f"file:{self.console}", "-chardev", "stdio,id=line,signal=off", "-serial", "chardev:line",
            ],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, process_group=0,
        )  # fmt: skip
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.cut(0.0)

    def lines(self, seconds: float = START_S) -> Iterator[list[str]]:
        """What it says as it says it, each line as words, until the power is cut; fails where the machine ends or
        nothing comes for so long.
        """
        while True:
            try:
                line = self._heard.get(timeout=seconds)
            except queue.Empty:
                raise AssertionError(f"nothing for {seconds:g} s: {self.console.read_text(errors='replace')}") from None
            if line is None:
                raise Ended(self.console.read_text(errors="replace"))
            yield line.split()

    def stop_disk(self, operations: int) -> None:
        """After so many writes and flushes more the disk does nothing any more; returns when that has happened."""
        self._served.stop_after(operations)
        assert self._served.stopped.wait(START_S), self.console.read_text(errors="replace")

    def cut(self, share: float) -> tuple[list[list[str]], int]:
        """The power goes: what it had said until then and was not read yet, and the number of sectors lost."""
        self._process.kill()
        self._process.wait()
        self._reader.join()
        self._served.join()
        rest = []
        while not self._heard.empty():
            if (line := self._heard.get()) is not None:
                rest.append(line.split())
        return rest, self.medium.cut(share)

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if line.endswith(b"\n"):  # the last one may have been cut off
                self._heard.put(line.decode().strip())
        self._heard.put(None)
