"""Which of several faces is the driver's: the largest in his seat, and then the same one until he is lost."""

from __future__ import annotations

import math
from collections.abc import Sequence

from edge.config import SeatRegion
from edge.records import Box, Face

REMEMBERED_S = 5.0
"""Seconds after which a driver who is not seen is lost for good: then whoever sits largest in his seat is the driver.
Own choice: longer than a hand before the face, shorter than a change of drivers."""
OUTGROWN = 1.5
"""Who sits in the seat and is so many times as wide as who is followed is nearer to the camera: the likelier driver."""
_REACH = 1.0
"""A head moves by so many of its widths at most while it is hidden."""
_SAME_SIZE = 1.8
"""One face is at most so many times as wide, or as narrow, a moment later."""


class Driver:
    """Remembers where the driver was, and who else was seen beside him.

    A face that was seen beside the driver is not his when he is hidden or has left: it is left alone until he has been
    gone for `REMEMBERED_S`.
    """

    def __init__(self, seat: SeatRegion) -> None:
        self._seat = seat
        self._last: Box | None = None
        self._time = -math.inf
        self._others: list[Box] = []

    def follow(self, box: Box, time: float) -> None:
        """The driver's face is there at that time (seconds)."""
        self._last, self._time = box, time

    def is_among(self, faces: Sequence[Face], shape: tuple[int, ...]) -> bool:
        """Whether one of all the faces found in a frame (height, width) is where the driver is followed.

        The rest is others'. No face in his seat proves nothing: a detector may miss what the contours still follow.
        """
        if self._last is None or not faces:
            return True
        last = self._last
        others = [face.box for face in faces if _distance(face.box, last) > max(face.box.width, last.width) / 2]
        if len(others) == len(faces):
            return not any(self.is_seated(box, shape) for box in others)
        self._others = others
        return True

    def is_outgrown(self, faces: Sequence[Face], shape: tuple[int, ...]) -> bool:
        """Whether somebody else in the seat is much larger than who is followed, as where he sat down after him."""
        last = self._last
        return last is not None and any(
            face.box.width > OUTGROWN * last.width and self.is_seated(face.box, shape) for face in faces
        )

    def forget(self) -> None:
        """Nobody is followed, and nobody is known: the next one is who sits largest in the seat."""
        self._last, self._time, self._others = None, -math.inf, []

    def candidates(self, faces: Sequence[Face], shape: tuple[int, ...], time: float) -> list[Face]:
        """Those who may be the driver, among the faces of a frame (height, width) in which he is not followed.

        The likeliest comes first: who is nearest to where he was, else who is largest.
        """
        seated = [face for face in faces if self.is_seated(face.box, shape)]
        seated.sort(key=lambda face: -face.box.width * face.box.height)
        last = self._last
        if last is None or not 0 <= time - self._time < REMEMBERED_S:
            self._others = []
            return seated
        known = [face for face in faces if self._is_known(face.box, last)]
        self._others = [face.box for face in known] or self._others
        same = sorted(
            (face for face in seated if face not in known and _is_same(face.box, last)),
            key=lambda face: _distance(face.box, last),
        )
        return same + [face for face in seated if face not in known and face not in same]

    def is_seated(self, box: Box, shape: tuple[int, ...], margin: float = 0.0) -> bool:
        """Whether the box's middle lies in the seat's region, or beside it by `margin` of its size at most."""
        height, width = shape[:2]
        x, y = box.x + box.width / 2, box.y + box.height / 2
        seat, aside, above = self._seat, margin * box.width, margin * box.height
        return (
            seat.left * width - aside <= x <= seat.right * width + aside
            and seat.top * height - above <= y <= seat.bottom * height + above
        )

    def _is_known(self, box: Box, last: Box) -> bool:
        """Whether somebody else was seen there, and nearer there than the driver."""
        near = [other for other in self._others if _is_same(box, other)]
        return any(_distance(box, other) < _distance(box, last) for other in near)


def _distance(one: Box, other: Box) -> float:
    """Between the middles, in pixels."""
    return math.hypot(
        one.x + one.width / 2 - other.x - other.width / 2, one.y + one.height / 2 - other.y - other.height / 2
    )


def _is_same(one: Box, other: Box) -> bool:
    """Whether two boxes may show one face a moment apart: near each other, measured in its widths, and of one size."""
    wide, narrow = max(one.width, other.width), min(one.width, other.width)
    return wide <= _SAME_SIZE * narrow and _distance(one, other) <= _REACH * wide
