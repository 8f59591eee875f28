"""What runs in a machine with libcamera's virtual camera: the daemon's own class over the real picamera2.

Tells on the serial line what came of each frame, and each refusal. That camera is drawn by libcamera itself: eight
upright bars of colours, which move by one column from frame to frame, as fast as they are asked for.
"""

from __future__ import annotations

import gc
import os
import signal
import subprocess
import time
import tty
from collections.abc import Callable
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import virtual_picamera2  # noqa: F401  (first: it makes picamera2 fit)

from edge.cameras import process
from edge.cameras.camera import Camera, CameraStalled
from edge.cameras.factory import open_camera
from edge.cameras.process import ProcessCamera
from edge.config.camera import CameraConfig
from edge.config.consent import ConsentConfig
from edge.errors import UserError

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
Say = Callable[..., None]


def main() -> None:
    line = os.open("/dev/ttyS1", os.O_WRONLY | os.O_NOCTTY)
    tty.setraw(line)

    def say(*words: object) -> None:
        os.write(line, " ".join(map(str, words)).encode() + b"\n")

    # picamera2 knows the Raspberry Pi's memory by this name.
    Path("/dev/dma_heap/linux,cma").symlink_to("system")
    # What a Python that is started later begins with: the process that captures.
    Path("/srv/sitecustomize.py").write_text("import virtual_picamera2")
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
    process.OPENING_S = process.FIRST_FRAME_S = LONGEST_S
    with opened(capture="process", stall_s=LONGEST_S) as camera:
        assert isinstance(camera, ProcessCamera)
        _take(say, camera, "process", FEW)
        assert camera.pid is not None
        os.kill(camera.pid, signal.SIGKILL)
        _take(say, camera, "anew", FEW)
    say("done")
    time.sleep(3600)


def opened(**settings: Any) -> Camera:
    """As the daemon opens it, with the configuration's own size and rate where nothing else is said."""
    consent = ConsentConfig(who="nobody", text="bars", when=date(2026, 11, 20))
    return open_camera(CameraConfig(**{"capture": "direct"} | settings), consent)


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
    except UserError as error:
        say("refused", name, type(error).__name__, error)


def _left(say: Say) -> None:
    gc.collect()
    say("files", len(list(Path("/proc/self/fd").iterdir())))


if __name__ == "__main__":
    main()
