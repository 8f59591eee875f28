"""picamera2 as libcamera's virtual camera needs it: imported before the daemon's own class asks for it."""

from __future__ import annotations

import mmap
import sys
import types
from typing import Any

NEVER_ASKED = ("PIL", "piexif", "pidng", "pidng.camdefs", "pidng.core", "prctl", "pykms", "simplejpeg")
"""What picamera2 imports for files, screens and other programs, of which the daemon uses nothing."""


class Absent(types.ModuleType):
    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return Absent(name)


class Mapped:
    """The memory of a frame. picamera2's own maps as much as the camera has filled, which this one does not tell."""

    def __init__(self, _allocator: Any, buffer: Any, _write: bool) -> None:
        self._planes = buffer.planes

    def __enter__(self) -> mmap.mmap:
        self._memory = mmap.mmap(self._planes[0].fd, sum(plane.length for plane in self._planes))
        return self._memory

    def __exit__(self, *_: object) -> None:
        self._memory.close()


def fit() -> None:
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


fit()
