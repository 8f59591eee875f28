"""The fake camera: recorded frames on the recording's own clock, with faults on request.

It is no live camera in one respect: it never drops a frame. A reader slower than the recording falls behind it, where
a device would leave frames out.
"""

from __future__ import annotations

import time as system_time
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from edge.cameras.camera import MIN_HEIGHT, MIN_WIDTH, CameraEnded, CameraStalled
from edge.cameras.faults import Fault, damage
from edge.cameras.images import NOTES, SUFFIXES, noted_rate, numbered_images, read_images
from edge.cameras.video import declared_frames, read_video
from edge.errors import InputError
from edge.records import Frame, GreyImage

VIDEO_NAME = "video.mp4"
TRACK_NAME = "track.nmea"

_END: tuple[float, Frame | None] = (0.0, None)


class Clock(Protocol):
    """What paces a recording; the module `time` is one."""

    def monotonic(self) -> float: ...

    def sleep(self, seconds: float, /) -> None: ...


class RecordedClock:
    """A clock that waits by moving on, so that hours pass in no time and each run gives the same times."""

    def __init__(self) -> None:
        self._now = 0.0

    def monotonic(self) -> float:
        return self._now

    def sleep(self, seconds: float, /) -> None:
        self._now += seconds


class RecordingCamera:
    """A camera over a recording: a folder with video.mp4 or numbered images, or a video file.

    A frame's `time` is its presentation time, in seconds from 0 at the first frame, and `wall` is `wall_start` plus
    that. Images come at the rate in the folder's recording.yaml or truth.yaml, else at `frames_per_second`. With
    `realtime` a frame is held back until it is due (the first is due when it is first asked for), otherwise the
    frames come as fast as they can be decoded; a gap in them longer than a read's timeout raises `CameraStalled` in
    both cases. With `loop` the recording begins anew at its end, with times and sequence that keep rising. `faults`
    are in the same clock, across loops; where several cover a frame, they apply in their order.
    """

    def __init__(
        self,
        path: Path,
        *,
        frames_per_second: float = 15.0,
        realtime: bool = False,
        loop: bool = False,
        wall_start: float = 0.0,
        faults: Sequence[Fault] = (),
        clock: Clock | None = None,
    ) -> None:
        self._path = path
        self._default_rate = frames_per_second
        self._loop = loop
        self._wall_start = wall_start
        self._faults = tuple(faults)
        self._clock: Clock = clock or (system_time if realtime else RecordedClock())
        self._origin: float | None = None
        self._playback: Iterator[tuple[float, Frame | None]] | None = None
        self._next: tuple[float, Frame | None] | None = None

    def __enter__(self) -> Self:
        """Opens the recording and decodes its first frame.

        Raises:
            InputError: it is missing or empty, its first frame cannot be decoded or is too small for a face.
        """
        self._origin = None
        self._playback = self._play()
        self._next = next(self._playback)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None:
        self._playback = None  # the generators below it close their file when they go

    def read(self, timeout: float) -> Frame:
        """The next frame, as `edge.cameras.camera.Camera` has it; a damaged recording raises `InputError` here."""
        if self._playback is None:
            raise RuntimeError("a camera is read inside its with block")
        if self._origin is None:
            self._origin = self._clock.monotonic()
        if self._next is None:
            self._next = next(self._playback, _END)
        due, frame = self._next
        now = self._clock.monotonic() - self._origin
        if due - now > timeout:
            self._clock.sleep(timeout)
            given_up = now + timeout
            raise CameraStalled(
                f"{self._path}: no frame came for {timeout:g} s.", given_up, self._wall_start + given_up
            )
        if due > now:
            self._clock.sleep(due - now)
        if frame is None:
            raise CameraEnded(f"{self._path}: the recording is at its end.")
        self._next = None
        return frame

    def _play(self) -> Iterator[tuple[float, Frame | None]]:
        """Each frame that is to be delivered and when it is due; None, for the end, comes last."""
        sequence = 0
        time = begin = 0.0
        interval = 1 / self._default_rate
        previous: GreyImage | None = None
        while True:
            for since, image in self._open():
                if since > 0:
                    interval = begin + since - time
                else:
                    self._refuse_tiny(image)
                time = begin + since
                if any(fault.kind == "end" and time >= fault.start_s for fault in self._faults):
                    yield time, None
                    return
                active = [fault.kind for fault in self._faults if fault.covers(time)]
                seen = image
                for kind in active:
                    seen = damage(seen, previous, kind)
                if "stall" not in active:
                    yield time, Frame(seen, time, self._wall_start + time, sequence)
                sequence += 1
                previous = image
            begin = time + interval
            if not self._loop:
                yield begin, None
                return

    def _open(self) -> Iterator[tuple[float, GreyImage]]:
        path = self._path
        if not path.is_dir():
            if not path.exists():
                raise InputError(
                    f"{path}: there is no such recording; name a folder with {VIDEO_NAME} or numbered images, or a "
                    "video file."
                )
            return read_video(path, self._default_rate)
        if (path / VIDEO_NAME).exists():
            return read_video(path / VIDEO_NAME, self._default_rate)
        images = numbered_images(path)
        if not images:
            raise InputError(
                f"{path}: the recording is empty; put {VIDEO_NAME} or numbered images (000001.png, ...) there."
            )
        return read_images(images, noted_rate(path) or self._default_rate)

    def _refuse_tiny(self, image: GreyImage) -> None:
        height, width = image.shape
        if width < MIN_WIDTH or height < MIN_HEIGHT:
            raise InputError(
                f"{self._path}: the frames are {width}x{height} pixels, too small to hold a face; "
                f"record at least {MIN_WIDTH}x{MIN_HEIGHT}."
            )


def frames_in(path: Path) -> int:
    """How many frames a recording says that it has; 0 where it cannot be told before they are read."""
    files = frame_files(path)
    is_video = not path.is_dir() or files == [path / VIDEO_NAME]
    return declared_frames(files[0]) if is_video else len(files)


def frame_files(path: Path) -> list[Path]:
    """The files that hold a recording's frames: a video, or numbered images in order."""
    if not path.is_dir():
        return [path]
    video = path / VIDEO_NAME
    return [video] if video.exists() else numbered_images(path)


def is_part(file: Path, recording: Path) -> bool:
    """Whether the file is one of those that a recording is read from, or would be once it is there."""
    if not recording.is_dir():
        return file.resolve() == recording.resolve()
    folder = recording.resolve()
    return any(
        place.parent == folder and (place.name in (VIDEO_NAME, TRACK_NAME, *NOTES) or place.suffix.lower() in SUFFIXES)
        for place in (file.parent.resolve() / file.name, file.resolve())
    )
