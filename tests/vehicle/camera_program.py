"""What runs in a machine with libcamera's virtual camera: the daemon's own class over the real picamera2.

Tells on the serial line what came of each frame, and each refusal. That camera is drawn by libcamera itself: eight
upright bars of colours, which move by one column from frame to frame, as fast as they are asked for.
"""

from __future__ import annotations

import gc
import mmap
import os
import subprocess
import sys
import time
import tty
import types
from collections.abc import Callable
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from edge.cameras.camera import Camera, CameraLost, CameraStalled
from edge.cameras.factory import open_camera
from edge.config.camera import CameraConfig
from edge.config.consent import ConsentConfig

FRAMES = 30
FEW = 3
LONGEST_S = 60.0
"""The emulator is slow."""
DATA = "/usr/share"
"""The root can only be read; nothing else of this folder is needed."""
CAMERA = """\
virtual:
  supported_formats:
  - {width: 640, height: 480, frame_rates: [10, 60]}
  - {width: 320, height: 240, frame_rates: [10, 60]}
  test_pattern: bars
  location: CameraLocationFront
  model: virtual
"""
NEVER_ASKED = ("PIL", "piexif", "pidng", "pidng.camdefs", "pidng.core", "prctl", "pykms", "simplejpeg")
"""What picamera2 imports for files, screens and other programs, of which the daemon uses nothing."""
Say = Callable[..., None]


class Absent(types.ModuleType):
    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return Absent(name)


def main() -> None:
    line = os.open("/dev/ttyS1", os.O_WRONLY | os.O_NOCTTY)
    tty.setraw(line)

    def say(*words: object) -> None:
        os.write(line, " ".join(map(str, words)).encode() + b"\n")

    # picamera2 knows the Raspberry Pi's memory by this name.
    Path("/dev/dma_heap/linux,cma").symlink_to("system")
    _make_picamera2_fit()
    # In a process of its own: libcamera looks for its virtual cameras once.
    child = os.fork()
    if not child:
        _refused(say, "missing")
        os._exit(0)
    os.waitpid(child, 0)
    subprocess.run(["/usr/bin/mount", "-t", "tmpfs", "data", DATA], check=True)
    place = Path(DATA, "libcamera/pipeline/virtual/virtual.yaml")
    place.parent.mkdir(parents=True)
    place.write_text(CAMERA)
    with opened() as camera:
        _refused(say, "busy")
        _take(say, camera, "first", FRAMES)
    for name, size in (("again", (640, 480)), ("small", (320, 240)), ("unknown", (400, 300))):
        _left(say)
        with opened(width=size[0], height=size[1]) as camera:
            _take(say, camera, name, FEW)
            with suppress(CameraStalled):  # left amid a frame that was asked for
                camera.read(0.0)
    _left(say)
    _refused(say, "exposure", exposure_us=10_000)
    with opened() as camera:
        _take(say, camera, "last", 1)
    _left(say)
    say("done")
    time.sleep(3600)


class Mapped:
    """The memory of a frame. picamera2's own maps as much as the camera has filled, which this one does not tell."""

    def __init__(self, _allocator: Any, buffer: Any, _write: bool) -> None:
        self._planes = buffer.planes

    def __enter__(self) -> mmap.mmap:
        self._memory = mmap.mmap(self._planes[0].fd, sum(plane.length for plane in self._planes))
        return self._memory

    def __exit__(self, *_: object) -> None:
        self._memory.close()


def _make_picamera2_fit() -> None:
    """It asks each camera for its raw modes, and lends it memory; the virtual one has neither, and brings its own."""
    for name in NEVER_ASKED:
        sys.modules[name] = Absent(name)
    import picamera2
    from picamera2.allocators import LibcameraAllocator

    class Picamera2(picamera2.Picamera2):
        def __init__(self, **arguments: Any) -> None:
            super().__init__(**arguments)
            self.allocator = LibcameraAllocator(self.camera)
            self.allocator.sync = Mapped

        def _get_raw_modes(self) -> list[dict[str, Any]]:
            return [{"format": "NV12", "size": (640, 480)}]

    picamera2.Picamera2 = Picamera2


def opened(**settings: Any) -> Camera:
    """As the daemon opens it, with the configuration's own size and rate where nothing else is said."""
    consent = ConsentConfig(who="nobody", text="bars", when=date(2026, 11, 20))
    return open_camera(CameraConfig(capture="direct", **settings), consent)


def _take(say: Say, camera: Camera, name: str, frames: int) -> None:
    for _ in range(frames):
        frame = camera.read(LONGEST_S)
        now = time.monotonic(), time.time()
        image = frame.image
        alike = bool(np.all(image == image[0]))
        say(
            *("frame", name, image.dtype, image.shape[1], image.shape[0], frame.sequence, alike),
            *(f"{when:.6f}" for when in (frame.time, now[0], frame.wall, now[1])),
            bytes(image[0]).hex(),
        )


def _refused(say: Say, name: str, **settings: Any) -> None:
    try:
        with opened(**settings):
            say("refused", name, "not at all")
    except CameraLost as error:
        say("refused", name, error)


def _left(say: Say) -> None:
    gc.collect()
    say("files", len(list(Path("/proc/self/fd").iterdir())))


if __name__ == "__main__":
    main()
