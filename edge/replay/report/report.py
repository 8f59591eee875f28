"""`replay --report DIR`: one page of all recordings, for a person who wants to see what was decided, and why."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import cv2

from edge.config import Config
from edge.errors import InputError
from edge.gps.track import Track
from edge.monitor import Step
from edge.records import Frame, GreyImage
from edge.replay.player import track_of
from edge.replay.report.page import Row, Thumbnail, head, section, tail
from edge.replay.report.timeline import Timeline

PAGE = "index.html"
THUMBNAIL_WIDTH = 160
JPEG_QUALITY = 70


class Report:
    """Writes `index.html` into a folder: a section a recording, written when it is over. Same replay, same bytes.

    A page of an earlier replay stays until this one is whole.

    Raises:
        InputError: the folder cannot be written.
    """

    def __init__(self, folder: Path, recordings: Sequence[Path], config: Config, *, with_frames: bool = False) -> None:
        self._names = [os.fsencode(recording.resolve().name).decode(errors="replace") for recording in recordings]
        self._config = config
        self._with_frames = with_frames
        self._page = folder / PAGE
        self._partial = folder / f".{PAGE}.{os.getpid()}"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._stream = self._partial.open("w", encoding="utf-8", newline="\n")
        except OSError as error:
            raise InputError(f"{folder}: the report cannot be written ({error.strerror}); name a folder.") from None
        self._number = 0
        self._image: GreyImage | None = None

    def __enter__(self) -> Self:
        self._stream.write(head(self._names, self._with_frames))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None:
        try:
            with self._stream:
                if kind is None:
                    self._stream.write(tail(self._config))
            if kind is None:
                self._partial.replace(self._page)
        finally:  # also where the disk takes no more
            self._partial.unlink(missing_ok=True)

    def frame(self, frame: Frame) -> None:
        """The frame of the next step; it is looked at only where pictures were asked for."""
        if self._with_frames:
            self._image = frame.image

    def follow(self, recording: Path, steps: Iterable[Step]) -> Iterator[Step]:
        """The steps of one recording, passed on; with the last one its section is written."""
        self._image = None
        track, timeline = track_of(recording), Timeline()
        rows: list[Row] = []
        before: Step | None = None
        for step in steps:
            if before:  # the last step stands for no frame, only for the end
                timeline.frame(before, _speed(track, before.time))
            before = step
            for signal in step.decision.signals:
                timeline.signal(signal)
                picture = self._picture() if signal.phase == "start" else None
                rows.append((signal, _speed(track, signal.time), picture))
            yield step
        name = self._names[self._number]
        self._number += 1
        self._stream.write(section(self._number, name, timeline, rows, self._config, self._with_frames))

    def _picture(self) -> Thumbnail | None:
        if self._image is None:
            return None
        height, width = self._image.shape
        size = (THUMBNAIL_WIDTH, max(1, round(height * THUMBNAIL_WIDTH / width)))
        small = cv2.resize(self._image, size, interpolation=cv2.INTER_AREA)
        return cv2.imencode(".jpg", small, (cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY))[1].tobytes()


def _speed(track: Track, time: float) -> float | None:
    position = track.position_at(time)
    return position.speed if position else None
