"""Whole recordings searched frame by frame by every detector, and followed as the vehicle does it."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from edge.cameras.camera import CameraEnded
from edge.cameras.recording import RecordingCamera
from edge.config import VisionConfig
from edge.records import Box, Frame
from edge.vision.pipeline import Pipeline
from train.places.face_audit import Finder

FOLLOWED = "followed"
"""The column of the whole pipeline: detector, contours, and the crop that follows from them."""


def audit(
    recordings: Sequence[Path], finders: Mapping[str, Finder], reference: Finder | None, config: VisionConfig
) -> str:
    """A table in Markdown: the share of frames in which the driver is found, and the median milliseconds a frame
    by the processor, without what other programs took meanwhile.

    A detector has found him where the middle of one of its boxes lies in the box of the reference, and that box's
    middle in its own: the boxes of detectors differ too much in size and place for the overlap to be compared. A
    frame in which the reference sees nothing counts all the same, then as found wherever any face is; so it does
    without a reference.

    Args:
        recordings: folders or video files.
        finders: by name; each sees every frame anew.
        reference: what tells where the driver is.
        config: of the pipeline that follows him.
    """
    names = [*finders, FOLLOWED]
    lines = [f"| recording (frames) | {' | '.join(f'{name}, ms' for name in names)} |", f"|---|{'---|' * len(names)}"]
    for recording in recordings:
        found: dict[str, list[bool]] = {name: [] for name in names}
        seconds: dict[str, list[float]] = {name: [] for name in names}
        pipeline = Pipeline(config)
        for frame in _frames(recording):
            begin = time.process_time()
            followed = pipeline.see(frame).face
            seconds[FOLLOWED].append(time.process_time() - begin)
            driver = _driver(reference, frame) if reference is not None else None
            found[FOLLOWED].append(followed is not None and (driver is None or _same(followed.box, driver)))
            for name, find in finders.items():
                begin = time.process_time()
                boxes = [one.box for one in find(frame.image)]
                seconds[name].append(time.process_time() - begin)
                found[name].append(any(driver is None or _same(box, driver) for box in boxes))
        cells = [f"{np.mean(found[name]):.1%}, {1000 * np.median(seconds[name]):.1f}" for name in names]
        lines.append(f"| `{recording.resolve().name}` ({len(found[FOLLOWED])}) | {' | '.join(cells)} |")
    return "\n".join(lines)


def _driver(reference: Finder, frame: Frame) -> Box | None:
    """The largest face."""
    faces = reference(frame.image)
    return max((one.box for one in faces), key=lambda box: box.width * box.height, default=None)


def _same(one: Box, other: Box) -> bool:
    return _holds(one, other) and _holds(other, one)


def _holds(box: Box, other: Box) -> bool:
    """Whether the middle of the other lies in the box."""
    x, y = other.x + other.width / 2, other.y + other.height / 2
    return box.x <= x <= box.x + box.width and box.y <= y <= box.y + box.height


def _frames(recording: Path) -> Iterator[Frame]:
    with RecordingCamera(recording) as camera:
        while True:
            try:
                yield camera.read(1e9)
            except CameraEnded:
                return
