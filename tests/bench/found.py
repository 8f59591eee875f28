"""Whether a box is the driver's face.

Every frame of the in-car recordings shows the driver, and no box of him was drawn by hand. A box is his where another,
independent detector has its box: YuNet's for all others, this project's for YuNet. In a frame where that one found
nothing, its box of the nearest frame in time stands in: a head that sits moves little from frame to frame.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

Box = Sequence[float]
"""Left, top, width, height in pixels."""

APART = 0.5
"""Middles apart by at most this share of the reference's larger side: another's box is square, or ends at the brows."""
SIZE = 2.0
"""One box is at most so many times as large (root of its area) as the other."""


def is_driver(box: Box, reference: Box) -> bool:
    """Whether the box shows the face that the reference shows."""
    x, y = (
        box[0] + box[2] / 2 - reference[0] - reference[2] / 2,
        box[1] + box[3] / 2 - reference[1] - reference[3] / 2,
    )
    larger = max(reference[2], reference[3])
    sizes = math.sqrt(box[2] * box[3]), math.sqrt(reference[2] * reference[3])
    return math.hypot(x, y) <= APART * larger and max(sizes) <= SIZE * min(sizes)


def references(boxes: Sequence[Sequence[Box]]) -> list[Box]:
    """The largest box of each frame, or that of the nearest frame that has one; none at all where no frame has."""
    largest = {number: max(here, key=lambda box: box[2] * box[3]) for number, here in enumerate(boxes) if here}
    if not largest:
        return []
    return [largest[min(largest, key=lambda other: abs(other - number))] for number in range(len(boxes))]


def found(boxes: Sequence[Sequence[Box]], by: Sequence[Sequence[Box]]) -> tuple[int, int]:
    """Frames in which the driver is among the boxes, and boxes that are not his; `by` are the reference's."""
    drivers = references(by)
    if not drivers:
        return 0, sum(map(len, boxes))
    right = [[is_driver(box, driver) for box in here] for here, driver in zip(boxes, drivers, strict=True)]
    return sum(any(here) for here in right), sum(not one for here in right for one in here)
